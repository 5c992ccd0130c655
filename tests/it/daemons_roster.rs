//! Real daemons whose people act against each other while they are apart.

use std::collections::BTreeMap;

use crate::support::daemons::{Machine, agree, eventually, greet};

#[test]
fn three_who_revoked_each_other_in_a_ring_while_apart_agree_once_they_meet() {
    let point = Machine::with("point", "[rendezvous]\nserve = true\n");
    let known = format!("[rendezvous]\npoints = ['{}']\n", point.address());
    let [mut ada, mut bob, mut cyd] = ["ada", "bob", "cyd"].map(|name| Machine::with(name, &known));
    ada.found("Field Lab", "Ada", "ada@example.org");
    greet(&ada, &bob, "bob@example.org", "Bob", "administrator");
    greet(&ada, &cyd, "cyd@example.org", "Cyd", "administrator");
    agree(&[&ada, &bob, &cyd]);
    for machine in [&mut ada, &mut bob, &mut cyd] {
        assert_eq!(machine.stop(), 0);
    }
    // One at a time: nobody sees what the others do.
    for (one, other) in [(&mut ada, "bob"), (&mut bob, "cyd"), (&mut cyd, "ada")] {
        one.boot();
        let said = one.muster(&["--yes", "user", "revoke", &format!("{other}@example.org")]);
        assert_eq!(said.code, 0, "{}", said.err);
        assert_eq!(one.stop(), 0);
    }
    for machine in [&mut ada, &mut bob, &mut cyd] {
        machine.boot();
    }
    // The senior's removal of Bob stands, so his of Cyd is void, so hers of Ada stands (R4.14).
    eventually("all three see Cyd alone", || {
        let expected = BTreeMap::from([("ada", "revoked"), ("bob", "revoked"), ("cyd", "active")]);
        [&ada, &bob, &cyd].iter().all(|machine| states(machine) == expected)
    });
    agree(&[&ada, &bob, &cyd]);
    let all = [&ada, &bob, &cyd];
    let told: Vec<String> = all.iter().map(|it| it.status()["state"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told, ["revoked", "revoked", "active"], "each knows of itself");
}

#[test]
fn what_one_daemon_signs_comes_to_four_others_without_anybody_asking() {
    let [ada, bob, cyd, dan, eve] = ["ada", "bob", "cyd", "dan", "eve"].map(Machine::start);
    ada.found("Field Lab", "Ada", "ada@example.org");
    for (guest, email) in [
        (&bob, "bob@example.org"),
        (&cyd, "cyd@example.org"),
        (&dan, "dan@example.org"),
        (&eve, "eve@example.org"),
    ] {
        greet(&ada, guest, email, guest.name, "member");
    }
    agree(&[&ada, &bob, &cyd, &dan, &eve]);
    let said = ada.muster(&["user", "set-profile", "administrator", "bob@example.org", "--yes"]);
    assert_eq!(said.code, 0, "{}", said.err);
    agree(&[&ada, &bob, &cyd, &dan, &eve]);
    for machine in [&bob, &cyd, &dan, &eve] {
        assert_eq!(machine.json(&["user", "show", "bob@example.org"])["profile"], "administrator");
    }
}

fn states(machine: &Machine) -> BTreeMap<&'static str, &'static str> {
    let users = machine.json(&["user", "list", "--revoked"]);
    let mut states = BTreeMap::new();
    // Who is revoked still has the names that it knew.
    for user in users.as_array().unwrap() {
        for name in ["ada", "bob", "cyd"] {
            if user["email"].as_str() == Some(&format!("{name}@example.org")) {
                let state = if user["state"] == "active" { "active" } else { "revoked" };
                states.insert(name, state);
            }
        }
    }
    states
}
