//! What commands print: JSON of the contract's shapes, text that no peer can bend, exit codes.

use std::io::Read;
use std::process::Stdio;

use muster::control::data::{Event, Happening, Moment};
use serde_json::Value;

use super::cli_command_line::{code, err, muster, out};
use super::control_stand_in::{ACME, ADA, INVITATION, LINK, STRANGER, StandIn};

fn json(daemon: &StandIn, line: &str) -> Value {
    let mut words = vec!["--format", "json"];
    words.extend(line.split_whitespace());
    let output = muster(&daemon.socket, &words).output().unwrap();
    assert!(err(&output).lines().all(|line| !line.starts_with("muster: ")), "{line}: {}", err(&output));
    assert_eq!(code(&output), 0, "{line}");
    serde_json::from_str(&out(&output)).unwrap()
}

fn has(value: &Value, keys: &[&str]) {
    let object = value.as_object().unwrap();
    for key in keys {
        assert!(object.contains_key(*key), "{key} is not in {value}");
    }
}

#[test]
fn every_command_prints_the_shape_of_the_contract() {
    let daemon = StandIn::start();
    let organization = [
        "organization_id",
        "name",
        "user_id",
        "device_id",
        "peer_id",
        "addresses",
        "profile",
        "state",
        "users",
        "connected",
        "roster_digest",
    ];
    let status = json(&daemon, "status");
    has(&status, &["version", "organizations", "waiting"]);
    has(&status["organizations"][0], &organization);
    has(&status["waiting"][0], &["invitation_id", "email", "guests", "since"]);
    has(&json(&daemon, "org show"), &organization);
    has(&json(&daemon, "org list")[0], &organization);
    has(&json(&daemon, "org create Acme --name Ada --email ada@example.org"), &organization);

    let invited = json(&daemon, "invite user bob@example.org eve@example.org --expires 2d");
    has(&invited[0], &["invitation_id", "email", "link", "expires_at", "state", "sent", "error"]);
    assert_eq!(invited[1]["email"], "eve@example.org");
    assert_eq!(invited[0]["link"], LINK);
    has(&json(&daemon, "invite device")[0], &["invitation_id", "link", "expires_at"]);
    let keys = ["invitation_id", "kind", "email", "created_by", "created_at", "expires_at", "state"];
    has(&json(&daemon, "invite list")[0], &[&keys[..], &["waiting", "ended_by"]].concat());
    assert_eq!(json(&daemon, "invite show 1212")["link"], LINK);
    has(&json(&daemon, "invite cancel bob@example.org"), &keys);

    let keys = [
        "invitation_id",
        "lan_id",
        "profile",
        "seats",
        "taken",
        "show_name",
        "expires_at",
        "state",
        "waiting",
    ];
    has(&json(&daemon, "session list")[0], &keys);
    has(&json(&daemon, "session close"), &keys);
    let opened = json(&daemon, "session open --profile admin --for 90m --seats 40 --show-name");
    has(&opened, &[&keys[..], &["link"]].concat());

    let users = json(&daemon, "user list");
    let keys = ["user_id", "name", "email", "profile", "state", "enrolled_at", "enrolled_by", "devices"];
    has(&users[0], &keys);
    has(&users[0]["devices"][0], &["device_id", "label", "peer_id"]);
    assert_eq!((&users[1]["name"], &users[1]["email"]), (&Value::Null, &Value::Null));
    has(&json(&daemon, "user show ada@example.org"), &keys);
    has(&json(&daemon, "device list")[0], &["device_id", "label", "peer_id"]);
    let changes = json(&daemon, "user set-profile admin bob already");
    has(&changes[0], &["user", "user_id", "email", "result", "reason"]);
    assert_eq!((&changes[0]["result"], &changes[1]["result"]), (&"changed".into(), &"unchanged".into()));
    json(&daemon, "--yes user revoke bob");
}

