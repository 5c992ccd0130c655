//! Somebody at a rendezvous point: connected with a key of its own, it registers and asks, and has no daemon.

use std::time::Duration;

use futures::StreamExt;
use libp2p::identity::Keypair;
use libp2p::swarm::{Swarm, SwarmEvent, dial_opts::DialOpts};
use libp2p::{Multiaddr, PeerId};
use muster::net::point::{Event, Point};

use super::light::{self, Version};

/// How long a registration is to live.
const LIFE: Duration = Duration::from_secs(3600);

/// What a request may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who was not let in, because so many came at one moment, tries again.
const TRY_AGAIN: Duration = Duration::from_millis(50);

/// One peer.
pub(crate) struct Registrant {
    swarm: Swarm<Point>,
    point: PeerId,
}

impl Registrant {
    pub(crate) async fn connects(address: &Multiaddr) -> Self {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).unwrap();
        let key = Keypair::ed25519_from_bytes(seed).unwrap();
        let mut swarm = light::with(seed, Version::V1Lazy, Point::new(key, None, PATIENCE));
        let dial = || DialOpts::unknown_peer_id().address(address.clone()).build();
        swarm.dial(dial()).unwrap();
        loop {
            match swarm.select_next_some().await {
                SwarmEvent::ConnectionEstablished { peer_id, .. } => return Self { swarm, point: peer_id },
                SwarmEvent::OutgoingConnectionError { .. } => {
                    tokio::time::sleep(TRY_AGAIN).await;
                    swarm.dial(dial()).unwrap();
                }
                _ => {}
            }
        }
    }

    /// Registers under this name, with these addresses.
    pub(crate) async fn registers(&mut self, name: &str, addresses: Vec<Multiaddr>) {
        self.swarm.behaviour_mut().register(self.point, name.to_owned(), addresses, LIFE);
        let answer = self.answer().await;
        assert!(matches!(answer, Event::Registered { life, .. } if life == LIFE), "{answer:?}");
    }

    /// Asks who is registered there; how many are told, at most so many.
    pub(crate) async fn finds(&mut self, name: &str, at_most: u64) -> usize {
        self.asks(name, at_most);
        match self.answer().await {
            Event::Discovered { found, .. } => found.len(),
            other => panic!("{other:?}"),
        }
    }

    /// Asks, and waits for nothing.
    pub(crate) fn asks(&mut self, name: &str, at_most: u64) {
        self.swarm.behaviour_mut().discover(self.point, name.to_owned(), None, at_most);
    }

    /// The next answer.
    pub(crate) async fn answer(&mut self) -> Event {
        loop {
            if let SwarmEvent::Behaviour(event) = self.swarm.select_next_some().await {
                return event;
            }
        }
    }
}
