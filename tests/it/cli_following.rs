//! `muster roster log --follow`: the log, then what changes in it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use muster::control::data::{Event, Happening, Moment, UserId};
use muster::core::primitives::limits;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::cli_command_line::muster;
use super::control_stand_in::{ACME, StandIn};
use crate::support::daemons::eventually;

fn event(what: Happening) -> Event {
    Event { what, at: Moment(1_700_000_000_000), organization_id: Some(ACME) }
}

/// A follower that runs, and its lines as they come.
fn follow(daemon: &StandIn, format: &str) -> (Child, Receiver<String>) {
    let words = ["--format", format, "--quiet", "roster", "log", "--follow"];
    let mut client = muster(&daemon.socket, &words).stdout(Stdio::piped()).spawn().unwrap();
    let (tell, lines) = channel();
    let out = BufReader::new(client.stdout.take().unwrap());
    std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
    (client, lines)
}

fn next(lines: &Receiver<String>) -> String {
    lines.recv_timeout(Duration::from_secs(20)).unwrap()
}

#[test]
fn a_follower_of_the_log_prints_it_and_then_only_what_is_new_or_stands_otherwise() {
    let daemon = StandIn::start();
    let (mut client, lines) = follow(&daemon, "json");
    let first: Value = serde_json::from_str(&next(&lines)).unwrap();
    assert_eq!((&first["kind"], &first["standing"]), (&"found".into(), &"effective".into()));
    assert_eq!(daemon.next_seen(), "None LogChanges { since: None }");
    daemon.events.send(event(Happening::LogChanged)).unwrap();
    let second: Value = serde_json::from_str(&next(&lines)).unwrap();
    assert_eq!(second["kind"], "revoke");
    assert_eq!(daemon.next_seen(), "None LogChanges { since: Some(\"aa\") }");
    // What else happens is none of its business.
    daemon
        .events
        .send(event(Happening::UserRevoked { user_id: UserId([1; 32]), certificate_id: first_id() }))
        .unwrap();
    daemon.events.send(event(Happening::LogChanged)).unwrap();
    assert_eq!(daemon.next_seen(), "None LogChanges { since: Some(\"bb\") }");
    assert!(daemon.seen.try_recv().is_err() && lines.try_recv().is_err());
    drop(daemon);
    assert_eq!(client.wait().unwrap().code(), Some(6), "the daemon stopped");
    assert!(lines.recv().is_err(), "and nothing more was printed");
}

fn first_id() -> muster::control::data::CertificateId {
    muster::control::data::CertificateId([0xce; 32])
}

#[test]
fn a_follower_of_the_log_that_was_too_slow_starts_over_from_what_it_saw_last() {
    let daemon = StandIn::start();
    let (mut client, lines) = follow(&daemon, "text");
    let (titles, founded) = (next(&lines), next(&lines));
    assert!(titles.starts_with("CERTIFICATE  TIME") && founded.contains("  Ada  found "), "{founded}");
    assert_eq!(daemon.next_seen(), "None LogChanges { since: None }");
    let pid = Pid::from_child(&client);
    kill_process(pid, Signal::STOP).unwrap();
    for _ in 0..40 * limits::PENDING_EVENTS {
        let _ = daemon.events.send(event(Happening::LogChanged));
    }
    kill_process(pid, Signal::CONT).unwrap();
    let later = next(&lines);
    assert!(later.contains("  Ada  revoke  Bob\\u{202e}  effective"), "{later}");
    // It asks for each event that it did hear, and once more when it listens again.
    while daemon.seen.recv_timeout(Duration::from_millis(300)).is_ok() {}
    eventually("it listens again", || daemon.events.send(event(Happening::LogChanged)).is_ok());
    assert_eq!(daemon.next_seen(), "None LogChanges { since: Some(\"bb\") }");
    client.kill().unwrap();
    client.wait().unwrap();
    assert!(lines.recv().is_err(), "no line came twice");
}

#[test]
fn that_the_log_changed_is_told_only_to_who_follows_the_log() {
    let daemon = StandIn::start();
    let words = ["--format", "json", "--quiet", "events"];
    let mut client = muster(&daemon.socket, &words).stdout(Stdio::piped()).spawn().unwrap();
    eventually("it follows", || daemon.events.send(event(Happening::LogChanged)).is_ok());
    daemon
        .events
        .send(event(Happening::UserRevoked { user_id: UserId([1; 32]), certificate_id: first_id() }))
        .unwrap();
    let mut line = String::new();
    BufReader::new(client.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("user_revoked"), "{line}");
    client.kill().unwrap();
    client.wait().unwrap();
}
