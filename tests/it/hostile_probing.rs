//! Who knocks without the token, or under another name than its own, learns nothing and gets nowhere.

use std::time::Duration;

use muster::core::greeting::guest::AwaitingReception;
use muster::core::greeting::invitation::{InvitationKeys, Prologue};
use muster::core::greeting::link::Link;
use muster::core::node::input::Protocol;
use muster::core::primitives::entropy::Entropy;
use muster::core::primitives::ids::DeviceId;
use muster::core::primitives::keys::DeviceKey;
use muster::core::primitives::secret::{Secret32, Token};

use crate::support::daemons::{Machine, exchange_codes};
use crate::support::fresh_bytes;
use crate::support::hostile::harm::Before;
use crate::support::hostile::{Intruder, Wire};

/// What the host answered a first message, to the end of the stream.
fn knocks(intruder: &Intruder, host: &Machine, keys: &InvitationKeys, link: &Link) -> (Vec<u8>, Vec<u8>) {
    let mut wire = intruder.speaks(&host.address(), Protocol::Greeting);
    let frame = first_message(keys, link, intruder.device);
    wire.says_frame(&frame);
    wire.hears_to_the_end();
    (frame, wire.heard)
}

fn first_message(keys: &InvitationKeys, link: &Link, guest: DeviceId) -> Vec<u8> {
    let (organization, invitation) = (link.organization, keys.id);
    let prologue = Prologue { organization, kind: link.kind, invitation, host: link.host, guest };
    AwaitingReception::greet(keys, &prologue, &mut Entropy::new(&Secret32::new(fresh_bytes()))).1
}

#[test]
fn a_prober_without_the_token_cannot_tell_an_invitation_that_is_from_one_that_ended_or_never_was() {
    let ada = Machine::start("ada");
    ada.found("Field Lab", "Ada", "ada@example.org");
    let [pending, cancelled] =
        ["bob@example.org", "carol@example.org"].map(|email| Link::parse(&ada.link_for(email)).unwrap());
    let said = ada.muster(&["--yes", "invite", "cancel", "carol@example.org"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let before = Before::of(&ada);

    let guessed = InvitationKeys::from_token(&Token::new([9; 16]));
    let prober = Intruder::stranger();
    let answers = [pending.keys().id, cancelled.keys().id, guessed.id].map(|id| {
        // The ids are known (they go in clear); the token isn't.
        let keys = InvitationKeys { id, ..guessed.clone() };
        knocks(&prober, &ada, &keys, &pending).1
    });
    assert_eq!(answers[0], [0, 1, 1], "one byte, and it says 'unknown'");
    assert_eq!(answers[1], answers[0], "an ended invitation");
    assert_eq!(answers[2], answers[0], "one that never was");

    let (_, to_the_guest) = knocks(&prober, &ada, &cancelled.keys(), &cancelled);
    assert!(to_the_guest.len() > 30, "who has the token is told, sealed, what became of it");
    before.no_harm_came_to(&ada);
}

#[test]
fn a_link_that_names_another_organization_or_host_opens_nothing_though_the_token_is_right() {
    let ada = Machine::start("ada");
    ada.found("Field Lab", "Ada", "ada@example.org");
    let link = Link::parse(&ada.link_for("bob@example.org")).unwrap();
    let before = Before::of(&ada);
    let prober = Intruder::stranger();
    let another = DeviceKey::from_seed(Secret32::new(fresh_bytes())).device();
    let mut elsewhere = link.clone();
    elsewhere.organization.0[0] ^= 1;
    for wrong in [elsewhere, Link { host: another, ..link.clone() }] {
        assert_eq!(knocks(&prober, &ada, &link.keys(), &wrong).1, [0, 1, 1]);
    }
    before.no_harm_came_to(&ada);
}

#[test]
fn a_first_message_that_was_overheard_opens_nothing_for_another_device() {
    let ada = Machine::start("ada");
    ada.found("Field Lab", "Ada", "ada@example.org");
    let link = Link::parse(&ada.link_for("bob@example.org")).unwrap();
    let before = Before::of(&ada);
    let (bob, eve) = (Intruder::stranger(), Intruder::stranger());
    let overheard = first_message(&link.keys(), &link, bob.device);
    let mut wire = eve.speaks(&ada.address(), Protocol::Greeting);
    wire.says_frame(&overheard);
    wire.hears_to_the_end();
    assert_eq!(wire.heard, [0, 1, 1]);
    let mut wire = bob.speaks(&ada.address(), Protocol::Greeting);
    wire.says_frame(&overheard);
    assert_eq!(wire.hears().unwrap()[0], 0, "it was a good one, from Bob");
    drop(wire);
    before.no_harm_came_to(&ada);
}

/// Hands every frame of each on to the other, as it comes, until one of them ends.
fn relays(guest: &mut Wire, host: &mut Wire) {
    while hands_on(guest, host) && hands_on(host, guest) {}
}

/// A frame, if one is there; whether there may be more.
fn hands_on(from: &mut Wire, to: &mut Wire) -> bool {
    match from.hears_within(Duration::from_millis(20)) {
        Some(Some(frame)) => {
            to.says_frame(&frame);
        }
        Some(None) => {
            to.falls_silent();
            return false;
        }
        None => {}
    }
    true
}

#[test]
fn somebody_who_sits_between_guest_and_host_and_hands_on_every_frame_gets_neither() {
    let (ada, bob) = (Machine::start("ada"), Machine::start("bob"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    let honest = ada.link_for("bob@example.org");
    let before = Before::of(&ada);

    // Mallory had the link in hand, and names himself as the host in the one that Bob gets.
    let mut mallory = Intruder::stranger();
    let link = Link::parse(&honest).unwrap();
    let altered = Link { host: mallory.device, hosts: vec![mallory.address.parse().unwrap()], ..link };
    let mut joins =
        bob.converse(&["join", "-", "--name", "Bob", "--email", "bob@example.org", "--device", "b"]);
    joins.answer(&altered.text());
    let mut from_bob = mallory.is_asked();
    let mut to_ada = mallory.speaks(&ada.address(), Protocol::Greeting);
    relays(&mut from_bob, &mut to_ada);
    assert_eq!(to_ada.heard, [0, 1, 1], "Ada doesn't know what that is");
    assert_eq!(from_bob.heard.len(), one_first_message(), "Bob said nothing after his first message");
    assert_eq!(ada.json(&["status"])["waiting"], serde_json::json!([]), "nobody waits");
    assert_eq!(joins.code(), 4, "{:?}", joins.seen);
    before.no_harm_came_to(&ada);

    let carol = Machine::start("carol");
    let mut joins =
        carol.converse(&["join", "-", "--name", "Bob", "--email", "bob@example.org", "--device", "b"]);
    joins.answer(&honest);
    let mut greets = ada.converse(&["greet", "bob@example.org"]);
    exchange_codes(&mut greets, &mut joins);
}

/// Length, version, invitation, and NNpsk0's first message with a knock of four and 32 bytes in it.
fn one_first_message() -> usize {
    2 + 1 + 16 + 32 + (4 + 32) + 16
}
