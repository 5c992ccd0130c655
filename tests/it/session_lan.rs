//! Guests without a link: what a neighbour is told, who gets in by the key that everybody knows, and who doesn't.

use std::time::Duration;

use muster::core::greeting::guest::{AwaitingReception, Received};
use muster::core::greeting::invitation::{InvitationKeys, Prologue};
use muster::core::greeting::message::FirstAnswer;
use muster::core::greeting::sessions::{self, Announced};
use muster::core::greeting::{Reason, Side};
use muster::core::node::conversation::Step;
use muster::core::node::event::Happening;
use muster::core::node::input::{Channel, Protocol};
use muster::core::node::request::Request;
use muster::core::primitives::ids::InvitationId;
use muster::core::primitives::kind::Kind;
use muster::core::primitives::limits;
use muster::core::roster::Profile;

use crate::support::outsider::contains;
use crate::support::room::guest;
use crate::support::world::{World, email, person};
use crate::support::{device, entropy};

fn shown(show_name: bool) -> Request {
    Request::OpenSession {
        profile: Some(Profile::Member),
        life: Some(Duration::from_secs(3600)),
        seats: Some(9),
        show_name,
    }
}

/// The only session that neighbours are told of.
fn only(world: &mut World) -> Announced {
    let mut told = world.asks_around("looker", "ada").unwrap();
    assert_eq!(told.len(), 1);
    told.remove(0)
}

/// A guest without a node knocks with these keys.
pub(crate) fn knock(
    world: &mut World,
    who: &str,
    keys: &InvitationKeys,
    kind: Kind,
) -> (Channel, AwaitingReception) {
    let organization = world.organization("ada").prefix();
    let (host, me) = (device("ada").device(), device(who).device());
    let prologue = Prologue { organization, kind, invitation: keys.id, host, guest: me };
    let (waiting, frame) = AwaitingReception::greet(keys, &prologue, &mut entropy(who));
    world.outsider(who);
    let channel = world.open_to(who, "ada", Protocol::Greeting);
    world.say(who, channel, frame);
    (channel, waiting)
}

/// What became of it: none, where it is in the queue.
fn refused(world: &World, who: &str, (channel, waiting): (Channel, AwaitingReception)) -> Option<Reason> {
    let answer = world.heard(who, channel).first().cloned()?;
    match FirstAnswer::read(&answer) {
        Some(FirstAnswer::Refused(reason)) => Some(reason),
        _ => match waiting.receive(&answer) {
            Ok(Received::Queued(_)) => None,
            Ok(Received::Closed(reason, _)) => Some(reason),
            _ => panic!("{who}"),
        },
    }
}

#[test]
fn a_neighbour_is_told_the_organization_and_how_many_wait_and_the_hosts_name_only_if_shown() {
    let mut world = World::new("neighbours");
    world.found("ada");
    world.invite("ada", &email("zoe"));
    assert_eq!(world.asks_around("looker", "ada"), Some(Vec::new()), "an invitation is nobody's business");
    let link = world.open_session_with("ada", shown(false));
    world.join("bob", &link);
    let told = only(&mut world);
    assert_eq!((told.name.as_str(), told.host, told.waiting), ("Field Lab", None, 1));
    let frames = world.heard("looker", world.latest_stream("ada", "looker"));
    for text in [person("ada"), email("ada"), email("bob"), email("zoe")] {
        assert!(!frames.iter().any(|frame| contains(frame, &text)), "{text}");
    }
    world.ask("ada", Request::CloseSession { session: None }).unwrap();
    assert_eq!(world.asks_around("looker", "ada"), Some(Vec::new()));
    world.open_session_with("ada", shown(true));
    assert_eq!(only(&mut world).host.unwrap().as_str(), person("ada"));
}

