//! A node that comes back from its store: nothing that it wrote once verified is verified again, what isn't what it wrote
//! is found, and `roster verify` checks everything from the bytes on.

use std::path::Path;

use muster::core::node::request::{Answer, Request, VerifyAnswer};

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
