//! A cable that is pulled in the middle of a greeting: `tests/lab/pulled_cable`, which needs root for its network namespaces.

use std::path::Path;
use std::process::Command;

use crate::lab_two_machines::may_make_networks;

#[test]
fn a_greeting_outlasts_a_cable_that_is_pulled_for_five_seconds_at_any_step() {
    if !may_make_networks("cable") {
        eprintln!("SKIPPED: only root, with `ip`, can make a network of its own (tests/lab/pulled_cable)");
        return;
    }
    std::thread::scope(|together| {
        for step in ["the queue", "the host's code", "the guest's code", "the confirmation"] {
            together.spawn(move || play(step));
        }
    });
}

fn play(step: &str) {
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/pulled_cable");
    let programs = Path::new(env!("CARGO_BIN_EXE_musterd")).parent().unwrap();
    let played =
        Command::new(lab).arg(programs).args([step, "5"]).env_remove("MUSTER_SOCKET").output().unwrap();
    let said = String::from_utf8_lossy(&played.stdout);
    let wrong = String::from_utf8_lossy(&played.stderr);
    assert!(played.status.success(), "{step}: {said}{wrong}");
    assert_eq!(said, "Bob is in.\n");
}
