//! A daemon whose disk is full or whose files are damaged: it says so, loses nothing that it need not lose, and lives.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::daemons::{Machine, Said, agree, eventually, greet};
use crate::support::left_out;

/// The disk is a small file system that only the daemon sees; the test reaches it through the daemon's own root.
#[test]
fn a_full_disk_is_said_loses_nothing_and_once_there_is_room_everything_works_again() {
    let mut ada = Machine::off("ada", "");
    fs::create_dir_all(ada.data().join("memberships")).unwrap();
    let Some(command) = on_a_disk_of_its_own(&ada) else {
        left_out("this user can't mount a file system of their own");
        return;
    };
    ada.boot_as(command);
    ada.found("Field Lab", "Ada", "ada@example.org");
    ada.link_for("bob@example.org");
    let disk = PathBuf::from(format!("/proc/{}/root", ada.pid())).join(ada.data().strip_prefix("/").unwrap());
    let filler = disk.join("memberships/filler.file");
    fill(&filler);

    let mut made = vec!["bob@example.org".to_owned()];
    let full = invite_until_told(&ada, &mut made);
    let second = ada.muster(&["org", "create", "Second", "--name", "Ada", "--email", "ada@example.org"]);
    for told in [full, second] {
        assert_eq!(told.code, 1, "{told:?}");
        let lines: Vec<_> = told.err.lines().filter(|line| !line.starts_with("hint: ")).collect();
        assert!(
            lines.len() == 1 && lines[0].starts_with("muster: store: no space is left to write to "),
            "{told:?}"
        );
    }
    assert_eq!(ada.muster(&["status"]).code, 0, "the daemon lives");

    fs::remove_file(&filler).unwrap();
    eventually("there is room again", || ada.muster(&["invite", "user", "late@example.org"]).code == 0);
    made.push("late@example.org".to_owned());
    let there = ada.json(&["invite", "list"]);
    for email in made {
        assert!(there.as_array().unwrap().iter().any(|each| each["email"] == email.as_str()), "{email}");
    }
    assert_eq!(ada.json(&["org", "list"]).as_array().unwrap().len(), 1);
    let bob = Machine::start("bob");
    greet(&ada, &bob, "bob@example.org", "Bob", "member");
    agree(&[&ada, &bob]);
}

