//! Joins that nobody finishes: they go on where they were, are bounded, and end with their links.

use crate::support::daemons::{Conversation, Machine, eventually};

#[test]
fn a_cancelled_join_goes_on_with_its_link_and_leaves_nothing_once_that_has_expired() {
    let (ada, bob) = (Machine::start("ada"), Machine::start("bob"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    let made = ada.json(&["invite", "user", "bob@example.org", "--expires", "10s"]);
    let link = made[0]["link"].as_str().unwrap();
    queue(&bob, link);
    let places = bob.memberships();
    assert_eq!(places.len(), 1);
    queue(&bob, link);
    assert_eq!(bob.memberships(), places, "the second join goes on with the first one's key");
    eventually("what is left of it goes with the link", || bob.memberships().is_empty());
    assert!(bob.status().is_null());
    let late = join(&bob, link).code();
    assert_eq!(late, 5, "an expired invitation");
    eventually("nor does a late try leave anything", || bob.memberships().is_empty());
}

#[test]
fn joins_that_nobody_finishes_are_bounded_and_keep_no_organization_out() {
    const BOUND: usize = muster::core::primitives::limits::UNFINISHED_JOINS;
    let (ada, bob) = (Machine::start("ada"), Machine::start("bob"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    let emails: Vec<_> = (0..=BOUND).map(|number| format!("guest{number}@example.org")).collect();
    let words: Vec<_> = ["invite", "user"].into_iter().chain(emails.iter().map(String::as_str)).collect();
    let made = ada.json(&words);
    let links: Vec<_> = made.as_array().unwrap().iter().map(|each| each["link"].as_str().unwrap()).collect();
    for link in &links[..BOUND] {
        queue(&bob, link);
    }
    let mut refused = join(&bob, links[BOUND]);
    let error = refused.next().unwrap()["error"].clone();
    assert_eq!((error["code"].as_str(), refused.code()), (Some("too_many_joins"), 5));
    assert_eq!(bob.memberships().len(), BOUND);
    queue(&bob, links[0]);
    bob.found("Bob's own", "Bob", "bob@example.org");
    assert_eq!(bob.status()["name"], "Bob's own");
}

fn join(guest: &Machine, link: &str) -> Conversation {
    let mut joins = guest.converse(&["join", "-"]);
    joins.answer(link);
    joins
}

/// Waits in the host's queue, and goes away.
fn queue(guest: &Machine, link: &str) {
    let mut joins = join(guest, link);
    while joins.until("waiting")["place"].is_null() {}
}
