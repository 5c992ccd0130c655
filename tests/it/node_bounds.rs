//! What members' devices can make another one do and keep: so much of a cost a minute, and little of what was signed
//! beyond the cut of a settled Revoke, whoever brings it (R4.11, R4.13).

use std::time::Duration;

use muster::core::node::input::{Channel, Protocol};
use muster::core::node::request::Request;
use muster::core::primitives::limits;
use muster::core::primitives::time::Moment;
use muster::core::roster::{Body, Certificate, History, SignedCertificate, User, VerifiedCertificate};

use crate::support::device;
use crate::support::speech::Says;
use crate::support::world::{World, email};

fn anything(n: usize) -> Body {
    Body::Unknown { kind: 900, bytes: n.to_be_bytes().to_vec() }
}

/// So many certificates of this person's, one upon the other, by what is held; they are held as well.
fn chain(history: &mut History, author: &str, long: usize) -> Vec<VerifiedCertificate> {
    let mut chain = Vec::new();
    for n in 0..long {
        let signed = history.author(&device(author), anything(n), Moment(0)).unwrap();
        history.add(signed.clone()).unwrap();
        chain.push(signed);
    }
    chain
}

/// Another certificate in the place of one: its author forks the chain, and its past is an old one.
fn in_the_place_of(it: &VerifiedCertificate, author: &str, n: usize) -> Vec<u8> {
    let raw = Certificate { body: anything(n + 1_000_000).encode(), ..it.certificate().clone() };
    SignedCertificate::sign(raw, &device(author)).bytes()
}

fn bytes(certificates: &[VerifiedCertificate]) -> Vec<Vec<u8>> {
    certificates.iter().map(|it| it.signed().bytes()).collect()
}

fn in_sync(world: &mut World, who: &str, with: &str) -> Channel {
    let channel = world.open_to(who, with, Protocol::Sync);
    let hello = Says::hello(&world.history(who));
    world.say_in_sync(who, channel, &hello);
    channel
}

fn send(world: &mut World, who: &str, channel: Channel, certificates: &[Vec<u8>]) {
    for some in certificates.chunks(128) {
        world.say_in_sync(who, channel, &Says::Certificates(some.to_vec()));
    }
}

/// Ada's organization, in which Bob's machine does what we say. It has sent Ada a long chain, and the certificates that are
/// given fork it everywhere: the verdict on each asks for another old past.
fn a_costly_device(seed: &str) -> (World, Channel, Vec<Vec<u8>>) {
    let mut world = World::new(seed);
    world.found("ada");
    world.enrol("ada", "bob", "member");
    world.enrol("ada", "cyd", "administrator");
    world.enrol("ada", "eve", "external");
    world.outsider("bob");
    let mut history = world.history("bob");
    let long = chain(&mut history, "bob", 600);
    let channel = in_sync(&mut world, "bob", "ada");
    send(&mut world, "bob", channel, &bytes(&long));
    let places = (0..1200).map(|n| (n, &long[1 + (n * 7) % (long.len() - 1)]));
    let costly = places.map(|(n, place)| in_the_place_of(place, "bob", n)).collect();
    (world, channel, costly)
}

fn holds(world: &World, certificates: &[Vec<u8>]) -> usize {
    let history = world.history("ada");
    let ids = certificates.iter().map(|bytes| SignedCertificate::from_bytes(bytes).unwrap().id());
    ids.filter(|id| history.contains(id)).count()
}

#[test]
fn a_device_whose_every_certificate_makes_us_go_through_all_is_slowed_and_believed_all_the_same() {
    let (mut world, channel, costly) = a_costly_device("a costly device");
    send(&mut world, "bob", channel, &costly);
    let taken = holds(&world, &costly);
    assert!(taken > 100 && taken < costly.len(), "{taken} in the first minute");
    // Another stream of the same device has to wait as well, and has no more than the window for it.
    let second = in_sync(&mut world, "bob", "ada");
    for n in (costly.len() - limits::SYNC_FRAMES - 1)..costly.len() {
        assert!(world.stands(second));
        send(&mut world, "bob", second, &costly[n..=n]);
    }
    assert!(!world.stands(second));
    assert_eq!(holds(&world, &costly), taken);
    // Nobody else has to.
    world.ask("cyd", Request::RevokeUsers { users: vec![email("eve")] }).unwrap();
    let of_eve = |user: User| !user.is_active();
    assert!(world.history("ada").roster().user_of(&device("eve").device()).is_some_and(of_eve));
    world.wait(Duration::from_secs(60));
    let in_the_next_minute = holds(&world, &costly);
    assert!(in_the_next_minute > taken, "no more than {taken}");
    world.wait(Duration::from_secs(60));
    assert_eq!(holds(&world, &costly), costly.len());
    assert!(world.stands(channel));
}

