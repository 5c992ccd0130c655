//! What a roster costs: to take in, to open again, to go on with; on one thread, with a real store.
//!
//! ```text
//! scripts/bench roster [N]…    1,000, 10,000 and 100,000 adds where nothing is said
//! ```
//!
//! The history: N adds, N/10 promotions, N/10 revocations by eight Administrators who take turns, and what witnesses
//! acknowledge of it now and then. It is replayed in a process of its own, by the same steps as a member's device takes
//! when another one sends it (src/core/node/member/stepping.rs): frames of about 64 KiB; of each one the certificates
//! are read, verified together, added to the history one by one, and committed to the store as one batch, which is
//! on the disk before the next frame is looked at. What isn't in it: the connection, and names, which aren't in
//! certificates.
//!
//! One line of JSON for each N:
//!
//! - `certificates`: all of them; `bytes_per_certificate`: as they are sent.
//! - `replay_s`: the above. `verify_only_s`: the same frames read and verified by the same verifier, and nothing
//!   else. `store_only_s`: the same batches committed, and nothing else.
//! - `replay_cpu_s`, `verify_only_cpu_s`, `store_only_cpu_s`: what the processors worked for each, all threads together; on
//!   a machine that is busy with other things these can be compared and the others can't.
//! - `reopen_s`: the store is opened, loaded, and a node is restored from it.
//! - `head_us`: one certificate more, on top of all others: read, verified, added; the median of 101.
//! - `late_ms`: a removal whose author had seen half: read, verified, added.
//! - `replay_by_the_two`: replay by verifying and storing alone, the wall's clock.
//! - `peak_rss_mb`: the most that was ever resident during the replay, above that of an organization that was just founded,
//!   with its store open.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what can't be measured ends the bench, and what was is printed"
)]

mod organization;
mod sync;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use muster::core::node::Settings;
use muster::core::node::output::Batch;
use muster::core::primitives::codec;
use muster::core::primitives::limits;
use muster::core::roster::{History, Profile, SignedCertificate, VerifiedCertificate};
use muster::daemon::restoring::restore;
use muster::store::Store;
use organization::Organization;
use serde_json::json;

/// What one frame carries (src/core/node/member/stepping.rs).
const ROOM: usize = limits::FRAME - 1024;

/// Certificates that are added on top.
const ON_TOP: usize = 101;