#[test]
fn a_damaged_or_emptied_index_is_mended_at_the_start_and_nothing_is_lost() {
    let (mut ada, bob) = (Machine::start("ada"), Machine::start("bob"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    greet(&ada, &bob, "bob@example.org", "Bob", "member");
    ada.link_for("eve@example.org");
    let (users, invitations) = (ada.json(&["user", "list"]), ada.json(&["invite", "list"]));
    for damage in [(|_: &[u8]| Vec::new()) as fn(&[u8]) -> Vec<u8>, garbled] {
        assert_eq!(ada.stop(), 0);
        // sled writes its index when a log with something in it is opened.
        ada.boot();
        ada.kill();
        let snapshot = only(&ada.memberships()[0], "snap.");
        fs::write(&snapshot, damage(&fs::read(&snapshot).unwrap())).unwrap();
        ada.boot();
        assert_eq!(without_connections(ada.json(&["user", "list"])), without_connections(users.clone()));
        assert_eq!(ada.json(&["invite", "list"]), invitations);
        assert!(ada.log().contains("index was damaged and has been rebuilt"), "{}", ada.log());
    }
    agree(&[&ada, &bob]);
}

#[test]
fn a_log_that_has_lost_its_end_is_a_warning_and_a_note_in_the_status() {
    let mut ada = Machine::start("ada");
    ada.found("Field Lab", "Ada", "ada@example.org");
    for number in 0..20 {
        ada.link_for(&format!("guest{number}@example.org"));
    }
    ada.kill();
    let path = ada.memberships()[0].join("db");
    let log = fs::read(&path).unwrap();
    let end = log.iter().rposition(|byte| *byte != 0).unwrap() as u64;
    fs::File::options().write(true).open(&path).unwrap().write_all_at(&[0; 600], end - 599).unwrap();
    ada.boot();
    let said = ada.status()["advice"].to_string();
    assert!(said.contains("the store was damaged and has lost its last"), "{said}");
    assert!(ada.muster(&["status"]).out.contains("note: the store was damaged"), "a person sees it too");
    assert!(ada.log().contains("WARN") && ada.log().contains("has lost its last"), "{}", ada.log());
    assert_eq!(ada.muster(&["invite", "user", "late@example.org"]).code, 0);
}

#[test]
fn a_membership_damaged_beyond_reading_is_kept_beside_and_the_status_says_where() {
    let mut ada = Machine::start("ada");
    ada.found("Field Lab", "Ada", "ada@example.org");
    assert_eq!(ada.stop(), 0);
    let dir = ada.memberships()[0].clone();
    let mut log = fs::read(dir.join("db")).unwrap();
    log.chunks_mut(512).for_each(|chunk| chunk[..64].fill(0xa5));
    fs::write(dir.join("db"), &log).unwrap();
    let aside = dir.with_extension("damaged-1");
    // Twice: what was set aside outlives the empty store in its place, and every later start.
    for _ in 0..2 {
        ada.boot();
        eventually("the empty store in its place is gone", || ada.memberships() == [aside.clone()]);
        let notes = ada.json(&["status"])["notes"].to_string();
        assert!(notes.contains(aside.to_str().unwrap()), "{notes}");
        assert_eq!(fs::read(aside.join("db")).unwrap(), log);
        assert_eq!(ada.stop(), 0);
    }
    assert!(ada.log().contains("WARN"), "{}", ada.log());
    ada.boot();
    ada.found("Other Lab", "Ada", "ada@example.org");
    assert_eq!(ada.status()["name"], "Other Lab");
}

/// Makes invitations, and notes them, until the daemon can't.
fn invite_until_told(host: &Machine, made: &mut Vec<String>) -> Said {
    let domain = format!("{0}.{0}.example.org", "x".repeat(60));
    for round in 0..10 {
        let emails: Vec<_> = (0..90).map(|number| format!("guest{round}-{number}@{domain}")).collect();
        let words = ["invite", "user"].into_iter().chain(emails.iter().map(String::as_str));
        let said = host.muster(&words.collect::<Vec<_>>());
        if said.code != 0 {
            return said;
        }
        made.extend(emails);
    }
    panic!("the disk never was full");
}

/// The daemon's command within a file system of its own for the memberships, or none where that can't be.
fn on_a_disk_of_its_own(machine: &Machine) -> Option<Command> {
    let namespace = if rustix::process::geteuid().is_root() { "-m" } else { "-rm" };
    let mount = r#"mount -t tmpfs -o size=6m none "$MUSTER_TEST_DIR/memberships""#;
    let within = |rest: &str| {
        let mut command = Command::new("unshare");
        command.args([namespace, "sh", "-c", &format!("{mount} && {rest}"), "sh"]);
        command.env("MUSTER_TEST_DIR", machine.data());
        command
    };
    if !within("true").status().is_ok_and(|status| status.success()) {
        return None;
    }
    let musterd = machine.musterd();
    let mut command = within(r#"exec "$@""#);
    command.arg(musterd.get_program()).args(musterd.get_args()).env_remove("RUST_LOG");
    Some(command)
}

/// Writes until nothing more goes.
fn fill(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    for size in [65_536, 4096, 1] {
        while file.write_all(&vec![7; size]).is_ok() {}
    }
}

fn garbled(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    bytes
}

fn only(dir: &Path, start: &str) -> PathBuf {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut found = names.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(start));
    found.next().unwrap_or_else(|| panic!("no {start}* in {}", dir.display()))
}

/// Who is connected at the moment is no matter of what was kept.
fn without_connections(mut users: Value) -> Value {
    for user in users.as_array_mut().unwrap() {
        for device in user["devices"].as_array_mut().unwrap() {
            device["connected"] = Value::Null;
        }
    }
    users
}
