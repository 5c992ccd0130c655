//! Who may what, asked through the socket of a real daemon: other users of the machine nothing, Members and Externals
//! not what is an Administrator's.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::support::daemons::{Machine, Said, agree, greet};
use crate::support::left_out;

/// `nobody`, as good as everywhere.
const SOMEBODY_ELSE: u32 = 65_534;

#[test]
fn another_user_of_the_machine_is_refused_even_where_every_file_is_open_to_them() {
    if !rustix::process::geteuid().is_root() {
        left_out("only root can become somebody else");
        return;
    }
    let ada = Machine::start("ada");
    ada.found("Field Lab", "Ada", "ada@example.org");
    // Where the build lies nobody else may be able to go.
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), Permissions::from_mode(0o755)).unwrap();
    let muster = home.path().join("muster");
    // By another process: what is open for writing here would be held open by whatever other tests start at this moment.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_muster")).arg(&muster).status().unwrap();
    assert!(copied.success());
    let as_somebody_else = |words: &[&str]| -> Said {
        let mut command = Command::new(&muster);
        command.arg("--socket").arg(ada.socket()).args(words).uid(SOMEBODY_ELSE).gid(SOMEBODY_ELSE);
        command.output().unwrap().into()
    };
    let rows: [&[&str]; 3] = [
        &["status"],
        &["invite", "user", "eve@example.org"],
        &["--yes", "user", "revoke", "ada@example.org"],
    ];
    // As it is made, the file system refuses.
    assert_eq!(as_somebody_else(&["status"]).code, 3);
    fs::set_permissions(ada.data().parent().unwrap(), Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(ada.data(), Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(ada.socket(), Permissions::from_mode(0o666)).unwrap();
    for words in rows {
        let said = as_somebody_else(words);
        assert_eq!((said.code, said.out.as_str()), (3, ""), "{words:?}: {}", said.err);
        assert!(said.err.starts_with("muster: control socket: "), "{}", said.err);
    }
    assert_eq!(ada.json(&["invite", "list"]).as_array().unwrap().len(), 0);
    assert_eq!(ada.status()["users"], 1);
}

#[test]
fn members_and_externals_may_not_do_what_is_an_administrators() {
    let (ada, bob, eve) = (Machine::start("ada"), Machine::start("bob"), Machine::start("eve"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    greet(&ada, &bob, "bob@example.org", "Bob", "member");
    greet(&ada, &eve, "eve@example.org", "Eve", "external");
    agree(&[&ada, &bob, &eve]);
    let before = ada.digest();
    let (ada_id, bob_id, eve_id) = (id(&ada), id(&bob), id(&eve));
    for person in [&bob, &eve] {
        let other = if person.name == "bob" { &ada_id } else { &bob_id };
        let own = if person.name == "bob" { &bob_id } else { &eve_id };
        let rows: [&[&str]; 5] = [
            &["invite", "user", "zoe@example.org"],
            &["user", "set-profile", "administrator", own],
            &["user", "set-profile", "member", other],
            &["--yes", "user", "revoke", other],
            &["--yes", "user", "revoke", "ada@example.org"],
        ];
        for words in rows {
            let said = person.muster(&[&["--format", "json"], words].concat());
            assert_eq!(said.code, 3, "{} {words:?}: {}{}", person.name, said.out, said.err);
            assert!(!said.out.contains("\"result\""), "{} {words:?}: {}", person.name, said.out);
        }
        assert_eq!(person.json(&["invite", "list"]).as_array().unwrap().len(), 0);
    }
    agree(&[&ada, &bob, &eve]);
    assert_eq!(ada.digest(), before);
    assert_eq!(ada.json(&["roster", "verify"])["problems"].as_array().unwrap().len(), 0);
}

#[test]
fn who_is_no_administrator_any_more_lets_in_none_of_those_they_invited() {
    let (ada, bob, zoe) = (Machine::start("ada"), Machine::start("bob"), Machine::start("zoe"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    greet(&ada, &bob, "bob@example.org", "Bob", "administrator");
    agree(&[&ada, &bob]);
    let link = bob.link_for("zoe@example.org");
    assert_eq!(ada.muster(&["user", "set-profile", "member", "bob@example.org"]).code, 0);
    agree(&[&ada, &bob]);
    let mut joins = zoe.converse(&["join", "-"]);
    joins.answer(&link);
    assert_eq!(joins.code(), 5, "{:?}", joins.seen);
    let said = bob.muster(&["greet", "zoe@example.org"]);
    assert!([3, 5].contains(&said.code), "{said:?}");
    assert_eq!(ada.active().len(), 2);
}

fn id(machine: &Machine) -> String {
    machine.status()["user_id"].as_str().unwrap().to_owned()
}
