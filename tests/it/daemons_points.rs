//! The organization's rendezvous points, between real daemons and by the real command.

use crate::support::daemons::{Machine, agree, eventually, greet};

fn points(machine: &Machine) -> Vec<(String, String)> {
    let all = machine.json(&["org", "rendezvous", "list"]);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    all.as_array().unwrap().iter().map(|point| (text(&point["address"]), text(&point["source"]))).collect()
}

#[test]
fn a_point_that_an_administrator_adds_comes_to_every_member_and_into_links_and_guests_come_by_it_alone() {
    let point = Machine::with("point", "[rendezvous]\nserve = true\n");
    let ada = Machine::with("ada", "[invite]\nhints = 'points'\n");
    let [bob, cyd] = ["bob", "cyd"].map(Machine::start);
    ada.found("Field Lab", "Ada", "ada@example.org");
    assert!(points(&ada).is_empty());
    let said = ada.muster(&["org", "rendezvous", "add", &point.address()]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains(&point.address()) && said.out.contains("the organization"), "{}", said.out);
    // Neither mDNS nor addresses: the link names the point alone.
    greet(&ada, &bob, "bob@example.org", "Bob", "administrator");
    agree(&[&ada, &bob]);
    assert_eq!(points(&bob), [(point.address(), "organization".to_owned())]);

    // What one takes away, all lose; who came by it still knows it from the invitation.
    let said = ada.muster(&["org", "rendezvous", "remove", &point.address()]);
    assert_eq!(said.code, 0, "{}", said.err);
    agree(&[&ada, &bob]);
    assert!(points(&ada).is_empty());
    assert_eq!(points(&bob), [(point.address(), "invitation".to_owned())]);

    let said = ada.muster(&["org", "rendezvous", "add", &point.address()]);
    assert_eq!(said.code, 0, "{}", said.err);
    greet(&ada, &cyd, "cyd@example.org", "Cyd", "member");
    let said = cyd.muster(&["org", "rendezvous", "remove", &point.address()]);
    assert_eq!((said.code, points(&cyd).len()), (3, 1), "only an Administrator may: {}", said.err);
}

#[test]
fn who_invites_is_told_of_a_point_that_cannot_be_reached_until_it_can() {
    let mut point = Machine::off("point", "[rendezvous]\nserve = true\n");
    let ada = Machine::with("ada", &format!("[rendezvous]\npoints = ['{}']\n", point.address()));
    ada.found("Field Lab", "Ada", "ada@example.org");
    let problem = || ada.json(&["org", "rendezvous", "list"])[0]["problem"].as_str().map(str::to_owned);
    eventually("that the point can't be reached", || problem().is_some());
    let why = "the machine is there, but nothing listens at that port";
    assert_eq!(problem().unwrap(), why);
    let said = format!("Rendezvous point {}: {why}.", point.address());
    let invited = ada.muster(&["invite", "user", "bob@example.org"]);
    assert!(invited.code == 0 && invited.err.contains(&said), "{}", invited.err);
    let opened = ada.muster(&["session", "open"]);
    assert!(opened.code == 0 && opened.err.contains(&said), "{}", opened.err);
    assert!(ada.muster(&["org", "rendezvous", "list"]).out.contains(why));

    point.boot();
    eventually("that the point is reached", || problem().is_none());
    let invited = ada.muster(&["invite", "device"]);
    assert!(invited.code == 0 && !invited.err.contains("Rendezvous point"), "{}", invited.err);
}

#[test]
fn what_is_no_point_or_one_too_many_is_refused_and_nothing_changes() {
    let ada = Machine::start("ada");
    ada.found("Field Lab", "Ada", "ada@example.org");
    let said = ada.muster(&["org", "rendezvous", "add", "point.example.org:7733"]);
    assert_eq!(said.code, 2, "{}", said.err);
    let said = ada.muster(&["org", "rendezvous", "remove", "/ip4/192.0.2.7/tcp/7733"]);
    assert_eq!(said.code, 4, "{}", said.err);
    for n in 0..8 {
        let said = ada.muster(&["org", "rendezvous", "add", &format!("/ip4/192.0.2.{n}/tcp/7733")]);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    let said = ada.muster(&["org", "rendezvous", "add", "/ip4/192.0.2.9/tcp/7733"]);
    assert_eq!(said.code, 5, "{}", said.err);
    // Once more is no change.
    let before = ada.json(&["roster", "verify"])["certificates"].clone();
    let said = ada.muster(&["org", "rendezvous", "add", "/ip4/192.0.2.1/tcp/7733"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(ada.json(&["roster", "verify"])["certificates"], before);
    assert_eq!(points(&ada).len(), 8);
}
