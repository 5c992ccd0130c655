//! Our protocols on libp2p's connections: opens streams, takes streams, and keeps connections alive that
//! are wanted though nothing goes over them.
//!
//! ```text
//!   driver ── open(peer, protocol) ─▶ Streams ─▶ Handler of the peer's oldest connection
//!   driver ◀── Opened | Failed ────── Streams ◀─ Handler
//! ```
//!
//! An open stream keeps its connection alive by itself. Every stream that comes in is handed over; it is the
//! driver who counts and refuses. Not here: what is read and written (`pipe`).

mod handler;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::task::{Context, Poll};

use libp2p::core::{Endpoint, transport::PortUse};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId, Stream};

use crate::core::node::input::Protocol;
use handler::{FromHandler, Handler, ToHandler};

/// A stream that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request(u64);

/// What became of streams.
#[derive(Debug)]
pub enum Event {
    /// A stream stands.
    Opened {
        /// With whom.
        peer: PeerId,
        /// Over which connection.
        connection: ConnectionId,
        /// What is spoken.
        protocol: Protocol,
        /// Bytes both ways.
        stream: Stream,
        /// Which of our requests this answers; none where the peer opened it.
        request: Option<Request>,
    },
    /// A stream that was asked for won't come.
    Failed {
        /// With whom.
        peer: PeerId,
        /// Which.
        request: Request,
    },
}

/// The behaviour. See the module.
#[derive(Debug, Default)]
pub struct Streams {
    /// Direct ones before those through a relay, and the older before the younger.
    connections: BTreeMap<PeerId, Vec<ConnectionId>>,
    relayed: BTreeSet<ConnectionId>,
    kept: BTreeSet<PeerId>,
    asked: BTreeMap<Request, (PeerId, ConnectionId)>,
    asked_so_far: u64,
    to_swarm: VecDeque<ToSwarm<Event, ToHandler>>,
}

impl Streams {
    /// Opens a stream over the peer's oldest connection, a direct one if there is: of several that were made at once the first is the
    /// one that surely passed the other side's limits. One [`Event`] answers. `None`, where the peer isn't
    /// connected.
    pub fn open(&mut self, peer: PeerId, protocol: Protocol) -> Option<Request> {
        let connection = *self.connections.get(&peer)?.first()?;
        self.asked_so_far += 1;
        let request = Request(self.asked_so_far);
        self.asked.insert(request, (peer, connection));
        self.tell(peer, connection, ToHandler::Open(request, protocol));
        Some(request)
    }

    /// The connections to a peer, direct ones first, and then the oldest.
    #[must_use]
    pub fn connections_of(&self, peer: &PeerId) -> &[ConnectionId] {
        self.connections.get(peer).map_or(&[], Vec::as_slice)
    }

    /// Keeps connections to exactly these peers alive while nothing goes over them.
    pub fn keep(&mut self, peers: BTreeSet<PeerId>) {
        let changed: Vec<PeerId> = self.kept.symmetric_difference(&peers).copied().collect();
        self.kept = peers;
        for peer in changed {
            let keep = self.kept.contains(&peer);
            for connection in self.connections.get(&peer).cloned().unwrap_or_default() {
                self.tell(peer, connection, ToHandler::Keep(keep));
            }
        }
    }

    fn tell(&mut self, peer_id: PeerId, connection: ConnectionId, event: ToHandler) {
        self.to_swarm.push_back(ToSwarm::NotifyHandler {
            peer_id,
            handler: NotifyHandler::One(connection),
            event,
        });
    }

    fn closed(&mut self, peer: PeerId, connection: ConnectionId) {
        self.relayed.remove(&connection);
        if let Some(open) = self.connections.get_mut(&peer) {
            open.retain(|one| *one != connection);
            if open.is_empty() {
                self.connections.remove(&peer);
            }
        }
        let lost =
            self.asked.iter().filter(|(_, (_, over))| *over == connection).map(|(request, _)| *request);
        for request in lost.collect::<Vec<_>>() {
            self.failed(request);
        }
    }

    fn failed(&mut self, request: Request) {
        if let Some((peer, _)) = self.asked.remove(&request) {
            self.to_swarm.push_back(ToSwarm::GenerateEvent(Event::Failed { peer, request }));
        }
    }
}

impl NetworkBehaviour for Streams {
    type ConnectionHandler = Handler;
    type ToSwarm = Event;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler::new(self.kept.contains(&peer)))
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler::new(self.kept.contains(&peer)))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(made) => {
                let open = self.connections.entry(made.peer_id).or_default();
                // What goes through a relay comes after what doesn't: it is slow, and may end soon.
                let relayed = made.endpoint.is_relayed();
                let direct = open.len() - self.relayed.intersection(&open.iter().copied().collect()).count();
                open.insert(if relayed { open.len() } else { direct }, made.connection_id);
                if relayed {
                    self.relayed.insert(made.connection_id);
                }
            }
            FromSwarm::ConnectionClosed(gone) => self.closed(gone.peer_id, gone.connection_id),
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {
            FromHandler::Opened { protocol, stream, request } => {
                if let Some(request) = request {
                    self.asked.remove(&request);
                }
                let opened = Event::Opened { peer, connection, protocol, stream, request };
                self.to_swarm.push_back(ToSwarm::GenerateEvent(opened));
            }
            FromHandler::Failed(request) => self.failed(request),
        }
    }

    // No waker is kept: `open` and `keep` are called by the task that polls the swarm right after.
    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.to_swarm.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}
