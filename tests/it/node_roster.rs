//! What people are told of a roster over which two Administrators disagreed, and how a guest comes back.

use muster::core::node::event::Happening;
use muster::core::node::request::{Answer, Class, LogAnswer, Request};

use crate::support::world::{World, email};

/// Ada and Bob are apart; Bob lets Zoe in, and each revokes the other. Then they meet: Ada is senior.
fn two_who_revoked_each_other() -> World {
    let mut world = World::new("two who revoked each other");
    world.found("ada");
    world.enrol("ada", "bob", "administrator");
    world.enrol("ada", "cyd", "member");
    world.unplug("ada");
    world.enrol("bob", "zoe", "member");
    revoke(&mut world, "bob", "ada");
    for name in ["bob", "cyd", "zoe"] {
        world.unplug(name);
    }
    world.plug_in("ada");
    revoke(&mut world, "ada", "bob");
    world.events("ada");
    world.plug_in("cyd");
    world.plug_in("bob");
    // Neither looks for whom they revoked: Cyd, who heard Bob, shows Ada by what she is out.
    world.dial("cyd", "ada");
    world
}

fn revoke(world: &mut World, by: &str, whom: &str) {
    world.ask(by, Request::RevokeUsers { users: vec![email(whom)] }).unwrap();
}

fn log(world: &mut World, of: &str) -> Vec<LogAnswer> {
    match world.ask(of, Request::RosterLog) {
        Ok(Answer::Log(log)) => log,
        other => panic!("{other:?}"),
    }
}

fn adopt(world: &mut World, by: &str, id: &str) -> Result<Answer, Class> {
    world.ask(by, Request::AdoptEnroll { certificate: id.to_owned() }).map_err(|refusal| refusal.class)
}

#[test]
fn who_is_no_administrator_adopts_nobody_and_only_a_void_enroll_is_adopted() {
    let mut world = World::new("what can be adopted");
    world.found("ada");
    world.enrol("ada", "bob", "member");
    let log = log(&mut world, "ada");
    let of_kind = |kind: &str| log.iter().find(|it| it.kind == kind).unwrap().certificate_id.to_string();
    assert_eq!(adopt(&mut world, "bob", &of_kind("enroll")).unwrap_err(), Class::NotAllowed);
    assert_eq!(adopt(&mut world, "ada", &of_kind("enroll")).unwrap_err(), Class::State, "it counts");
    assert_eq!(adopt(&mut world, "ada", &of_kind("found")).unwrap_err(), Class::State, "no enroll");
    assert_eq!(adopt(&mut world, "ada", "ffffffffffff").unwrap_err(), Class::NotFound);
    assert_eq!(adopt(&mut world, "ada", "").unwrap_err(), Class::NotFound);
}

#[test]
fn what_is_void_says_by_whose_removal_and_a_guest_of_the_loser_can_be_adopted() {
    let mut world = two_who_revoked_each_other();
    let lines = log(&mut world, "ada");
    let void: Vec<&LogAnswer> = lines.iter().filter(|it| it.standing == "void").collect();
    let zoe = void.iter().find(|it| it.kind == "enroll").unwrap_or_else(|| panic!("{lines:?}"));
    let reason = zoe.reason.clone().unwrap();
    assert!(reason.starts_with("Bob Surname was revoked by Ada Surname on "), "{reason}");
    assert!(reason.ends_with(", and this is not among what Ada Surname had seen of Bob Surname"), "{reason}");
    assert!(world.events("ada").iter().any(|it| matches!(it, Happening::CertificateVoid { .. })));
    assert!(adopt(&mut world, "ada", &zoe.certificate_id.to_string()[..8]).is_ok());
    let after = log(&mut world, "ada");
    let adopted = after.iter().find(|it| it.certificate_id == zoe.certificate_id).unwrap();
    assert_eq!(adopted.standing, "effective");
}

#[test]
fn the_name_of_who_was_adopted_is_asked_for_where_it_is_known() {
    let mut world = two_who_revoked_each_other();
    // Cyd, who is connected, was let know who Zoe is when Bob let her in; Zoe herself is off.
    world.meet_for_a_moment("ada", "cyd");
    world.scatter();
    world.dial("ada", "cyd");
    let void = |it: &LogAnswer| it.kind == "enroll" && it.standing == "void";
    let zoe = log(&mut world, "ada").into_iter().find(void).unwrap();
    adopt(&mut world, "ada", &zoe.certificate_id.to_string()).unwrap();
    let user = world.users("ada").into_iter().find(|it| it.user_id.to_string() == zoe.subject[0]).unwrap();
    assert_eq!(user.name, Some("Zoe Surname".to_owned()));
}

#[test]
fn the_status_of_two_administrators_advises_a_third() {
    let mut world = World::new("advice");
    world.found("ada");
    let advice = |world: &mut World| match world.ask("ada", Request::Status) {
        Ok(Answer::Status(status)) => status.organization.advice.join("\n"),
        other => panic!("{other:?}"),
    };
    assert!(advice(&mut world).contains("a second one"));
    world.enrol("ada", "bob", "administrator");
    assert!(advice(&mut world).contains("a third one"));
    world.enrol("ada", "cyd", "administrator");
    assert!(!advice(&mut world).contains("Administrator"));
}
