//! A session: a whole room waits at once, each sees its place, and as many come in as there are seats.

use std::time::Duration;

use muster::core::greeting::link::Link;
use muster::core::greeting::{Reason, Side};
use muster::core::node::conversation::Step;
use muster::core::node::event::{Happening, SessionEnd};
use muster::core::node::request::{Answer, Class, InvitationState, Request};
use muster::core::primitives::limits;
use muster::core::roster::Profile;

use crate::support::outsider::contains;
use crate::support::room::guest;
use crate::support::world::{World, email, label, person};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_whole_room_waits_at_once_each_sees_its_place_and_all_come_in() {
    let mut world = World::new("a room");
    world.found("ada");
    let link = world.open_session("ada", 12, Some(Profile::Member));
    let room: Vec<_> = (0..12).map(guest).map(|name| (world.join(&name, &link), name)).collect();
    for (n, (join, name)) in (1..).zip(&room) {
        assert_eq!(world.place(name, *join).0, n, "{name}");
    }
    assert_eq!(world.open_sessions("ada")[0].waiting, 12);
    for (n, (join, name)) in room.iter().enumerate() {
        let (place, ticket) = world.place(name, *join);
        assert_eq!(place, 1, "everybody before {name} was greeted");
        let greet = world.greet_ticket("ada", &ticket);
        world.play(("ada", greet), (name, *join), "member");
        assert!(world.is_member(name), "{:?}", world.steps(name, *join));
        let taken = world.open_sessions("ada").first().map(|session| session.taken as usize);
        assert_eq!(taken, Some(n + 1).filter(|taken| *taken < 12), "the last seat ends it");
    }
    assert_eq!(world.users("ada").len(), 13);
    let digest = world.digest("ada");
    assert!(room.iter().all(|(_, name)| world.digest(name) == digest));
    let ended = |it: &Happening| matches!(it, Happening::SessionClosed { why: SessionEnd::Full, .. });
    assert_eq!(world.events("ada").iter().filter(|it| ended(it)).count(), 1);

    let late = world.join("late", &link);
    assert_eq!(world.ended("late", late), (Reason::NoSeats, Side::Host));
    assert_eq!(Reason::NoSeats.exit_code(), 5);
}

#[test]
fn two_terminals_greet_side_by_side_each_with_codes_of_its_own() {
    let mut world = World::new("side by side");
    world.found("ada");
    let link = world.open_session("ada", 4, None);
    let (bob, eve) = (world.join("bob", &link), world.join("eve", &link));
    let tickets = [world.place("bob", bob).1, world.place("eve", eve).1];
    let [one, other] = tickets.map(|ticket| world.greet_ticket("ada", &ticket));
    let codes = [world.code("ada", one).unwrap(), world.code("ada", other).unwrap()];
    assert_ne!(codes[0], codes[1]);
    // Eve types the code that was read to Bob.
    world.answer("eve", eve, &codes[0]);
    assert_eq!(world.ended("ada", other), (Reason::WrongCode, Side::Guest));
    world.play(("ada", one), ("bob", bob), "administrator");
    assert!(world.is_member("bob") && !world.is_member("eve"));

    let eve = world.join("eve", &link);
    let again = world.greet("ada");
    world.play(("ada", again), ("eve", eve), "member");
    assert!(world.is_member("eve"));
}

#[test]
fn greetings_side_by_side_never_let_in_more_than_there_are_seats() {
    let mut world = World::new("one seat");
    world.found("ada");
    let link = world.open_session("ada", 2, Some(Profile::Member));
    let guests = ["bob", "eve", "zoe"].map(|name| (name, world.join(name, &link)));
    let last = guests.last().unwrap();
    assert_eq!(world.ended(last.0, last.1), (Reason::Busy, Side::Host), "as many wait as there are seats");
    let tickets = [world.place("bob", guests[0].1).1, world.place("eve", guests[1].1).1];
    let first = world.greet_ticket("ada", &tickets[0]);
    world.play(("ada", first), guests[0], "member");
    let zoe = world.join("zoe", &link);

    let second = world.greet_ticket("ada", &tickets[1]);
    let zoes = world.place("zoe", zoe).1;
    let third = world.greet_ticket("ada", &zoes);
    assert_eq!(world.ended("ada", third), (Reason::Busy, Side::Host), "the last seat is being taken");
    // Eve is refused, and the seat is free for Zoe.
    world.answer("ada", second, "refuse");
    world.answer("eve", guests[1].1, "none");
    let third = world.greet_ticket("ada", &zoes);
    world.play(("ada", third), ("zoe", zoe), "member");
    assert!(world.is_member("zoe"));
    assert_eq!(world.users("ada").len(), 3);
}

