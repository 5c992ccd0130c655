//! A session of real daemons on one machine: guests come with the link, two terminals greet side by side, and it is
//! closed. Guests without a link need a local network: tests/lab/workshop.

use serde_json::Value;

use crate::support::daemons::{Conversation, Machine, agree, eventually, exchange_codes};

fn joins(guest: &Machine, link: &str) -> Conversation {
    let email = format!("{}@example.org", guest.name);
    let words = ["join", "-", "--name", guest.name, "--email", &email, "--device", "laptop"];
    let mut joins = guest.converse(&words);
    joins.answer(link);
    joins
}

/// The ticket that a guest is shown once it waits.
fn ticket(joins: &mut Conversation) -> String {
    loop {
        if let Some(ticket) = joins.until("waiting")["ticket"].as_str() {
            return ticket.to_owned();
        }
    }
}

#[test]
fn a_room_comes_in_by_one_link_greeted_side_by_side_until_the_session_is_closed() {
    let mut ada = Machine::start("ada");
    let guests = ["bob", "eve", "zoe"].map(Machine::start);
    ada.found("Field Lab", "Ada", "ada@example.org");
    let opened = ada.json(&["session", "open", "--profile", "external", "--for", "1h", "--seats", "5"]);
    let link = opened["link"].as_str().unwrap().to_owned();
    assert_eq!((&opened["seats"], &opened["profile"]), (&5.into(), &"external".into()));

    let mut room: Vec<_> = guests.iter().map(|guest| joins(guest, &link)).collect();
    let tickets: Vec<String> = room.iter_mut().map(ticket).collect();
    eventually("all three wait", || ada.json(&["session", "list"])[0]["waiting"] == 3);
    // The first two in two terminals, step by step side by side.
    let mut hosts: Vec<_> = tickets[..2].iter().map(|t| ada.converse(&["greet", "--guest", t])).collect();
    for (host, guest) in hosts.iter_mut().zip(&mut room) {
        exchange_codes(host, guest);
    }
    for (host, profile) in hosts.iter_mut().zip(["{}", r#"{"profile":"member"}"#]) {
        assert_eq!(host.until("confirm")["profile"], "external");
        host.answer(profile);
    }
    let profiles: Vec<Value> = room[..2].iter_mut().map(|it| it.until("done")["profile"].clone()).collect();
    assert_eq!(profiles, ["external", "member"]);

    // The daemon restarts; Zoe comes back to it by herself.
    assert_eq!(ada.stop(), 0);
    ada.boot();
    eventually("Zoe waits again", || ada.json(&["session", "list"])[0]["waiting"] == 1);
    assert_eq!(ada.json(&["session", "list"])[0]["taken"], 2);
    assert_eq!(ada.json(&["session", "close"])["state"], "cancelled");
    assert_eq!(room[2].until("ended")["reason"], "session_closed");
    assert_eq!(room[2].code(), 5);
    let mut late = joins(&guests[2], &link);
    assert_eq!(late.until("ended")["reason"], "session_closed");
    assert_eq!(late.code(), 5);
    assert_eq!(ada.json(&["session", "list"]), Value::Array(Vec::new()));
    assert_eq!(ada.muster(&["session", "close"]).code, 4);
    agree(&[&ada, &guests[0], &guests[1]]);
}

#[test]
fn who_may_not_open_a_session_or_look_for_one_is_told_so() {
    let (ada, bob) = (Machine::start("ada"), Machine::start("bob"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    crate::support::daemons::greet(&ada, &bob, "bob@example.org", "Bob", "member");
    assert_eq!(bob.muster(&["session", "open"]).code, 3);
    assert_eq!(ada.muster(&["session", "open", "--seats", "2000"]).code, 2);
    assert_eq!(ada.muster(&["session", "open", "--for", "30d"]).code, 2);
    // This daemon was told not to look around on the local network.
    let said = bob.muster(&["join", "--lan"]);
    assert_eq!(said.code, 5, "{}", said.err);
    assert!(said.err.contains("mdns"), "{}", said.err);
    assert_eq!(bob.muster(&["join", "--lan", "acme", "muster:AAAA"]).code, 2);
}