/// Ada, Cyd, Dan and Eve are apart from Fay and Gil; Bob's machine does what we say, and has signed a long chain under a past in
/// which he was still in. Meanwhile Ada's removal of him is settled.
fn bob_is_out_for_good(seed: &str, long: usize) -> (World, Vec<Vec<u8>>) {
    let mut world = World::new(seed);
    world.found("ada");
    for guest in ["bob", "cyd", "dan", "eve", "fay"] {
        world.enrol("ada", guest, "administrator");
    }
    world.enrol("ada", "gil", "external");
    world.wait(limits::VOUCHING);
    world.outsider("bob");
    world.unplug("fay");
    world.unplug("gil");
    let late = bytes(&chain(&mut world.history("bob"), "bob", long));
    world.ask("ada", Request::RevokeUsers { users: vec![email("bob")] }).unwrap();
    let history = world.history("ada");
    let out = history.roster().user_of(&device("bob").device()).unwrap().revoked.unwrap();
    assert!(history.acknowledged(&out).unwrap().settled);
    (world, late)
}

#[test]
fn of_what_was_signed_beyond_the_cut_of_a_settled_revoke_little_is_kept_whoever_brings_it() {
    let (mut world, late) = bob_is_out_for_good("brought by a member", 200);
    world.outsider("cyd");
    let channel = in_sync(&mut world, "cyd", "ada");
    send(&mut world, "cyd", channel, &late);
    assert_eq!(holds(&world, &late), limits::KEPT_BEYOND);
    assert!(world.stands(channel), "who brings it may be honest");
    // From whomever: it is counted in all.
    world.outsider("dan");
    let another = in_sync(&mut world, "dan", "ada");
    send(&mut world, "dan", another, &late);
    assert_eq!(holds(&world, &late), limits::KEPT_BEYOND);
    assert!(world.stands(another));
    // What members sign themselves is taken as ever.
    let own = world.history("cyd").author(&device("cyd"), anything(0), Moment(0)).unwrap().signed().bytes();
    world.say_in_sync("cyd", channel, &Says::Certificates(vec![own.clone()]));
    assert_eq!(holds(&world, &[own]), 1);
}

#[test]
fn what_somebody_had_built_on_before_they_knew_of_the_removal_is_fetched_all_the_same() {
    let (mut world, late) = bob_is_out_for_good("built on by a member", 200);
    for name in ["ada", "cyd", "dan", "eve"] {
        world.unplug(name);
    }
    world.scatter();
    world.plug_in("fay");
    let channel = in_sync(&mut world, "bob", "fay");
    send(&mut world, "bob", channel, &late);
    world.ask("fay", Request::RevokeUsers { users: vec![email("eve")] }).unwrap();
    world.plug_in("ada");
    world.meet_for_a_moment("fay", "ada");
    assert_eq!(world.digest("fay"), world.digest("ada"));
    assert_eq!(world.history("fay").heads(), world.history("ada").heads());
    assert_eq!(holds(&world, &late), late.len());
}

#[test]
fn two_of_whom_one_keeps_less_are_in_step_all_the_same() {
    let (mut world, late) = bob_is_out_for_good("kept by one", 200);
    for name in ["ada", "cyd", "dan", "eve"] {
        world.unplug(name);
    }
    world.scatter();
    world.plug_in("gil");
    let channel = in_sync(&mut world, "bob", "gil");
    send(&mut world, "bob", channel, &late);
    // Nobody asks an External, who signs nothing on top of it.
    world.plug_in("ada");
    world.dial("gil", "ada");
    assert_eq!(world.digest("gil"), world.digest("ada"));
    assert_eq!(holds(&world, &late), limits::KEPT_BEYOND);
    let said = world.frames();
    world.wait(Duration::from_secs(3600));
    assert_eq!(world.frames(), said, "they go on about it");
    world.ask("ada", Request::RevokeUsers { users: vec![email("eve")] }).unwrap();
    assert_eq!(world.digest("gil"), world.digest("ada"));
}
