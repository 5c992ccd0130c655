//! What is typed: wrong command lines, exit codes, and that links are never repeated.

use std::path::Path;
use std::process::{Command, Output};

use super::control_stand_in::{LINK, StandIn};

/// The program, with nothing of this shell's environment that it listens to.
pub(crate) fn muster(socket: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MUSTER_") {
            command.env_remove(name);
        }
    }
    command.env("MUSTER_SOCKET", socket).args(words).stdin(std::process::Stdio::null());
    command
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn nowhere() -> &'static Path {
    Path::new("/nonexistent/muster/control.sock")
}

#[test]
fn a_bad_command_line_is_one_line_and_exit_2() {
    let table = [
        "",
        "stauts",
        "status extra",
        "--format yaml status",
        "--color sometimes status",
        "--bogus status",
        "-q -v status",
        "org",
        "org create Acme",
        "org create Acme --name Ada",
        "org rendezvous",
        "org rendezvous add",
        "org rendezvous add nowhere",
        "invite",
        "invite user",
        "invite user bob@example.org --expires soon",
        "invite user bob@example.org --expires 7",
        "invite user bob@example.org --expires 0s",
        "invite user bob@example.org --expires 99999999999999999999d",
        "invite user bob@example.org --expires",
        "invite user bob@example.org --send",
        "invite resend x",
        "invite show",
        "greet a b",
        "greet --guest",
        "join --lan acme muster:AAAA",
        "join",
        "user",
        "user set-profile",
        "user set-profile member",
        "user set-profile king bob",
        "user revoke",
        "user revoke bob",
        "device",
        "roster",
        "roster log --tail",
        "roster undo x",
        "session",
        "session open --seats many",
        "session open --profile emperor",
        "session open --for ever",
        "workspace list",
        "export ssh",
        "completions bash",
    ];
    for line in table {
        let words: Vec<_> = line.split_whitespace().collect();
        let output = muster(nowhere(), &words).output().unwrap();
        let said = err(&output);
        assert_eq!(code(&output), 2, "muster {line}: {said}");
        assert!(out(&output).is_empty(), "muster {line}: {}", out(&output));
        let lines: Vec<_> = said.lines().collect();
        assert!(lines[0].starts_with("muster: ") && lines[0].matches(": ").count() >= 2, "{line}: {said}");
        assert!(lines.len() == 1 || (lines.len() == 2 && lines[1].starts_with("hint: ")), "{line}: {said}");
    }
}

#[test]
fn a_program_gets_the_same_as_an_object() {
    for (words, variable) in [
        (&["--format", "json", "stauts"][..], None),
        (&["--format=json", "stauts"], None),
        (&["stauts"], Some("json")),
    ] {
        let mut command = muster(nowhere(), words);
        if let Some(format) = variable {
            command.env("MUSTER_FORMAT", format);
        }
        let output = command.output().unwrap();
        let object: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
        assert_eq!(code(&output), 2);
        assert_eq!(object["error"]["code"], "usage");
        assert!(object["error"]["message"].as_str().unwrap().starts_with("stauts: "));
        assert!(object["error"].as_object().unwrap().contains_key("field"));
        assert!(err(&output).starts_with("muster: stauts: "));
    }
}

#[test]
fn a_near_miss_is_named_in_the_hint() {
    let output = muster(nowhere(), &["stauts"]).output().unwrap();
    assert!(err(&output).contains("hint: did you mean status?"), "{}", err(&output));
}

#[test]
fn help_and_version_are_no_failure() {
    for words in [&["--help"][..], &["--version"], &["join", "--help"], &["help", "greet"]] {
        let output = muster(nowhere(), words).output().unwrap();
        assert_eq!(code(&output), 0);
        assert!(!out(&output).is_empty() && err(&output).is_empty());
    }
    let version = out(&muster(nowhere(), &["--version"]).output().unwrap());
    assert_eq!(version, format!("muster {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn without_a_daemon_every_command_is_exit_6_and_says_how_to_start_one() {
    for line in [
        "status",
        "org list",
        "org rendezvous list",
        "invite list",
        "greet",
        "user list",
        "roster verify",
        "events",
    ] {
        let words: Vec<_> = line.split_whitespace().collect();
        let output = muster(nowhere(), &words).output().unwrap();
        assert_eq!(code(&output), 6, "{line}");
        let said = err(&output);
        assert!(said.starts_with("muster: daemon: ") && said.contains("\nhint: start it: "), "{said}");
        assert!(out(&output).is_empty());
    }
    let output = muster(nowhere(), &["--format", "json", "status"]).output().unwrap();
    let object: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(object["error"]["code"], "no_daemon");
}

#[test]
fn a_link_in_the_wrong_place_is_never_repeated() {
    let daemon = StandIn::start();
    let secret = &LINK["muster:".len()..];
    let cut = &LINK[..80];
    for words in [
        &[LINK][..],
        &["join", LINK, LINK],
        &["greet", "a", LINK],
        &["join", "--link", LINK],
        &["status", &format!("--{LINK}")],
        &["user", "set-profile", LINK, "bob"],
        &["invite", "user", "a@b", "--expires", LINK],
        &["--format", secret, "status"],
        &["join", cut],
    ] {
        let output = muster(&daemon.socket, words).output().unwrap();
        assert_eq!(code(&output), 2, "{words:?}");
        let said = err(&output) + &out(&output);
        assert!(!said.contains(&secret[..20]), "{said}");
    }
}

#[test]
fn flags_win_over_variables() {
    let daemon = StandIn::start();
    let socket = daemon.socket.to_str().unwrap();
    let output = muster(nowhere(), &["--socket", socket, "status"]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", err(&output));
    let output = muster(&daemon.socket, &["--org", "Acme", "org", "show"])
        .env("MUSTER_ORG", "Elsewhere")
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", err(&output));
    let output = muster(&daemon.socket, &["org", "show"]).env("MUSTER_ORG", "Elsewhere").output().unwrap();
    assert_eq!(code(&output), 4);
    let output = muster(&daemon.socket, &["org", "show"]).env("MUSTER_ORG", "").output().unwrap();
    assert_eq!(code(&output), 0, "a variable set to nothing is not set");
}

#[test]
fn the_socket_is_looked_for_in_its_default_place() {
    if nix::unistd::geteuid().is_root() {
        let output = muster(Path::new(""), &["status"]).output().unwrap();
        let said = err(&output);
        assert!(code(&output) == 0 || said.contains("/run/muster/control.sock"), "{said}");
    } else {
        let output =
            muster(Path::new(""), &["status"]).env("XDG_RUNTIME_DIR", "/nonexistent").output().unwrap();
        assert!(err(&output).contains("/nonexistent/muster/control.sock"));
    }
}
