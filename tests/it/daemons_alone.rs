//! One real daemon: how it starts, how it ends, and what it says where it can't.

use std::fs;
use std::process::Command;

use muster::core::primitives::limits::OPEN_FILES;

use crate::support::daemons::{Machine, Said};

#[test]
fn a_second_daemon_on_the_same_data_says_who_has_it_and_leaves_the_first_alone() {
    let ada = Machine::start("ada");
    ada.found("Field Lab", "Ada", "ada@example.org");
    let second: Said = ada.musterd().output().unwrap().into();
    assert_eq!(second.code, 1);
    assert!(second.err.contains(&format!("another musterd (pid {}) uses", ada.pid())), "{}", second.err);
    assert_eq!(ada.status()["state"], "active");
}

#[test]
fn a_daemon_that_is_told_to_end_ends_cleanly_and_comes_back_with_everything() {
    let mut ada = Machine::start("ada");
    ada.found("Field Lab", "Ada", "ada@example.org");
    let before = ada.digest();
    assert_eq!(ada.stop(), 0, "{}", ada.log());
    assert_eq!(ada.muster(&["status"]).code, 6);
    ada.boot();
    assert_eq!(ada.digest(), before);
}

#[test]
fn a_daemon_may_open_as_many_files_as_its_bounds_need_whatever_the_shell_allowed() {
    let mut ada = Machine::off("ada", "");
    let daemon = ada.musterd();
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -Sn 256; exec \"$0\" \"$@\""])
        .arg(daemon.get_program())
        .args(daemon.get_args());
    ada.boot_as(limited);
    let limits = fs::read_to_string(format!("/proc/{}/limits", ada.pid())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let [soft, hard] =
        [3, 4].map(|column| line.split_whitespace().nth(column).unwrap().parse().unwrap_or(u64::MAX));
    assert_eq!(soft, hard.min(OPEN_FILES), "{line}");
}

#[test]
fn a_daemons_bad_command_line_is_refused_in_the_form_of_every_refusal() {
    let rows: [&[&str]; 6] = [
        &["--nonsense"],
        &["--confg", "x"],
        &["--config"],
        &["--listen", "7733"],
        &["start"],
        &["--config", "/nowhere/musterd.toml"],
    ];
    for words in rows {
        let said: Said = Command::new(env!("CARGO_BIN_EXE_musterd")).args(words).output().unwrap().into();
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{words:?}: {}", said.err);
        let lines: Vec<_> = said.err.lines().collect();
        assert!(
            lines[0].starts_with("musterd: ") && lines[0].matches(": ").count() >= 2,
            "{words:?}: {}",
            said.err
        );
        assert!(
            lines.len() == 1 || (lines.len() == 2 && lines[1].starts_with("hint: ")),
            "{words:?}: {}",
            said.err
        );
    }
    let help: Said = Command::new(env!("CARGO_BIN_EXE_musterd")).arg("--help").output().unwrap().into();
    assert!(help.code == 0 && help.out.contains("--listen"), "{help:?}");
}
