//! Rendezvous points that keep their clients busy: with answers without end, or with none. Each costs so much and no more,
//! and the others are asked meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt;
use libp2p::Swarm;
use libp2p::core::PeerRecord;
use libp2p::identity::Keypair;
use libp2p::request_response::{Event as RawEvent, Message, ProtocolSupport};
use libp2p::swarm::SwarmEvent;
use muster::core::primitives::address::Address;
use muster::net::{Pace, Settings};

use crate::net_devices::{Device, TCP, namespace, settings};
use crate::net_swarms::{Bytes, Raw, bytes, frame, listen, number, swarm_of};

/// A point, and how often it was asked.
struct Point {
    address: Address,
    asked: Arc<AtomicUsize>,
}

impl Point {
    /// Each request gets what `next` says, or is kept waiting.
    async fn answers(mut next: impl FnMut() -> Option<Vec<u8>> + Send + 'static) -> Self {
        let mut point: Swarm<Raw> = swarm_of(|_| Bytes::default().behaviour(ProtocolSupport::Full));
        let address = listen(&mut point).await.to_string().parse().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            let mut waiting = Vec::new();
            loop {
                if let SwarmEvent::Behaviour(RawEvent::Message {
                    message: Message::Request { channel, .. },
                    ..
                }) = point.select_next_some().await
                {
                    count.fetch_add(1, Ordering::Relaxed);
                    match next() {
                        Some(answer) => drop(point.behaviour_mut().send_response(channel, answer)),
                        None => waiting.push(channel),
                    }
                }
            }
        });
        Self { address, asked }
    }
}

/// As many registrations as are asked for, of people whom nobody knows, all signed as they should be; and more to come.
fn page(of: u8) -> Vec<u8> {
    let named = (0..16).map(|_| {
        let key = Keypair::generate_ed25519();
        let addresses = (1..30).map(|n| format!("/ip4/192.0.2.{n}/tcp/1").parse().unwrap()).collect();
        let record = PeerRecord::new(&key, addresses).unwrap().into_signed_envelope();
        let record = record.into_protobuf_encoding();
        bytes(1, &[bytes(1, namespace("e1").as_bytes()), bytes(2, &record), number(3, 7_200)].concat())
    });
    let found: Vec<u8> = named.chain([bytes(2, &[of; 8]), number(3, 0)]).flatten().collect();
    frame(&[number(1, 4), bytes(6, &found)])
}

#[tokio::test]
async fn a_point_that_has_always_more_to_tell_is_not_hurried_after_and_the_host_is_found_at_another() {
    let pages: Vec<Vec<u8>> = (0..8).map(page).collect();
    let mut turn = 0;
    let flood = Point::answers(move || {
        turn += 1;
        Some(pages[turn % pages.len()].clone())
    })
    .await;
    let good = Device::start("point").await;
    let mut host = Device::start("ada").await;
    let mut guest = Device::start("bob").await;
    guest.seeks(host.id, &[], &[vec![flood.address.clone()], good.addresses.clone()].concat()).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let asked = flood.asked.load(Ordering::Relaxed);
    assert!((1..=15).contains(&asked), "asked {asked} times in three seconds");

    host.advertises(&["e1"], &good.addresses).await;
    guest.hears_opened(host.id).await;
    host.hears_opened(guest.id).await;
}

#[tokio::test]
async fn a_point_that_answers_nobody_is_named_and_the_host_is_found_at_another() {
    let silent = Point::answers(|| None).await;
    let pace = Pace { frame: Duration::from_millis(300), ..Pace::default() };
    let mut guest = Device::start_with(Settings { pace, ..settings("bob", &[TCP]) }).await.unwrap();
    let good = Device::start("point").await;
    let mut host = Device::start("ada").await;
    let points = [vec![silent.address.clone()], good.addresses.clone()].concat();
    guest.seeks(host.id, &[], &points).await;
    let tried = guest.hears_not_found(host.id).await;
    assert_eq!(tried[0], format!("rendezvous point {}: gave no answer", silent.address), "{tried:?}");
    host.advertises(&["e1"], &points).await;
    guest.hears_opened(host.id).await;
    host.hears_opened(guest.id).await;
    assert!(silent.asked.load(Ordering::Relaxed) < 20);
}
