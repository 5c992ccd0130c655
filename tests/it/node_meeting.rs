//! Members' devices meet: whoever dials, however little one knows of the other, and whatever a liar sends.

use std::time::Duration;

use muster::core::node::event::Happening;
use muster::core::node::input::{Channel, Protocol};
use muster::core::node::request::{Answer, Request};
use muster::core::primitives::ids::CertificateId;
use muster::core::primitives::limits;
use muster::core::primitives::time::Moment;
use muster::core::roster::{Body, Certificate, SignedCertificate};

use crate::support::device;
use crate::support::speech::Says;
use crate::support::world::{World, email};

/// Zoe and her tablet came in while Bob was away, and all who saw it are away as Bob comes back: nobody but she can
/// tell him. No machine finds another by itself.
fn zoe_came_while_bob_was_away() -> World {
    let mut world = World::new("zoe came while bob was away");
    world.found("ada");
    world.enrol("ada", "bob", "member");
    world.enrol("ada", "eve", "external");
    world.unplug("bob");
    world.enrol("ada", "cyd", "member");
    world.enrol("ada", "zoe", "member");
    world.add_device("zoe", "tablet");
    for name in ["ada", "eve", "cyd", "zoe", "tablet"] {
        world.unplug(name);
    }
    world.scatter();
    world.plug_in("bob");
    world
}

#[test]
fn a_member_whom_nobody_told_of_shows_by_what_it_is_in() {
    for newcomer in ["zoe", "tablet"] {
        let mut world = zoe_came_while_bob_was_away();
        world.plug_in(newcomer);
        world.dial(newcomer, "bob");
        assert_eq!(
            world.digest("bob"),
            world.digest(newcomer),
            "{newcomer} dialled Bob, and both are in step"
        );
        let emails: Vec<_> = world.users("bob").into_iter().filter_map(|user| user.email).collect();
        assert!(
            emails.contains(&email("zoe")) && emails.contains(&email("cyd")),
            "names came too: {emails:?}"
        );
        assert_eq!(world.users(newcomer).len(), 5);
    }
}

#[test]
fn who_did_not_dial_opens_the_sync_where_who_dialled_does_not_know_it() {
    let mut world = zoe_came_while_bob_was_away();
    world.plug_in("zoe");
    world.dial("bob", "zoe");
    assert_ne!(world.digest("bob"), world.digest("zoe"), "Bob doesn't know that he could open a sync");
    world.wait(limits::SYNC_PATIENCE);
    assert_eq!(world.digest("bob"), world.digest("zoe"), "Zoe opened one");
}

#[test]
fn who_learns_that_a_connected_device_is_a_members_opens_a_sync_with_it() {
    let mut world = zoe_came_while_bob_was_away();
    world.plug_in("zoe");
    world.plug_in("cyd");
    world.dial("bob", "zoe");
    world.events("bob");
    // Bob hears of Zoe by Cyd, long before Zoe's patience is at its end.
    world.dial("cyd", "bob");
    let zoe = device("zoe").device();
    let met =
        |it: &Happening| matches!(it, Happening::MemberConnected { device_id, .. } if *device_id == zoe);
    assert!(world.events("bob").iter().any(met), "a sync with Zoe stands");
}

/// What Bob's machine says to a stranger's sync, and whether the stream goes on, before and after this was said.
fn to_a_stranger(world: &mut World, who: &str, shown: Vec<Vec<u8>>) -> (Vec<Says>, bool) {
    let channel = world.open_to(who, "bob", Protocol::Sync);
    let hello = Says::hello_of(Vec::new());
    world.say_in_sync(who, channel, &hello);
    world.say_in_sync(who, channel, &Says::Introduction(shown));
    (world.heard_in_sync(who, channel), world.stands(channel))
}

/// The certificates that Bob lacks in [`zoe_came_while_bob_was_away`], as they are sent, the oldest first.
fn what_bob_lacks(world: &World) -> Vec<Vec<u8>> {
    let (bob, ada) = (world.history("bob"), world.history("ada"));
    ada.in_causal_order().filter(|it| !bob.contains(&it.id())).map(|it| it.signed().bytes()).collect()
}

