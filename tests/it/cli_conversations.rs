//! `greet` and `join`, piped: every answer may lie ready beforehand, and every ending has its exit code.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::cli_command_line::{code, err, muster, out};
use super::control_stand_in::{LINK, StandIn};

fn begin(daemon: &StandIn, line: &str) -> Child {
    let words: Vec<_> = line.split_whitespace().collect();
    let mut command = muster(&daemon.socket, &words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Runs a command with all its input at once.
fn piped(daemon: &StandIn, line: &str, input: &str) -> Output {
    let mut child = begin(daemon, line);
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn steps(output: &Output) -> Vec<String> {
    let text = out(output);
    let values = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    values.map(|value| value["step"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_program_greets_with_all_answers_piped() {
    let daemon = StandIn::start();
    let input = "U4SQ\n{\"profile\":\"member\"}\n";
    let output = piped(&daemon, "--format json greet", input);
    assert_eq!(steps(&output), ["waiting", "show_code", "enter_code", "confirm", "done"]);
    assert_eq!((code(&output), err(&output).as_str()), (0, ""));
}

#[test]
fn a_program_chooses_one_of_several_guests() {
    let daemon = StandIn::start();
    let output = piped(&daemon, "--format json greet several", "18\nU4SQ\n{\"profile\":\"member\"}\n");
    assert_eq!(steps(&output), ["waiting", "choose", "show_code", "enter_code", "confirm", "done"]);
    assert_eq!(code(&output), 0);
}

#[test]
fn a_program_joins_with_the_link_on_the_first_line() {
    let daemon = StandIn::start();
    let details = "{\"name\":\"Bob\",\"email\":\"bob@example.org\",\"device\":\"phone\"}";
    let output = piped(&daemon, "--format json join -", &format!("{LINK}\nTP9W\n{details}\n"));
    assert_eq!(steps(&output), ["waiting", "enter_code", "show_code", "details", "waiting", "done"]);
    assert_eq!(code(&output), 0);

    let line = "--format json join - --name Bob --email bob@example.org --device phone";
    let output = piped(&daemon, line, &format!("{LINK}\nTP9W\n"));
    assert_eq!(steps(&output), ["waiting", "enter_code", "show_code", "waiting", "done"]);
}

#[test]
fn a_typo_is_asked_again_and_a_wrong_code_ends_it() {
    let daemon = StandIn::start();
    let output = piped(&daemon, "--format json greet", "U4\nnone\n");
    assert_eq!(steps(&output), ["waiting", "show_code", "enter_code", "enter_code", "ended"]);
    assert_eq!(code(&output), 7);
    let last: Value = serde_json::from_str(out(&output).lines().last().unwrap()).unwrap();
    assert_eq!((&last["reason"], &last["by"]), (&"wrong_code".into(), &"host".into()));
    assert!(err(&output).starts_with("muster: greet: the codes differ\nhint: "), "{}", err(&output));
}

#[test]
fn the_end_of_input_cancels_and_the_last_line_says_so() {
    let daemon = StandIn::start();
    // Also while nobody has asked anything, and where answers were given but for the last.
    for (line, input) in
        [("--format json greet", ""), ("--format json greet silent", ""), ("--format json greet", "U4SQ\n")]
    {
        let output = piped(&daemon, line, input);
        assert_eq!(steps(&output).last().unwrap(), "ended", "{line}");
        assert_eq!(code(&output), 7, "{line}");
        assert_eq!(daemon.next_seen(), "the client left", "{line}");
    }
}

#[test]
fn who_gave_all_answers_beforehand_is_heard_to_the_end_however_slow_the_other_side_is() {
    let daemon = StandIn::start();
    let line = "--format json join - --name slow --email bob@example.org --device phone";
    let output = piped(&daemon, line, &format!("{LINK}\nTP9W\n"));
    assert_eq!(steps(&output).last().unwrap(), "done");
    let output = piped(&daemon, "--format json greet slow", "U4SQ\n{\"profile\":\"member\"}\n");
    assert_eq!(steps(&output).last().unwrap(), "done");
}

#[test]
fn refusing_a_guest_is_exit_7() {
    let daemon = StandIn::start();
    let output = piped(&daemon, "--format json greet", "U4SQ\nrefuse\n");
    assert_eq!(steps(&output).last().unwrap(), "ended");
    assert_eq!(code(&output), 7);
}

#[test]
fn a_wrong_link_is_exit_2_and_is_not_repeated() {
    let daemon = StandIn::start();
    let output = piped(&daemon, "--format json join -", &LINK[..70]);
    assert_eq!(code(&output), 2);
    let object: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(object["error"]["code"], "bad_link");
    assert!(!(out(&output) + &err(&output)).contains(&LINK[7..30]));
    let output = piped(&daemon, "join -", "\n");
    assert_eq!(code(&output), 2);
}

#[test]
fn a_daemon_that_is_lost_ends_the_conversation() {
    let daemon = StandIn::start();
    let output = piped(&daemon, "--format json greet broken", "U4SQ\n");
    assert_eq!(steps(&output), ["waiting", "ended"]);
    assert_eq!(code(&output), 6, "nothing was revealed yet");

    let mut daemon = StandIn::start();
    let mut child = begin(&daemon, "--format json greet");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !lines.next().unwrap().unwrap().contains("enter_code") {}
    daemon.stop();
    let last: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!((&last["reason"], &last["by"]), (&"broken_off".into(), &"network".into()));
    assert_eq!(child.wait().unwrap().code(), Some(7));
}

#[test]
fn a_client_that_is_killed_is_seen_by_the_daemon() {
    let daemon = StandIn::start();
    let mut child = begin(&daemon, "--format json greet silent");
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(daemon.next_seen(), "the client left");
}

#[test]
fn ctrl_c_ends_the_attempt_cleanly() {
    let daemon = StandIn::start();
    for line in ["--format json greet silent", "--format json greet"] {
        let mut child = begin(&daemon, line);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        lines.next().unwrap().unwrap();
        let began = Instant::now();
        let pid = child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let last = lines.last().unwrap().unwrap();
        assert!(last.contains("\"ended\"") && last.contains("\"cancelled\""), "{last}");
        assert_eq!(child.wait().unwrap().code(), Some(7));
        assert!(began.elapsed() < Duration::from_secs(2));
        assert_eq!(daemon.next_seen(), "the client left");
    }
}

#[test]
fn a_person_without_a_terminal_is_asked_the_same_things() {
    let daemon = StandIn::start();
    // The profile has no default, so an empty line asks again.
    let output = piped(&daemon, "greet", "U4SQ\n\nmem\nyes\n");
    assert_eq!(code(&output), 0, "{}", err(&output));
    let text = out(&output);
    assert!(text.contains("TP9W\n") && text.contains("They are in: user b0b0b0b0 of Acme"), "{text}");
    let asked = err(&output);
    assert!(asked.contains("Bob\\u{1b}[31m") && !asked.contains('\u{1b}'), "{asked}");

    let output = piped(&daemon, "greet several", "18\nU4SQ\nadmin\nno\n");
    assert_eq!(code(&output), 7, "{}", err(&output));
    assert!(err(&output).contains("192.0.2.7"));
    assert!(err(&output).contains("Several guests wait with one link"));
}

#[test]
fn a_host_is_told_that_nobody_waits_with_the_ticket_they_named() {
    let daemon = StandIn::start();
    let output = piped(&daemon, "greet --guest 9", "U4SQ\nmember\nyes\n");
    let told = "Nobody waits with ticket 9; muster greet alone shows who does.";
    assert_eq!(err(&output).matches(told).count(), 1, "{}", err(&output));
}

#[test]
fn what_a_host_chooses_from_fits_a_terminal_of_eighty_columns() {
    let daemon = StandIn::start();
    let chosen_from = err(&piped(&daemon, "greet several", "18\nnone\n"));
    let lists = ["status", "invite list", "org list", "user show ada@example.org"]
        .map(|line| out(&piped(&daemon, line, "")));
    for text in lists.iter().chain([&chosen_from]) {
        // Sentences may wrap; a table that does can't be read.
        let rows = text.lines().filter(|line| line.trim().contains("  ") && !line.starts_with(' '));
        rows.for_each(|row| assert!(console::measure_text_width(row) <= 80, "{row}"));
    }
}

#[test]
fn a_person_joins_and_is_asked_only_what_is_missing() {
    let daemon = StandIn::start();
    let output = piped(&daemon, "join - --name Bob", &format!("{LINK}\nTP9W\nbob@example.org\nphone\n"));
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(out(&output).contains("You are in"), "{}", out(&output));
    assert!(err(&output).contains("You are joining Acme as a new person."));
    assert!(!err(&output).contains("Your name"));
    assert!(!err(&output).contains(LINK));
}

#[test]
fn a_person_who_said_everything_beforehand_is_told_what_they_join_all_the_same() {
    let daemon = StandIn::start();
    let line = "join - --name Bob --email bob@example.org --device phone";
    let output = piped(&daemon, line, &format!("{LINK}\nTP9W\n"));
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(err(&output).matches("You are joining Acme as a new person.").count(), 1, "{}", err(&output));
}

#[test]
fn becoming_a_device_takes_a_yes_that_no_flag_gives() {
    let daemon = StandIn::start();
    let line = "--yes join - --email a@b --device phone --name the_device";
    let words: Vec<_> = line.split_whitespace().collect();
    let run = |answer: &str| {
        let words: Vec<_> =
            words.iter().map(|word| if *word == "the_device" { "the device" } else { word }).collect();
        let mut child = muster(&daemon.socket, &words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let input = format!("{LINK}\nTP9W\n{answer}\n");
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    assert_eq!(code(&run("yes")), 0);
    assert_eq!(code(&run("y")), 7);
    assert_eq!(code(&run("")), 7);
    assert!(err(&run("yes")).contains("a device of Ada in Acme"));
}

/// Runs a command at a terminal of its own; `dialogue` is what is waited for and what is then typed. The command
/// takes the shell's place, since a shell that waited for it would end by Ctrl-C itself and hide its exit code.
pub(crate) fn at_a_terminal(daemon: &StandIn, line: &str, dialogue: &[(&str, &str)]) -> (i32, String) {
    let command =
        format!("exec {} --socket {} {line}", env!("CARGO_BIN_EXE_muster"), daemon.socket.display());
    let mut script = std::process::Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut keyboard, mut screen) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
    let mut seen = String::new();
    let mut from = 0;
    for (awaited, typed) in dialogue {
        let mut buffer = [0; 4096];
        while !seen[from..].contains(awaited) {
            let read = screen.read(&mut buffer).unwrap();
            assert!(read > 0, "{awaited} was never said: {seen}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
        from += seen[from..].find(awaited).unwrap() + awaited.len();
        keyboard.write_all(typed.as_bytes()).unwrap();
    }
    screen.read_to_string(&mut seen).unwrap();
    (script.wait().unwrap().code().unwrap(), seen)
}

#[test]
fn a_person_at_a_terminal_sees_the_code_in_large_letters() {
    let daemon = StandIn::start();
    let dialogue = [
        ("T  P  9  W", ""),
        ("differs): ", "U4\n"),
        ("Once more: a code has four characters", ""),
        ("differs): ", "U4SQ\n"),
        ("administrator): ", "member\n"),
        ("edit): ", "edit\n"),
        ("Their name [Bob\\u{1b}[31m]: ", "Bob\n"),
        ("Their email address [bob@example.org]: ", "\n"),
        ("Their device [phone]: ", "\n"),
        ("edit): ", "yes\n"),
    ];
    let (code, seen) = at_a_terminal(&daemon, "greet", &dialogue);
    assert_eq!(code, 0, "{seen}");
}

#[test]
fn ctrl_c_at_a_prompt_leaves_the_greeting_and_a_clean_line() {
    let daemon = StandIn::start();
    let (code, seen) = at_a_terminal(&daemon, "greet", &[("differs): ", "\u{3}")]);
    assert_eq!(code, 7, "{seen}");
    assert!(seen.contains("\nmuster: greet: the person at this end cancelled"), "{seen}");
    assert_eq!(daemon.next_seen(), "the client left");
}

#[test]
fn after_a_broken_attempt_a_person_may_try_again() {
    let daemon = StandIn::start();
    let dialogue = [("Paste the link of your invitation: ", &*format!("{LINK}\n")), ("differs): ", "NONE\n")];
    let (code, seen) = at_a_terminal(&daemon, "join", &dialogue);
    assert_eq!(code, 7, "where trust failed the command has to be given anew: {seen}");
    let again = [
        ("Paste the link of your invitation: ", &*format!("{LINK}\n")),
        ("differs): ", "LOST\n"),
        ("Enter to try again, Ctrl-C to leave it: ", "\n"),
        ("differs): ", "TP9W\n"),
        ("Your name: ", "Bob\n"),
        ("Your email address: ", "bob@example.org\n"),
        ("to be called", "\n"),
    ];
    let (code, seen) = at_a_terminal(&daemon, "join", &again);
    assert_eq!(code, 0, "{seen}");
    let left = [&again[..2], &[("Enter to try again, Ctrl-C to leave it: ", "\u{3}")]].concat();
    let (code, seen) = at_a_terminal(&daemon, "join", &left);
    assert_eq!(code, 7, "{seen}");
}
