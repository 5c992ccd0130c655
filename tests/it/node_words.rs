//! What is told in words: why something counts nothing, and what the status warns of. Two parts of an organization act while
//! they are apart; then they meet, and Ada, who founded it, is senior.

use muster::core::node::request::{Answer, LogAnswer, Request};
use muster::core::primitives::limits;
use muster::core::roster::Profile;

use crate::support::world::{World, email};

/// Ada's organization with these Administrators.
fn administrators(seed: &str, others: &[&str]) -> World {
    let mut world = World::new(seed);
    world.found("ada");
    for other in others {
        world.enrol("ada", other, "administrator");
    }
    world
}

/// The others act without Ada, then Ada without them; then they meet.
fn apart(
    world: &mut World,
    others: &[&str],
    without_ada: impl FnOnce(&mut World),
    ada_alone: impl FnOnce(&mut World),
) {
    world.unplug("ada");
    without_ada(world);
    others.iter().for_each(|name| world.unplug(name));
    world.plug_in("ada");
    ada_alone(world);
    for name in others {
        world.plug_in(name);
        world.meet_for_a_moment(name, "ada");
    }
}

fn revoke(world: &mut World, by: &str, whom: &str) {
    world.ask(by, Request::RevokeUsers { users: vec![email(whom)] }).unwrap();
}

fn set(world: &mut World, by: &str, profile: Profile, whom: &str) {
    world.ask(by, Request::SetProfiles { profile, users: vec![email(whom)] }).unwrap();
}

fn log(world: &mut World) -> Vec<LogAnswer> {
    match world.ask("ada", Request::RosterLog) {
        Ok(Answer::Log(log)) => log,
        other => panic!("{other:?}"),
    }
}

/// `set_profile Dan Surname as administrator by Bob Surname: why`, for everything void, with whichever day.
fn void(world: &mut World) -> Vec<String> {
    let today = world.now.day_in_words();
    let void = log(world).into_iter().filter(|line| line.standing == "void").map(|line| {
        let why = line.reason.unwrap().replace(&today, "DAY").replace(" Surname", "");
        format!("{} {} by {}: {why}", line.kind, line.about, line.by).replace(" Surname", "")
    });
    void.collect()
}

