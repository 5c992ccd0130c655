//! Following the log of real daemons.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::daemons::{Machine, agree, eventually, greet};

/// How each certificate stands, as a machine's log has it.
fn standings(machine: &Machine) -> BTreeMap<String, String> {
    let said = machine.muster(&["--format", "json", "roster", "log"]);
    assert_eq!(said.code, 0, "{}", said.err);
    said.out.lines().map(|line| standing(&serde_json::from_str(line).unwrap())).collect()
}

fn standing(line: &Value) -> (String, String) {
    let text = |key: &str| line[key].as_str().unwrap().to_owned();
    (text("certificate_id"), text("standing"))
}

#[test]
fn who_follows_the_log_has_it_all_at_the_end_and_nothing_twice() {
    let [ada, mut bob, cyd] = ["ada", "bob", "cyd"].map(Machine::start);
    ada.found("Field Lab", "Ada", "ada@example.org");
    greet(&ada, &bob, "bob@example.org", "Bob", "administrator");
    let mut followers = [&ada, &bob].map(|machine| machine.converse(&["roster", "log", "--follow"]));
    greet(&bob, &cyd, "cyd@example.org", "Cyd", "member");
    for profile in ["administrator", "member"] {
        let said = ada.muster(&["user", "set-profile", profile, "cyd@example.org", "--yes"]);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    assert_eq!(bob.muster(&["--yes", "user", "revoke", "cyd@example.org"]).code, 0);
    agree(&[&ada, &bob]);
    for (machine, follower) in [&ada, &bob].into_iter().zip(&mut followers) {
        let mut told: BTreeMap<String, String> = BTreeMap::new();
        eventually("what was followed is the log", || {
            while let Some(Some(line)) = follower.poll() {
                let (id, standing) = standing(&line);
                assert_ne!(told.insert(id, standing.clone()), Some(standing), "twice: {line}");
            }
            told == standings(machine)
        });
    }
    assert_eq!(bob.stop(), 0);
    assert_eq!(followers[1].code(), 6, "it ends with the daemon");
}
