//! The roster between real daemons: what one signs comes to all.

use crate::support::daemons::{Machine, agree, greet};

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
