//! How a guest finds its host, and what it says where it doesn't.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use libp2p::quic;
use libp2p::relay::outbound::hop::ConnectError;

use muster::core::node::input::Input;
use muster::core::primitives::address::Address;
use muster::net::failures::of_transport;
use muster::net::{Command, Pace, Settings};
use rustix::net::sockopt::set_socket_reuseaddr;

use crate::net_devices::{Device, QUIC, TCP, greeted, id_of, settings};

fn quick_registrations(person: &str) -> Settings {
    let registration = Duration::from_secs(2);
    let pace = Pace { registration, shortest_registration: Duration::from_secs(1), ..Pace::default() };
    Settings { pace, ..settings(person, &[TCP]) }
}

async fn nobody_where(address: &str) -> Address {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    address.replace("PORT", &listener.local_addr().unwrap().port().to_string()).parse().unwrap()
}

/// What is said of a point that answers, and doesn't know who is sought.
const UNKNOWN: &str = "it does not know the device, which is switched off or knows no point";

#[tokio::test]
async fn a_device_that_proves_another_key_is_not_taken_for_the_host() {
    let mut mallory = Device::start("mallory").await;
    let mut guest = Device::start("bob").await;
    let ada = id_of("ada");
    guest.seeks(ada, &mallory.addresses, &[]).await;
    let tried = guest.hears_not_found(ada).await;
    assert_eq!(tried, [format!("{}: another device answers there", mallory.addresses[0])]);
    let opened = |input: &Input| matches!(input, Input::Opened { .. }).then_some(());
    assert_eq!(mallory.hears_within(Duration::from_millis(200), opened).await, None);
}

#[tokio::test]
async fn a_stale_address_where_somebody_else_listens_does_not_hide_the_host() {
    let mallory = Device::start("mallory").await;
    let mut host = Device::start_with(settings("ada", &[TCP, QUIC])).await.unwrap();
    let mut guest = Device::start("bob").await;
    let nobody = nobody_where("/ip4/127.0.0.1/tcp/PORT").await;
    let all: Vec<Address> = [vec![nobody], mallory.addresses.clone(), host.addresses.clone()].concat();
    guest.seeks(host.id, &all, &[]).await;
    guest.hears_opened(host.id).await;
    host.hears_opened(guest.id).await;
}

/// A connection from a port that others may listen at, until it is said that they may not.
fn connection_of_another_program() -> (OwnedFd, std::net::TcpListener, u16) {
    use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
    let to = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let from = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    set_socket_reuseaddr(&from, true).unwrap();
    bind(&from, &SocketAddr::from(([127, 0, 0, 1], port))).unwrap();
    connect(&from, &to.local_addr().unwrap()).unwrap();
    (from, to, port)
}

#[tokio::test]
async fn a_host_is_found_though_another_program_has_a_connection_from_the_port_that_we_listen_at() {
    let mut host = Device::start("ada").await;
    let (other, _to, port) = connection_of_another_program();
    let here = format!("/ip4/127.0.0.1/tcp/{port}");
    let mut guest = Device::start_with(settings("bob", &[&here])).await.unwrap();
    set_socket_reuseaddr(&other, false).unwrap();
    guest.seeks(host.id, &host.addresses, &[]).await;
    guest.hears_opened(host.id).await;
    host.hears_opened(guest.id).await;
}

#[tokio::test]
async fn what_was_tried_is_told_and_the_search_goes_on_until_the_host_is_there() {
    let address = nobody_where("/ip4/127.0.0.1/tcp/PORT").await;
    let point = nobody_where("/ip4/127.0.0.1/tcp/PORT").await;
    let mut guest = Device::start("bob").await;
    guest.seeks(id_of("ada"), std::slice::from_ref(&address), std::slice::from_ref(&point)).await;
    let tried = guest.hears_not_found(id_of("ada")).await;
    let why = "the machine is there, but nothing listens at that port";
    assert_eq!(tried, [format!("{address}: {why}"), format!("rendezvous point {point}: {why}")]);

    let mut host = Device::start_with(settings("ada", &[&address.to_string()])).await.unwrap();
    guest.hears_opened(host.id).await;
    host.hears_opened(guest.id).await;
}

#[tokio::test]
async fn who_is_no_longer_sought_is_not_found() {
    let address = nobody_where("/ip4/127.0.0.1/tcp/PORT").await;
    let mut guest = Device::start("bob").await;
    guest.seeks(id_of("ada"), std::slice::from_ref(&address), &[]).await;
    guest.hears_not_found(id_of("ada")).await;
    guest.net.perform(Command::StopSeeking(id_of("ada"))).await;
    // A dial that was under way has ended by then.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let _host = Device::start_with(settings("ada", &[&address.to_string()])).await.unwrap();
    let anything = |input: &Input| {
        matches!(input, Input::Opened { .. } | Input::NotFound { .. } | Input::Connected { .. }).then_some(())
    };
    assert_eq!(guest.hears_within(Duration::from_secs(1), anything).await, None);
}

#[tokio::test]
async fn a_host_that_is_connected_already_is_greeted_at_once() {
    let mut host = Device::start("ada").await;
    let mut guest = Device::start("bob").await;
    greeted(&mut guest, &mut host).await;
    guest.seeks(host.id, &[], &[]).await;
    assert!(guest.hears_opened(host.id).await.1);
}

#[tokio::test]
async fn a_host_is_found_through_a_third_device() {
    let point = Device::start("point").await;
    let mut host = Device::start("ada").await;
    let mut guest = Device::start("bob").await;
    host.advertises(&["e1"], &point.addresses).await;
    guest.seeks(host.id, &[], &point.addresses).await;
    assert!(guest.hears_opened(host.id).await.1);
    host.hears_opened(guest.id).await;
}

