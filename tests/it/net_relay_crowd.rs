//! Those who come through a relay, and the relay itself, take nothing from who comes by themselves.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt;
use libp2p::swarm::NetworkBehaviour;
use libp2p::{Multiaddr, PeerId, identify, relay, rendezvous};
use muster::core::node::input::{Input, Protocol};
use muster::core::primitives::limits;

use crate::net_devices::{Device, greeted, peer_of};
use crate::net_relay::{Client, Manner};
use crate::net_swarms::{listen, swarm_of};

/// A rendezvous point that relays as much as anybody likes.
#[derive(NetworkBehaviour)]
struct Boundless {
    identify: identify::Behaviour,
    point: rendezvous::server::Behaviour,
    relay: relay::Behaviour,
}

async fn boundless_relay() -> Multiaddr {
    let everything = || relay::Config {
        max_circuits: usize::MAX,
        max_circuits_per_peer: 10_000,
        max_circuit_bytes: 0,
        reservation_rate_limiters: Vec::new(),
        circuit_src_rate_limiters: Vec::new(),
        ..relay::Config::default()
    };
    let mut swarm = swarm_of(|key| Boundless {
        identify: identify::Behaviour::new(identify::Config::new("muster/1".to_owned(), key.public())),
        point: rendezvous::server::Behaviour::new(rendezvous::server::Config::default().with_min_ttl(60)),
        relay: relay::Behaviour::new(key.public().to_peer_id(), everything()),
    });
    let address = listen(&mut swarm).await;
    swarm.add_external_address(address.clone());
    tokio::spawn(async move {
        loop {
            swarm.select_next_some().await;
        }
    });
    address
}

/// A host with a place at that relay, and what its peers know it by.
async fn host_at(relay: &Multiaddr) -> (Device, PeerId) {
    let host = Device::start("ada").await;
    host.advertises(&["e1"], &[relay.to_string().parse().unwrap()]).await;
    let peer = peer_of(host.id);
    (host, peer)
}

#[tokio::test]
async fn a_silent_crowd_behind_a_relay_has_a_few_places_at_the_door_and_who_comes_by_themselves_comes_in() {
    let relay = boundless_relay().await;
    let (mut host, peer) = host_at(&relay).await;
    let mut eve = Client::of(&relay, Manner::IsSilent).await;
    let (mut asked, mut refused) = (0, 0);
    // At first the host has no place there yet, and whoever asks for it is refused by the relay.
    while asked - refused < limits::PENDING_RELAYED {
        tokio::time::sleep(Duration::from_millis(20)).await;
        eve.dials(peer);
        asked += 1;
        refused += eve.ended_within(Duration::from_millis(20)).await;
    }
    for _ in 0..20 {
        eve.dials(peer);
    }
    let more = eve.ended_within(Duration::from_secs(2)).await;
    assert_eq!(more, 20, "of {asked}, {refused} were refused before");
    let mut bob = Device::start("bob").await;
    greeted(&mut bob, &mut host).await;
}

#[tokio::test]
async fn who_comes_through_a_relay_is_counted_by_themselves_and_not_by_the_relay() {
    let relay = boundless_relay().await;
    let (mut host, peer) = host_at(&relay).await;
    let mut origins = BTreeSet::new();
    for _ in 0..2 {
        let mut guest = Client::of(&relay, Manner::Speaks).await;
        guest.reaches(peer).await;
        guest.opens_a_greeting(peer);
        let lives = guest.lives();
        let from = host.hears("a stream through the relay", |input| match input {
            Input::Opened { protocol: Protocol::Greeting, from, near: false, .. } => Some(from.clone()),
            _ => None,
        });
        origins.insert(from.await);
        lives.abort();
    }
    assert_eq!(origins.len(), 2, "{origins:?}");
    assert!(!origins.iter().any(|from| from.contains("127.0.0.1")), "{origins:?}");
}
