//! A neighbour that announces ten thousand names: `tests/lab/loud_neighbour`, which needs root for its network namespaces.

use std::path::Path;
use std::process::Command;

use crate::lab_two_machines::may_make_networks;
use crate::support::left_out;

#[test]
fn a_neighbour_that_announces_ten_thousand_names_keeps_no_guest_with_a_link_from_the_host() {
    play("link");
}

#[test]
fn a_neighbour_that_announces_ten_thousand_names_keeps_no_guest_from_the_rooms_session() {
    play("lan");
}

fn play(way: &str) {
    if !may_make_networks(&format!("n{way}")) {
        left_out("only root, with `ip`, can make a network of its own (tests/lab/loud_neighbour)");
        return;
    }
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/loud_neighbour");
    let programs = Path::new(env!("CARGO_BIN_EXE_musterd")).parent().unwrap();
    let played = Command::new(lab).arg(programs).arg(way).env_remove("MUSTER_SOCKET").output().unwrap();
    let said = String::from_utf8_lossy(&played.stdout);
    assert!(played.status.success(), "{said}{}", String::from_utf8_lossy(&played.stderr));
    assert_eq!(said, "Bob is in.\n");
}
