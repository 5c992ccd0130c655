//! Rendezvous points that don't mean well: what they answer costs nobody more than the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt;
use libp2p::Swarm;
use libp2p::request_response::{Event as RawEvent, Message, ProtocolSupport};
use libp2p::swarm::SwarmEvent;
use muster::core::node::input::Input;
use muster::core::primitives::address::Address;
use muster::net::point::{Event, Point};

use crate::net_devices::{Device, namespace};
use crate::net_swarms::{Bytes, Raw, bytes, frame, hears, listen, number, swarm_of};
use crate::support::chance::Chance;

/// A point that answers each request with the next of its answers, and counts them.
struct RudePoint {
    address: Address,
    asked: Arc<AtomicUsize>,
}

impl RudePoint {
    async fn answers(mut next: impl FnMut() -> Vec<u8> + Send + 'static) -> Self {
        let mut point: Swarm<Raw> = swarm_of(|_| Bytes::default().behaviour(ProtocolSupport::Full));
        let address = listen(&mut point).await.to_string().parse().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                if let SwarmEvent::Behaviour(RawEvent::Message {
                    message: Message::Request { channel, .. },
                    ..
                }) = point.select_next_some().await
                {
                    count.fetch_add(1, Ordering::Relaxed);
                    let _ = point.behaviour_mut().send_response(channel, next());
                }
            }
        });
        Self { address, asked }
    }
}

#[tokio::test]
async fn whatever_a_point_answers_host_and_guest_lose_nothing_and_meet_at_another() {
    let good = Device::start("point").await;
    let mut friend = Device::start("dan").await;
    let mut host = Device::start("ada").await;
    let mut guest = Device::start("bob").await;
    host.stays_connected_with(&friend).await;
    host.hears_connected(friend.id).await;
    friend.hears_connected(host.id).await;

    let forged = [bytes(1, namespace("e1").as_bytes()), bytes(2, &[7; 300]), number(3, 60)].concat();
    let found = [bytes(1, &forged), bytes(2, &[0; 8]), number(3, 0)].concat();
    let answers = [frame(&[number(1, 4), bytes(6, &found)]), vec![0xff; 100_000], vec![0], Vec::new()];
    let mut points = Vec::new();
    for answer in answers {
        points.push(RudePoint::answers(move || answer.clone()).await.address);
    }
    host.advertises(&["e1"], &points).await;
    guest.seeks(host.id, &[], &points).await;
    let tried = guest.hears_not_found(host.id).await;
    assert_eq!(tried.len(), points.len(), "{tried:?}");

    points.extend(good.addresses.clone());
    host.advertises(&["e1"], &points).await;
    guest.seeks(host.id, &[], &points).await;
    assert!(guest.hears_opened(host.id).await.1);
    let friend = friend.id;
    let lost = host.hears_within(Duration::from_millis(300), |input| {
        matches!(input, Input::Disconnected { peer } if *peer == friend).then_some(())
    });
    assert_eq!(lost.await, None, "the network was not set up anew");
}

#[tokio::test]
async fn a_point_that_grants_no_time_is_not_hurried_after() {
    let nothing = [number(1, 0), number(3, 0)].concat();
    let point = RudePoint::answers(move || frame(&[number(1, 1), bytes(3, &nothing)])).await;
    let host = Device::start("ada").await;
    host.advertises(&["e1"], std::slice::from_ref(&point.address)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let asked = point.asked.load(Ordering::Relaxed);
    assert!((1..=3).contains(&asked), "asked {asked} times in a second");
}

/// A message that may be anything: right in one field and wrong in the next.
fn anything(chance: &mut Chance) -> Vec<u8> {
    if chance.below(8) == 0 {
        return (0..chance.below(60)).map(|_| u8::try_from(chance.below(256)).unwrap()).collect();
    }
    let mut fields = vec![number(1, chance.below(6))];
    for _ in 0..chance.below(3) {
        let inside: Vec<Vec<u8>> = (0..chance.below(5)).map(|_| any_field(chance)).collect();
        fields.push(bytes(any_tag(chance), &inside.concat()));
    }
    frame(&fields)
}

fn any_field(chance: &mut Chance) -> Vec<u8> {
    let tag = any_tag(chance);
    let numbers = [0, 1, 100, u64::MAX];
    match chance.below(3) {
        0 => number(tag, numbers[usize::try_from(chance.below(4)).unwrap()]),
        1 => bytes(tag, namespace("e1").as_bytes()),
        _ => bytes(tag, &[number(1, chance.below(400)), number(3, chance.below(u64::MAX))].concat()),
    }
}

fn any_tag(chance: &mut Chance) -> u8 {
    1 + u8::try_from(chance.below(6)).unwrap()
}

#[tokio::test]
async fn each_request_ends_once_whatever_comes_back() {
    let mut chance = Chance::from_environment();
    let rude = RudePoint::answers(move || anything(&mut chance)).await;
    let mut client = swarm_of(|key| Point::new(key.clone(), None, Duration::from_secs(5)));
    client.dial(rude.address.to_string().parse::<libp2p::Multiaddr>().unwrap()).unwrap();
    let point = loop {
        if let SwarmEvent::ConnectionEstablished { peer_id, .. } = client.select_next_some().await {
            break peer_id;
        }
    };
    let own = vec!["/ip4/192.0.2.1/tcp/1".parse().unwrap()];
    for round in 0..300 {
        let name = namespace("e1");
        if round % 3 == 0 {
            client.behaviour_mut().register(point, name, own.clone(), Duration::from_secs(60));
        } else {
            client.behaviour_mut().discover(point, name, None, 16);
        }
        hears(&mut client, "the end of a request", |event| match event {
            Event::Discovered { found, .. } => {
                assert!(found.is_empty(), "nobody has signed anything");
                Some(())
            }
            Event::Registered { .. } | Event::Refused { .. } => Some(()),
            Event::Asked { .. } => None,
        })
        .await;
    }
}
