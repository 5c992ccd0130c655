//! Who was put out while they were away: what they are shown, what they hand in, and that everybody comes to the same.

use muster::core::node::input::Protocol;
use muster::core::node::request::{Answer, Request, UserState};
use muster::core::primitives::limits;
use muster::core::primitives::time::Moment;
use muster::core::roster::Body;

use crate::roster_random::Dice;
use crate::support::device;
use crate::support::speech::Says;
use crate::support::world::{World, email};

/// Administrators who were in step once, and are away from each other: nobody finds anybody by itself.
fn apart(seed: &str, people: &[&str]) -> World {
    let mut world = World::new(seed);
    world.found(people[0]);
    for guest in &people[1..] {
        world.enrol(people[0], guest, "administrator");
    }
    world.scatter();
    for name in people {
        world.unplug(name);
    }
    world
}

/// `one` revokes `other` while nobody else can hear of it.
fn revokes_alone(world: &mut World, one: &str, other: &str) {
    world.plug_in(one);
    world.ask(one, Request::RevokeUsers { users: vec![email(other)] }).unwrap();
    world.unplug(one);
}

fn is_out(world: &mut World, name: &str) -> bool {
    match world.ask(name, Request::ShowOrganization) {
        Ok(Answer::Organization(about)) => about.state == UserState::Revoked,
        other => panic!("{other:?}"),
    }
}

#[test]
fn three_who_revoked_each_other_in_a_ring_agree_in_whatever_order_they_meet() {
    for seed in 0..64 {
        println!("seed {seed}");
        let mut dice = Dice::of(seed);
        let people = ["ada", "bob", "cyd"];
        let mut world = apart("a ring", &people);
        for (one, other) in [("ada", "bob"), ("bob", "cyd"), ("cyd", "ada")] {
            revokes_alone(&mut world, one, other);
        }
        people.iter().for_each(|name| world.plug_in(name));
        let mut pairs: Vec<_> = (0..6).map(|n| (people[n % 3], people[(n + 1 + n / 3) % 3])).collect();
        for _ in 0..2 {
            dice.shuffle(&mut pairs);
            for (one, other) in &pairs {
                world.meet_for_a_moment(one, other);
            }
        }
        let digests = people.map(|name| world.digest(name));
        assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
        // The senior's removal of Bob stands, so his of Cyd is void, so hers of Ada stands (R4.14).
        assert_eq!(people.map(|name| is_out(&mut world, name)), [true, true, false]);
    }
}

#[test]
fn two_who_revoked_each_other_while_apart_agree_once_either_reaches_the_other() {
    for (one, other) in [("ada", "bob"), ("bob", "ada")] {
        let mut world = apart("a pair", &["ada", "bob"]);
        revokes_alone(&mut world, "ada", "bob");
        revokes_alone(&mut world, "bob", "ada");
        world.plug_in("ada");
        world.plug_in("bob");
        world.meet_for_a_moment(one, other);
        assert_eq!(world.digest("ada"), world.digest("bob"), "{one} reached {other}");
        assert_eq!([is_out(&mut world, "ada"), is_out(&mut world, "bob")], [false, true]);
    }
}

#[test]
fn a_guest_let_in_by_who_was_revoked_meanwhile_can_be_adopted() {
    let mut world = apart("adopted", &["ada", "bob"]);
    world.plug_in("bob");
    world.enrol("bob", "zoe", "member");
    world.unplug("bob");
    world.unplug("zoe");
    revokes_alone(&mut world, "ada", "bob");
    world.plug_in("ada");
    world.plug_in("bob");
    world.meet_for_a_moment("bob", "ada");
    let history = world.history("ada");
    let mut enrols = history.in_causal_order().filter(|it| matches!(it.body(), Body::Enroll(_)));
    let zoe =
        enrols.find(|it| matches!(it.body(), Body::Enroll(body) if body.device == device("zoe").device()));
    let certificate = zoe.expect("Bob handed in that he had let Zoe in").id().to_string();
    assert!(!history.roster().user_of(&device("zoe").device()).is_some_and(|user| user.is_active()));
    world.ask("ada", Request::AdoptEnroll { certificate }).unwrap();
    world.plug_in("zoe");
    world.meet_for_a_moment("ada", "zoe");
    assert_eq!(world.digest("ada"), world.digest("zoe"));
    assert!(!is_out(&mut world, "zoe"));
}

