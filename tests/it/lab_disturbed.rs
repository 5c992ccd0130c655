//! A greeting in which something happens to the network or to a machine: `tests/lab/disturbed`, which needs root for its
//! network namespaces.

use crate::lab_two_machines::{may_make_networks, play_in_lab};
use crate::support::left_out;

const STEPS: [&str; 5] =
    ["the queue", "the host's code", "the guest's code", "the confirmation", "the welcome"];

#[test]
fn a_greeting_outlasts_a_cable_that_is_pulled_for_five_seconds_at_any_step() {
    at_each_step("cable", "5", &STEPS);
}

#[test]
fn a_cable_that_is_out_for_five_minutes_ends_no_more_than_the_attempt() {
    if is_long("a cable is out for five minutes") {
        at_each_step("cable", "300", &STEPS);
    }
}

#[test]
fn a_machine_that_gets_another_address_in_the_middle_of_a_greeting_ends_no_more_than_the_attempt() {
    if is_long("an address changes at each step") {
        at_each_step("ada moves", "0", &STEPS);
        at_each_step("bob moves", "0", &STEPS);
    } else {
        at_each_step("bob moves", "0", &STEPS[..1]);
    }
}

#[test]
fn a_machine_that_sleeps_for_longer_than_connections_last_ends_no_more_than_the_attempt() {
    if is_long("a machine sleeps for a minute") {
        for who in ["ada asleep", "bob asleep"] {
            at_each_step(who, "60", &STEPS);
        }
    } else {
        at_each_step("ada asleep", "45", &STEPS[..1]);
    }
}

pub(crate) fn is_long(what: &str) -> bool {
    let long = std::env::var_os("MUSTER_LONG").is_some();
    if !long {
        left_out(&format!("takes minutes; scripts/soak plays it ({what})"));
    }
    long
}

fn at_each_step(what: &str, seconds: &str, steps: &[&str]) {
    if !may_make_networks(&what.replace(' ', "")) {
        left_out("only root, with `ip`, can make a network of its own (tests/lab/disturbed)");
        return;
    }
    std::thread::scope(|together| {
        for step in steps {
            together.spawn(move || {
                let said = play_in_lab("disturbed", &[step, what, seconds]);
                assert_eq!(said, "Bob is in.\n", "{step}, {what}");
            });
        }
    });
}
