//! What bringing two devices in step costs: two real daemons over the loopback interface, with a counter between them.
//!
//! Ada's daemon holds an organization of 10,000 adds with all openings. Bob's has joined, and holds as much of it as the
//! case says: no more than what let him in (`fresh`), all but the last hundred of hers, and a hundred of his own
//! (`hundred_each`), or the very same (`equal`). His daemon dials; between them sits a counter of bytes, so what is
//! counted is what TCP carries: Noise, Yamux, the handshakes, identify.
//!
//! One line of JSON for each case: `seconds` from the first byte to the last before a second of silence, with both daemons
//! at the same `roster_digest`; `bytes` both ways; `raw_bytes`, those of the certificates and openings that either lacked;
//! `round_trips`, how often the direction changed and changed back. Of these, `equal` shows what connecting takes alone.

use std::fs::{self, DirBuilder, File};
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::DirBuilderExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use muster::core::node::output::Batch;
use muster::core::primitives::address::Address;
use muster::core::primitives::codec;
use muster::core::roster::{Profile, SignedCertificate};
use muster::store::Store;
use serde_json::{Value, json};

use super::organization::{Organization, Record, device, secrets_of};

const ADDS: usize = 10_000;
const APART: usize = 100;

pub(crate) fn run() {
    let common = Organization::of(ADDS);
    let (mut hers, mut his) = (common.branch(0), common.branch(2 * APART));
    (0..APART).for_each(|_| hers.enrol(0, Profile::Member));
    (0..APART).for_each(|_| his.enrol(1, Profile::Member));
    case("fresh", &common, &common.as_joined());
    case("hundred_each", &hers, &his);
    case("equal", &common, &common);
}

fn case(name: &str, hers: &Organization, his: &Organization) {
    let (ada, bob) = (Daemon::new("ada"), Daemon::new("bob"));
    let (hers, his) = (hers.records(), his.records());
    let raw_bytes: usize =
        [(&hers, &his), (&his, &hers)].into_iter().map(|(of, but)| bytes_of(of, but)).sum();
    ada.write(0, &hers, None);
    let counter = Counter::to(ada.port);
    bob.write(1, &his, Some(counter.address()));
    let (_ada, _bob) = (ada.start(), bob.start());
    let end = Instant::now() + Duration::from_secs(600);
    while !(counter.is_quiet() && ada.digest().is_some_and(|digest| bob.digest() == Some(digest))) {
        assert!(Instant::now() < end, "{name}: never in step\n{}{}", ada.log(), bob.log());
        thread::sleep(Duration::from_millis(200));
    }
    let counted = counter.counted.lock().unwrap();
    let seconds = counted.times.map_or(0.0, |(first, last)| (last - first).as_secs_f64());
    let line = json!({
        "case": name, "certificates": hers.iter().filter(|(key, _)| key[0] == b'c').count(),
        "seconds": super::rounded(seconds), "bytes": counted.bytes, "raw_bytes": raw_bytes,
        "round_trips": counted.turns / 2,
    });
    println!("{line}");
}

/// What these records hold beyond those: certificates and openings.
fn bytes_of(of: &[Record], but: &[Record]) -> usize {
    let known: std::collections::HashSet<&Vec<u8>> = but.iter().map(|(key, _)| key).collect();
    of.iter().filter(|(key, _)| !known.contains(key)).map(|(_, value)| value.len()).sum()
}

/// A daemon with a membership that lies on its disk before it starts.
struct Daemon {
    home: tempfile::TempDir,
    port: u16,
}

impl Daemon {
    fn new(name: &str) -> Self {
        let home = tempfile::Builder::new().prefix(&format!("muster-bench-{name}-")).tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { home, port }
    }

    /// A membership of this person.
    fn write(&self, person: usize, records: &[Record], ada_is_at: Option<Address>) {
        let dir = self.home.path().join("data/memberships");
        DirBuilder::new().mode(0o700).recursive(true).create(&dir).unwrap();
        let (store, _) = Store::open(&dir.join("bench")).unwrap();
        let own = secrets_of(person, records);
        let ada = ada_is_at.map(|at| ([b"a", device(0).0.as_slice()].concat(), codec::encode(&[at][..])));
        let all =
            records.iter().filter(|(key, _)| !matches!(key[0], b'k' | b'm')).cloned().chain(own).chain(ada);
        for some in all.collect::<Vec<_>>().chunks(256) {
            let changes = some.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
            store.commit(&Batch { changes }).unwrap();
        }
    }

    fn start(&self) -> Running {
        let config = self.home.path().join("musterd.toml");
        fs::write(&config, "[lan]\nmdns = false\n").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_musterd"));
        command.arg("--config").arg(config).arg("--data-dir").arg(self.home.path().join("data"));
        command.args(["--listen", &format!("/ip4/127.0.0.1/tcp/{}", self.port)]).env_remove("RUST_LOG");
        let log = File::create(self.home.path().join("log")).unwrap();
        Running(command.stdin(Stdio::null()).stderr(log).spawn().unwrap())
    }

    fn digest(&self) -> Option<Value> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command.arg("--socket").arg(self.home.path().join("data/control.sock"));
        let said = command.args(["--format", "json", "status"]).output().unwrap();
        let status: Value = serde_json::from_slice(&said.stdout).ok()?;
        status["organizations"].get(0).map(|it| it["roster_digest"].clone())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[derive(Default)]
struct Counted {
    bytes: usize,
    /// Of the first byte, and of the last.
    times: Option<(Instant, Instant)>,
    to_ada: bool,
    turns: usize,
}

/// Hands on what comes, and counts it.
struct Counter {
    port: u16,
    counted: Arc<Mutex<Counted>>,
}

impl Counter {
    fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let counter = Self { port: listener.local_addr().unwrap().port(), counted: Arc::default() };
        let counted = Arc::clone(&counter.counted);
        thread::spawn(move || {
            for bob in listener.incoming().flatten() {
                let Ok(ada) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                for (from, to, to_ada) in [(&bob, &ada, true), (&ada, &bob, false)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let counted = Arc::clone(&counted);
                    thread::spawn(move || hand_on(from, to, to_ada, &counted));
                }
            }
        });
        counter
    }

    fn address(&self) -> Address {
        format!("/ip4/127.0.0.1/tcp/{}", self.port).parse().unwrap()
    }

    fn is_quiet(&self) -> bool {
        let last = self.counted.lock().unwrap().times.map(|(_, last)| last);
        last.is_some_and(|last| last.elapsed() > Duration::from_secs(1))
    }
}

fn hand_on(mut from: TcpStream, mut to: TcpStream, to_ada: bool, counted: &Mutex<Counted>) {
    to.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read) = from.read(&mut buffer)
        && read > 0
    {
        {
            let mut counted = counted.lock().unwrap();
            let now = Instant::now();
            counted.bytes += read;
            counted.times = Some((counted.times.map_or(now, |(first, _)| first), now));
            counted.turns += usize::from(counted.to_ada != to_ada);
            counted.to_ada = to_ada;
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// The record of a certificate.
pub(crate) fn record_of(bytes: &[u8]) -> Record {
    let certificate = SignedCertificate::from_bytes(bytes).unwrap();
    let generation = certificate.certificate().generation.to_be_bytes();
    ([b"c", generation.as_slice(), &certificate.id().0].concat(), bytes.to_vec())
}
