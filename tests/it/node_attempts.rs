//! Attempts that ended after a nonce had left are counted on both sides, slow down the next one, and close.

use std::time::Duration;

use muster::core::greeting::link::Link;
use muster::core::greeting::message::{HostSays, Reception};
use muster::core::greeting::{Reason, Side};
use muster::core::node::conversation::Step;
use muster::core::node::input::ConversationId;
use muster::core::node::request::{Answer, InvitationAnswer, InvitationState, Request};
use muster::core::primitives::ids::OrganizationId;
use muster::core::primitives::kind::Kind;
use muster::core::primitives::limits;

use crate::support::false_host::{FalseHost, link_by};
use crate::support::world::{World, email};

/// The seconds that a person is told to wait, if they are.
fn told_to_wait(world: &World, name: &str, conversation: ConversationId) -> Option<u64> {
    let Some(Step::Ended { reason: Reason::Busy, message, .. }) = world.last(name, conversation) else {
        return None;
    };
    message.split_whitespace().rev().nth(1).map(|seconds| seconds.parse().unwrap())
}

fn only(world: &mut World) -> InvitationAnswer {
    match world.ask("ada", Request::ListInvitations { all: true }) {
        Ok(Answer::Invitations(mut list)) => list.remove(0),
        other => panic!("{other:?}"),
    }
}

/// The pauses, in seconds, before the attempts after the 1st, the 2nd, and so on: five seconds after the third, then
/// twice as long each time, and never over five minutes.
fn pauses() -> Vec<u64> {
    (1..20u32).map(|attempts| attempts.checked_sub(3).map_or(0, |n| (5 << n.min(10)).min(300))).collect()
}

#[test]
fn the_hosts_invitation_slows_down_from_the_third_broken_attempt_and_closes_after_twenty() {
    let mut world = World::new("twenty attempts at the host");
    world.found("ada");
    let link = world.invite("ada", &email("bob"));
    let mut waited = Vec::new();
    for attempt in 1..=20 {
        // Another machine each time: its own count is at nothing.
        let guest = format!("bob{attempt}");
        let join = world.join(&guest, &link);
        let mut greet = world.greet("ada");
        if attempt > 1 {
            let pause = told_to_wait(&world, "ada", greet).map_or(0, |seconds| seconds - 1);
            waited.push(pause);
            if pause > 0 {
                world.wait(Duration::from_secs(pause));
                greet = world.greet("ada");
            }
        }
        assert_eq!(only(&mut world).attempts, attempt, "the nonce has left");
        world.answer(&guest, join, "none");
        assert_eq!(world.ended("ada", greet), (Reason::WrongCode, Side::Guest));
        world.wait(Duration::from_secs(0));
    }
    assert_eq!(waited, pauses());
    assert_eq!(only(&mut world).state, InvitationState::Cancelled);
    world.wait(Duration::from_secs(301));
    let join = world.join("late", &link);
    assert_eq!(world.ended("late", join), (Reason::InvitationCancelled, Side::Host));
}

/// Mallory's false host calls the guest who waits, and hangs up once the guest's nonce is out.
fn call_and_hang_up(world: &mut World, guest: &str, link: &Link, organization: OrganizationId) {
    let reception = Reception::Queued { organization };
    let mut host = FalseHost::receives(world, "mallory", guest, link, &reception);
    host.says(world, &HostSays::Nonce([5; 32]));
    assert_eq!(host.hears(world).len(), 1, "one reveal");
    host.hangs_up(world);
}

#[test]
fn the_guests_link_slows_down_from_the_third_broken_attempt_and_closes_after_twenty() {
    let mut world = World::new("twenty attempts at the guest");
    let organization = OrganizationId([7; 32]);
    world.outsider("mallory");
    let link = link_by("mallory", organization, Kind::User);
    let mut waited = Vec::new();
    for attempt in 1..=20 {
        let mut join = world.join("bob", &link);
        if attempt > 1 {
            let pause = told_to_wait(&world, "bob", join).map_or(0, |seconds| seconds - 1);
            waited.push(pause);
            if pause > 0 {
                world.wait(Duration::from_secs(pause));
                join = world.join("bob", &link);
            }
        }
        call_and_hang_up(&mut world, "bob", &link, organization);
        assert_eq!(world.ended("bob", join), (Reason::BrokenOff, Side::Network));
        // The count is on the disk: a restart doesn't begin again.
        world.unplug("bob");
        world.plug_in("bob");
    }
    assert_eq!(waited, pauses());
    world.wait(limits::LONGEST_PAUSE + Duration::from_secs(1));
    let join = world.join("bob", &link);
    assert_eq!(world.ended("bob", join).0, Reason::InvitationCancelled);
}

#[test]
fn a_crash_in_the_twentieth_attempt_gives_no_twenty_first() {
    let mut world = World::new("a crash in the twentieth");
    world.found("ada");
    let link = world.invite("ada", &email("bob"));
    for attempt in 1..=20 {
        world.join(&format!("bob{attempt}"), &link);
        world.greet("ada");
        assert_eq!(only(&mut world).attempts, attempt);
        // With the nonce out and nothing else, the machine stops.
        world.unplug("ada");
        world.unplug(&format!("bob{attempt}"));
        world.plug_in("ada");
        world.wait(limits::LONGEST_PAUSE + Duration::from_secs(1));
    }
    world.join("bob21", &link);
    world.greet("ada");
    let left = only(&mut world);
    assert_eq!((left.attempts, left.state), (20, InvitationState::Cancelled));
}