#[test]
fn what_was_typed_reaches_the_daemon() {
    let daemon = StandIn::start();
    for (line, asked) in [
        ("org create Acme --name Ada --email ada@x --device lap", "create Acme/Ada/ada@x/Some(\"lap\")"),
        (
            "session open --profile admin --for 90m --seats 7 --show-name",
            "None OpenSession { profile: Some(Administrator), life: Some(5400s), seats: Some(7), show_name: true }",
        ),
        ("session close 3434", "None CloseSession { session: Some(\"3434\") }"),
        ("session close", "None CloseSession { session: None }"),
        ("invite user a@b --expires 1d12h", "None InviteUsers { emails: [\"a@b\"], expires: Some(129600s) }"),
        ("invite device", "None InviteDevice { expires: None }"),
        ("invite list --all", "None ListInvitations { all: true }"),
        ("user list --revoked --org Acme", "Some(\"Acme\") ListUsers { revoked: true }"),
        ("device list ada", "None ListDevices { user: Some(\"ada\") }"),
        ("user set-profile ADMIN bob", "None SetProfiles { profile: Administrator, users: [\"bob\"] }"),
    ] {
        json(&daemon, line);
        // Who makes a link asks for points that can't be reached as well.
        let seen = std::iter::repeat_with(|| daemon.next_seen()).find(|seen| seen != "None ListPoints");
        assert_eq!(seen.as_deref(), Some(asked));
    }
}

#[test]
fn the_log_is_one_object_a_line() {
    let daemon = StandIn::start();
    let output = muster(&daemon.socket, &["--format", "json", "roster", "log"]).output().unwrap();
    let text = out(&output);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), code(&output)), (2, 0));
    let keys = ["certificate_id", "kind", "author_user", "author_device", "subject", "time", "standing"];
    has(&lines[0], &[&keys[..], &["reason"]].concat());
}

#[test]
fn a_roster_with_problems_is_exit_1_and_the_answer_is_printed_once() {
    let daemon = StandIn::start();
    let output = muster(&daemon.socket, &["--format", "json", "roster", "verify"]).output().unwrap();
    assert_eq!(code(&output), 1);
    let found: Value = serde_json::from_str(&out(&output)).unwrap();
    has(&found, &["certificates", "effective", "void", "roster_digest", "problems"]);
    assert_eq!(err(&output), "muster: roster verify: there is a problem\n");
}

#[test]
fn changes_have_one_exit_code_for_one_reason_and_8_for_several() {
    let daemon = StandIn::start();
    for (users, expected) in [
        ("bob", 0),
        ("already bob", 0),
        ("self", 3),
        ("nobody nobody2", 4),
        ("external external", 5),
        ("bob external", 8),
        ("already nobody", 8),
        ("self external", 8),
    ] {
        for command in ["--yes user revoke", "user set-profile member"] {
            let line = format!("--format json {command} {users}");
            let words: Vec<_> = line.split_whitespace().collect();
            let output = muster(&daemon.socket, &words).output().unwrap();
            assert_eq!(code(&output), expected, "{line}: {}", err(&output));
            let changes: Value = serde_json::from_str(&out(&output)).unwrap();
            assert_eq!(changes.as_array().unwrap().len(), users.split_whitespace().count());
            assert_eq!(err(&output).is_empty(), expected == 0);
        }
    }
}

#[test]
fn refusals_become_one_line_a_hint_an_object_and_their_exit_code() {
    let daemon = StandIn::start();
    for (line, expected, word) in [
        ("invite user a@b nonsense", 2, "bad_value"),
        ("user show nobody", 4, "no_such_user"),
        ("org forget", 5, "still_active"),
        ("--org Elsewhere user list", 4, "no_such_organization"),
        ("greet nothing", 4, "unknown_invitation"),
    ] {
        let line = format!("--format json {line}");
        let words: Vec<_> = line.split_whitespace().collect();
        let output = muster(&daemon.socket, &words).output().unwrap();
        assert_eq!(code(&output), expected, "{line}");
        let object: Value = serde_json::from_str(&out(&output)).unwrap();
        assert_eq!(object["error"]["code"], word);
        let first = err(&output).lines().next().unwrap().to_owned();
        assert_eq!(first, format!("muster: {}", object["error"]["message"].as_str().unwrap()));
    }
    let output = muster(&daemon.socket, &["org", "forget"]).output().unwrap();
    assert_eq!(err(&output).lines().nth(1), Some("hint: ask an Administrator to revoke you"));
    let output = muster(&daemon.socket, &["--quiet", "org", "forget"]).output().unwrap();
    assert_eq!(err(&output).lines().count(), 1);
}