fn advice(world: &mut World) -> String {
    match world.ask("ada", Request::Status) {
        Ok(Answer::Status(status)) => status.organization.advice.join("\n").replace(" Surname", ""),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_done_about_somebody_who_was_revoked_meanwhile_says_by_whom() {
    let mut world = administrators("revoked meanwhile", &["bob", "dan"]);
    let up_and_down = |world: &mut World| {
        set(world, "bob", Profile::Member, "dan");
        set(world, "bob", Profile::Administrator, "dan");
    };
    apart(&mut world, &["bob", "dan"], up_and_down, |world| revoke(world, "ada", "dan"));
    assert_eq!(void(&mut world), ["set_profile Dan as administrator by Bob: Dan was revoked by Ada on DAY"]);
}

#[test]
fn of_two_who_revoke_the_same_person_at_the_same_time_nobody_is_told_that_it_was_in_vain() {
    let mut world = administrators("revoked twice", &["bob", "dan"]);
    apart(
        &mut world,
        &["bob", "dan"],
        |world| revoke(world, "bob", "dan"),
        |world| revoke(world, "ada", "dan"),
    );
    assert_eq!(void(&mut world), [""; 0]);
}

#[test]
fn a_promotion_that_lost_to_a_demotion_at_the_same_time_says_so() {
    let mut world = administrators("a lesser right", &["bob", "dan"]);
    let up_and_down = |world: &mut World| {
        set(world, "bob", Profile::Member, "dan");
        set(world, "bob", Profile::Administrator, "dan");
    };
    apart(&mut world, &["bob", "dan"], up_and_down, |world| set(world, "ada", Profile::Member, "dan"));
    let why = "Dan was made a Member at the same time, and the lesser right wins";
    assert!(
        void(&mut world).contains(&format!("set_profile Dan as administrator by Bob: {why}")),
        "{:?}",
        void(&mut world)
    );
}

#[test]
fn what_hangs_on_something_void_says_on_whose() {
    let mut world = administrators("chains", &["bob", "cyd"]);
    // Most of those who bear witness are off, and haven't built on what Bob does.
    let off = ["dan", "fay", "gus", "hal"];
    for name in ["eve"].iter().chain(&off) {
        world.enrol("ada", name, "member");
    }
    world.wait(limits::VOUCHING);
    off.iter().for_each(|name| world.unplug(name));
    let without_ada = |world: &mut World| {
        world.enrol("bob", "zoe", "member");
        world.add_device("zoe", "tablet");
        set(world, "cyd", Profile::Administrator, "zoe");
        set(world, "bob", Profile::Administrator, "eve");
        world.enrol("eve", "tom", "member");
    };
    let others = ["bob", "cyd", "eve", "zoe", "tablet", "tom"];
    apart(&mut world, &others, without_ada, |world| revoke(world, "ada", "bob"));
    let void = void(&mut world);
    let beyond = "Bob was revoked by Ada on DAY, and this is not among what Ada had seen of Bob";
    let promoted = format!("set_profile Eve as administrator by Bob: {beyond}");
    assert!(void.contains(&promoted), "{promoted}: {void:#?}");
    // Of who isn't in, names aren't handed on: Zoe and Tom are short ids here.
    for (begins, ends) in [
        ("enroll user ", format!(" as member by Bob: {beyond}")),
        ("enroll user ", " as member by Eve: what made Eve an Administrator is void itself".to_owned()),
        ("set_profile user ", " in is void itself".to_owned()),
        ("add_device device ", " in is void itself".to_owned()),
    ] {
        let found = void.iter().any(|line| line.starts_with(begins) && line.ends_with(&ends));
        assert!(found, "{begins}… {ends}: {void:#?}");
    }
}

#[test]
fn two_people_let_in_with_one_email_at_the_same_time_are_named_with_their_ids() {
    let mut world = administrators("one email", &["bob"]);
    apart(
        &mut world,
        &["bob", "eve2"],
        |world| world.enrol("bob", "eve2", "member"),
        |world| world.enrol("ada", "eve", "external"),
    );
    let eves: Vec<_> =
        world.users("ada").into_iter().filter(|user| user.email == Some(email("eve"))).collect();
    assert_eq!(eves.len(), 2);
    let advice = advice(&mut world);
    assert!(advice.contains("2 active users have the email eve@example.org: "), "{advice}");
    for eve in &eves {
        assert!(advice.contains(&format!("(user {})", eve.user_id.short())), "{advice}");
    }
    let id = eves[0].user_id.to_string();
    world.ask("ada", Request::RevokeUsers { users: vec![id] }).unwrap();
    assert!(!self::advice(&mut world).contains("have the email"), "one of them is left");
}

#[test]
fn a_device_that_went_two_ways_after_its_backup_was_restored_is_named() {
    let mut world = administrators("a backup", &["bob"]);
    for name in ["cyd", "dan"] {
        world.enrol("ada", name, "member");
    }
    let backup = world.machines_disk("bob").clone();
    set(&mut world, "bob", Profile::Administrator, "cyd");
    assert!(!advice(&mut world).contains("two ways"));
    let all = ["ada", "bob", "cyd", "dan"];
    all.iter().for_each(|name| world.unplug(name));
    *world.machines_disk("bob") = backup;
    world.plug_in("bob");
    set(&mut world, "bob", Profile::Administrator, "dan");
    all.iter().for_each(|name| world.plug_in(name));
    let advice = advice(&mut world);
    let device =
        world.users("ada").iter().find(|user| user.email == Some(email("bob"))).unwrap().devices[0].device_id;
    let named =
        format!("device {} (machine of bob) of Bob went two ways at one point of its past", device.short());
    assert!(advice.contains(&named), "{advice}");
    assert!(advice.contains("unless you know why, revoke Bob and invite them anew"), "{advice}");
    revoke(&mut world, "ada", "bob");
    assert!(!self::advice(&mut world).contains("two ways"), "who is out is no danger");
}

#[test]
fn a_removal_that_was_answered_in_kind_is_contested_until_it_is_settled() {
    let mut world = administrators("contested", &["bob"]);
    for name in ["cyd", "dan", "eve"] {
        world.enrol("ada", name, "member");
    }
    world.wait(limits::VOUCHING);
    world.unplug("ada");
    world.unplug("dan");
    world.unplug("eve");
    revoke(&mut world, "bob", "ada");
    world.unplug("bob");
    world.unplug("cyd");
    world.plug_in("ada");
    revoke(&mut world, "ada", "bob");
    assert!(
        advice(&mut world).contains(": not settled yet: 0 of 3 witnesses have seen it"),
        "{}",
        advice(&mut world)
    );
    world.plug_in("bob");
    world.plug_in("cyd");
    world.meet_for_a_moment("ada", "cyd");
    let contested = advice(&mut world);
    assert!(contested.contains("Bob was revoked by Ada on "), "{contested}");
    assert!(
        contested.contains(", and Bob removed Ada as well (contested): not settled yet: 1 of 3"),
        "{contested}"
    );
    world.plug_in("dan");
    world.plug_in("eve");
    let settled = advice(&mut world);
    assert!(!settled.contains("settled"), "{settled}");
    let line =
        log(&mut world).into_iter().find(|line| line.kind == "revoke" && line.standing != "void").unwrap();
    assert_eq!(line.standing, "settled");
}