#[test]
fn a_stranger_who_has_nothing_to_show_gets_the_refusal_and_nothing_is_kept() {
    let mut world = zoe_came_while_bob_was_away();
    world.outsider("mallory");
    let lacking = what_bob_lacks(&world);
    let all: Vec<Vec<u8>> = world.history("ada").in_causal_order().map(|it| it.signed().bytes()).collect();
    let anything = Body::Unknown { kind: 900, bytes: Vec::new() };
    let ada = world.history("ada");
    let mut own = ada.author(&device("ada"), anything, Moment(0)).unwrap().certificate().clone();
    own.device = device("mallory").device();
    let own = SignedCertificate::sign(own, &device("mallory")).bytes();
    let mut altered = lacking.clone();
    let last = altered[0].len() - 1;
    altered[0][last] ^= 1;
    let before = world.disk("bob");
    for (what, shown) in [
        ("nothing", Vec::new()),
        ("what is known", all[..2].to_vec()),
        ("others' certificates, who are in", lacking.clone()),
        ("one of its own on top", [lacking.clone(), vec![own]].concat()),
        ("one without its parents", lacking[1..].to_vec()),
        ("one with a wrong signature", altered.clone()),
        ("garbage", vec![vec![7; 600]]),
        ("more than may be", vec![lacking[0].clone(); limits::INTRODUCTION + 1]),
    ] {
        let (said, stands) = to_a_stranger(&mut world, "mallory", shown);
        assert_eq!((said, stands), (vec![Says::Stranger], false), "{what}");
        assert_eq!(world.disk("bob"), before, "{what}: something was kept");
        world.wait(Duration::from_secs(61));
    }
    // The same certificates do bring in whom they are about; and not with one wrong signature among them.
    world.outsider("zoe");
    assert!(!to_a_stranger(&mut world, "zoe", altered).1);
    assert_eq!(world.disk("bob"), before);
    let (_, stands) = to_a_stranger(&mut world, "zoe", lacking);
    assert!(stands && world.disk("bob") != before);
}

#[test]
fn introductions_are_counted_for_each_device_and_strangers_do_not_wait_for_ever() {
    let mut world = zoe_came_while_bob_was_away();
    let lacking = what_bob_lacks(&world);
    world.outsider("mallory");
    world.outsider("zoe");
    // Mallory shows what would be looked at, as often as it may.
    for _ in 0..limits::INTRODUCTIONS_PER_PEER {
        assert!(!to_a_stranger(&mut world, "mallory", lacking.clone()).1);
    }
    // Another time in this minute it isn't, which a device that is in would notice.
    for _ in 0..limits::INTRODUCTIONS_PER_PEER {
        assert!(!to_a_stranger(&mut world, "zoe", lacking[..1].to_vec()).1);
    }
    assert!(!to_a_stranger(&mut world, "zoe", lacking.clone()).1, "Zoe tried too often");
    // All devices together are heard so often a minute, and no more.
    world.wait(Duration::from_secs(61));
    for n in 0..limits::INTRODUCTIONS / limits::INTRODUCTIONS_PER_PEER {
        let puppet = format!("puppet{n}");
        world.outsider(&puppet);
        for _ in 0..limits::INTRODUCTIONS_PER_PEER {
            assert!(!to_a_stranger(&mut world, &puppet, lacking[..1].to_vec()).1);
        }
    }
    assert!(!to_a_stranger(&mut world, "zoe", lacking.clone()).1, "others tried too often");
    world.wait(Duration::from_secs(61));
    assert!(to_a_stranger(&mut world, "zoe", lacking).1, "a minute later she is heard");

    // One stream for each device, and ten seconds.
    let silent = world.open_to("mallory", "bob", Protocol::Sync);
    let second = world.open_to("mallory", "bob", Protocol::Sync);
    assert!(world.stands(silent) && !world.stands(second));
    world.wait(limits::HANDSHAKE);
    assert!(!world.stands(silent));
}

#[test]
fn a_member_is_connected_when_its_sync_stands_and_gone_only_if_it_was() {
    let mut world = World::new("events of meeting");
    world.found("ada");
    world.enrol("ada", "bob", "member");
    world.outsider("bob");
    world.events("ada");
    let meetings = |world: &mut World| -> Vec<&'static str> {
        let word = |it: Happening| match it {
            Happening::MemberConnected { .. } => Some("connected"),
            Happening::MemberDisconnected { .. } => Some("disconnected"),
            _ => None,
        };
        world.events("ada").into_iter().filter_map(word).collect()
    };
    // Bob's machine connects, and says nothing: nobody is told.
    world.dial("bob", "ada");
    world.wait(Duration::from_secs(5));
    world.cut("bob", "ada");
    assert_eq!(meetings(&mut world), Vec::<&str>::new());
    // It says hello, twice; and leaves.
    in_sync(&mut world, "bob");
    in_sync(&mut world, "bob");
    assert_eq!(meetings(&mut world), ["connected"]);
    world.cut("bob", "ada");
    assert_eq!(meetings(&mut world), ["disconnected"]);
    // Who is revoked while connected is gone, too.
    in_sync(&mut world, "bob");
    world.ask("ada", Request::RevokeUsers { users: vec![email("bob")] }).unwrap();
    assert_eq!(meetings(&mut world), ["connected", "disconnected"]);
}

