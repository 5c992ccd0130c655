//! A workshop in a room without Internet: `tests/lab/workshop`, which needs root for its network namespaces.

use std::path::Path;
use std::process::Command;

use crate::lab_two_machines::may_make_networks;
use crate::support::left_out;

#[test]
fn guests_on_one_switch_find_the_session_and_all_come_in() {
    if !may_make_networks("w") {
        left_out("only root, with `ip`, can make a network of its own (tests/lab/workshop)");
        return;
    }
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/workshop");
    let programs = Path::new(env!("CARGO_BIN_EXE_musterd")).parent().unwrap();
    // Forty take a minute on a machine that has nothing else to do.
    let guests = if std::env::var_os("MUSTER_LONG").is_some() { "40" } else { "12" };
    let played =
        Command::new(lab).arg(programs).args([guests, "4"]).env_remove("MUSTER_SOCKET").output().unwrap();
    let said = String::from_utf8_lossy(&played.stdout);
    assert!(played.status.success(), "{said}{}", String::from_utf8_lossy(&played.stderr));
    assert!(said.ends_with(&format!("{guests} guests are in, and all see the same roster.\n")), "{said}");
}
