//! Failed handshakes are counted by where they come from: over a relay that is the peer, and never the relay, so that one
//! who guesses holds back nobody else who comes over it.

use muster::core::greeting::guest::AwaitingReception;
use muster::core::greeting::invitation::InvitationKeys;
use muster::core::node::input::Protocol;
use muster::core::primitives::kind::Kind;
use muster::core::primitives::limits;

use crate::session_lan::knock;
use crate::support::outsider::prologue;
use crate::support::room::guest;
use crate::support::world::{World, email};
use crate::support::{entropy, secret};

/// Knocks with a wrong token; whether the refusal comes at once.
fn is_refused_at_once(world: &mut World, who: &str, keys: &InvitationKeys) -> bool {
    let wrong = InvitationKeys { psk: secret("a guess"), ..keys.clone() };
    let (channel, _) = knock(world, who, &wrong, Kind::User);
    !world.heard(who, channel).is_empty()
}

#[test]
fn one_who_guesses_over_a_relay_holds_back_nobody_else_who_comes_over_it() {
    let mut world = World::new("over a relay");
    world.found("ada");
    let link = world.invite("ada", &email("bob"));
    let keys = link.keys();
    for who in ["mallory", "eve"] {
        world.is_seen_from(who, &format!("relayed {who}"), false);
    }
    let free = limits::FREE_FAILURES_PER_MINUTE;
    for n in 1..=3 * free {
        assert_eq!(is_refused_at_once(&mut world, "mallory", &keys), n <= free, "{n}");
    }
    assert!(is_refused_at_once(&mut world, "eve", &keys), "another peer over the same relay");
    // Who has the token is held back by nobody, wherever they come from.
    world.is_seen_from("bob", "relayed mallory", false);
    let bob = world.join("bob", &link);
    assert_eq!(world.place("bob", bob).0, 1);
}

#[test]
fn as_many_guests_as_a_session_has_seats_may_stand_at_the_door_and_then_the_longest_silent_makes_room() {
    let mut world = World::new("a room that comes at one moment");
    world.found("ada");
    let link = world.open_session("ada", limits::MOST_SEATS, None);
    let room: Vec<_> = (0..limits::MOST_SEATS as usize).map(guest).collect();
    let streams: Vec<_> = room
        .iter()
        .map(|who| {
            world.outsider(who);
            world.open_to(who, "ada", Protocol::Greeting)
        })
        .collect();
    assert!(streams.iter().all(|stream| world.stands(*stream)), "nobody was sent away to make room");
    let speaks = |world: &mut World, who: &str, stream| {
        let (_, knock) = AwaitingReception::greet(&link.keys(), &prologue(&link, who), &mut entropy(who));
        world.say(who, stream, knock);
        world.open_sessions("ada")[0].waiting
    };
    assert_eq!(speaks(&mut world, &room[0], streams[0]), 1);

    // That left one place; of two more, one takes that of who has been silent for longest.
    for who in ["zoe", "eve"] {
        world.outsider(who);
    }
    let [zoe, eve] = ["zoe", "eve"].map(|who| world.open_to(who, "ada", Protocol::Greeting));
    assert!(!world.stands(streams[1]), "who was silent for longest makes room");
    assert!(streams[2..].iter().chain([&zoe]).all(|stream| world.stands(*stream)), "and nobody else");
    assert_eq!(speaks(&mut world, "eve", eve), 2);
}
