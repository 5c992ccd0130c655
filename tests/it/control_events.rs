//! Events over the socket: every follower gets them, and who is too slow is told so and dropped.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use muster::control::{client::Client, data::*};
use muster::core::primitives::limits;

use super::control_socket::run;
use super::control_stand_in::{ACME, BOB, StandIn};

fn enrolled(organization: OrganizationId) -> Event {
    Event {
        what: Happening::UserEnrolled {
            user_id: BOB,
            profile: Profile::Member,
            certificate_id: CertificateId([1; 32]),
        },
        at: Moment(1_700_000_000_000),
        organization_id: Some(organization),
    }
}

#[test]
fn a_follower_gets_what_happens() {
    let daemon = StandIn::start();
    run(async {
        let mut events = Client::new(daemon.socket.clone(), None).events().await.unwrap();
        daemon.events.send(enrolled(ACME)).unwrap();
        let said = events.next().await.unwrap().unwrap();
        assert_eq!(said.value, enrolled(ACME));
        let json: serde_json::Value = serde_json::from_str(&said.json).unwrap();
        assert_eq!(json["event"], "user_enrolled");
        assert_eq!(json["at"], "2023-11-14T22:13:20Z");
        assert_eq!(json["organization_id"], ACME.to_string());
    });
}

#[test]
fn who_follows_one_organization_hears_nothing_of_the_others() {
    let daemon = StandIn::start();
    run(async {
        let client = Client::new(daemon.socket.clone(), Some("Acme".to_owned()));
        let mut events = client.events().await.unwrap();
        daemon.events.send(enrolled(OrganizationId([9; 32]))).unwrap();
        daemon.events.send(enrolled(ACME)).unwrap();
        let first = events.next().await.unwrap().unwrap().value;
        assert_eq!(first.organization_id, Some(ACME));

        let elsewhere = Client::new(daemon.socket.clone(), Some("Elsewhere".to_owned()));
        assert_eq!(elsewhere.events().await.err().unwrap().class, Class::NotFound);
    });
}

#[test]
fn a_follower_that_lags_is_told_so_and_dropped() {
    let daemon = StandIn::start();
    let mut slow = UnixStream::connect(&daemon.socket).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    slow.write_all(b"GET /v1/events HTTP/1.1\r\nhost: d\r\n\r\n").unwrap();
    let mut head = [0; 1];
    slow.read_exact(&mut head).unwrap();
    // More than the socket's buffers hold, and then more than may wait.
    for _ in 0..20 * limits::PENDING_EVENTS {
        // An error means that nobody follows any more: this one was dropped already.
        let _ = daemon.events.send(enrolled(ACME));
    }
    let mut rest = Vec::new();
    let mut buffer = [0; 4096];
    while !rest.ends_with(b"0\r\n\r\n") {
        let read = slow.read(&mut buffer).unwrap();
        assert!(read > 0);
        rest.extend_from_slice(&buffer[..read]);
    }
    let text = String::from_utf8_lossy(&rest);
    assert_eq!(text.matches("\"event\":\"lagged\"").count(), 1);
    assert!(text[text.find("lagged").unwrap()..].matches("user_enrolled").next().is_none());
}

#[test]
fn only_so_many_follow_and_the_last_connection_is_never_theirs() {
    let daemon = StandIn::start();
    run(async {
        let client = Client::new(daemon.socket.clone(), None);
        let mut following = Vec::new();
        for _ in 0..limits::CONTROL_FOLLOWERS {
            following.push(client.events().await.unwrap());
        }
        assert_eq!(client.events().await.err().unwrap().code, "too_many_followers");
        assert!(client.status().await.is_ok());
    });
}

#[test]
fn followers_hear_at_once_that_the_daemon_stops() {
    let mut daemon = StandIn::start();
    let mut events = None;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        events = Some(Client::new(daemon.socket.clone(), None).events().await.unwrap());
    });
    let began = std::time::Instant::now();
    daemon.stop();
    assert!(began.elapsed() < limits::CONTROL_FAREWELL);
    assert!(runtime.block_on(events.unwrap().next()).unwrap().is_none());
}