#[test]
fn a_session_that_is_closed_lets_nobody_in_whoever_waits_or_is_being_greeted() {
    for ends in ["closed", "expired", "its host is no Administrator any more"] {
        let mut world = World::new(ends);
        world.found("ada");
        world.enrol("ada", "host", "administrator");
        let link = world.open_session("host", 9, Some(Profile::Member));
        world.wait(118 * MINUTE);
        let names = ["bob", "eve", "zoe"];
        let [bob, eve, zoe] = names.map(|name| world.join(name, &link));
        let bobs = world.place("bob", bob).1;
        let greets = world.greet_ticket("host", &bobs);
        let code = world.code("host", greets).unwrap();
        world.answer("bob", bob, &code);
        let code = world.code("bob", bob).unwrap();
        world.answer("host", greets, &code);
        assert!(matches!(world.last("host", greets), Some(Step::Confirm { .. })), "Bob is as good as in");

        let reason = match ends {
            "closed" => {
                world.ask("host", Request::CloseSession { session: None }).unwrap();
                Reason::SessionClosed
            }
            "expired" => {
                world.wait(2 * MINUTE);
                Reason::InvitationExpired
            }
            _ => {
                let users = vec![email("host")];
                world.ask("ada", Request::SetProfiles { profile: Profile::Member, users }).unwrap();
                Reason::SessionClosed
            }
        };
        world.answer("host", greets, "{}");
        for (name, join) in [("bob", bob), ("eve", eve), ("zoe", zoe)] {
            assert_eq!(world.ended(name, join), (reason, Side::Host), "{ends}: {name}");
            assert!(!world.is_member(name), "{ends}: {name}");
        }
        let late = world.join("late", &link);
        assert_eq!(world.ended("late", late), (reason, Side::Host), "{ends}");
        assert_eq!(reason.exit_code(), 5);
        assert!(world.open_sessions("host").is_empty(), "{ends}");
        assert_eq!(world.users("ada").len(), 2, "{ends}");
    }
}

#[test]
fn a_session_is_announced_briefly_and_no_longer_once_it_is_closed_or_over() {
    let mut world = World::new("who is announced");
    world.found("ada");
    world.invite("ada", &email("bob"));
    let (before, brief) = world.advertised("ada");
    assert_eq!((before.len(), brief), (3, Vec::new()), "an invitation isn't brief, nor are members");
    for ends in ["closed", "expired"] {
        world.open_session("ada", 9, None);
        let (during, brief) = world.advertised("ada");
        let names: Vec<String> = during.into_iter().filter(|name| !before.contains(name)).collect();
        assert_eq!((names.len(), &names), (1, &brief), "{ends}");
        match ends {
            "closed" => drop(world.ask("ada", Request::CloseSession { session: None }).unwrap()),
            _ => world.wait(2 * 60 * MINUTE),
        }
        assert_eq!(world.advertised("ada"), (before.clone(), Vec::new()), "{ends}");
    }
}