#[test]
fn a_guest_without_a_link_comes_in_by_the_codes_and_the_host_is_told_that_nothing_else_protects() {
    let mut world = World::new("without a link");
    world.found("ada");
    let link = world.open_session_with("ada", shown(false));
    let found = only(&mut world);
    let (bob, eve) = (world.join_on_lan("bob", "ada", &found), world.join("eve", &link));
    let choice = world.greet("ada");
    let Some(Step::Choose { guests, .. }) = world.last("ada", choice) else { panic!() };
    assert_eq!(guests.iter().map(|guest| guest.without_link).collect::<Vec<_>>(), [true, false]);
    for (name, join, without) in [("bob", bob, true), ("eve", eve, false)] {
        let ticket = world.place(name, join).1;
        let greet = world.greet_ticket("ada", &ticket);
        let Some(Step::ShowCode { without_link, .. }) = world.last("ada", greet) else { panic!() };
        assert_eq!(*without_link, without, "{name}");
        world.play(("ada", greet), (name, join), "member");
        assert!(world.is_member(name), "{:?}", world.steps(name, join));
    }
    assert_eq!(world.users("bob").len(), 3);
}

#[test]
fn whoever_is_not_on_the_hosts_own_link_is_told_nothing_and_gets_nowhere_by_the_key_that_everybody_knows() {
    // From beyond a router, or over a relay that may be next door: the network says of both that they aren't near.
    let mut world = World::new("from elsewhere");
    world.found("ada");
    let link = world.open_session_with("ada", shown(true));
    let found = only(&mut world);
    for (who, address) in [("afar", "203.0.113.9"), ("relayed", "192.0.2.1")] {
        world.is_seen_from(who, address, false);
        assert_eq!(world.asks_around(who, "ada"), None, "{who}");
        let keys = InvitationKeys::without_link(found.session);
        let knocked = knock(&mut world, who, &keys, Kind::Session);
        assert_eq!(refused(&world, who, knocked), Some(Reason::UnknownInvitation), "{who}");
    }
    // And the very answer that any other id gets.
    world.is_seen_from("guess", "203.0.113.10", false);
    let keys = InvitationKeys::without_link(InvitationId([7; 16]));
    let (other, _) = knock(&mut world, "guess", &keys, Kind::Session);
    let of_other = world.heard("guess", other);
    let keys = InvitationKeys::without_link(found.session);
    let (known, _) = knock(&mut world, "guess", &keys, Kind::Session);
    assert_eq!(world.heard("guess", known), of_other);
    // With the link they come from wherever they are.
    world.is_seen_from("bob", "203.0.113.9", false);
    let bob = world.join("bob", &link);
    assert_eq!(world.place("bob", bob).0, 1);
}

#[test]
fn the_key_that_everybody_knows_opens_sessions_alone() {
    let mut world = World::new("the public key");
    world.found("ada");
    let sessions_link = world.open_session_with("ada", shown(false));
    let (users, devices) = (world.invite("ada", &email("bob")), world.invite_device("ada"));
    let public = InvitationKeys::without_link(only(&mut world).session);
    for (n, link) in [sessions_link, users, devices].into_iter().enumerate() {
        let who = guest(n);
        let on_lan = muster::core::greeting::invitation::on_lan(&link.keys().id);
        // By the invitation's own id, and by what it would be called if it were a session.
        let keys = InvitationKeys { id: link.keys().id, ..public.clone() };
        let knocked = knock(&mut world, &who, &keys, link.kind);
        assert_eq!(refused(&world, &who, knocked), Some(Reason::UnknownInvitation), "{:?}", link.kind);
        if link.kind != Kind::Session {
            let keys = InvitationKeys::without_link(on_lan);
            let knocked = knock(&mut world, &who, &keys, link.kind);
            assert_eq!(refused(&world, &who, knocked), Some(Reason::UnknownInvitation), "{:?}", link.kind);
        }
    }
}

