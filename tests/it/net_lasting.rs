//! Devices that belong together come together again: after a restart, and after the network has failed.

use std::net::UdpSocket;
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use muster::core::node::input::{Input, Protocol};
use muster::net::{Command, Pace, Settings};

use crate::net_devices::{Device, QUIC, TCP, greeted, settings};

fn impatient(person: &str) -> Settings {
    let pace = Pace { idle: Duration::from_secs(1), ..Pace::default() };
    Settings { pace, ..settings(person, &[TCP]) }
}

#[tokio::test]
async fn two_devices_stay_connected_although_nothing_is_said() {
    let mut ada = Device::start_with(impatient("ada")).await.unwrap();
    let mut bob = Device::start_with(impatient("bob")).await.unwrap();
    let mut eve = Device::start_with(impatient("eve")).await.unwrap();
    ada.stays_connected_with(&bob).await;
    bob.stays_connected_with(&ada).await;
    ada.hears_connected(bob.id).await;
    bob.hears_connected(ada.id).await;

    // A connection that nobody wants is closed in that time; theirs is not.
    let (ours, _) = greeted(&mut ada, &mut eve).await;
    ada.net.perform(Command::HangUp(ours)).await;
    ada.hears_disconnected(eve.id).await;
    let id = bob.id;
    let gone = |input: &Input| matches!(input, Input::Disconnected { peer } if *peer == id).then_some(());
    assert_eq!(ada.hears_within(Duration::from_millis(500), gone).await, None);
}

#[tokio::test]
async fn two_devices_come_together_again_after_one_has_restarted() {
    let mut ada = Device::start("ada").await;
    let mut bob = Device::start("bob").await;
    ada.stays_connected_with(&bob).await;
    ada.hears_connected(bob.id).await;
    let (id, address) = (bob.id, bob.addresses[0].to_string());
    bob.hears_connected(ada.id).await;

    bob.net.stop().await;
    ada.hears_disconnected(id).await;
    let mut bob = Device::start_with(settings("bob", &[&address])).await.unwrap();
    ada.hears_connected(id).await;
    bob.hears_connected(ada.id).await;
    ada.net.perform(Command::Open { peer: id, protocol: Protocol::Sync }).await;
    let sync = |input: &Input| matches!(input, Input::Opened { protocol: Protocol::Sync, .. }).then_some(());
    bob.hears("the other's sync", sync).await;
}

#[tokio::test]
async fn who_stops_leaves_its_ports_to_who_comes_after_at_once() {
    let mut guest = Device::start_with(settings("bob", &[QUIC])).await.unwrap();
    let mut listen = vec![TCP.to_owned(), QUIC.to_owned()];
    for life in 0..8 {
        let listening: Vec<&str> = listen.iter().map(String::as_str).collect();
        let started = Device::start_with(settings(&format!("host {life}"), &listening)).await;
        let mut host = started.unwrap_or_else(|error| panic!("life {life}: {error}"));
        listen = host.addresses.iter().map(ToString::to_string).collect();
        guest.seeks(host.id, &host.addresses[1..], &[]).await;
        guest.hears_opened(host.id).await;
        host.hears_opened(guest.id).await;
        host.net.stop().await;
    }
}

#[tokio::test]
async fn a_network_that_failed_listens_at_all_its_ports_again() {
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let quic = QUIC.replace("/0/", &format!("/{port}/"));
    // Not all of them must work, so that one which is taken would be left out for good.
    let by_default = Settings { explicit: false, ..settings("ada", &[TCP, &quic]) };
    let mut host = Device::start_with(by_default).await.unwrap();
    let mut guest = Device::start_with(settings("bob", &[QUIC])).await.unwrap();
    for _ in 0..3 {
        guest.seeks(host.id, &[quic.parse().unwrap()], &[]).await;
        let (ours, _) = guest.hears_opened(host.id).await;
        host.hears_opened(guest.id).await;
        host.net.panic_for_test().await;
        guest.hears_closed(ours).await;
        guest.hears_disconnected(host.id).await;
        host.hears_disconnected(guest.id).await;
    }
}

#[tokio::test]
async fn whom_we_disconnect_hears_the_last_word_and_is_gone() {
    let mut ada = Device::start("ada").await;
    let mut bob = Device::start("bob").await;
    let (ours, theirs) = greeted(&mut ada, &mut bob).await;
    ada.sends(ours, b"farewell".as_slice()).await;
    ada.net.perform(Command::Disconnect(bob.id)).await;
    assert_eq!(bob.hears_frame(theirs).await, b"farewell");
    bob.hears_closed(theirs).await;
    bob.hears_disconnected(ada.id).await;
    ada.hears_disconnected(bob.id).await;
}

#[tokio::test]
async fn a_network_that_fails_says_what_is_gone_and_does_everything_again() {
    let point = Device::start("point").await;
    let mut host = Device::start("ada").await;
    let mut friend = Device::start("dan").await;
    host.advertises(&["e1"], &point.addresses).await;
    host.stays_connected_with(&friend).await;
    host.hears_connected(friend.id).await;
    friend.hears_connected(host.id).await;
    let mut guest = Device::start("bob").await;
    let (ours, theirs) = greeted(&mut guest, &mut host).await;

    host.net.panic_for_test().await;
    host.hears_closed(theirs).await;
    host.hears_disconnected(guest.id).await;
    host.hears_disconnected(friend.id).await;
    guest.hears_closed(ours).await;

    host.hears_connected(friend.id).await;
    guest.hears_disconnected(host.id).await;
    let (ours, theirs) = greeted(&mut guest, &mut host).await;
    guest.sends(ours, [1]).await;
    assert_eq!(host.hears_frame(theirs).await, [1], "at the same address, under a number never used before");

    let mut late = Device::start("eve").await;
    late.seeks(host.id, &[], &point.addresses).await;
    assert!(late.hears_opened(host.id).await.1, "it is registered again");
}

#[tokio::test]
async fn a_wire_that_carries_nothing_any_more_is_noticed_by_both_though_nobody_hangs_up() {
    let quick = |person| {
        let ping = (Duration::from_millis(200), Duration::from_millis(200));
        Settings { pace: Pace { ping, ..Pace::default() }, ..settings(person, &[TCP]) }
    };
    let mut host = Device::start_with(quick("ada")).await.unwrap();
    let mut guest = Device::start_with(quick("bob")).await.unwrap();
    let (wire, breaks) = wire_to(host.addresses[0].port).await;
    let way = [format!("/ip4/127.0.0.1/tcp/{wire}").parse().unwrap()];
    guest.seeks(host.id, &way, &[]).await;
    let (ours, _) = guest.hears_opened(host.id).await;
    guest.sends(ours, b"hello".as_slice()).await;
    let (theirs, _) = host.hears_opened(guest.id).await;
    assert_eq!(host.hears_frame(theirs).await, b"hello");

    breaks.send(()).unwrap();
    guest.hears_closed(ours).await;
    guest.hears_disconnected(host.id).await;
    host.hears_closed(theirs).await;
    host.hears_disconnected(guest.id).await;
}

/// A wire to a port on this machine: where it begins, and what breaks it. Both ends stay open then, and hear nothing.
async fn wire_to(port: u16) -> (u16, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let begins = listener.local_addr().unwrap().port();
    let (breaks, broken) = oneshot::channel();
    tokio::spawn(async move {
        let (mut one, _) = listener.accept().await.unwrap();
        let mut other = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        tokio::select! {
            _ = copy_bidirectional(&mut one, &mut other) => {}
            _ = broken => std::future::pending().await,
        }
    });
    (begins, breaks)
}
