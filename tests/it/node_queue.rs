//! Who waits on which invitation, who is greeted, and what becomes of the others.

use muster::core::greeting::{Reason, Side};
use muster::core::node::conversation::Step;
use muster::core::node::request::{Answer, InvitationState, Request};

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