#[test]
fn from_one_address_eight_wait_without_a_link_and_a_flood_of_them_keeps_nobody_out() {
    let mut world = World::new("a flood");
    world.found("ada");
    let link = world.open_session_with("ada", shown(false));
    let keys = InvitationKeys::without_link(only(&mut world).session);
    let waits = |world: &mut World, n: usize| {
        let who = guest(n);
        let knocked = knock(world, &who, &keys, Kind::Session);
        refused(world, &who, knocked)
    };
    let answers: Vec<_> = (0..100).map(|n| waits(&mut world, n)).collect();
    let (first, rest) = answers.split_at(limits::WAITING_WITHOUT_LINK);
    assert!(first.iter().all(Option::is_none) && rest.iter().all(|it| *it == Some(Reason::Busy)));
    // Another address has room for one, of nine seats; then the queue is full for who has no link.
    world.is_seen_from(&guest(200), "192.0.2.77", true);
    assert_eq!(waits(&mut world, 200), None);
    world.is_seen_from(&guest(201), "192.0.2.78", true);
    assert_eq!(waits(&mut world, 201), Some(Reason::Busy));
    assert_eq!(world.open_sessions("ada")[0].waiting, 9);

    // Who has the link takes the place of the last of those, and never of another who has it.
    let room: Vec<_> = (300..309).map(guest).map(|name| (world.join(&name, &link), name)).collect();
    for (n, (join, name)) in (1..).zip(&room) {
        assert_eq!(world.place(name, *join).0, n, "{name}");
    }
    assert_eq!(world.open_sessions("ada")[0].waiting, 9);
    let late = world.join("late", &link);
    assert_eq!(world.ended("late", late), (Reason::Busy, Side::Host));
    assert_eq!(waits(&mut world, 202), Some(Reason::Busy));
    let waiting = |it: &Happening| matches!(it, Happening::GuestWaiting { .. });
    assert_eq!(world.events("ada").iter().filter(|it| waiting(it)).count(), 18);
}

#[test]
fn whoever_asks_for_sessions_in_another_way_or_not_at_all_is_hung_up_on() {
    let mut world = World::new("odd questions");
    world.found("ada");
    world.open_session_with("ada", shown(false));
    world.outsider("odd");
    for frame in [vec![2], vec![1, 1], vec![0; 60_000]] {
        let channel = world.open_to("odd", "ada", Protocol::Sessions);
        world.say("odd", channel, frame);
        assert!(!world.stands(channel) && world.heard("odd", channel).is_empty());
    }
    // A crowd that asks nothing: as many as there is room for, and those only for a while.
    let silent: Vec<_> = (0..500).map(|_| world.open_to("odd", "ada", Protocol::Sessions)).collect();
    assert_eq!(silent.iter().filter(|it| world.stands(**it)).count(), limits::SESSIONS_ASKED);
    assert_eq!(only(&mut world).name.as_str(), "Field Lab");
    world.wait(limits::HANDSHAKE);
    assert!(!silent.iter().any(|it| world.stands(*it)));
    // And an answer that no host gives is no answer.
    let one = only(&mut world);
    assert!(sessions::read_answer(&sessions::answer(&vec![one.clone(); limits::SESSIONS + 1])).is_none());
    assert!(sessions::read_answer(b"nothing of the kind").is_none());
    assert_eq!(sessions::read_answer(&sessions::answer(std::slice::from_ref(&one))), Some(vec![one]));
}

#[test]
fn who_was_let_in_without_a_link_is_welcomed_again_and_nobody_else_is() {
    for n in 1..30 {
        let mut world = World::new(&format!("crash {n}"));
        world.found("ada");
        world.open_session_with("ada", shown(false));
        let found = only(&mut world);
        let bob = world.join_on_lan("bob", "ada", &found);
        let greet = world.greet("ada");
        world.crash_at("bob", n);
        world.play(("ada", greet), ("bob", bob), "member");
        world.calm_down("bob");
        world.wait(Duration::from_secs(60));
        let taken = world.open_sessions("ada")[0].taken;
        assert_eq!(world.is_member("bob"), taken == 1, "{n}: {:?}", world.steps("bob", bob));
        // Somebody who says that they come back is not taken at their word.
        let mallory = world.comes_back_without_having_been("mallory", &found);
        assert!(!mallory, "{n}");
    }
}
