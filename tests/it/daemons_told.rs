//! What people read of real daemons: lists in an order that means something, hints that are for the one who reads them.

use serde_json::Value;

use crate::support::daemons::{Machine, agree, eventually, greet};

#[test]
fn who_was_revoked_is_connected_with_nobody() {
    let (ada, bob, eve) = (Machine::start("ada"), Machine::start("bob"), Machine::start("eve"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    greet(&ada, &bob, "bob@example.org", "Bob", "member");
    greet(&ada, &eve, "eve@example.org", "Eve", "member");
    agree(&[&ada, &bob, &eve]);
    eventually("bob is connected", || bob.status()["connected"] != 0);
    assert_eq!(ada.muster(&["--yes", "user", "revoke", "bob@example.org"]).code, 0);
    let mut last = Value::Null;
    eventually("bob knows it", || {
        last = bob.status();
        last["state"] == "revoked"
    });
    assert_eq!(last["connected"], 0, "from the first moment on");
    assert_eq!(bob.json(&["org", "list"])[0]["connected"], 0);
    let devices = bob.json(&["device", "list"]);
    let others = devices.as_array().unwrap().iter().filter(|device| device["device_id"] != last["device_id"]);
    assert!(
        others.clone().count() == 2 && others.into_iter().all(|device| device["connected"] == false),
        "{devices}"
    );
}

#[test]
fn lists_are_by_time_and_what_was_made_at_one_moment_by_email() {
    let (ada, bob, eve) = (Machine::start("ada"), Machine::start("bob"), Machine::start("eve"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    greet(&ada, &eve, "eve@example.org", "Eve", "member");
    greet(&ada, &bob, "bob@example.org", "Bob", "member");
    let labels = column(&ada.json(&["device", "list"]), "label");
    assert_eq!(labels[1..], ["eve", "bob"], "in the order in which they came in");

    ada.link_for("xaver@example.org");
    let words =
        ["invite", "user", "zoe@example.org", "Carl@example.org", "mia@example.org", "dora@example.org"];
    ada.json(&words);
    let emails = column(&ada.json(&["invite", "list"]), "email");
    let by_time_and_email = ["xaver", "Carl", "dora", "mia", "zoe"].map(|name| format!("{name}@example.org"));
    assert_eq!(emails, by_time_and_email);
}

#[test]
fn a_host_who_names_no_invitation_is_told_where_they_are_listed() {
    let ada = Machine::start("ada");
    ada.found("Field Lab", "Ada", "ada@example.org");
    let said = ada.muster(&["greet", "zoe@example.org"]);
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("hint: muster invite list"), "{}", said.err);
    assert!(!said.err.contains("link"), "a host has none to check: {}", said.err);
}

#[test]
fn a_guest_who_said_everything_beforehand_is_told_what_they_join_before_the_host_hears_who_they_are() {
    let (ada, bob) = (Machine::start("ada"), Machine::start("bob"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    greet(&ada, &bob, "bob@example.org", "Bob", "member");
    let link = ada.link_for("zoe@example.org");
    let words = ["join", "-", "--name", "Zoe", "--email", "zoe@example.org", "--device", "phone"];
    let mut joins = bob.converse(&words);
    joins.answer(&link);
    let mut greets = ada.converse(&["greet", "zoe@example.org"]);
    crate::support::daemons::exchange_codes(&mut greets, &mut joins);
    greets.until("confirm");
    let told = joins.until("waiting");
    assert_eq!((&told["kind"], &told["organization"]), (&"user".into(), &"Field Lab".into()), "{told}");
}

fn column(list: &Value, name: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|entry| entry[name].as_str().unwrap().to_owned()).collect()
}
