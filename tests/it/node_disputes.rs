//! A founder who was put out and forks at the root (docs/spec/roster.md, R4.12): who saw it keeps to what they saw, and says so.

use muster::core::node::input::Protocol;
use muster::core::node::request::{Answer, Request, VerifyAnswer};
use muster::core::primitives::limits;
use muster::core::roster::{Body, History, Profile, VerifiedCertificate};

use crate::support::device;
use crate::support::hostile::loot::Loot;
use crate::support::speech::Says;
use crate::support::world::{World, email};

/// Bob revoked Ada, who founded it, and all have seen it.
fn ada_is_out() -> World {
    let mut world = World::new("a founder is out");
    world.found("ada");
    world.enrol("ada", "bob", "administrator");
    for name in ["cyd", "dan", "eve"] {
        world.enrol("ada", name, "member");
    }
    world.wait(limits::VOUCHING);
    world.ask("bob", Request::RevokeUsers { users: vec![email("ada")] }).unwrap();
    world
}

/// What Ada makes up: at the root she lets six people in who vouch for each other, and one of them revokes Bob before he
/// revoked her. What is new, ancestors first.
fn another_past(known: &History) -> Vec<Vec<u8>> {
    let in_order: Vec<VerifiedCertificate> = known.in_causal_order().collect();
    let (ada, bob) = (device("ada"), known.roster().user_of(&device("bob").device()).unwrap().id);
    let mut history = History::new(known.organization());
    history.add(in_order[0].clone()).unwrap();
    let puppets: Vec<String> = (0..6).map(|n| format!("puppet-{n}")).collect();
    let now = in_order[0].certificate().time;
    let act = |history: &mut History, by: &str, body: Option<Body>| {
        let key = device(by);
        let body = body.unwrap_or_else(|| history.owed(&key.device()).body());
        let made = history.author(&key, body, now).unwrap_or_else(|why| panic!("{by}: {why}"));
        history.add(made.clone()).unwrap();
    };
    for puppet in &puppets {
        let loot = Loot { key: ada.clone(), history };
        let body = loot.enrols(puppet, Profile::Administrator);
        history = loot.history;
        act(&mut history, "ada", Some(body));
    }
    // The first one needs nobody to vouch for it, and vouches for the others.
    act(&mut history, &puppets[0], None);
    let removal = in_order.iter().position(|it| matches!(it.body(), Body::Revoke(_))).unwrap();
    let before = known.with_ancestors(in_order[removal].certificate().parents.as_slice());
    for certificate in in_order.iter().filter(|it| before.contains(&it.id())) {
        history.add(certificate.clone()).unwrap();
    }
    let coup = history.revocation(&bob);
    act(&mut history, &puppets[0], Some(coup));
    puppets[1..].iter().for_each(|puppet| act(&mut history, puppet, None));
    let made_up = history.in_causal_order().filter(|it| !known.contains(&it.id()));
    made_up.map(|it| it.signed().bytes()).collect()
}

fn verified(world: &mut World, of: &str) -> VerifyAnswer {
    match world.ask(of, Request::VerifyRoster) {
        Ok(Answer::Verified(found)) => found,
        other => panic!("{other:?}"),
    }
}

fn advice(world: &mut World, of: &str) -> String {
    match world.ask(of, Request::Status) {
        Ok(Answer::Status(status)) => status.organization.advice.join("\n"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_would_undo_a_removal_that_was_seen_is_set_aside_and_shown_with_the_proof() {
    let mut world = ada_is_out();
    let (digest, made_up) = (world.digest("cyd"), another_past(&world.history("cyd")));
    // Dan's device does what Ada asks of it.
    world.outsider("dan");
    let channel = world.open_to("dan", "cyd", Protocol::Sync);
    let hello = Says::hello(&world.history("cyd"));
    world.say_in_sync("dan", channel, &hello);
    world.say_in_sync("dan", channel, &Says::Certificates(made_up));
    assert_eq!(world.digest("cyd"), digest, "nothing is undone");
    let found = verified(&mut world, "cyd");
    assert_eq!((found.problems.len(), found.disputes.len()), (1, 1), "{:?}", found.problems);
    let told = &found.problems[0];
    assert!(
        told.contains("was set aside, since it would undo that Ada Surname was revoked by Bob Surname on "),
        "{told}"
    );
    let (one, other) = found.disputes[0].proof.unwrap();
    assert!(told.ends_with(&format!("the proof that a device forked: {one} and {other}")), "{told}");
    let advice = advice(&mut world, "cyd");
    let warns = "a certificate was set aside, since it would undo what this device has seen for itself: muster roster verify";
    assert!(advice.contains(warns), "{advice}");
}