#[test]
fn a_guest_who_came_in_by_who_is_out_hears_of_that() {
    let mut world = apart("void guests", &["ada", "bob"]);
    world.plug_in("bob");
    world.enrol("bob", "zoe", "member");
    world.unplug("bob");
    world.unplug("zoe");
    revokes_alone(&mut world, "ada", "bob");
    for name in ["ada", "bob", "zoe"] {
        world.plug_in(name);
    }
    world.meet_for_a_moment("bob", "ada");
    world.meet_for_a_moment("zoe", "ada");
    assert!(!world.is_member("zoe"), "what let Zoe in doesn't count, and she knows it");
}

#[test]
fn of_what_a_revoked_administrator_goes_on_signing_little_is_taken_and_nothing_counts() {
    let mut world = World::new("handed in");
    world.found("ada");
    world.enrol("ada", "bob", "administrator");
    world.enrol("ada", "cyd", "member");
    world.outsider("bob");
    let mut forged = world.history("bob");
    world.ask("ada", Request::RevokeUsers { users: vec![email("bob")] }).unwrap();
    let (before, roster) = (world.history("ada").len(), world.history("ada").roster().digest());
    let mut signed = Vec::new();
    for n in 0..limits::KEPT_BEYOND * 2 {
        let body = Body::Unknown { kind: 900, bytes: vec![n as u8; 9] };
        let certificate = forged.author(&device("bob"), body, Moment(0)).unwrap();
        signed.push(certificate.signed().bytes());
        forged.add(certificate).unwrap();
    }
    for _ in 0..3 {
        let channel = world.open_to("bob", "ada", Protocol::Sync);
        world.say_in_sync("bob", channel, &Says::hello_of(Vec::new()));
        for some in signed.chunks(16) {
            world.say_in_sync("bob", channel, &Says::Certificates(some.to_vec()));
        }
        world.hang_up("bob", channel);
    }
    let after = world.history("ada");
    assert!(after.len() - before <= limits::KEPT_BEYOND, "{}", after.len() - before);
    assert_eq!(after.roster().digest(), roster);
}

#[test]
fn who_was_put_out_hears_of_nothing_that_came_after() {
    let mut world = apart("nothing after", &["ada", "bob", "cyd"]);
    revokes_alone(&mut world, "ada", "bob");
    world.plug_in("ada");
    world.enrol("ada", "zoe", "member");
    let removal = world.history("ada").roster().user_of(&device("bob").device()).unwrap().revoked.unwrap();
    world.plug_in("bob");
    world.meet_for_a_moment("ada", "bob");
    // His machine forgets whom it met, and asks again.
    world.unplug("bob");
    world.plug_in("bob");
    world.meet_for_a_moment("bob", "ada");
    let known = world.history("bob");
    assert!(known.contains(&removal));
    assert!(known.roster().user_of(&device("zoe").device()).is_none(), "Zoe came later");
}

#[test]
fn who_speaks_first_to_somebody_put_out_shows_by_what_and_what_became_of_who_signed_that() {
    let mut world = apart("all of why", &["ada", "bob", "cyd", "dan"]);
    revokes_alone(&mut world, "ada", "bob");
    revokes_alone(&mut world, "cyd", "ada");
    let removal = |world: &World, of: &str, by: &str| {
        world.history(by).roster().user_of(&device(of).device()).unwrap().revoked.unwrap()
    };
    let (of_bob, of_ada) = (removal(&world, "bob", "ada"), removal(&world, "ada", "cyd"));
    let told = vec![world.history("ada").get(&of_bob).unwrap().signed().bytes()];
    world.outsider("dan");
    world.plug_in("cyd");
    world.plug_in("bob");
    let channel = world.open_to("dan", "cyd", Protocol::Sync);
    let hello = Says::hello(&world.history("dan"));
    world.say_in_sync("dan", channel, &hello);
    // Cyd's machine opens a stream to Bob's, which is a member's for all it knows. When it stands Bob is out.
    world.dial_and_hear("cyd", "bob", "dan", channel, &Says::Certificates(told));
    assert!(is_out(&mut world, "bob"));
    let known = world.history("bob");
    assert!(known.contains(&of_bob) && known.contains(&of_ada), "Ada, who put him out, is out herself");
}
