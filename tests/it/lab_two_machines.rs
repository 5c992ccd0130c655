//! Two machines on one cable: `tests/lab/two_machines`, which needs root for its network namespaces.

use crate::support::left_out;
use std::path::Path;
use std::process::Command;

#[test]
fn two_machines_on_one_cable_find_each_other_by_the_links_addresses() {
    play("all");
}

#[test]
fn two_machines_on_one_cable_find_each_other_by_multicast() {
    play("points");
}

#[test]
fn two_machines_that_speak_ipv6_alone_find_each_other_by_multicast() {
    play_in("points", &["fd00:78::"]);
}

fn play(hints: &str) {
    play_in(hints, &[]);
}

fn play_in(hints: &str, net: &[&str]) {
    if !may_make_networks(&[hints, &net.len().to_string()].concat()) {
        left_out("only root, with `ip`, can make a network of its own (tests/lab/two_machines)");
        return;
    }
    let said = play_in_lab("two_machines", &[&[hints], net].concat());
    assert_eq!(said, format!("Bob is in, by {hints}.\n"));
}

/// Plays a script of `tests/lab` with the programs as they were built; gives what it said.
pub(crate) fn play_in_lab(script: &str, how: &[&str]) -> String {
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab").join(script);
    let programs = Path::new(env!("CARGO_BIN_EXE_musterd")).parent().unwrap();
    let played = Command::new(lab).arg(programs).args(how).env_remove("MUSTER_SOCKET").output().unwrap();
    let said = String::from_utf8_lossy(&played.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&played.stderr);
    assert!(played.status.success(), "{script} {how:?}: {said}{wrong}");
    said
}

pub(crate) fn may_make_networks(hints: &str) -> bool {
    let name = format!("mup{}{hints}", std::process::id());
    let netns = |deed: &str| {
        let made = Command::new("ip").args(["netns", deed, &name]).output();
        made.is_ok_and(|made| made.status.success())
    };
    netns("add") && netns("del")
}
