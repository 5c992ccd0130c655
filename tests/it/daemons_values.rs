//! Values that can't be taken, through the real command and the real daemon: one line that names the field, exit code
//! 2, and nothing of it is kept.

use crate::support::daemons::{Machine, Said};

#[test]
fn a_link_that_is_none_is_named_and_nothing_is_kept() {
    let (ada, bob) = (Machine::start("ada"), Machine::start("bob"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    let link = ada.link_for("bob@example.org");
    let (scheme, rest) = link.split_once(':').unwrap();
    let middle = rest.len() / 2;
    let other = if rest.as_bytes()[middle] == b'A' { "B" } else { "A" };
    let altered = format!("{scheme}:{}{other}{}", &rest[..middle], &rest[middle + 1..]);
    // The first byte is the version; base32 keeps most of it in the first letter.
    let newer = format!("{scheme}:7{}", &rest[1..]);
    let rows = [
        ("the wrong scheme", format!("https:{rest}")),
        ("no scheme", rest.to_owned()),
        ("cut off", link[..link.len() - 9].to_owned()),
        ("cut off in the middle", link[..link.len() / 2].to_owned()),
        ("one letter changed", altered),
        ("another version", newer),
        ("the scheme alone", format!("{scheme}:")),
        ("spaces", "   ".to_owned()),
        ("empty", String::new()),
        ("ten kilobytes", format!("{scheme}:{}", "A".repeat(10_000))),
        ("ten kilobytes more", format!("{link}{}", "A".repeat(10_000))),
        ("control characters", format!("{link}\u{1b}[2J\u{202e}")),
    ];
    for (what, wrong) in rows {
        let mut joins = bob.converse(&["join", "-"]);
        joins.answer(&wrong);
        let error = joins.next().unwrap_or_default()["error"].clone();
        assert_eq!(joins.code(), 2, "{what}: {error} {:?}", joins.seen);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("link"), "{what}: {message}");
        assert!(!message.contains(&rest[10..20]), "a link is a secret: {what}: {message}");
        assert!(bob.memberships().is_empty(), "{what}: something was kept");
    }
    assert!(bob.status().is_null());
    let mut joins = bob.converse(&["join", "-"]);
    joins.answer(&link);
    joins.until("waiting");
}

#[test]
fn a_field_that_can_not_be_taken_is_named_and_nothing_is_kept() {
    let (ada, bob) = (Machine::start("ada"), Machine::start("bob"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    let long_email = format!("{}@example.org", "x".repeat(290));
    let (long_label, long_name) = ("x".repeat(65), "ü".repeat(65));
    let found = |field: usize, value: &'static str| {
        let mut words =
            ["org", "create", "Lab", "--name", "Bob", "--email", "bob@example.org", "--device", "laptop"];
        words[field] = value;
        words.map(str::to_owned).to_vec()
    };
    let invite = |email: &str| vec!["invite".to_owned(), "user".to_owned(), email.to_owned()];
    let with = |field: usize, value: &str| {
        let mut words = found(0, "org");
        words[field] = value.to_owned();
        words
    };
    let rows = [
        ("email", found(6, "bob.example.org")),
        ("email", found(6, "")),
        ("email", found(6, "bob@")),
        ("email", with(6, &long_email)),
        ("email", found(6, "b\u{202e}ob@example.org")),
        ("name", found(4, "Bob\u{1b}[2J")),
        ("name", found(4, "Bob\u{202e}nimda")),
        ("name", found(4, "Bob\nAdministrator")),
        ("name", found(4, "")),
        ("name", with(4, &long_name)),
        ("device", with(8, &long_label)),
        ("device", found(8, "lap\u{7}top")),
        ("organization", found(2, "")),
        ("organization", found(2, "Lab\u{2066}")),
        ("organization", with(2, &long_name)),
    ];
    for (field, words) in rows {
        one_line(&bob.muster(&words), field, &words);
        assert!(bob.memberships().is_empty(), "{words:?}: something was kept");
    }
    assert!(bob.status().is_null());
    for email in
        ["zoe", "@example.org", "zoe@", &long_email, "zoe\u{202e}@example.org", "zoe@example.org\u{7}"]
    {
        one_line(&ada.muster(&invite(email)), "email", &invite(email));
        let with_a_good_one = [invite("good@example.org"), vec![email.to_owned()]].concat();
        one_line(&ada.muster(&with_a_good_one), "email", &with_a_good_one);
    }
    assert_eq!(ada.json(&["invite", "list"]).as_array().unwrap().len(), 0);
}

#[test]
fn what_is_said_beforehand_to_a_join_is_checked_before_anybody_is_bothered() {
    let (ada, bob) = (Machine::start("ada"), Machine::start("bob"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    let link = ada.link_for("bob@example.org");
    let long = "x".repeat(300);
    for (flag, field, value) in [
        ("--name", "name", "Bob\u{202e}"),
        ("--name", "name", &long),
        ("--email", "email", "bob"),
        ("--email", "email", &long),
        ("--device", "device", &long[..65]),
    ] {
        let mut joins = bob.converse(&["join", "-", flag, value]);
        joins.answer(&link);
        let error = joins.next().unwrap_or_default()["error"].clone();
        assert_eq!((joins.code(), &error["field"]), (2, &field.into()), "{flag} {value}: {error}");
        assert!(bob.memberships().is_empty(), "{flag} {value}: something was kept");
    }
    assert_eq!(ada.json(&["status"])["waiting"].as_array().unwrap().len(), 0);
}

fn one_line(said: &Said, field: &str, words: &[String]) {
    assert_eq!((said.code, said.out.as_str()), (2, ""), "{words:?}: {}", said.err);
    let lines: Vec<_> = said.err.lines().filter(|line| !line.starts_with("hint: ")).collect();
    assert!(lines.len() == 1 && lines[0].starts_with("muster: "), "{words:?}: {}", said.err);
    assert!(lines[0].contains(field), "{words:?}: {}", said.err);
    assert!(!said.err.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{words:?}: {:?}", said.err);
}
