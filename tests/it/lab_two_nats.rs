//! Two people at home, each behind a router that lets nothing in: `tests/lab/two_nats`, which needs root for its network
//! namespaces.

use std::path::Path;
use std::process::Command;

use crate::lab_two_machines::may_make_networks;

const IN: &str = "Bob is in.\n";
const DIRECT: &str = "They are in step without the point.\n";

#[test]
fn two_behind_ordinary_routers_greet_through_a_relay_and_do_without_it_afterwards() {
    play(&["cone", "cone"], &[IN, DIRECT].concat());
}

#[test]
fn a_guest_behind_a_symmetric_router_is_greeted() {
    play(&["cone", "symmetric"], IN);
}

#[test]
fn a_host_behind_a_symmetric_router_greets() {
    play(&["symmetric", "cone"], IN);
}

#[test]
fn two_behind_symmetric_routers_greet_through_a_relay() {
    play(&["symmetric", "symmetric"], IN);
}

#[test]
fn two_far_from_each_other_on_a_bad_line_greet_and_find_a_direct_way() {
    play(&["cone", "cone", "25", "0.01"], &[IN, DIRECT].concat());
}

#[test]
fn two_far_from_each_other_behind_symmetric_routers_greet_on_a_bad_line() {
    play(&["symmetric", "symmetric", "25", "0.01"], IN);
}

fn play(how: &[&str], expected: &str) {
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let name = how.concat().replace('.', "");
    if !may_make_networks(&name) || !has("nft") || !has("python3") {
        eprintln!("SKIPPED: only root, with `ip`, `nft` and `python3`, can play tests/lab/two_nats");
        return;
    }
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/two_nats");
    let programs = Path::new(env!("CARGO_BIN_EXE_musterd")).parent().unwrap();
    let played = Command::new(lab).arg(programs).args(how).env_remove("MUSTER_SOCKET").output().unwrap();
    let said = String::from_utf8_lossy(&played.stdout);
    let wrong = String::from_utf8_lossy(&played.stderr);
    assert!(played.status.success(), "{said}{wrong}");
    assert_eq!(said, expected);
}
