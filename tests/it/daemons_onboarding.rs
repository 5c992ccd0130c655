//! The main job between real daemons: people come in, come back, and bring further devices.

use crate::support::daemons::{Machine, agree, eventually, exchange_codes, greet};

#[test]
fn who_was_revoked_comes_back_on_the_same_machine_as_a_new_person() {
    let (ada, bob) = (Machine::start("ada"), Machine::start("bob"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    greet(&ada, &bob, "bob@example.org", "Bob", "member");
    agree(&[&ada, &bob]);
    let before = bob.status();
    ada.muster(&["--yes", "user", "revoke", "bob@example.org"]);
    eventually("Bob's daemon knows", || bob.status()["state"] == "revoked");

    for format in ["text", "json"] {
        let said = bob.muster(&["--format", format, "org", "forget"]);
        assert_eq!(said.code, 2, "it can't be undone: {said:?}");
    }
    assert_eq!(bob.status()["state"], "revoked", "so nothing was wiped");
    let forgotten = bob.muster(&["--yes", "org", "forget"]);
    assert_eq!(forgotten.code, 0, "{}", forgotten.err);
    assert!(bob.status().is_null(), "nothing of the old is left");
    greet(&ada, &bob, "bob@example.org", "Bob", "external");
    agree(&[&ada, &bob]);
    let after = bob.status();
    assert_eq!(after["profile"], "external");
    for key in ["user_id", "device_id", "peer_id"] {
        assert_ne!(before[key], after[key], "{key}");
    }
    assert_eq!(ada.active().len(), 2);
    assert_eq!(ada.json(&["user", "list", "--revoked"]).as_array().unwrap().len(), 3);
}

#[test]
fn a_person_adds_a_device_of_their_own_and_greets_it_themselves() {
    let (ada, bob, tablet) = (Machine::start("ada"), Machine::start("bob"), Machine::start("tablet"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    greet(&ada, &bob, "bob@example.org", "Bob", "external");
    let made = bob.json(&["invite", "device"]);
    let link = made[0]["link"].as_str().or(made["link"].as_str()).unwrap();
    let mut joins = tablet.converse(&["join", "-", "--device", "Bob's tablet"]);
    joins.answer(link);
    let mut greets = bob.converse(&["greet"]);
    exchange_codes(&mut greets, &mut joins);
    let details = joins.until("details");
    assert_eq!((&details["kind"], details["email"].is_null()), (&"device".into(), true), "{details}");
    joins.answer(r#"{"device":"Bob's tablet","yes":true}"#);
    greets.until("confirm");
    greets.answer(r#"{"profile":"external"}"#);
    joins.until("done");
    greets.until("done");
    agree(&[&ada, &bob, &tablet]);
    assert_eq!(tablet.status()["user_id"], bob.status()["user_id"]);
    let devices = ada.json(&["device", "list", "bob@example.org"]);
    assert_eq!(devices.as_array().unwrap().len(), 2, "{devices}");
}
