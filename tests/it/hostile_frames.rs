//! Frames that are cut off, lie about their length, mean nothing, or come a byte a second, from a stranger and from
//! who is in, on both protocols: each such stream ends within its limits, and others are served meanwhile.

use std::time::{Duration, Instant};

use muster::core::node::input::Protocol;
use muster::core::primitives::ids::CertificateId;
use muster::core::primitives::{codec, limits};

use crate::support::daemons::{LONG, Machine, agree, greet};
use crate::support::hostile::harm::Before;
use crate::support::hostile::loot::Loot;
use crate::support::hostile::{Intruder, Wire};
use crate::support::speech::Says;

/// Ada's organization, and the key of Eve, who is a Member and whose daemon is off.
fn ada_and_the_key_of_a_member() -> (Machine, Loot) {
    let (ada, mut eve) = (Machine::start("ada"), Machine::start("eve"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    greet(&ada, &eve, "eve@example.org", "Eve", "member");
    agree(&[&ada, &eve]);
    eve.stop();
    (ada, Loot::of(&eve))
}

/// Streams of a Member's device: both protocols.
fn both(member: &Intruder, ada: &Machine) -> [Wire; 2] {
    [Protocol::Sync, Protocol::Greeting].map(|protocol| member.speaks(&ada.address(), protocol))
}

fn hello_saying(said: u8, at: &[&str]) -> Says {
    let Says::Hello { holds, .. } = Says::hello_of(Vec::new()) else { panic!() };
    Says::Hello { version: said, holds, addresses: at.iter().map(|at| (*at).to_owned()).collect() }
}

#[test]
fn garbage_ends_its_stream_at_once() {
    let (ada, eve) = ada_and_the_key_of_a_member();
    let before = Before::of(&ada);
    let member = Intruder::with(eve.key.clone());
    let hello = codec::encode(&Says::hello(&eve.history));
    let certificates = codec::encode(&Says::Certificates(vec![vec![1; 400]; 3]));
    let mut claims_more = hello.clone();
    // The length of the list of heads: behind the case, the version, the digest and the number.
    claims_more[45..53].fill(0xff);
    let garbage: Vec<Vec<u8>> = vec![
        vec![0],
        vec![0xff; 4],
        vec![0xff; limits::FRAME],
        vec![0; limits::FRAME],
        hello[..hello.len() - 1].to_vec(),
        [hello.clone(), vec![0]].concat(),
        certificates[..certificates.len() / 2].to_vec(),
        claims_more,
        codec::encode(&Says::hello_of(vec![CertificateId([0; 32]); limits::LISTED_IDS + 1])),
        codec::encode(&hello_saying(9, &[])),
        codec::encode(&hello_saying(1, &["nowhere"])),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
    ];
    for frame in &garbage {
        let mut wire = member.speaks(&ada.address(), Protocol::Sync);
        wire.says_frame(frame);
        assert!(wire.hears_to_the_end().len() <= 1, "after its own greeting Ada hangs up: {frame:?}");
    }
    // On the other protocol the first failures of a minute are answered at once, the others held back.
    for frame in &garbage[..4] {
        let mut wire = member.speaks(&ada.address(), Protocol::Greeting);
        wire.says_frame(frame);
        assert_eq!(wire.hears_to_the_end().len(), 1, "{frame:?}");
    }
    before.no_harm_came_to(&ada);
}

#[test]
fn who_goes_on_asking_is_hung_up_on_after_so_many_messages() {
    let (ada, eve) = ada_and_the_key_of_a_member();
    let before = Before::of(&ada);
    let member = Intruder::with(eve.key.clone());
    let mut wire = member.speaks(&ada.address(), Protocol::Sync);
    let name = eve.history.roster().organization_name().unwrap();
    // Counted by the minute, and a minute may end in between.
    let most = 2 * usize::try_from(limits::SYNC_MESSAGES).unwrap();
    let mut answers = 0;
    while answers <= most && wire.speaks(&Says::WantOpenings(vec![name])) {
        match wire.hears_said() {
            Some(Says::Openings(_)) => answers += 1,
            Some(_) => {}
            None => break,
        }
    }
    assert!(answers <= most, "it goes on for ever");
    before.no_harm_came_to(&ada);
}

#[test]
fn frames_that_stop_or_trickle_are_cut_off_and_a_guest_is_greeted_meanwhile() {
    let (ada, eve) = ada_and_the_key_of_a_member();
    let bob = Machine::start("bob");
    let before = Before::of(&ada);
    let (member, stranger) = (Intruder::with(eve.key.clone()), Intruder::stranger());
    let began = Instant::now();
    let mut stuck: Vec<Wire> = Vec::new();
    for start in [[0xff, 0xff].as_slice(), &[0], &[0, 200, 1, 2, 3]] {
        for mut wire in both(&member, &ada) {
            wire.says(start);
            stuck.push(wire);
        }
    }
    // A stranger's greeting that says nothing at all.
    let mut silent = stranger.speaks(&ada.address(), Protocol::Greeting);
    silent.says(&[]);
    stuck.push(silent);
    let mut trickling = both(&member, &ada);
    for wire in &mut trickling {
        wire.says(&[0, 200]);
    }

    greet(&ada, &bob, "bob@example.org", "Bob", "member");
    agree(&[&ada, &bob]);
    let mut left = trickling.len();
    while left > 0 {
        assert!(began.elapsed() < LONG, "a trickle goes on for ever");
        std::thread::sleep(Duration::from_secs(1));
        left = trickling.iter_mut().map(is_open).filter(|open| *open).count();
    }
    for mut wire in stuck {
        assert!(wire.hears_to_the_end().len() <= 1, "no more than a Hello");
    }
    assert!(began.elapsed() >= limits::HANDSHAKE, "a slow line gets its time");
    let after = Before::of(&ada);
    assert_eq!(after.certificates, before.certificates + 1, "Bob alone");
    after.no_harm_came_to(&ada);
}

/// One more byte; whether somebody still listens.
fn is_open(wire: &mut Wire) -> bool {
    wire.says(&[9]) && !matches!(ends_soon(wire), Some(None))
}

/// Passes over what was said before; `Some(None)` where the stream has ended.
fn ends_soon(wire: &mut Wire) -> Option<Option<Vec<u8>>> {
    loop {
        match wire.hears_within(Duration::from_millis(10)) {
            Some(Some(_)) => {}
            other => return other,
        }
    }
}
