//! What a person sees of sessions: those that are found, the one that is opened, and what to do where none is.

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::Value;

use super::cli_command_line::{code, err, muster, out};
use super::control_stand_in::StandIn;

/// Runs a command with all its input at once.
fn piped(daemon: &StandIn, words: &[&str], input: &str) -> Output {
    let mut command = muster(&daemon.socket, words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_guest_sees_two_sessions_in_a_table_and_the_name_of_the_host_who_shows_it() {
    let daemon = StandIn::start();
    let words = ["join", "--lan", "two", "--name", "Bob", "--email", "bob@example.org", "--device", "phone"];
    let said = err(&piped(&daemon, &words, "77777777\nTP9W\n"));
    let lines: Vec<Vec<&str>> = said.lines().map(|line| line.split_whitespace().collect()).collect();
    let row = |first: &str| {
        let row = lines.iter().find(|line| line.first() == Some(&first));
        row.unwrap_or_else(|| panic!("no {first} in: {said}")).join(" ")
    };
    assert_eq!(row("SESSION"), "SESSION ORGANIZATION HOST WAITING AT");
    assert_eq!(row("77777777"), "77777777 Acme Ada Lovelace 3 192.0.2.7");
    assert_eq!(row("88888888"), "88888888 Field Lab - 0 192.0.2.8");
}

#[test]
fn a_program_is_given_both_sessions_and_null_for_a_host_who_shows_no_name() {
    let daemon = StandIn::start();
    let words = ["--format", "json", "join", "--lan", "two", "--name", "Bob"];
    let output = piped(&daemon, &words, "77777777\n");
    let text = out(&output);
    let found: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sessions = found.iter().find(|step| step["step"] == "sessions").unwrap();
    assert_eq!(sessions["choose"], true);
    assert_eq!(sessions["sessions"][0]["host"], "Ada Lovelace");
    assert_eq!(sessions["sessions"][0]["waiting"], 3);
    assert_eq!(sessions["sessions"][1]["host"], Value::Null);
    assert_eq!(sessions["sessions"][1]["organization"], "Field Lab");
}

#[test]
fn who_finds_nobody_is_told_what_was_tried_and_what_to_do() {
    let daemon = StandIn::start();
    let output = piped(&daemon, &["join", "--lan", "nobody"], "");
    assert_eq!(code(&output), 6);
    let said = err(&output);
    assert!(said.contains("muster: join: no way led there (tried relay R: it carries too much)"), "{said}");
    assert!(said.contains("is the other device switched on, online, and its musterd running?"), "{said}");
}