#[test]
fn who_says_hello_and_hangs_up_is_not_met_again_at_once() {
    let mut world = World::new("hello and goodbye");
    world.found("ada");
    world.enrol("ada", "bob", "member");
    world.outsider("bob");
    world.scatter();
    world.dial("ada", "bob");
    for _ in 0..3 {
        let channel = world.latest_stream("ada", "bob");
        let hello = Says::hello(&world.history("bob"));
        world.say_in_sync("bob", channel, &hello);
        world.hang_up("bob", channel);
        world.wait(limits::SYNC_PATIENCE);
        assert_eq!(world.latest_stream("ada", "bob"), channel, "Ada's machine opened another at once");
        world.wait(limits::SYNC_PATIENCE);
        assert_ne!(world.latest_stream("ada", "bob"), channel, "and a moment later it did");
    }
}

#[test]
fn who_was_revoked_is_put_out_by_whoever_hears_of_it_and_counts_as_connected_with_nobody() {
    let mut world = World::new("revoked and alone");
    world.found("ada");
    world.enrol("ada", "bob", "member");
    world.enrol("ada", "eve", "member");
    // Ada's machine shows Bob his revocation, and hangs up on nobody; Eve hears of it from Bob's.
    world.outsider("ada");
    let history = world.history("ada");
    let bob = history.roster().user_of(&device("bob").device()).unwrap().id;
    let revoked = history.author(&device("ada"), history.revocation(&bob), Moment(0)).unwrap();
    let channel = world.open_to("ada", "bob", Protocol::Sync);
    let hello = Says::hello(&history);
    world.say_in_sync("ada", channel, &hello);
    world.events("bob");
    world.say_in_sync("ada", channel, &Says::Certificates(vec![revoked.signed().bytes()]));
    let gone = |it: &Happening| matches!(it, Happening::MemberDisconnected { .. });
    assert_eq!(world.events("bob").iter().filter(|it| gone(it)).count(), 1, "Eve");
    let Ok(Answer::Status(status)) = world.ask("bob", Request::Status) else { panic!("a status") };
    assert_eq!(status.organization.connected, 0);
}

fn in_sync(world: &mut World, who: &str) -> Channel {
    let channel = world.open_to(who, "ada", Protocol::Sync);
    let hello = Says::hello(&world.history(who));
    world.say_in_sync(who, channel, &hello);
    channel
}

/// A certificate of Bob's that follows from something that nobody has.
fn orphan(world: &World, n: u8) -> Vec<u8> {
    let anything = Body::Unknown { kind: 900, bytes: Vec::new() };
    let honest = world.history("bob").author(&device("bob"), anything, Moment(0)).unwrap();
    let raw = Certificate { parents: vec![CertificateId([n; 32])], ..honest.certificate().clone() };
    SignedCertificate::sign(raw, &device("bob")).bytes()
}

#[test]
fn who_goes_on_sending_what_follows_from_nothing_is_hung_up_on() {
    let mut world = World::new("orphans");
    world.found("ada");
    world.enrol("ada", "bob", "member");
    world.outsider("bob");
    let channel = in_sync(&mut world, "bob");
    let before = world.disk("ada");
    let mut asked = 0;
    while world.stands(channel) {
        let orphan = orphan(&world, u8::try_from(asked).unwrap());
        world.say_in_sync("bob", channel, &Says::Certificates(vec![orphan]));
        asked += 1;
        assert!(asked <= limits::ASKED_AGAIN + 1, "it goes on for ever");
    }
    assert_eq!(asked, limits::ASKED_AGAIN + 1);
    assert_eq!(world.disk("ada"), before);
}

#[test]
fn a_sync_lasts_for_as_long_as_its_messages_are_not_too_many_a_minute() {
    let mut world = World::new("a long sync");
    world.found("ada");
    world.enrol("ada", "bob", "member");
    world.outsider("bob");
    let channel = in_sync(&mut world, "bob");
    let says = |world: &mut World, messages| {
        for _ in 0..messages {
            world.say_in_sync("bob", channel, &Says::WantOpenings(Vec::new()));
        }
    };
    says(&mut world, limits::SYNC_MESSAGES - 10);
    world.wait(Duration::from_secs(60));
    says(&mut world, limits::SYNC_MESSAGES - 10);
    assert!(world.stands(channel), "an honest sync of many hours would be ended");
    says(&mut world, 11);
    assert!(!world.stands(channel));
}
