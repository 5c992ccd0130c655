//! One daemon in several organizations: which is meant, two joins at once, and one that stands still and keeps nobody
//! waiting.

use std::fs::File;
use std::time::Instant;

use rustix::fs::{FlockOperation, flock};

use crate::support::daemons::{Conversation, LONG, Machine, agree, eventually, exchange_codes};

#[test]
fn one_daemon_joins_two_organizations_at_once_and_is_asked_which() {
    let (ada, zoe, bob) = (Machine::start("ada"), Machine::start("zoe"), Machine::start("bob"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    zoe.found("Zoo", "Zoe", "zoe@example.org");
    let mut begun: Vec<(Conversation, Conversation)> = [&ada, &zoe]
        .map(|host| (host.converse(&["greet"]), join(&bob, &host.link_for("bob@example.org"))))
        .into();
    for (greets, joins) in &mut begun {
        exchange_codes(greets, joins);
    }
    for (greets, _) in &mut begun {
        greets.until("confirm");
        greets.answer(r#"{"profile":"member"}"#);
    }
    for (greets, joins) in &mut begun {
        joins.until("done");
        greets.until("done");
    }

    let listed = bob.json(&["org", "list"]);
    let names: Vec<_> =
        listed.as_array().unwrap().iter().map(|each| each["name"].as_str().unwrap()).collect();
    assert!(names.len() == 2 && names.contains(&"Field Lab") && names.contains(&"Zoo"), "{names:?}");
    assert_eq!(bob.json(&["status"])["organizations"].as_array().unwrap().len(), 2);
    let unsaid = bob.muster(&["user", "list"]);
    assert_eq!(unsaid.code, 2, "{}", unsaid.err);
    assert!(unsaid.err.contains("several") && unsaid.err.contains("--org"), "{}", unsaid.err);
    assert_eq!(bob.muster(&["--org", "Nowhere", "user", "list"]).code, 4);
    for (host, name) in [(&ada, "Field Lab"), (&zoe, "Zoo")] {
        let id = host.status()["organization_id"].as_str().unwrap().to_owned();
        for named in [name, &id, &id[..8], &id[..8].to_uppercase()] {
            let shown = bob.json(&["--org", named, "org", "show"]);
            assert_eq!(shown["organization_id"], id.as_str());
            eventually("the rosters agree", || {
                bob.json(&["--org", named, "org", "show"])["roster_digest"] == host.digest().as_str()
            });
        }
    }
    assert_ne!(listed[0]["device_id"], listed[1]["device_id"], "nobody links one person's organizations");
    assert_ne!(listed[0]["user_id"], listed[1]["user_id"]);
}

#[test]
fn a_membership_that_stands_still_says_so_and_keeps_nobody_waiting() {
    let (mut ada, bob) = (Machine::start("ada"), Machine::start("bob"));
    ada.found("First", "Ada", "ada@example.org");
    let first = ada.memberships()[0].clone();
    ada.found("Second", "Ada", "ada@example.org");
    assert_eq!(ada.stop(), 0);
    // As if another program had its files.
    let lock = File::open(first.join("lock")).unwrap();
    flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
    ada.boot();

    let begun = Instant::now();
    let status = ada.json(&["status"]);
    assert_eq!(status["organizations"].as_array().unwrap().len(), 1, "{status}");
    assert!(status["notes"].to_string().contains("is in use by another process"), "{status}");
    assert_eq!(ada.json(&["--org", "Second", "org", "show"])["name"], "Second");
    let made = ada.json(&["--org", "Second", "invite", "user", "bob@example.org"]);
    let mut joins = join(&bob, made[0]["link"].as_str().unwrap());
    let mut greets = ada.converse(&["--org", "Second", "greet"]);
    exchange_codes(&mut greets, &mut joins);
    greets.until("confirm");
    greets.answer(r#"{"profile":"member"}"#);
    joins.until("done");
    assert_eq!((greets.code(), joins.code()), (0, 0));
    assert!(begun.elapsed() < LONG, "somebody waited: {:?}", begun.elapsed());

    drop(lock);
    eventually("the first one is back", || ada.json(&["org", "list"]).as_array().unwrap().len() == 2);
    assert!(ada.json(&["status"])["notes"].as_array().unwrap().is_empty());
}

#[test]
fn many_ask_at_once_and_each_gets_their_own_answer() {
    let ada = Machine::start("ada");
    let names = ["First", "Second", "Third"];
    for name in names {
        ada.found(name, "Ada", "ada@example.org");
    }
    std::thread::scope(|scope| {
        for number in 0..12 {
            let (ada, name) = (&ada, names[number % 3]);
            scope.spawn(move || {
                let email = format!("guest{number}@example.org");
                assert_eq!(ada.json(&["--org", name, "invite", "user", &email])[0]["email"], email.as_str());
                assert_eq!(ada.json(&["--org", name, "org", "show"])["name"], name);
            });
        }
    });
    for name in names {
        assert_eq!(ada.json(&["--org", name, "invite", "list"]).as_array().unwrap().len(), 4);
    }
}

#[test]
fn two_organizations_founded_at_once_are_two() {
    let ada = Machine::start("ada");
    std::thread::scope(|scope| {
        for name in ["First", "Second"] {
            let ada = &ada;
            scope.spawn(move || ada.found(name, "Ada", "ada@example.org"));
        }
    });
    assert_eq!(ada.json(&["org", "list"]).as_array().unwrap().len(), 2);
    agree(&[&ada, &ada]);
}

fn join(guest: &Machine, link: &str) -> Conversation {
    let mut joins =
        guest.converse(&["join", "-", "--name", "Bob", "--email", "bob@example.org", "--device", "laptop"]);
    joins.answer(link);
    joins
}
