//! What the swarm says, and who is to hear of it.

use std::net::IpAddr;
use std::time::Duration;

use libp2p::core::{ConnectedPoint, transport::ListenerId};
use libp2p::multiaddr::Protocol as Part;
use libp2p::swarm::{ConnectionId, DialError, SwarmEvent};
use libp2p::{Multiaddr, PeerId, dcutr, identify, ping, relay};
use tokio::time::Instant;

use super::addresses;
use super::callbacks;
use super::channels::Fresh;
use super::deed::{Deed, Purpose, Way};
use super::driver::{Driver, Errand, Outgoing};
use super::failures::{is_of_the_own_port, phrase};
use super::gate;
use super::lan::Seen;
use super::point;
use super::streams;
use super::swarm::BehaviourEvent;
use crate::core::node::input::{Input, Protocol};
use crate::core::primitives::{address::Address, ids::DeviceId, limits};

/// Listeners report their addresses one by one; a list is made when none has come for this long.
const SETTLE: Duration = Duration::from_millis(30);

/// A point that grants less than that isn't hurried after.
const SHORTEST_LIFE: Duration = Duration::from_secs(1);

impl Driver<'_> {
    pub(super) fn on_swarm_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(event) => self.on_behaviour_event(event),
            SwarmEvent::ConnectionEstablished {
                peer_id, connection_id, endpoint, num_established, ..
            } => {
                self.on_connected(peer_id, connection_id, &endpoint, num_established.get() == 1);
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, .. } => {
                self.remotes.remove(&connection_id);
                self.own_ends.closed(connection_id);
                self.relayed.remove(&connection_id);
                self.ledger.channels.connection_lost(connection_id);
                if num_established == 0 {
                    self.on_disconnected(peer_id);
                }
            }
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                self.on_dial_failed(connection_id, &error);
            }
            SwarmEvent::NewListenAddr { listener_id, address } => {
                self.remember_port(listener_id, &address);
                self.address_changed(&address, true);
            }
            SwarmEvent::ExpiredListenAddr { address, .. } => self.address_changed(&address, false),
            SwarmEvent::ListenerClosed { listener_id, .. }
                if self.relays.closed(listener_id, Instant::now()) =>
            {
                self.due_now();
            }
            SwarmEvent::ListenerClosed { addresses, .. } => {
                addresses.iter().for_each(|address| self.address_changed(address, false));
            }
            SwarmEvent::IncomingConnectionError { error, send_back_addr, .. } => {
                tracing::debug!(from = %send_back_addr, %error, "a connection came to nothing");
            }
            _ => {}
        }
    }

    fn address_changed(&mut self, address: &Multiaddr, is_here: bool) {
        let now = Instant::now();
        let relayed = address.iter().any(|part| matches!(part, Part::P2pCircuit));
        if let Some(ip) = addresses::ip(address).filter(|_| !relayed) {
            self.own_ends.changed(ip, is_here, now);
        }
        self.announce_at = Some(now + SETTLE);
        self.due_now();
    }

    /// Where any port would do, a swarm that is built anew takes the same again.
    fn remember_port(&mut self, listener: ListenerId, address: &Multiaddr) {
        let at = self.listeners.iter().find(|(one, _)| *one == listener).map(|(_, at)| *at);
        let Some(asked) = at.and_then(|at| self.ledger.listen.get_mut(at)) else { return };
        if let (0, Some(given)) = (asked.port, addresses::address(address)) {
            asked.port = given.port;
        }
    }

    fn on_connected(&mut self, peer: PeerId, connection: ConnectionId, end: &ConnectedPoint, first: bool) {
        let Some(device) = addresses::device_of(&peer) else {
            // Only Ed25519 keys are built in, so that no other peer gets this far.
            let _ = self.swarm.disconnect_peer_id(peer);
            return;
        };
        let now = Instant::now();
        let remote = end.get_remote_address();
        self.remotes.insert(connection, remote.clone());
        self.own_ends.opened(connection, end);
        if end.is_relayed() {
            self.relayed.insert(connection, peer);
        }
        self.from_a_fresh_port.remove(&connection);
        if let Some((purpose, way)) = self.dials.remove(&connection) {
            match purpose {
                Purpose::Seek(sought) => self.searches.dial_succeeded(&sought, &way),
                Purpose::Contact(contact) => self.contacts.dial_succeeded(&contact),
                Purpose::Around(neighbour) => self.around.dial_succeeded(&neighbour),
                Purpose::Point(place) => self.points.dial_succeeded(&place, peer, now),
            }
        }
        if first {
            self.contacts.connected(&device, now);
            // Who comes back before the node was told that it was gone was never gone.
            if !self.gone.remove(&peer) {
                let dialed = end.is_dialer();
                let address = dialed.then(|| addresses::address(remote)).flatten();
                self.tell(Input::Connected { peer: device, dialed, address });
            }
        }
        self.due_now();
    }

    fn on_disconnected(&mut self, peer: PeerId) {
        let now = Instant::now();
        self.points.disconnected(&peer, now);
        self.outside.lost(&peer, now);
        self.shares.forget(&peer);
        if let Some(device) = addresses::device_of(&peer) {
            self.contacts.disconnected(&device, now);
        }
        self.gone.insert(peer);
        self.let_go(peer);
        self.due_now();
    }

    pub(super) fn on_dial_failed(&mut self, connection: ConnectionId, error: &DialError) {
        let Some((purpose, way)) = self.dials.remove(&connection) else { return };
        tracing::debug!(?way, %error, "nobody reached");
        let was_fresh = self.from_a_fresh_port.remove(&connection);
        if let Way::At(address) = &way
            && !was_fresh
            && is_of_the_own_port(error)
        {
            return self.dial_from_a_fresh_port(purpose, address.clone());
        }
        let now = Instant::now();
        match purpose {
            Purpose::Seek(device) => self.searches.dial_failed(&device, &way, phrase(error), now),
            Purpose::Contact(device) => self.contacts.dial_failed(&device, &way, now),
            Purpose::Around(neighbour) => self.around.dial_failed(&neighbour, &way),
            Purpose::Point(place) => self.points.dial_failed(&place, phrase(error), now),
        }
        self.due_now();
    }

    fn on_behaviour_event(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Streams(event) => self.on_stream(event),
            BehaviourEvent::Point(event) => self.on_point(event),
            BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
                let serves = info.protocols.contains(&point::PROTOCOL);
                self.neighbours.serves(peer_id, serves);
                self.points.relays(&peer_id, info.protocols.contains(&relay::HOP_PROTOCOL_NAME));
                if self.points.is_named(&peer_id)
                    && info.protocols.contains(&callbacks::ASK)
                    && let Some(seen_at) = addresses::ip(&info.observed_addr)
                {
                    self.outside.seen(peer_id, seen_at, Instant::now());
                }
                self.due_now();
            }
            BehaviourEvent::Ping(ping::Event { connection, result, .. }) => {
                if matches!(result, Err(ping::Failure::Timeout | ping::Failure::Other { .. })) {
                    self.swarm.close_connection(connection);
                }
            }
            BehaviourEvent::Dcutr(dcutr::Event { remote_peer_id, result }) => {
                self.on_punched(remote_peer_id, result.is_ok());
            }
            BehaviourEvent::RelayFor(event) => {
                if let Some(gives_way) = self.shares.note(&event) {
                    // An error means that it is gone already.
                    let _ = self.swarm.disconnect_peer_id(gives_way);
                }
            }
            BehaviourEvent::Upnp(event) => self.on_router(event),
            BehaviourEvent::Callbacks(callbacks::Event::Asked { peer, connection }) => {
                let from = self.remotes.get(&connection).and_then(gate::origin);
                self.on_asked(peer, from.filter(|from| !from.is_loopback()), None);
            }
            BehaviourEvent::Callbacks(callbacks::Event::Answered { point, address, reached }) => {
                tracing::debug!(%point, %address, ?reached, "asked to be called");
                self.outside.answered(&point, address, reached, Instant::now());
                self.due_now();
            }
            BehaviourEvent::Identify(_) | BehaviourEvent::Relay(_) => {}
            BehaviourEvent::Limits(never) => match never {},
            BehaviourEvent::Gate(never) => match never {},
        }
    }

    fn on_stream(&mut self, event: streams::Event) {
        match event {
            streams::Event::Opened { peer, connection, protocol, stream, request } => {
                let by_us = request.is_some();
                let errand = request.and_then(|request| self.errands.remove(&request));
                let welcome = match errand {
                    Some(Errand::Greet(device)) => self.found(&device),
                    Some(Errand::Open) => true,
                    None => self.takes_one_more(&peer, protocol),
                };
                if welcome {
                    if protocol == Protocol::Greeting {
                        self.swarm.behaviour_mut().gate.greets(connection);
                    }
                    let from = self.origin_of(connection);
                    let near = self.remotes.get(&connection).is_some_and(|remote| self.links.lead_to(remote));
                    let fresh = Fresh { peer, connection, protocol, by_us, from, near, stream };
                    self.outbox.push_back(Outgoing::Begin(fresh));
                }
            }
            streams::Event::Failed { request, .. } => {
                if let Some(Errand::Greet(device)) = self.errands.remove(&request) {
                    self.searches.opening_failed(&device, Instant::now());
                    self.due_now();
                }
            }
        }
    }

    /// A device that was sought is found; no longer seeks it. Whether it was still sought.
    fn found(&mut self, device: &DeviceId) -> bool {
        let sought = self.ledger.wishes.sought.remove(device).is_some();
        self.wishes_changed();
        sought
    }

    /// Whether a peer may have one more stream. What is refused is said, not just dropped.
    fn takes_one_more(&self, peer: &PeerId, protocol: Protocol) -> bool {
        let of_it = |one: &&Outgoing| matches!(one, Outgoing::Begin(fresh) if fresh.peer == *peer && fresh.protocol == protocol && !fresh.by_us);
        let theirs =
            self.ledger.channels.opened_by(peer, protocol) + self.outbox.iter().filter(of_it).count();
        let all = self.ledger.channels.count() + self.outbox.len();
        let room = theirs < limits::STREAMS_PER_PEER && all < limits::STREAMS && !self.leaving.contains(peer);
        if !room {
            tracing::debug!(%peer, ?protocol, theirs, all, "a stream is refused");
        }
        room
    }

    /// Somebody was seen on the local network. Who is awaited is dialled wherever else there is a crowd.
    pub(super) fn on_seen(&mut self, seen: Seen) {
        for address in &seen.addresses {
            self.learn(seen.peer, address.clone());
        }
        let now = Instant::now();
        if !self.neighbours.seen(seen, now).is_empty() {
            self.step_at = self.step_at.min(now + SETTLE);
        }
    }

    /// Somebody says where a peer is: of interest only where it is sought, or a contact.
    pub(super) fn learn(&mut self, peer: PeerId, address: Address) {
        let Some(device) = addresses::device_of(&peer) else { return };
        let mut deeds: Vec<Deed> = Vec::new();
        self.searches.learn(&device, address.clone(), &mut deeds);
        self.contacts.learn(&device, address, Instant::now());
        self.perform(deeds);
    }

    fn on_point(&mut self, event: point::Event) {
        use point::{Event, Request};
        let now = Instant::now();
        match event {
            Event::Asked { peer, from, registered } => return self.on_asked(peer, from, registered),
            Event::Discovered { point, namespace, found, cookie } => {
                let more = found.len() as u64 >= limits::DISCOVERED_AT_ONCE;
                self.points.answered(&point, &namespace, cookie, more, now);
                self.learn_all(&point, found);
            }
            Event::Registered { point, namespace, life } => {
                let life = life.max(SHORTEST_LIFE).min(self.life_of(&namespace));
                if !self.points.registered(&point, &namespace, life, now) {
                    self.swarm.behaviour_mut().point.unregister(point, namespace);
                }
            }
            Event::Refused { point, request: Request::Register { namespace, .. }, why } => {
                tracing::debug!(%point, ?why, "a registration was not taken");
                self.points.not_registered(&point, &namespace, now);
            }
            Event::Refused { point, request: Request::Discover { namespace, .. }, .. } => {
                self.points.not_answered(&point, &namespace.unwrap_or_default(), now);
            }
            Event::Refused { request: Request::Unregister { .. }, .. } => {}
        }
        self.due_now();
    }

    fn learn_all(&mut self, point: &PeerId, found: Vec<point::Found>) {
        for one in found {
            if let Some(device) = addresses::device_of(&one.peer) {
                self.searches.is_registered(&device, point);
                self.contacts.is_registered(&device, point, Instant::now());
            }
            let named = one.addresses.iter().filter_map(addresses::address);
            for address in named.take(limits::ADDRESSES_PER_DEVICE) {
                self.learn(one.peer, address);
            }
        }
    }

    /// Somebody has asked something of us as a point.
    fn on_asked(&mut self, peer: PeerId, from: Option<IpAddr>, registered: Option<Duration>) {
        if let Some(life) = registered {
            self.hold(peer, life);
        }
        if !self.manners.asked(peer, from, Instant::now()) {
            self.show_the_door(peer);
        }
    }

    /// A peer that is registered with us is kept connected, so that it notices when we restart.
    fn hold(&mut self, peer: PeerId, life: Duration) {
        let room = self.registered_here.len() < limits::HELD_CONNECTIONS;
        if room || self.registered_here.contains_key(&peer) {
            self.registered_here.insert(peer, Instant::now() + life);
            self.due_now();
        }
    }

    fn show_the_door(&mut self, peer: PeerId) {
        tracing::warn!(%peer, "a peer asks for too much and is kept out for a while");
        let theirs = self.swarm.behaviour().streams.connections_of(&peer).first().copied();
        let remote = theirs.and_then(|connection| self.remotes.get(&connection));
        self.swarm.behaviour_mut().gate.keep_out(peer, remote);
        self.registered_here.remove(&peer);
        let _ = self.swarm.disconnect_peer_id(peer);
    }
}