fn main() -> ExitCode {
    // cargo bench hands `--bench` to every program.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["sync"] => sync::run(),
        ["replay", dir] => replay(Path::new(dir)),
        ["roster"] => [1_000, 10_000, 100_000].into_iter().for_each(measure),
        ["roster", ref sizes @ ..] => sizes.iter().for_each(|size| measure(size.parse().unwrap())),
        _ => {
            eprintln!("roster: roster [N]… or sync");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// Signs a history, and has it replayed by a process that has seen nothing of it.
fn measure(adds: usize) {
    let home = tempfile::Builder::new().prefix("muster-bench-roster-").tempdir().unwrap();
    let mut organization = Organization::of(adds);
    let founding: Vec<(Vec<u8>, Vec<u8>)> = organization
        .founding
        .changes
        .iter()
        .map(|(key, value)| (key.clone(), value.clone().unwrap()))
        .collect();
    let late = organization.late_removal();
    let signed = std::mem::take(&mut organization.signed);
    (0..ON_TOP).for_each(|_| organization.enrol(0, Profile::Member));
    fs::write(home.path().join("founding"), codec::encode(&founding)).unwrap();
    for (number, piece) in codec::in_pieces(signed, ROOM).iter().enumerate() {
        fs::write(home.path().join(format!("frame-{number}")), codec::encode(piece)).unwrap();
    }
    fs::write(home.path().join("top"), codec::encode(&organization.signed)).unwrap();
    fs::write(home.path().join("late"), late).unwrap();
    drop(organization);
    let this = std::env::current_exe().unwrap();
    let said = Command::new(this).arg("replay").arg(home.path()).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let mut line: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    line["n"] = json!(adds);
    println!("{line}");
}

/// Does all that is measured.
fn replay(dir: &Path) {
    let found = record(dir);
    let found = found.changes.iter().find(|(key, _)| key.first() == Some(&b'c')).unwrap();
    let found = SignedCertificate::from_bytes(found.1.as_ref().unwrap()).unwrap().verify().unwrap();
    let mut history = History::new(found.id().into());
    history.add(found).unwrap();
    let (store, _) = Store::open(&dir.join("replayed")).unwrap();
    store.commit(&record(dir)).unwrap();
    let before = peak_mb();

    let mut bytes = 0;
    let (replay_s, replay_cpu_s) = timed(dir, |frame| {
        let (mut batch, fresh) = (Batch::default(), read(&frame));
        for verified in SignedCertificate::verify_all(fresh) {
            let certificate = verified.unwrap();
            write_down(&certificate, &mut batch);
            history.add(certificate).unwrap();
        }
        store.commit(&batch).unwrap();
        bytes += frame.iter().map(Vec::len).sum::<usize>();
    });
    let peak_rss_mb = peak_mb() - before;
    drop(store);

    let (verify_only_s, verify_only_cpu_s) = timed(dir, |frame| {
        assert!(SignedCertificate::verify_all(read(&frame)).iter().all(Result::is_ok));
    });
    let (store_only_s, store_only_cpu_s) = store_only(dir);
    let began = Instant::now();
    let (store, _) = Store::open(&dir.join("replayed")).unwrap();
    let node = restore(store.load().unwrap(), Settings::default()).unwrap().unwrap();
    let reopen_s = began.elapsed().as_secs_f64();
    assert!(node.is_active());

    let certificates = history.len();
    let top: Vec<Vec<u8>> = codec::decode(&fs::read(dir.join("top")).unwrap()).unwrap();
    let mut on_top: Vec<f64> = top.iter().map(|it| add(&mut history, it)).collect();
    on_top.sort_by(f64::total_cmp);
    let late = add(&mut history, &fs::read(dir.join("late")).unwrap());
    let line = json!({
        "n": 0, "certificates": certificates,
        "replay_s": rounded(replay_s), "verify_only_s": rounded(verify_only_s),
        "store_only_s": rounded(store_only_s), "replay_cpu_s": rounded(replay_cpu_s),
        "verify_only_cpu_s": rounded(verify_only_cpu_s), "store_only_cpu_s": rounded(store_only_cpu_s), "reopen_s": rounded(reopen_s),
        "replay_by_the_two": rounded(replay_s / (verify_only_s + store_only_s)),
        "head_us": rounded(on_top[on_top.len() / 2] * 1e6), "late_ms": rounded(late * 1e3),
        "peak_rss_mb": rounded(peak_rss_mb), "bytes_per_certificate": bytes / certificates,
    });
    println!("{line}");
}

/// Seconds that this took for all frames, reading them from the disk left out, and those that the processors worked.
fn timed(dir: &Path, mut take: impl FnMut(Vec<Vec<u8>>)) -> (f64, f64) {
    let (mut took, worked) = (0.0, cpu_s());
    for number in 0.. {
        let Ok(frame) = fs::read(dir.join(format!("frame-{number}"))) else { break };
        let frame: Vec<Vec<u8>> = codec::decode(&frame).unwrap();
        let began = Instant::now();
        take(frame);
        took += began.elapsed().as_secs_f64();
    }
    (took, cpu_s() - worked)
}

/// The same batches as the replay's, made beforehand.
fn store_only(dir: &Path) -> (f64, f64) {
    let (store, _) = Store::open(&dir.join("stored")).unwrap();
    store.commit(&record(dir)).unwrap();
    let mut batches = Vec::new();
    timed(dir, |frame| {
        let mut batch = Batch::default();
        for certificate in SignedCertificate::verify_all(read(&frame)) {
            write_down(&certificate.unwrap(), &mut batch);
        }
        batches.push(batch);
    });
    let (began, worked) = (Instant::now(), cpu_s());
    batches.iter().for_each(|batch| store.commit(batch).unwrap());
    (began.elapsed().as_secs_f64(), cpu_s() - worked)
}

fn read(frame: &[Vec<u8>]) -> Vec<SignedCertificate> {
    frame.iter().map(|bytes| SignedCertificate::from_bytes(bytes).unwrap()).collect()
}

/// The record that a node makes of a certificate (src/core/node/records.rs).
fn write_down(certificate: &VerifiedCertificate, batch: &mut Batch) {
    let generation = certificate.certificate().generation.to_be_bytes();
    let key = [b"c", generation.as_slice(), &certificate.id().0].concat();
    batch.changes.push((key, Some(certificate.signed().bytes())));
}

/// What the founder's device wrote down of itself.
fn record(dir: &Path) -> Batch {
    let founding: Vec<(Vec<u8>, Vec<u8>)> = codec::decode(&fs::read(dir.join("founding")).unwrap()).unwrap();
    Batch { changes: founding.into_iter().map(|(key, value)| (key, Some(value))).collect() }
}

/// Seconds that one certificate took.
fn add(history: &mut History, bytes: &[u8]) -> f64 {
    let began = Instant::now();
    history.add(SignedCertificate::from_bytes(bytes).unwrap().verify().unwrap()).unwrap();
    began.elapsed().as_secs_f64()
}

/// The most that was ever resident of this process.
fn peak_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

/// Seconds that the processors have worked for this process, in its own code and in the system's.
fn cpu_s() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // The name, in parentheses, may hold anything. A tick is a hundredth of a second on every Linux.
    let fields = stat.rsplit(')').next().unwrap().split_whitespace().skip(11);
    fields.take(2).map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
