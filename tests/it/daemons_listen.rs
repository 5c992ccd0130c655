//! Where daemons listen: a chosen address is taken or the daemon ends; several memberships of one daemon share what
//! there is.

use std::net::TcpListener;

use crate::support::daemons::{Conversation, Machine, agree, exchange_codes, greet};

#[test]
fn a_daemon_whose_chosen_address_is_in_use_ends_and_names_it() {
    let mut ada = Machine::off("ada", "");
    let address = ada.address();
    let port: u16 = address.rsplit('/').next().unwrap().parse().unwrap();
    let other = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let refused = |ada: &Machine| {
        let said = ada.fails_to_boot(&[]);
        assert_eq!(said.code, 1, "{said:?}");
        assert_eq!(said.err, format!("musterd: {address} is in use by another program\n"));
    };
    refused(&ada);
    drop(other);
    ada.boot();
    ada.found("Field Lab", "Ada", "ada@example.org");
    assert_eq!(ada.stop(), 0);
    let _other = TcpListener::bind(("127.0.0.1", port)).unwrap();
    // The same with a membership that would have listened there.
    refused(&ada);
}

#[test]
fn a_daemon_told_to_listen_at_another_machines_address_ends_and_names_it() {
    let ada = Machine::off("ada", "");
    let said = ada.fails_to_boot(&["--listen", "/ip4/192.0.2.7/tcp/7733"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.starts_with("musterd: cannot listen on /ip4/192.0.2.7/tcp/7733: "), "{}", said.err);
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
}

#[test]
fn the_first_organization_keeps_the_chosen_address_and_the_others_work_beside_it() {
    let (mut ada, bob, eve) = (Machine::start("ada"), Machine::start("bob"), Machine::start("eve"));
    ada.found("First", "Ada", "ada@example.org");
    ada.found("Second", "Ada", "ada@example.org");
    ada.found("Third", "Ada", "ada@example.org");
    let chosen = ada.address();
    let addresses =
        |ada: &Machine, name: &str| ada.json(&["--org", name, "org", "show"])["addresses"].to_string();
    for _ in 0..3 {
        assert_eq!(addresses(&ada, "First"), format!("[\"{chosen}\"]"));
        for further in ["Second", "Third"] {
            let others = addresses(&ada, further);
            assert!(
                others.contains("/ip4/127.0.0.1/tcp/") && !others.contains(&chosen),
                "{further}: {others}"
            );
        }
        assert_eq!(ada.stop(), 0);
        ada.boot();
    }
    enter(&ada, "Second", &bob);
    enter(&ada, "First", &eve);
    assert_eq!(bob.status()["name"], "Second");
    assert_eq!(eve.status()["name"], "First");
}

#[test]
fn a_daemon_that_serves_as_a_point_keeps_its_address_when_it_founds() {
    let (ada, bob) = (Machine::with("ada", "[rendezvous]\nserve = true\n"), Machine::start("bob"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    let addresses = ada.status()["addresses"].to_string();
    assert!(addresses.contains("/ip4/127.0.0.1/tcp/") && !addresses.contains(&ada.address()), "{addresses}");
    greet(&ada, &bob, "bob@example.org", "Bob", "member");
    agree(&[&ada, &bob]);
}

/// A greeting into one of several organizations.
fn enter(host: &Machine, organization: &str, guest: &Machine) {
    let email = format!("{}@example.org", guest.name);
    let made = host.json(&["--org", organization, "invite", "user", &email]);
    let mut joins: Conversation =
        guest.converse(&["join", "-", "--name", guest.name, "--email", &email, "--device", "laptop"]);
    joins.answer(made[0]["link"].as_str().unwrap());
    let mut greets = host.converse(&["--org", organization, "greet"]);
    exchange_codes(&mut greets, &mut joins);
    greets.until("confirm");
    greets.answer(r#"{"profile":"member"}"#);
    joins.until("done");
    greets.until("done");
}
