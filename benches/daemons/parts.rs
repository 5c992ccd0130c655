//! What the parts of a pairing cost alone: a connection, a handshake, and a commit.

use std::process::Command;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, Swarm, SwarmBuilder, noise, ping, tcp, yamux};

use muster::core::node::output::Batch;
use muster::store::Store;

use crate::machine::Wire;

/// The product's own pattern (src/core/greeting/noise.rs).
const PATTERN: &str = "Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s";

/// Milliseconds that connections took, by their place in a process.
#[derive(Default)]
pub(crate) struct Connects {
    pub(crate) first: Vec<f64>,
    pub(crate) second: Vec<f64>,
}

/// Two connections in each of so many processes.
pub(crate) fn connects(wire: Wire, runs: usize) -> Connects {
    let mut all = Connects::default();
    for _ in 0..runs {
        let this = std::env::current_exe().unwrap();
        let said = Command::new(this).args(["connect", wire.name()]).output().unwrap();
        assert!(said.status.success(), "{said:?}");
        let text = String::from_utf8(said.stdout).unwrap();
        let mut took = text.split_whitespace().map(|ms| ms.parse::<f64>().unwrap());
        all.first.push(took.next().unwrap());
        all.second.push(took.next().unwrap());
    }
    all
}

/// Connects two fresh swarms in this process, then two more, and prints what each took.
pub(crate) fn connect_twice(wire: Wire) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let took = runtime.block_on(async { [connect(wire).await, connect(wire).await] });
    println!("{} {}", took[0], took[1]);
}

async fn connect(wire: Wire) -> f64 {
    let (mut listener, mut dialler) = (swarm(), swarm());
    listener.listen_on(wire.addresses()[0].parse().unwrap()).unwrap();
    let address: Multiaddr = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = listener.select_next_some().await {
            break address;
        }
    };
    let listening = tokio::spawn(async move {
        loop {
            listener.select_next_some().await;
        }
    });
    let began = Instant::now();
    dialler.dial(address).unwrap();
    let answered = async {
        loop {
            if let SwarmEvent::Behaviour(ping::Event { result, .. }) = dialler.select_next_some().await {
                return result.unwrap();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), answered).await.unwrap();
    let took = began.elapsed();
    listening.abort();
    took.as_secs_f64() * 1000.0
}

fn swarm() -> Swarm<ping::Behaviour> {
    SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_quic()
        .with_behaviour(|_| ping::Behaviour::default())
        .unwrap()
        .build()
}

/// Milliseconds of so many handshakes, from the keys to both sides in transport mode.
pub(crate) fn handshakes(runs: usize) -> Vec<f64> {
    (0..runs).map(|_| handshake()).collect()
}

fn handshake() -> f64 {
    let began = Instant::now();
    let psk = [7; 32];
    let builder =
        || snow::Builder::new(PATTERN.parse().unwrap()).prologue(b"bench").unwrap().psk(0, &psk).unwrap();
    let (mut guest, mut host) = (builder().build_initiator().unwrap(), builder().build_responder().unwrap());
    let (mut frame, mut read) = ([0; 256], [0; 256]);
    let length = guest.write_message(&[1; 32], &mut frame).unwrap();
    host.read_message(&frame[..length], &mut read).unwrap();
    let length = host.write_message(&[2; 32], &mut frame).unwrap();
    guest.read_message(&frame[..length], &mut read).unwrap();
    let (guest, host) = (guest.into_transport_mode().unwrap(), host.into_transport_mode().unwrap());
    let took = began.elapsed();
    assert_eq!(guest.is_initiator(), !host.is_initiator());
    took.as_secs_f64() * 1000.0
}

/// Milliseconds of so many commits, each of five entries such as an invitation's: durable when they return.
pub(crate) fn commits(runs: usize) -> Vec<f64> {
    let home = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(home.path()).unwrap();
    let commit = |run: usize| {
        let mut batch = Batch::default();
        for entry in 0..5_usize {
            let key = [run.to_be_bytes(), entry.to_be_bytes()].concat();
            batch.changes.push((key, Some(vec![7; 400])));
        }
        let began = Instant::now();
        store.commit(&batch).unwrap();
        began.elapsed().as_secs_f64() * 1000.0
    };
    (0..runs).map(commit).collect()
}