#[test]
fn a_session_says_what_its_guests_become_and_the_host_may_say_otherwise() {
    let mut world = World::new("default profile");
    world.found("ada");
    let link = world.open_session("ada", 9, Some(Profile::External));
    for (name, answer, becomes) in
        [("bob", "{}", Profile::External), ("eve", r#"{"profile":"member"}"#, Profile::Member)]
    {
        let join = world.join(name, &link);
        let greet = world.greet("ada");
        let code = world.code("ada", greet).unwrap();
        world.answer(name, join, &code);
        let code = world.code(name, join).unwrap();
        world.answer("ada", greet, &code);
        let Some(Step::Confirm { profile: Some(Profile::External), .. }) = world.last("ada", greet) else {
            panic!("{:?}", world.last("ada", greet))
        };
        world.answer("ada", greet, answer);
        assert!(matches!(world.last(name, join), Some(Step::Done { profile, .. }) if *profile == becomes));
    }
    // Bob, an External, was told nobody's name by all that came to him.
    let told = world.decrypted("bob", &link);
    assert!(told.len() > 5);
    for text in ["ada", "eve"].iter().flat_map(|name| [person(name), email(name), label(name)]) {
        assert!(!told.iter().any(|frame| contains(frame, &text)), "{text}");
    }

    let without = world.open_session("ada", 9, None);
    let join = world.join("zoe", &without);
    let greet = world.greet("ada");
    world.exchange_codes(("ada", greet), ("zoe", join));
    world.answer("ada", greet, "{}");
    assert!(matches!(world.last("ada", greet), Some(Step::Confirm { again: Some(_), .. })), "no default");
}

#[test]
fn only_an_administrator_opens_a_session_and_only_within_bounds() {
    let mut world = World::new("who may");
    world.found("ada");
    world.enrol("ada", "bob", "member");
    let open = |seats, seconds| Request::OpenSession {
        profile: None,
        life: Some(Duration::from_secs(seconds)),
        seats: Some(seats),
        show_name: false,
    };
    assert_eq!(world.ask("bob", open(9, 3600)).unwrap_err().class, Class::NotAllowed);
    for (seats, seconds) in [(0, 3600), (1025, 3600), (9, 1), (9, 8 * 24 * 3600)] {
        assert_eq!(
            world.ask("ada", open(seats, seconds)).unwrap_err().class,
            Class::Usage,
            "{seats} {seconds}"
        );
    }
    for _ in 0..limits::SESSIONS {
        world.ask("ada", open(1024, 3600)).unwrap();
    }
    assert_eq!(world.ask("ada", open(9, 3600)).unwrap_err().class, Class::State);
    let several = world.ask("ada", Request::CloseSession { session: None }).unwrap_err();
    assert_eq!((several.class, several.code.as_str()), (Class::Usage, "which_session"));
    for session in world.open_sessions("ada") {
        let session = session.lan_id.to_string()[..8].to_owned();
        world.ask("ada", Request::CloseSession { session: Some(session) }).unwrap();
    }
    let none = world.ask("ada", Request::CloseSession { session: None }).unwrap_err();
    assert_eq!(none.class, Class::NotFound);
}

#[test]
fn a_session_outlives_its_hosts_daemon_and_a_closed_one_stays_closed() {
    let mut world = World::new("restart");
    world.found("ada");
    let link = world.open_session("ada", 3, Some(Profile::Member));
    let closed = world.open_session("ada", 3, None);
    let session = closed.keys().id.to_string();
    world.ask("ada", Request::CloseSession { session: Some(session) }).unwrap();
    let bob = world.join("bob", &link);
    let greet = world.greet("ada");
    world.play(("ada", greet), ("bob", bob), "member");
    let eve = world.join("eve", &link);

    world.crash_now("ada");
    let open = world.open_sessions("ada");
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].seats, open[0].taken, open[0].profile), (3, 1, Some(Profile::Member)));
    assert_eq!((open[0].waiting, open[0].state), (1, InvitationState::Ready), "Eve came back by herself");
    let greet = world.greet("ada");
    world.play(("ada", greet), ("eve", eve), "member");
    assert!(world.is_member("eve"));
    let zoe = world.join("zoe", &closed);
    assert_eq!(world.ended("zoe", zoe), (Reason::SessionClosed, Side::Host));
    // And it is told of as what it is.
    let Ok(Answer::Invitations(all)) = world.ask("ada", Request::ListInvitations { all: true }) else {
        panic!()
    };
    assert!(
        all.iter().any(|it| it.state == InvitationState::Cancelled && it.invitation_id == closed.keys().id)
    );
}

#[test]
fn a_guest_who_loses_the_network_for_five_minutes_keeps_the_place_and_one_who_is_away_for_longer_does_not() {
    let mut world = World::new("no network");
    world.found("ada");
    let link = world.open_session("ada", 9, None);
    let [bob, eve] = ["bob", "eve"].map(|name| world.join(name, &link));
    let before = world.place("bob", bob);
    world.events("ada");
    world.wifi_off("bob");
    assert!(matches!(world.last("bob", bob), Some(Step::Waiting { awaited: Side::Network, .. })));
    assert_eq!(world.place("eve", eve).0, 1, "Eve moves up meanwhile");
    let zoe = world.join("zoe", &link);
    for _ in 0..5 {
        world.wait(MINUTE);
    }
    world.wifi_on("bob");
    assert_eq!(world.place("bob", bob), before);
    assert_eq!([world.place("eve", eve).0, world.place("zoe", zoe).0], [2, 3]);
    let of_bob = |it: &Happening| match it {
        Happening::GuestLeft { ticket, .. } if *ticket == before.1 => Some("left"),
        Happening::GuestWaiting { ticket, .. } if *ticket == before.1 => Some("waits"),
        _ => None,
    };
    let told: Vec<_> = world.events("ada").iter().filter_map(of_bob).collect();
    assert_eq!(told, ["left", "waits"], "whoever follows was told both");

    // Longer than that, and it is the person who begins again.
    world.wifi_off("bob");
    for _ in 0..11 {
        world.wait(MINUTE);
    }
    assert_eq!(world.ended("bob", bob), (Reason::Unreachable, Side::Network));
    world.wifi_on("bob");
    let bob = world.join("bob", &link);
    assert_eq!(world.place("bob", bob).0, 3, "behind Eve and Zoe");
}

