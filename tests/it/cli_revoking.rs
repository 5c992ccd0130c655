//! What can't be undone: a person is asked, a script says `--yes`, and who revokes sees whom that may leave behind.

use super::cli_command_line::{code, err, muster, out};
use super::cli_conversations::at_a_terminal;
use super::control_stand_in::{CYD, StandIn};

const SURE: &str = "It can't be undone (y/n) [n]: ";
const AS_WELL: &str = "Revoke them as well? (y/n) [n]: ";

/// Whom the daemon was asked to revoke, if it was.
fn revoked(daemon: &StandIn) -> Option<String> {
    daemon.seen.try_iter().find(|seen| seen.contains("RevokeUsers"))
}

#[test]
fn a_person_at_a_terminal_confirms_a_revocation() {
    let daemon = StandIn::start();
    let (code, seen) = at_a_terminal(&daemon, "user revoke already", &[(SURE, "\n")]);
    assert_eq!(code, 1, "{seen}");
    assert_eq!(revoked(&daemon), None, "Enter alone is no");
    let (code, seen) = at_a_terminal(&daemon, "user revoke already", &[(SURE, "y\n")]);
    assert_eq!(code, 0, "{seen}");
    assert_eq!(revoked(&daemon).unwrap(), "None RevokeUsers { users: [\"already\"] }");
}

#[test]
fn who_revokes_somebody_is_offered_the_administrators_whom_they_made() {
    let daemon = StandIn::start();
    let (code, seen) = at_a_terminal(&daemon, "user revoke boss", &[(AS_WELL, "y\n"), (SURE, "y\n")]);
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("Administrators because of them:\r\n  Cyd <cyd@example.org>  cdcdcdcd"), "{seen}");
    assert!(seen.contains("Revoke boss, Cyd <cyd@example.org> with all devices?"), "{seen}");
    assert_eq!(revoked(&daemon).unwrap(), format!("None RevokeUsers {{ users: [\"boss\", \"{CYD}\"] }}"));
    for (as_well, sure, expected) in [("n\n", "y\n", true), ("y\n", "n\n", false), ("\n", "\n", false)] {
        at_a_terminal(&daemon, "user revoke boss", &[(AS_WELL, as_well), (SURE, sure)]);
        let only_boss = expected.then(|| "None RevokeUsers { users: [\"boss\"] }".to_owned());
        assert_eq!(revoked(&daemon), only_boss, "{as_well:?} {sure:?}");
    }
}

#[test]
fn a_script_that_revokes_is_told_in_one_line_whom_it_left_out() {
    let daemon = StandIn::start();
    for format in ["json", "text"] {
        let words = ["--yes", "--format", format, "user", "revoke", "boss"];
        let output = muster(&daemon.socket, &words).output().unwrap();
        assert_eq!(code(&output), 0, "{}", err(&output));
        let left = "Cyd <cyd@example.org>, Administrator because of them, is not revoked: name them as well to revoke them.\n";
        assert_eq!(err(&output), left);
        assert_eq!(revoked(&daemon).unwrap(), "None RevokeUsers { users: [\"boss\"] }");
        assert!(!out(&output).contains("Cyd"));
    }
    let words = ["--yes", "user", "revoke", "boss", &CYD.to_string()];
    let output = muster(&daemon.socket, &words).output().unwrap();
    assert_eq!(err(&output).matches("because of them").count(), 0, "who was named isn't offered");
}
