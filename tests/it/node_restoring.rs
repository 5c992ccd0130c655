//! A node that comes back from its store: nothing that it wrote once verified is verified again, what isn't what it wrote
//! is found, and `roster verify` checks everything from the bytes on.

use std::path::Path;

use muster::core::node::input::Protocol;
use muster::core::node::request::{Answer, Request, VerifyAnswer};
use muster::core::primitives::time::Moment;
use muster::core::roster::{Body, History, SignedCertificate};

use crate::support::device;
use crate::support::speech::Says;
use crate::support::world::World;

/// Ada's machine with Bob and his phone in the roster, stopped; and the keys of its certificates, the oldest first.
fn stopped() -> (World, Vec<Vec<u8>>) {
    let mut world = World::new("restoring");
    world.found("ada");
    world.enrol("ada", "bob", "member");
    world.add_device("bob", "phone");
    world.unplug("ada");
    let certificates = world.disk("ada").into_iter().filter(|(key, _)| key[0] == b'c').map(|(key, _)| key);
    let certificates: Vec<Vec<u8>> = certificates.collect();
    assert_eq!(certificates.len(), 3);
    (world, certificates)
}

fn verified(world: &mut World) -> VerifyAnswer {
    match world.ask("ada", Request::VerifyRoster) {
        Ok(Answer::Verified(answer)) => answer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_restart_verifies_no_signature_again_and_roster_verify_every_one() {
    let (mut world, certificates) = stopped();
    // The last byte belongs to the signature, which is in no id: only who verifies it can tell.
    for key in &certificates[1..] {
        world.tamper("ada", key, |bytes| *bytes.last_mut().unwrap() ^= 1);
    }
    world.plug_in("ada");
    assert_eq!(world.users("ada").len(), 2, "the restart took no notice");
    let found = verified(&mut world);
    assert_eq!(found.problems.len(), 3, "two signatures, and so another roster: {:?}", found.problems);
}

#[test]
fn a_restart_verifies_no_proof_again_and_gives_the_same_roster() {
    let (mut world, _) = stopped();
    let before = world.digest("bob");
    world.plug_in("ada");
    assert_eq!(world.digest("ada"), before);
    let found = verified(&mut world);
    assert_eq!((found.problems, found.effective), (Vec::new(), 3));
}

#[test]
fn a_certificate_that_is_not_the_one_that_was_written_is_found_at_the_restart() {
    let (mut world, certificates) = stopped();
    // A byte of the time in the last one, which decides nothing and on which nothing builds (W1.3): only its id differs.
    let altered = |bytes: &mut Vec<u8>| bytes[185] ^= 1;
    world.tamper("ada", &certificates[2], altered);
    assert!(!world.comes_back("ada"));
    world.tamper("ada", &certificates[2], altered);
    assert!(world.comes_back("ada"));

    // One record in the place of another.
    let (_, other) = world.disk("ada").into_iter().find(|(key, _)| *key == certificates[2]).unwrap();
    world.tamper("ada", &certificates[1], |bytes| *bytes = other);
    assert!(!world.comes_back("ada"));
}

/// Three frames of four certificates that Ada signs on top of what is known.
fn frames(known: &mut History) -> Vec<Vec<Vec<u8>>> {
    let mut sign = |_| {
        let anything = Body::Unknown { kind: 900, bytes: Vec::new() };
        let signed = known.author(&device("ada"), anything, Moment(0)).unwrap();
        known.add(signed.clone()).unwrap();
        signed.signed().bytes()
    };
    (0..3).map(|_| (0..4).map(&mut sign).collect()).collect()
}

/// Ada's machine opens a sync with Bob's and sends these; how many of them Bob's says that it took.
fn taken(world: &mut World, known: &History, frames: &[Vec<Vec<u8>>]) -> usize {
    let channel = world.open_to("ada", "bob", Protocol::Sync);
    world.say_in_sync("ada", channel, &Says::hello(known));
    for frame in frames {
        world.say_in_sync("ada", channel, &Says::Certificates(frame.clone()));
    }
    world.heard_in_sync("ada", channel).iter().filter(|said| **said == Says::Taken).count()
}

#[test]
fn wherever_a_device_crashes_in_a_sync_all_that_it_said_it_took_is_there_and_the_next_sync_heals() {
    let mut world = World::new("crashes in a sync");
    world.found("ada");
    world.enrol("ada", "bob", "member");
    world.outsider("ada");
    let mut known = world.history("ada");
    let mut crashes = 0;
    loop {
        let frames = frames(&mut known);
        world.crash_at("bob", crashes + 1);
        let taken_before = taken(&mut world, &known, &frames);
        let crashed = !world.calm_down("bob");
        // It can be read at all: of whatever is on the disk, the ancestors are.
        let held = world.history("bob");
        for bytes in frames[..taken_before].concat() {
            assert!(held.contains(&SignedCertificate::from_bytes(&bytes).unwrap().id()), "crash {crashes}");
        }
        taken(&mut world, &known, &frames);
        assert_eq!(world.history("bob").heads(), known.heads(), "crash {crashes}");
        world.cut("ada", "bob");
        if !crashed {
            break;
        }
        crashes += 1;
    }
    assert!(crashes > 8, "{crashes} places to crash at");
}

#[test]
fn only_who_reads_the_store_makes_verified_what_was_not_verified() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut waiting = vec![root];
    let mut callers = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            if text.contains("SignedCertificate::kept") || text.contains(".kept()") {
                callers.push(path.file_name().unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    assert_eq!(callers, ["records.rs"]);
}
