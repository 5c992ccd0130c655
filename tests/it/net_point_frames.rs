//! Bytes as somebody rude sends them to a rendezvous point: nothing is kept of them, and everybody else is served.

use std::time::{Duration, Instant};

use futures::StreamExt;
use libp2p::core::PeerRecord;
use libp2p::identity::Keypair;
use libp2p::request_response::ProtocolSupport;
use libp2p::{PeerId, Swarm};
use muster::core::node::input::Input;
use muster::core::primitives::limits;
use muster::net::{Pace, Settings};

use crate::net_devices::{Device, TCP, settings};
use crate::net_swarms::{Bytes, Raw, answer, bytes, connect, frame, number, swarm_of};

const NOT_AUTHORIZED: u64 = 200;
const INVALID_NAMESPACE: u64 = 100;
const INVALID_RECORD: u64 = 101;

struct Rude {
    swarm: Swarm<Raw>,
    point: PeerId,
    key: Keypair,
}

impl Rude {
    async fn at(point: &Device, manner: Bytes) -> Self {
        let mut own = None;
        let mut swarm = swarm_of(|key| {
            own = Some(key.clone());
            manner.behaviour(ProtocolSupport::Full)
        });
        let point = connect(&mut swarm, point).await;
        Self { swarm, point, key: own.unwrap() }
    }

    async fn says(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        answer(&mut self.swarm, self.point, bytes).await
    }

    /// Whom the point names under this namespace.
    async fn knows(&mut self, name: &str) -> Vec<u8> {
        self.says(frame(&[number(1, 3), bytes(5, &bytes(1, name.as_bytes()))])).await
    }
}

fn record_of(key: &Keypair) -> Vec<u8> {
    let record = PeerRecord::new(key, vec!["/ip4/192.0.2.1/tcp/1".parse().unwrap()]).unwrap();
    record.into_signed_envelope().into_protobuf_encoding()
}

fn register(name: &str, record: &[u8]) -> Vec<u8> {
    let register = [bytes(1, name.as_bytes()), bytes(2, record), number(3, 600)].concat();
    frame(&[number(1, 0), bytes(2, &register)])
}

/// The answer to a registration that is refused.
fn refused(status: u64) -> Vec<u8> {
    frame(&[number(1, 1), bytes(3, &number(1, status))])
}

fn registered() -> Vec<u8> {
    frame(&[number(1, 1), bytes(3, &[number(1, 0), number(3, 600)].concat())])
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn garbage_gets_no_answer_and_disturbs_nobody() {
    let device = Device::start("point").await;
    let mut rude = Rude::at(&device, Bytes::default()).await;
    let own = record_of(&rude.key);
    let cut_off = register("room", &own)[..40].to_vec();
    let large = register("room", &vec![7; limits::REQUEST]);
    let answer_instead = registered();
    for junk in [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        vec![0xff; 4096],
        vec![0],
        Vec::new(),
        cut_off,
        large,
        answer_instead,
        frame(&[number(1, 77)]),
        frame(&[number(1, 0)]),
        frame(&[bytes(2, &bytes(2, &own))]),
    ] {
        assert_eq!(rude.says(junk.clone()).await, [0; 0], "{junk:?}");
    }
    assert_eq!(rude.says(register("room", &own)).await, registered(), "it is served all the same");
}

#[tokio::test]
async fn a_record_of_somebody_else_is_refused_and_told_to_nobody() {
    let device = Device::start("point").await;
    let mut eve = Rude::at(&device, Bytes::default()).await;
    let stolen = record_of(&Keypair::generate_ed25519());
    assert_eq!(eve.says(register("room", &stolen)).await, refused(NOT_AUTHORIZED));
    assert!(!contains(&eve.knows("room").await, &stolen));

    let own = record_of(&eve.key);
    assert_eq!(eve.says(register("room", &own)).await, registered());
    assert!(contains(&eve.knows("room").await, &own), "her own is told as she signed it");
}

#[tokio::test]
async fn a_record_that_is_altered_unsigned_or_too_large_is_refused() {
    let device = Device::start("point").await;
    let mut eve = Rude::at(&device, Bytes::default()).await;
    let own = record_of(&eve.key);
    let mut altered = own.clone();
    let at = own.len() - 70;
    altered[at] ^= 1;
    let many = vec!["/ip4/192.0.2.1/tcp/1".parse().unwrap(); 200];
    let large = PeerRecord::new(&eve.key, many).unwrap().into_signed_envelope().into_protobuf_encoding();
    assert!(large.len() > limits::RECORD && large.len() < limits::REQUEST - 300);
    for wrong in [altered, large, vec![7; 100], Vec::new()] {
        assert_eq!(eve.says(register("room", &wrong)).await, refused(INVALID_RECORD));
    }
    for name in ["", &"n".repeat(limits::NAMESPACE + 1)] {
        assert_eq!(eve.says(register(name, &own)).await, refused(INVALID_NAMESPACE));
    }
    assert_eq!(eve.says(register(&"n".repeat(limits::NAMESPACE), &own)).await, registered());
}

#[tokio::test]
async fn a_question_without_a_namespace_is_answered_with_an_empty_list() {
    let device = Device::start("point").await;
    let mut eve = Rude::at(&device, Bytes::default()).await;
    let own = record_of(&eve.key);
    assert_eq!(eve.says(register("room", &own)).await, registered());
    for question in [Vec::new(), bytes(1, b""), number(2, 1000)] {
        let said = eve.says(frame(&[number(1, 3), bytes(5, &question)])).await;
        assert!(!said.is_empty() && !contains(&said, b"room") && !contains(&said, &own), "{said:?}");
        assert!(said.len() < 32, "{said:?}");
    }
}

#[tokio::test]
async fn a_request_that_trickles_is_cut_off() {
    let pace = Pace { frame: Duration::from_millis(300), ..Pace::default() };
    let device = Device::start_with(Settings { pace, ..settings("point", &[TCP]) }).await.unwrap();
    let slow = Bytes { pause: Some(Duration::from_millis(50)) };
    let mut rude = Rude::at(&device, slow).await;
    let whole = register("room", &record_of(&rude.key));
    let all = Duration::from_millis(50) * u32::try_from(whole.len()).unwrap();
    let began = Instant::now();
    assert_eq!(rude.says(whole).await, [0; 0]);
    assert!(began.elapsed() < all, "nobody waited for the last byte");
}

#[tokio::test]
async fn who_sends_a_point_garbage_without_end_is_kept_out() {
    let mut device = Device::start("point").await;
    let mut rude = Rude::at(&device, Bytes::default()).await;
    let flood = tokio::spawn(async move {
        for _ in 0..2 * limits::ASKED_PER_MINUTE {
            rude.says(vec![0]).await;
        }
        // It never hangs up by itself.
        loop {
            rude.swarm.select_next_some().await;
        }
    });
    device.hears("that it is gone", |input| matches!(input, Input::Disconnected { .. }).then_some(())).await;
    flood.abort();

    let mut host = Device::start("ada").await;
    let mut guest = Device::start("bob").await;
    host.advertises(&["e1"], &device.addresses).await;
    guest.seeks(host.id, &[], &device.addresses).await;
    guest.hears_opened(host.id).await;
    host.hears_opened(guest.id).await;
}
