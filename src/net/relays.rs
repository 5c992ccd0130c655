//! Relays: where two machines can't reach each other, a rendezvous point carries what they say, as ciphertext, between
//! them. A point that relays says so. Where we are registered at one we ask it to hold a place for us, so that whoever
//! finds us there gets through as well; and while both talk through it, each tries to reach the other directly.
//!
//! Not here: circuits themselves, and the punching of holes, which are libp2p's.

use std::collections::BTreeMap;
use std::time::Duration;

use libp2p::core::transport::ListenerId;
use libp2p::multiaddr::Protocol as Part;
use libp2p::swarm::ConnectionId;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::{Multiaddr, PeerId, relay};
use tokio::time::Instant;

use super::addresses;
use super::deed::{Purpose, Way};
use super::driver::Driver;
use super::shares::Shares;
use crate::core::node::input::Protocol;
use crate::core::primitives::limits;

/// Before a relay that had no place, or took it back, is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(10);

/// What we let others have who ask us to relay.
pub(super) fn server(circuit: Duration, shares: &Shares) -> relay::Config {
    let mut config = relay::Config {
        max_reservations: limits::RELAY_PLACES,
        max_reservations_per_peer: limits::CONNECTIONS_PER_PEER as usize,
        max_circuits: limits::CIRCUITS,
        max_circuits_per_peer: limits::CIRCUITS_PER_PEER,
        max_circuit_duration: circuit,
        max_circuit_bytes: limits::CIRCUIT_BYTES,
        reservation_rate_limiters: Vec::new(),
        circuit_src_rate_limiters: Vec::new(),
        ..relay::Config::default()
    }
    .reservation_rate_per_peer(limits::RELAY_RATE_PER_PEER.0, limits::RELAY_RATE_PER_PEER.1)
    .reservation_rate_per_ip(limits::RELAY_RATE_PER_IP.0, limits::RELAY_RATE_PER_IP.1)
    .circuit_src_per_peer(limits::RELAY_RATE_PER_PEER.0, limits::RELAY_RATE_PER_PEER.1)
    .circuit_src_per_ip(limits::RELAY_RATE_PER_IP.0, limits::RELAY_RATE_PER_IP.1);
    config.circuit_src_rate_limiters.push(shares.limiter());
    config
}

/// A place that a relay holds for us, or is asked for.
#[derive(Debug)]
enum Held {
    By(ListenerId),
    NotBefore(Instant),
}

/// All places.
#[derive(Debug, Default)]
pub(super) struct Relays(BTreeMap<PeerId, Held>);

impl Relays {
    /// A listener ended; whether it was a place at a relay.
    pub(super) fn closed(&mut self, listener: ListenerId, now: Instant) -> bool {
        let ours = |held: &&mut Held| matches!(held, Held::By(one) if *one == listener);
        let held = self.0.values_mut().find(ours);
        held.map(|held| *held = Held::NotBefore(now + ASK_AGAIN)).is_some()
    }
}

impl Driver<'_> {
    /// Asks every relay for a place that knows us and has none for us, and gives up those that aren't needed. When to look
    /// again.
    pub(super) fn seek_places(&mut self, now: Instant) -> Option<Instant> {
        let needed = self.points.relays_for_us();
        let mut unneeded = Vec::new();
        self.relays.0.retain(|relay, held| {
            if let (false, Held::By(listener)) = (needed.contains(relay), &held) {
                unneeded.push(*listener);
            }
            needed.contains(relay)
        });
        for listener in unneeded {
            self.swarm.remove_listener(listener);
        }
        for relay in needed {
            let due = self
                .relays
                .0
                .get(&relay)
                .is_none_or(|held| matches!(held, Held::NotBefore(at) if *at <= now));
            if let Some(at) = due.then(|| self.address_of(&relay)).flatten() {
                let held = match self.swarm.listen_on(at.with(Part::P2pCircuit)) {
                    Ok(listener) => Held::By(listener),
                    Err(error) => {
                        tracing::debug!(%relay, %error, "no place at a relay");
                        Held::NotBefore(now + ASK_AGAIN)
                    }
                };
                self.relays.0.insert(relay, held);
            }
        }
        let later = |held: &Held| if let Held::NotBefore(at) = held { Some(*at) } else { None };
        self.relays.0.values().filter_map(later).min()
    }

    /// Where a peer is that is connected directly, with its name.
    fn address_of(&self, peer: &PeerId) -> Option<Multiaddr> {
        let connections = self.swarm.behaviour().streams.connections_of(peer);
        let direct = connections.iter().find(|connection| !self.relayed.contains_key(connection))?;
        self.remotes.get(direct)?.clone().with_p2p(*peer).ok()
    }

    pub(super) fn dial_through(&mut self, purpose: Purpose, peer: PeerId, relay: PeerId) {
        let Some(at) = self.address_of(&relay) else { return };
        let circuit = at.with(Part::P2pCircuit).with(Part::P2p(peer));
        let opts = DialOpts::peer_id(peer).condition(PeerCondition::Always).addresses(vec![circuit]).build();
        let connection = opts.connection_id();
        self.dials.insert(connection, (purpose, Way::Through(relay)));
        if let Err(error) = self.swarm.dial(opts) {
            self.on_dial_failed(connection, &error);
        }
    }

    /// Where a stream comes from, for those who count: through a relay it is that relay and the peer.
    pub(super) fn origin_of(&self, connection: ConnectionId) -> String {
        match self.relayed.get(&connection) {
            Some(peer) => format!("relayed {peer}"),
            None => self.remotes.get(&connection).map(addresses::host).unwrap_or_default(),
        }
    }

    /// A direct connection came out of one through a relay, or didn't. What is in step moves over; a greeting stays where it
    /// is, and its connection with it.
    pub(super) fn on_punched(&mut self, peer: PeerId, succeeded: bool) {
        tracing::debug!(%peer, succeeded, "tried to leave a relay");
        if !succeeded || self.ledger.channels.speaks(&peer, Protocol::Greeting) {
            return;
        }
        let of_it = self.relayed.iter().filter(|(_, other)| **other == peer);
        for connection in of_it.map(|(connection, _)| *connection).collect::<Vec<_>>() {
            self.swarm.close_connection(connection);
        }
    }
}