#[test]
fn a_guest_who_leaves_of_its_own_will_gives_the_place_up() {
    let mut world = World::new("left");
    world.found("ada");
    let link = world.open_session("ada", 9, None);
    let [bob, eve] = ["bob", "eve"].map(|name| world.join(name, &link));
    world.leaves("bob", bob);
    let bob = world.join("bob", &link);
    assert_eq!((world.place("eve", eve).0, world.place("bob", bob).0), (1, 2));
}

#[test]
fn a_guest_whose_machine_crashes_anywhere_is_in_once_and_takes_one_seat() {
    for n in 1..40 {
        let mut world = World::new(&format!("a crash at {n}"));
        world.found("ada");
        let link = world.open_session("ada", 3, Some(Profile::Member));
        let bob = world.join("bob", &link);
        let host_crashes = n % 2 == 0;
        world.crash_at(if host_crashes { "ada" } else { "bob" }, n / 2 + 1);
        let greet = world.greet("ada");
        world.play(("ada", greet), ("bob", bob), "member");
        world.wait(MINUTE);
        world.calm_down("ada");
        world.calm_down("bob");
        if !world.is_member("bob") {
            world.leaves("bob", bob);
            world.wait(10 * MINUTE);
            let bob = world.join("bob", &link);
            let greet = world.greet("ada");
            world.play(("ada", greet), ("bob", bob), "member");
        }
        assert!(world.is_member("bob"), "{n}: {:?}", world.steps("bob", bob));
        assert_eq!(world.users("ada").len(), 2, "{n}");
        assert_eq!(world.open_sessions("ada")[0].taken, 1, "{n}");
    }
}

/// A guest comes, sees a code, and says that none of it is right; whether a greeting began at all.
fn breaks(world: &mut World, link: &Link, name: &str) -> bool {
    let join = world.join(name, link);
    let greet = world.greet("ada");
    let begun = world.code("ada", greet).is_some();
    world.answer(name, join, "none");
    world.leaves(name, join);
    world.leaves("ada", greet);
    begun
}

#[test]
fn attempts_that_break_slow_the_next_one_down_until_somebody_comes_in_and_too_many_end_the_session() {
    let mut world = World::new("breaking");
    world.found("ada");
    let link = world.open_session("ada", 3, Some(Profile::Member));
    for n in 0..limits::ATTEMPTS_WITHOUT_PAUSE + 1 {
        assert!(breaks(&mut world, &link, &guest(n as usize)));
    }
    assert!(!breaks(&mut world, &link, "eager"), "the next has to wait");
    world.wait(Duration::from_secs(6));
    let bob = world.join("bob", &link);
    let greet = world.greet("ada");
    world.play(("ada", greet), ("bob", bob), "member");
    assert!(world.is_member("bob"));
    assert!(breaks(&mut world, &link, "zoe"), "one who came in ends the row");
    for n in 20..60 {
        world.wait(5 * MINUTE);
        if world.open_sessions("ada").is_empty() {
            assert_eq!(n, 20 + limits::ATTEMPTS as usize - 4);
            return;
        }
        breaks(&mut world, &link, &guest(n));
    }
    panic!("it never ends");
}

#[test]
fn in_a_session_of_a_hundred_sixty_four_attempts_may_break_and_no_more() {
    let mut world = World::new("breaking a large one");
    world.found("ada");
    let long = Request::OpenSession {
        profile: Some(Profile::Member),
        life: Some(24 * 60 * MINUTE),
        seats: Some(100),
        show_name: false,
    };
    let link = world.open_session_with("ada", long);
    for n in 0..limits::SESSION_ATTEMPTS {
        assert!(breaks(&mut world, &link, &guest(n as usize)), "{n}");
        world.wait(5 * MINUTE);
    }
    assert!(world.open_sessions("ada").is_empty());
}
