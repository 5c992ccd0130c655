//! Who waits on which invitation, who is greeted, and what becomes of the others.

use muster::core::greeting::guest::{AwaitingCall, AwaitingReception, InQueue, Received};
use muster::core::greeting::link::Link;
use muster::core::greeting::{Reason, Side};
use muster::core::node::conversation::Step;
use muster::core::node::event::Happening;
use muster::core::node::input::{Channel, Protocol};
use muster::core::node::request::{Answer, InvitationState, Request};
use muster::core::primitives::limits;

use crate::support::entropy;
use crate::support::outsider::prologue;
use crate::support::world::{World, email};

/// What a host's list says of its only invitation: its state, and how many wait.
fn only_invitation(world: &mut World, host: &str) -> (InvitationState, usize) {
    match world.ask(host, Request::ListInvitations { all: false }) {
        Ok(Answer::Invitations(list)) => (list[0].state, list[0].waiting),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_of_a_users_two_devices_greets_the_guests_of_its_own_invitations() {
    let mut world = World::new("two hosts of one user");
    world.found("ada");
    world.add_device("ada", "laptop");
    let (by_ada, by_laptop) = (world.invite("ada", &email("bob")), world.invite("laptop", &email("eve")));
    let (bob, eve) = (world.join("bob", &by_ada), world.join("eve", &by_laptop));
    assert_eq!(only_invitation(&mut world, "ada"), (InvitationState::Ready, 1));
    assert_eq!(only_invitation(&mut world, "laptop"), (InvitationState::Ready, 1));

    // Both greet at once; each has the guest of its own invitation, and that one alone.
    let (ada, laptop) = (world.greet("ada"), world.greet("laptop"));
    world.play(("ada", ada), ("bob", bob), "member");
    assert!(world.is_member("bob") && !world.is_member("eve"));
    assert!(matches!(world.last("laptop", laptop), Some(Step::ShowCode { .. })));
    world.play(("laptop", laptop), ("eve", eve), "external");
    assert!(world.is_member("eve"));
    let digests: Vec<String> = ["ada", "laptop", "bob", "eve"].map(|name| world.digest(name)).to_vec();
    assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
    assert_eq!(world.users("bob").len(), 3, "Ada with two devices, Bob, Eve");
}

#[test]
fn an_invitation_of_one_device_is_unknown_to_the_users_other_one() {
    let mut world = World::new("the other device");
    world.found("ada");
    world.add_device("ada", "laptop");
    let mut link = world.invite("ada", &email("bob"));
    link.host = crate::support::device("laptop").device();
    let join = world.join("bob", &link);
    assert_eq!(world.ended("bob", join), (Reason::UnknownInvitation, Side::Host));
}

#[test]
fn of_two_guests_with_one_link_the_chosen_one_is_greeted_and_the_other_told_what_became_of_it() {
    for chosen in [0, 1] {
        let mut world = World::new("one link, two guests");
        world.found("ada");
        let link = world.invite("ada", &email("bob"));
        let guests = [("bob", world.join("bob", &link)), ("bob2", world.join("bob2", &link))];
        assert_eq!(only_invitation(&mut world, "ada"), (InvitationState::Ready, 2));
        let greet = world.greet("ada");
        let Some(Step::Choose { guests: listed, .. }) = world.last("ada", greet) else { panic!("a choice") };
        let tickets: Vec<String> = listed.iter().map(|guest| guest.ticket.clone()).collect();
        for ((name, join), ticket) in guests.iter().zip(&tickets) {
            let Some(Step::Waiting { ticket: seen, .. }) = world.last(name, *join) else { panic!("waits") };
            assert_eq!(seen.as_ref(), Some(ticket), "the guest sees the ticket that the host's list shows");
        }
        world.answer("ada", greet, &tickets[chosen]);
        let ((name, join), (other, left)) = (guests[chosen], guests[1 - chosen]);
        assert!(matches!(world.last(other, left), Some(Step::Waiting { place: Some(1), .. })));
        world.play(("ada", greet), (name, join), "member");
        assert!(world.is_member(name) && !world.is_member(other));
        assert_eq!(world.ended(other, left), (Reason::InvitationFinished, Side::Host));
    }
}

/// A guest without a node knocks, and is in the queue.
fn knock(world: &mut World, who: &str, link: &Link, word: &str) -> (Channel, AwaitingCall) {
    let (waiting, frame) = AwaitingReception::greet(&link.keys(), &prologue(link, who), &mut entropy(word));
    let channel = world.open_to(who, "ada", Protocol::Greeting);
    world.say(who, channel, frame);
    let answer = world.heard(who, channel).remove(0);
    let Ok(Received::Queued(waiting)) = waiting.receive(&answer) else { panic!("{who} is not in the queue") };
    (channel, waiting)
}

/// The place and the ticket that a guest was told last.
fn place(world: &World, who: &str, channel: Channel, mut waiting: AwaitingCall) -> (u32, u32) {
    let mut told = (0, 0);
    for frame in &world.heard(who, channel)[1..] {
        let Ok(InQueue::Place(stage, place, ticket)) = waiting.receive(frame) else { panic!("a place") };
        (waiting, told) = (stage, (place, ticket));
    }
    told
}

#[test]
fn a_guest_who_comes_back_before_the_host_noticed_takes_its_old_place() {
    let mut world = World::new("back before it was noticed");
    world.found("ada");
    let link = world.invite("ada", &email("bob"));
    world.outsider("bob");
    let (old, waiting) = knock(&mut world, "bob", &link, "the first time");
    let (place_before, ticket) = place(&world, "bob", old, waiting);
    world.join("bob2", &link);
    world.events("ada");

    let (channel, waiting) = knock(&mut world, "bob", &link, "the second time");
    assert!(!world.stands(old), "the old stream is hung up");
    assert_eq!(place(&world, "bob", channel, waiting), (place_before, ticket));
    assert_eq!(only_invitation(&mut world, "ada"), (InvitationState::Ready, 2), "Bob is listed once");
    let told = world.events("ada");
    assert!(told.is_empty(), "nobody came and nobody left: {told:?}");
}

#[test]
fn a_guest_who_comes_back_in_the_middle_of_an_attempt_ends_it_and_queues_again() {
    let mut world = World::new("back in the middle");
    world.found("ada");
    let link = world.invite("ada", &email("bob"));
    world.outsider("bob");
    let (old, _) = knock(&mut world, "bob", &link, "the first time");
    let greet = world.greet("ada");
    assert!(!matches!(world.last("ada", greet), Some(Step::Ended { .. })), "Ada's nonce has left");

    let (channel, waiting) = knock(&mut world, "bob", &link, "the second time");
    assert!(!world.stands(old));
    assert_eq!(world.ended("ada", greet), (Reason::BrokenOff, Side::Network));
    assert_eq!(place(&world, "bob", channel, waiting), (1, 2), "the second ticket");
    let started = |happening: &Happening| matches!(happening, Happening::GreetingStarted { .. });
    assert_eq!(world.events("ada").iter().filter(|it| started(it)).count(), 1, "no greeting by itself");
}

#[test]
fn nobody_takes_the_place_of_another_device_or_without_the_token() {
    let mut world = World::new("another's place");
    world.found("ada");
    let link = world.invite("ada", &email("bob"));
    world.outsider("bob");
    world.outsider("mallory");
    let (bobs, _) = knock(&mut world, "bob", &link, "bob");
    // With the token, as another device: a place of its own.
    let (mallorys, waiting) = knock(&mut world, "mallory", &link, "mallory");
    assert_eq!(place(&world, "mallory", mallorys, waiting), (2, 2));
    // As Bob's device, without the token: refused, and Bob's stream stands.
    let guess = Link { token: muster::core::primitives::secret::Token::new([1; 16]), ..link.clone() };
    let (_, mut frame) =
        AwaitingReception::greet(&guess.keys(), &prologue(&link, "bob"), &mut entropy("guess"));
    frame[1..17].copy_from_slice(link.keys().id.as_bytes());
    let channel = world.open_to("bob", "ada", Protocol::Greeting);
    world.say("bob", channel, frame);
    assert!(world.stands(bobs) && !world.stands(channel));
}

#[test]
fn a_guest_whose_attempt_broke_after_the_details_is_greeted_in_the_next_join() {
    let mut world = World::new("broken after the details");
    world.found("ada");
    let link = world.invite("ada", &email("bob"));
    let first = world.join("bob", &link);
    let greet = world.greet("ada");
    world.exchange_codes(("ada", greet), ("bob", first));
    assert!(matches!(world.last("ada", greet), Some(Step::Confirm { .. })));
    world.unplug("ada");
    world.wait(limits::REACH);
    let Some(Step::Ended { reason: Reason::Unreachable, message, .. }) = world.last("bob", first) else {
        panic!("{:?}", world.steps("bob", first))
    };
    assert!(message.ends_with("both codes matched, so this machine goes on trying by itself"), "{message}");

    // Ada, when she is back, tells Bob's machine that nobody was enrolled; and Bob, who waits, is in her queue.
    let again = world.join("bob", &link);
    world.plug_in("ada");
    assert_eq!(only_invitation(&mut world, "ada"), (InvitationState::Ready, 1));
    let greet = world.greet("ada");
    world.play(("ada", greet), ("bob", again), "member");
    assert!(world.is_member("bob"), "{:?}", world.steps("bob", again));
}

#[test]
fn a_host_that_breaks_off_after_the_details_gets_no_second_nonce_out_of_the_same_join() {
    let mut world = World::new("no second nonce");
    world.found("ada");
    let link = world.invite("ada", &email("bob"));
    let join = world.join("bob", &link);
    let greet = world.greet("ada");
    let code = world.code("ada", greet).unwrap();
    world.answer("bob", join, &code);
    let code = world.code("bob", join).unwrap();
    world.answer("ada", greet, &code);
    world.cut("ada", "bob");
    // Bob's machine came back at once, and was told that nobody was enrolled.
    assert_eq!(world.ended("bob", join), (Reason::BrokenOff, Side::Host));
    assert_eq!(only_invitation(&mut world, "ada"), (InvitationState::Pending, 0));
}
