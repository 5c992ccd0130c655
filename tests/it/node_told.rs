//! What is told of an invitation that ended: to who has the link, to who hasn't, and to Administrators.

use std::time::Duration;

use muster::core::greeting::guest::{AwaitingReception, Received};
use muster::core::greeting::link::Link;
use muster::core::greeting::{Reason, Side};
use muster::core::node::conversation::Step;
use muster::core::node::input::{Channel, Protocol};
use muster::core::node::request::{Answer, InvitationAnswer, Request};
use muster::core::primitives::secret::Token;
use muster::core::primitives::time::Moment;
use muster::core::roster::Profile;

use crate::support::entropy;
use crate::support::outsider::prologue;
use crate::support::world::{World, email, person};

/// One invitation that was used, one that was taken back, one that ran out, and one that is pending.
fn every_ending(world: &mut World) -> [(Link, Option<Reason>); 4] {
    world.found("ada");
    let expired = world.invite("ada", &email("old"));
    world.wait(Duration::from_secs(8 * 24 * 3600));
    let finished = world.invite("ada", &email("bob"));
    let join = world.join("bob", &finished);
    let greet = world.greet("ada");
    world.play(("ada", greet), ("bob", join), "member");
    world.wait(Duration::from_secs(60));
    let cancelled = world.invite("ada", &email("tom"));
    world.ask("ada", Request::CancelInvitation { invitation: email("tom") }).unwrap();
    world.wait(Duration::from_secs(60));
    [
        (finished, Some(Reason::InvitationFinished)),
        (cancelled, Some(Reason::InvitationCancelled)),
        (expired, Some(Reason::InvitationExpired)),
        (world.invite("ada", &email("zoe")), None),
    ]
}

fn listed(world: &mut World, host: &str, link: &Link) -> InvitationAnswer {
    let invitation = link.keys().id.to_string();
    match world.ask(host, Request::ShowInvitation { invitation }) {
        Ok(Answer::Invitation(answer)) => *answer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_comes_too_late_with_a_link_is_told_what_became_of_it_and_when_and_not_by_whom() {
    let mut world = World::new("too late");
    let mut times = Vec::new();
    for (at, (link, reason)) in every_ending(&mut world).into_iter().enumerate() {
        let Some(reason) = reason else { continue };
        let guest = format!("late{at}");
        let join = world.join(&guest, &link);
        assert_eq!(world.ended(&guest, join), (reason, Side::Host));
        let ended_at = listed(&mut world, "ada", &link).ended_at.unwrap();
        let Some(Step::Ended { message, .. }) = world.last(&guest, join) else { panic!("ended") };
        assert!(
            message.contains(&ended_at.to_string()),
            "'{message}' doesn't say that it ended at {ended_at}"
        );
        let plain = world.decrypted(&guest, &link).concat();
        let ada = world.users("ada")[0].user_id;
        assert!(!plain.windows(32).any(|bytes| bytes == ada.0), "by whom is in the answer");
        assert!(!crate::support::outsider::contains(&plain, &person("ada")));
        times.push(ended_at);
    }
    times.dedup();
    assert_eq!(times.len(), 3, "three endings at three times");
}

#[test]
fn by_whom_an_invitation_ended_is_told_to_administrators_alone() {
    let mut world = World::new("by whom");
    world.found("ada");
    world.enrol("ada", "bob", "administrator");
    let link = world.invite("bob", &email("tom"));
    world.ask("bob", Request::CancelInvitation { invitation: email("tom") }).unwrap();
    let bob = world.users("ada").into_iter().find(|user| user.email == Some(email("bob"))).unwrap();
    assert_eq!(listed(&mut world, "bob", &link).ended_by, Some(bob.user_id));

    let users = vec![email("bob")];
    world.ask("ada", Request::SetProfiles { profile: Profile::Member, users }).unwrap();
    assert_eq!(listed(&mut world, "bob", &link).ended_by, None);
}

/// What a prober gets who knows an invitation's id (a rendezvous point doesn't tell it) and not its token.
fn probed(world: &mut World, who: &str, link: &Link) -> (Vec<Vec<u8>>, bool) {
    let guess = Link { token: Token::new([1; 16]), ..link.clone() };
    let (_, mut frame) =
        AwaitingReception::greet(&guess.keys(), &prologue(link, who), &mut entropy("a guess"));
    frame[1..17].copy_from_slice(link.keys().id.as_bytes());
    let channel: Channel = world.open_to(who, "ada", Protocol::Greeting);
    world.say(who, channel, frame);
    (world.heard(who, channel), world.stands(channel))
}

#[test]
fn a_prober_without_the_token_learns_of_no_invitation_whether_it_is_or_was() {
    let mut world = World::new("probing");
    let mut links: Vec<Link> = every_ending(&mut world).into_iter().map(|(link, _)| link).collect();
    links.push(Link { token: Token::new([9; 16]), ..links[0].clone() });
    world.outsider("mallory");
    let before = world.disk("ada");
    world.events("ada");
    for link in links {
        assert_eq!(probed(&mut world, "mallory", &link), (vec![vec![1]], false), "one byte, and the end");
        // The next one comes when nobody is slowed down any more.
        world.wait(Duration::from_secs(61));
    }
    assert_eq!(world.disk("ada"), before, "a prober leaves no trace on the disk");
    assert!(world.events("ada").is_empty(), "and is no event");
}

#[test]
fn who_has_the_token_is_told_inside_the_handshake() {
    let mut world = World::new("told inside");
    let [(finished, _), ..] = every_ending(&mut world);
    world.outsider("late");
    let (waiting, frame) = AwaitingReception::greet(
        &finished.keys(),
        &prologue(&finished, "late"),
        &mut entropy("late with the token"),
    );
    let channel = world.open_to("late", "ada", Protocol::Greeting);
    world.say("late", channel, frame);
    let answer = world.heard("late", channel).remove(0);
    let Ok(Received::Closed(reason, at)) = waiting.receive(&answer) else { panic!("closed") };
    assert_eq!(reason, Reason::InvitationFinished);
    assert!(at.is_some_and(|at: Moment| at > Moment::default()));
}