#[tokio::test]
async fn a_host_is_found_although_the_third_device_starts_late() {
    let address = nobody_where("/ip4/127.0.0.1/tcp/PORT").await;
    let host = Device::start("ada").await;
    let mut guest = Device::start("bob").await;
    host.advertises(&["e1"], std::slice::from_ref(&address)).await;
    guest.seeks(host.id, &[], std::slice::from_ref(&address)).await;
    guest.hears_not_found(host.id).await;
    let _point = Device::start_with(settings("point", &[&address.to_string()])).await.unwrap();
    assert!(guest.hears_opened(host.id).await.1);
}

#[tokio::test]
async fn a_namespace_that_is_taken_back_leads_nobody_to_the_host() {
    let point = Device::start("point").await;
    let mut host = Device::start("ada").await;
    host.advertises(&["e1", "e2"], &point.addresses).await;
    let mut early = Device::start("bob").await;
    early.seeks(host.id, &[], &point.addresses).await;
    early.hears_opened(host.id).await;
    host.hears_opened(early.id).await;

    host.advertises(&["e2"], &point.addresses).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut late = Device::start("eve").await;
    late.seeks(host.id, &[], &point.addresses).await;
    let tried = late.hears_not_found(host.id).await;
    assert_eq!(tried, [format!("rendezvous point {}: {UNKNOWN}", point.addresses[0])]);
}

#[tokio::test]
async fn a_registration_is_renewed_before_it_ends() {
    let point = Device::start_with(quick_registrations("point")).await.unwrap();
    let host = Device::start_with(quick_registrations("ada")).await.unwrap();
    host.advertises(&["e1"], &point.addresses).await;
    // Twice the life of one registration.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut guest = Device::start("bob").await;
    guest.seeks(host.id, &[], &point.addresses).await;
    assert!(guest.hears_opened(host.id).await.1);
}

#[tokio::test]
async fn who_asks_a_point_for_too_much_is_kept_out() {
    let mut point = Device::start_with(quick_registrations("point")).await.unwrap();
    let pace = Pace { registration: Duration::from_secs(1), ..quick_registrations("eve").pace };
    let eve = Device::start_with(Settings { pace, ..settings("eve", &[TCP]) }).await.unwrap();
    let names: Vec<String> = (0..60).map(|number| format!("{number:x}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    eve.advertises(&names, &point.addresses).await;
    point.hears_connected(eve.id).await;
    point.hears_disconnected(eve.id).await;
    let (id, again) = (eve.id, Duration::from_secs(2));
    let back = |input: &Input| matches!(input, Input::Connected { peer, .. } if *peer == id).then_some(());
    assert_eq!(point.hears_within(again, back).await, None);

    let mut host = Device::start("ada").await;
    host.seeks(point.id, &point.addresses, &[]).await;
    host.hears_opened(point.id).await;
}

#[tokio::test]
async fn a_host_that_stops_takes_its_registrations_back() {
    let point = Device::start("point").await;
    let mut host = Device::start("ada").await;
    let id = host.id;
    host.advertises(&["e1"], &point.addresses).await;
    let mut guest = Device::start("bob").await;
    guest.seeks(id, &[], &point.addresses).await;
    guest.hears_opened(id).await;
    host.hears_opened(guest.id).await;

    host.net.stop().await;
    guest.hears_disconnected(id).await;
    guest.seeks(id, &[], &point.addresses).await;
    let expected = [format!("rendezvous point {}: {UNKNOWN}", point.addresses[0])];
    let mut tried = guest.hears_not_found(id).await;
    // The port that is used for every dial may rest for a moment: then the point itself is tried again.
    for _ in 0..3 {
        if tried != expected {
            tried = guest.hears_not_found(id).await;
        }
    }
    assert_eq!(tried, expected);
}

#[tokio::test]
async fn on_a_local_network_a_host_is_found_without_any_address() {
    let around = |person: &str| Settings { mdns: true, ..settings(person, &["/ip4/0.0.0.0/tcp/0"]) };
    let Ok(interfaces) = std::net::UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("224.0.0.251:5353")?;
        socket.local_addr()
    }) else {
        return; // No interface here carries multicast.
    };
    assert!(!interfaces.ip().is_unspecified());
    let mut host = Device::start_with(around("ada")).await.unwrap();
    assert!(!host.addresses[0].is_loopback(), "nobody named the loopback address");
    let mut guest = Device::start_with(around("bob")).await.unwrap();
    guest.seeks(host.id, &[], &[]).await;
    guest.hears_opened(host.id).await;
    host.hears_opened(guest.id).await;
}

/// These words are libraries': should they change, a person would be told "no connection" for all of it.
#[test]
fn what_is_the_matter_is_known_through_whatever_a_library_wraps_around_it() {
    let wrapped = |inner: io::Error| of_transport(&io::Error::other(format!(" - {inner}: {inner}")));
    let refused = "the machine is there, but nothing listens at that port";
    for (number, words) in [
        (111, refused),
        (110, "no answer"),
        (113, "no such machine on that network"),
        (101, "no network of this machine leads there"),
    ] {
        assert_eq!(wrapped(io::Error::from_raw_os_error(number)), words);
    }
    assert_eq!(wrapped(io::Error::other(quic::Error::HandshakeTimedOut)), "no answer");
    for (error, words) in [
        (ConnectError::NoReservation, "the device is registered there, but not connected"),
        (ConnectError::ConnectionFailed, "the device does not answer it"),
        (ConnectError::ResourceLimitExceeded, "it carries too much already; it is tried again"),
        (ConnectError::PermissionDenied, "it refuses to carry this"),
    ] {
        assert_eq!(wrapped(io::Error::other(error)), words);
    }
    assert_eq!(wrapped(io::Error::other("something else")), "no connection");
}
