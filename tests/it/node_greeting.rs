//! From nothing to a person in the roster, in a world of nodes; and what breaks on the way.

use std::time::Duration;

use muster::core::greeting::{Reason, Side};
use muster::core::node::conversation::Step;
use muster::core::node::request::{Answer, ChangeResult, Class, InvitationState, Request, UserState};
use muster::core::roster::Profile;

use crate::support::world::{World, email, label, person};

fn ended(step: Option<&Step>) -> (Reason, Side) {
    match step {
        Some(Step::Ended { reason, by, .. }) => (*reason, *by),
        other => panic!("{other:?}"),
    }
}

#[test]
fn ada_founds_invites_bob_and_both_see_the_same_roster() {
    let mut world = World::new("bob joins");
    world.found("ada");
    world.enrol("ada", "bob", "member");
    assert_eq!(world.digest("ada"), world.digest("bob"));
    let users = world.users("bob");
    assert_eq!(users.len(), 2);
    let bob = users.iter().find(|user| user.email.as_deref() == Some("bob@example.org")).unwrap();
    assert_eq!((bob.profile, bob.state), (Profile::Member, UserState::Active));
    assert_eq!(bob.devices[0].label.as_deref(), Some("machine of bob"));
}

#[test]
fn who_was_just_let_in_knows_where_the_host_is_before_either_has_said_another_word() {
    let mut world = World::new("let in and left");
    world.found("ada");
    let link = world.invite("ada", &email("bob"));
    world.moves("ada", "/ip4/192.0.2.77/tcp/7733");
    let join = world.join("bob", &link);
    let greet = world.greet("ada");
    world.exchange_codes(("ada", greet), ("bob", join));
    world.answer("bob", join, &format!("{{\"device\":\"{}\",\"yes\":true}}", label("bob")));
    world.answer_until(("ada", greet), r#"{"profile":"member"}"#, |world| world.is_member("bob"));
    let known = ["/ip4/192.0.2.77/tcp/7733", "/ip4/192.0.2.3/tcp/7733"];
    assert_eq!(world.known_addresses("bob", "ada"), known, "from the welcome, then from the link");
    // The host's machine goes off then, and the guest's too, for a while: it is written down as well.
    world.unplug("ada");
    world.unplug("bob");
    world.plug_in("bob");
    assert_eq!(world.known_addresses("bob", "ada"), known);
}

#[test]
fn an_external_sees_and_stores_nobodys_name_and_a_member_does() {
    let mut world = World::new("externals");
    world.found("ada");
    world.enrol("ada", "bob", "member");
    world.enrol("ada", "eve", "external");
    assert!(world.users("eve").iter().all(|user| user.name.is_none() && user.email.is_none()));
    for name in ["ada", "bob", "eve"] {
        for text in [person(name), email(name), label(name)] {
            assert!(!world.disk_holds("eve", &text), "{text} on the External's disk");
            assert!(
                world.disk_holds("bob", &text),
                "{text} is not on the Member's disk: the search is worth nothing"
            );
        }
    }
    assert_eq!(world.digest("eve"), world.digest("bob"));
}

#[test]
fn profiles_change_in_bulk_and_only_where_they_may() {
    let mut world = World::new("bulk");
    world.found("ada");
    world.enrol("ada", "bob", "member");
    world.enrol("ada", "eve", "external");
    let users = ["bob", "eve", "ada", "zoe"].map(email).to_vec();
    let Ok(Answer::Changes(changes)) =
        world.ask("ada", Request::SetProfiles { profile: Profile::Administrator, users })
    else {
        panic!("a list")
    };
    let results: Vec<ChangeResult> = changes.iter().map(|change| change.result).collect();
    assert_eq!(
        results,
        [ChangeResult::Changed, ChangeResult::Refused, ChangeResult::Refused, ChangeResult::NotFound]
    );
    assert_eq!(world.digest("ada"), world.digest("bob"));
    assert_eq!(world.digest("ada"), world.digest("eve"));
}

#[test]
fn a_revoked_member_says_so_gets_nothing_more_and_may_come_back_as_somebody_new() {
    let mut world = World::new("revoked");
    world.found("ada");
    world.enrol("ada", "bob", "member");
    let before = world.users("bob").len();
    world.ask("ada", Request::RevokeUsers { users: vec![email("bob")] }).unwrap();
    let Ok(Answer::Status(status)) = world.ask("bob", Request::Status) else { panic!("a status") };
    assert_eq!(status.organization.state, UserState::Revoked);
    assert!(!world.is_member("bob"));

    // What happens afterwards doesn't reach the revoked device.
    world.enrol("ada", "eve", "member");
    assert_eq!(world.users("bob").len(), before);
    let refusal = world.ask("bob", Request::InviteDevice { expires: None }).unwrap_err();
    assert_eq!(refusal.class, Class::NotAllowed);

    // Under the same email, on another device key: a new user.
    let link = world.invite("ada", &email("bob"));
    let join = world.join("bob2", &link);
    let greet = world.greet("ada");
    world.play(("ada", greet), ("bob2", join), "member");
    assert!(world.is_member("bob2"));
    assert!(!world.is_member("bob"));
}

#[test]
fn a_member_may_neither_invite_nor_change_nor_revoke() {
    let mut world = World::new("members");
    world.found("ada");
    world.enrol("ada", "bob", "member");
    let users = vec![email("ada")];
    for request in [
        Request::InviteUsers { emails: vec![email("zoe")], expires: None },
        Request::RevokeUsers { users: users.clone() },
        Request::SetProfiles { profile: Profile::Member, users },
    ] {
        assert_eq!(world.ask("bob", request).unwrap_err().class, Class::NotAllowed);
    }
}

#[test]
fn a_wrong_code_on_either_side_ends_both_and_the_next_attempt_has_other_codes() {
    let mut world = World::new("wrong codes");
    world.found("ada");
    let link = world.invite("ada", &email("bob"));

    let join = world.join("bob", &link);
    let greet = world.greet("ada");
    let first = world.code("ada", greet).unwrap();
    world.answer("bob", join, "A!");
    assert!(
        matches!(world.last("bob", join), Some(Step::EnterCode { again: Some(_), .. })),
        "a typo is asked again"
    );
    let wrong = if first.starts_with('A') { "BBBB" } else { "AAAA" };
    world.answer("bob", join, wrong);
    assert_eq!(ended(world.last("bob", join)), (Reason::WrongCode, Side::Guest));
    assert_eq!(ended(world.last("ada", greet)), (Reason::WrongCode, Side::Guest));

    let join = world.join("bob", &link);
    let greet = world.greet("ada");
    let second = world.code("ada", greet).unwrap();
    assert_ne!(first, second);
    world.answer("bob", join, &second);
    world.answer("ada", greet, "none");
    assert_eq!(ended(world.last("bob", join)), (Reason::WrongCode, Side::Host));
    assert_eq!(ended(world.last("ada", greet)), (Reason::WrongCode, Side::Host));

    world.wait(Duration::from_secs(60));
    let join = world.join("bob", &link);
    let greet = world.greet("ada");
    world.play(("ada", greet), ("bob", join), "member");
    assert!(world.is_member("bob"));
}

#[test]
fn broken_attempts_are_counted_slowed_down_and_close_the_invitation() {
    let mut world = World::new("bounded");
    world.found("ada");
    let link = world.invite("ada", &email("bob"));
    for attempt in 1..=20 {
        let join = world.join("bob", &link);
        if attempt > 3 {
            assert_eq!(ended(world.last("bob", join)).0, Reason::Busy, "attempt {attempt} has to wait");
            world.wait(Duration::from_secs(6 * 60));
            let join = world.join("bob", &link);
            let greet = world.greet("ada");
            world.answer("bob", join, "none");
            assert_eq!(ended(world.last("ada", greet)).0, Reason::WrongCode);
            continue;
        }
        let greet = world.greet("ada");
        world.answer("bob", join, "none");
        assert_eq!(ended(world.last("ada", greet)).0, Reason::WrongCode);
    }
    world.wait(Duration::from_secs(6 * 60));
    let Ok(Answer::Invitations(list)) = world.ask("ada", Request::ListInvitations { all: true }) else {
        panic!("a list")
    };
    assert_eq!((list[0].state, list[0].attempts), (InvitationState::Cancelled, 20));
    let join = world.join("bob", &link);
    assert_eq!(ended(world.last("bob", join)).0, Reason::InvitationCancelled);
}

#[test]
fn two_guests_with_one_link_both_wait_and_the_host_chooses() {
    let mut world = World::new("two guests");
    world.found("ada");
    let link = world.invite("ada", &email("bob"));
    let mallory = world.join("mallory", &link);
    let bob = world.join("bob", &link);
    let greet = world.greet("ada");
    let Some(Step::Choose { guests, .. }) = world.last("ada", greet) else { panic!("a choice") };
    assert_eq!(guests.len(), 2);
    let ticket = guests[1].ticket.clone();
    world.answer("ada", greet, &ticket);
    world.play(("ada", greet), ("bob", bob), "member");
    assert!(world.is_member("bob"));
    assert_eq!(ended(world.last("mallory", mallory)).0, Reason::InvitationFinished);
}

#[test]
fn an_own_further_device_joins_and_is_the_same_user() {
    let mut world = World::new("further device");
    world.found("ada");
    let Ok(Answer::Invited(invited)) = world.ask("ada", Request::InviteDevice { expires: None }) else {
        panic!("invited")
    };
    let link = muster::core::greeting::link::Link::parse(&invited[0].link).unwrap();
    let join = world.join("phone", &link);
    let greet = world.greet("ada");
    world.play(("ada", greet), ("phone", join), "");
    let asked = world.steps("phone", join).iter().any(|step| matches!(step, Step::Details { .. }));
    assert!(asked, "a device is asked for a yes, whatever was answered beforehand");
    assert!(world.is_member("phone"));
    let users = world.users("phone");
    assert_eq!((users.len(), users[0].devices.len()), (1, 2));
}

#[test]
fn a_cancelled_and_an_expired_invitation_are_told_apart() {
    let mut world = World::new("ended");
    world.found("ada");
    let cancelled = world.invite("ada", &email("bob"));
    world.ask("ada", Request::CancelInvitation { invitation: email("bob") }).unwrap();
    let expired = world.invite("ada", &email("eve"));
    world.wait(Duration::from_secs(8 * 24 * 3600));
    let join = world.join("bob", &cancelled);
    assert_eq!(ended(world.last("bob", join)), (Reason::InvitationCancelled, Side::Host));
    let join = world.join("eve", &expired);
    assert_eq!(ended(world.last("eve", join)), (Reason::InvitationExpired, Side::Host));
}

#[test]
fn a_host_that_hangs_up_after_the_reveal_gets_one_reveal_and_no_second() {
    let mut world = World::new("hung up");
    world.found("ada");
    let link = world.invite("ada", &email("bob"));
    let join = world.join("bob", &link);

    // In the queue nothing has left: the guest's daemon comes back by itself.
    world.cut("ada", "bob");
    assert!(matches!(world.last("bob", join), Some(Step::Waiting { place: Some(1), .. })));

    let greet = world.greet("ada");
    assert!(matches!(world.last("bob", join), Some(Step::EnterCode { .. })), "the nonce has left");
    world.cut("ada", "bob");
    assert_eq!(ended(world.last("bob", join)), (Reason::BrokenOff, Side::Network));
    assert_eq!(ended(world.last("ada", greet)), (Reason::BrokenOff, Side::Network));

    // Whatever the host does now, no second nonce leaves before the guest's person joins again.
    let again = world.greet("ada");
    world.wait(Duration::from_secs(60));
    assert!(matches!(world.last("ada", again), Some(Step::Waiting { .. })), "nobody waits to be greeted");
    let Ok(Answer::Invitations(list)) = world.ask("ada", Request::ListInvitations { all: false }) else {
        panic!("a list")
    };
    assert_eq!(list[0].attempts, 1, "the attempt is counted");
}

/// One greeting in which a machine crashes instead of doing its nth output; whether it got that far.
fn a_greeting_with_a_crash(who: &str, at: usize) -> bool {
    let mut world = World::new(&format!("{who} crashes at {at}"));
    world.found("ada");
    let link = world.invite("ada", &email("bob"));
    world.crash_at(who, at);
    let join = world.join("bob", &link);
    let greet = world.greet("ada");
    world.play(("ada", greet), ("bob", join), "member");
    let crashed = !world.calm_down(who);

    world.wait(Duration::from_secs(60));
    let enrolled = world.users("ada").len() == 2;
    if enrolled {
        assert!(world.is_member("bob"), "{who} at {at}: a ghost user");
    } else {
        assert!(!world.is_member("bob"), "{who} at {at}: a guest who believes they are in");
        world.wait(Duration::from_secs(6 * 60));
        // Before anything was revealed, a join goes on waiting by itself; afterwards the person starts again.
        let waits = matches!(world.last("bob", join), Some(Step::Waiting { .. }));
        let join = if waits { join } else { world.join("bob", &link) };
        let waits = matches!(world.last("ada", greet), Some(Step::Waiting { .. } | Step::ShowCode { .. }));
        let greet = if waits { greet } else { world.greet("ada") };
        world.play(("ada", greet), ("bob", join), "member");
        assert!(
            world.is_member("bob"),
            "{who} at {at}: the invitation is still good: {:?}",
            world.steps("bob", join)
        );
    }
    assert_eq!(world.users("ada").len(), 2);
    assert_eq!(world.digest("ada"), world.digest("bob"), "{who} at {at}");
    crashed
}

#[test]
fn whichever_output_a_crash_strikes_both_are_enrolled_or_neither_is() {
    for who in ["ada", "bob"] {
        let outputs = (1..1_000).take_while(|at| a_greeting_with_a_crash(who, *at)).count();
        assert!(outputs > 5, "{who} crashed at {outputs} outputs");
    }
}
