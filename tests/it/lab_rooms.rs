//! Two organizations in one room, two sessions of one host, and a guest of both: `tests/lab/rooms`, which needs root for its
//! network namespaces.

use std::process::Command;

use crate::lab_two_machines::{may_make_networks, play_in_lab};
use crate::support::left_out;

const EACH: &str = "Each is where they wanted to be.\n";

#[test]
fn in_a_room_with_three_sessions_each_guest_comes_into_the_one_they_chose() {
    if !may_make_networks("rooms") {
        left_out("only root, with `ip`, can make a network of its own (tests/lab/rooms)");
        return;
    }
    assert_eq!(play_in_lab("rooms", &[]), EACH);
}

#[test]
fn in_that_room_it_does_not_matter_that_clocks_are_a_day_apart() {
    let has_clocks = Command::new("faketime").arg("--version").output().is_ok();
    if !may_make_networks("clocks") || !has_clocks {
        left_out("only root, with `ip` and `faketime`, can play this (tests/lab/rooms)");
        return;
    }
    assert_eq!(play_in_lab("rooms", &["+1d"]), EACH);
}