#[test]
fn a_revocation_without_anybody_to_confirm_it_needs_yes() {
    let daemon = StandIn::start();
    for format in ["text", "json"] {
        let output = muster(&daemon.socket, &["--format", format, "user", "revoke", "bob"]).output().unwrap();
        assert_eq!(code(&output), 2);
        assert!(err(&output).contains("--yes"));
    }
    assert!(daemon.seen.try_recv().is_err(), "nothing was asked of the daemon");
}

#[test]
fn what_a_peer_supplies_never_reaches_the_terminal_raw() {
    let daemon = StandIn::start();
    for line in ["user list", "user show ada@example.org", "device list", "roster verify", "status"] {
        let words: Vec<_> = line.split_whitespace().collect();
        let output = muster(&daemon.socket, &words).output().unwrap();
        let text = out(&output) + &err(&output);
        let raw = text.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(raw, None, "{line}: {text}");
    }
    let output = muster(&daemon.socket, &["user", "list"]).output().unwrap();
    assert!(out(&output).contains("Ada\\u{1b}[2J\\u{202e} <ada@example.org>"), "{}", out(&output));
    assert!(out(&output).contains("user 3f3f3f3f "));

    // The text of an error may quote what was typed.
    let output =
        muster(&daemon.socket, &["user", "show", "\u{1b}[31m\nmuster: all is well"]).output().unwrap();
    assert_eq!((code(&output), err(&output).lines().count()), (4, 1), "{}", err(&output));
}

#[test]
fn tables_are_aligned_and_ids_short_unless_asked() {
    let daemon = StandIn::start();
    let text = out(&muster(&daemon.socket, &["user", "list"]).output().unwrap());
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0].find("ID"), lines[1].find(&ADA.short()));
    assert_eq!(lines[0].find("ID"), lines[2].rfind(&STRANGER.short()));
    assert!(!text.contains(&ADA.to_string()));
    let text = out(&muster(&daemon.socket, &["-v", "user", "list"]).output().unwrap());
    assert!(text.contains(&ADA.to_string()));
}

#[test]
fn colours_come_when_asked_for_only() {
    let daemon = StandIn::start();
    let plain = out(&muster(&daemon.socket, &["user", "list"]).output().unwrap());
    assert!(!plain.contains('\u{1b}'));
    let coloured = out(&muster(&daemon.socket, &["--color", "always", "user", "list"]).output().unwrap());
    assert!(coloured.contains('\u{1b}'));
}

#[test]
fn the_link_is_data_and_the_advice_is_not() {
    let daemon = StandIn::start();
    let output = muster(&daemon.socket, &["invite", "user", "bob@example.org"]).output().unwrap();
    assert!(out(&output).lines().any(|line| line.trim() == LINK));
    assert!(err(&output).contains("muster join -"));
    assert!(!err(&output).contains(LINK));
    let quiet = muster(&daemon.socket, &["-q", "invite", "user", "bob@example.org"]).output().unwrap();
    assert!(err(&quiet).is_empty());
}

#[test]
fn events_are_followed_until_the_daemon_stops() {
    for format in ["json", "text"] {
        let mut daemon = StandIn::start();
        let mut child = muster(&daemon.socket, &["--format", format, "events"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        while daemon.events.receiver_count() == 0 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let what = Happening::GuestWaiting {
            invitation_id: INVITATION,
            email: Some("bob\u{1b}@example.org".to_owned()),
            ticket: "17".to_owned(),
            guests: 1,
        };
        let event = Event { what, at: Moment(1_700_000_000_000), organization_id: Some(ACME) };
        daemon.events.send(event).unwrap();
        daemon.stop();
        let mut text = String::new();
        child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(6));
        let first = text.lines().next().unwrap();
        if format == "json" {
            let event: Value = serde_json::from_str(first).unwrap();
            assert_eq!((&event["event"], &event["ticket"]), (&"guest_waiting".into(), &"17".into()));
        } else {
            let expected = "2023-11-14 22:13:20Z  guest waits: ticket 17 at invitation 12121212 for \
                            bob\\u{1b}@example.org, 1 in all";
            assert_eq!(first, expected);
        }
    }
}
