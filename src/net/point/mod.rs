//! Rendezvous points, both sides: libp2p's rendezvous protocol (`/rendezvous/1.0.0`) as we speak and serve it.
//!
//! ```text
//!   driver ── register, unregister, discover ─▶ Point ─▶ Handler ── request ──▶ another's point
//!   driver ◀── Registered, Discovered, Refused ─ Point ◀─ Handler ◀── answer ───
//!
//!   driver ◀── Asked (who, so that it can be counted) ── Point ◀─ Handler ◀── request ── any libp2p client
//!                                              Registry ──┘  └──▶ Handler ── answer ──▶
//! ```
//!
//! A point exists for who knows a name to find who registered under it, and for nothing else. Names are secrets
//! of those who use them, so that a question without a name is answered with an empty list. All that is remembered
//! is bounded by [`registry::Limits`]: a refresh replaces what it refreshes, cookies say by themselves how far
//! somebody has read, and what has ended is forgotten by the next request.
//!
//! `docs/spec/rendezvous.md` says what the protocol leaves open.
//!
//! Not here: when to register and whom to ask (`points`), how much one peer may ask (`manners`), and who is kept
//! out (`gate`). Nothing of a registration is believed: a record is a hint of where its signer may be.

mod answer;
mod handler;
pub mod registry;
mod request;
mod under_way;
mod wire;

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::core::{Endpoint, PeerRecord, transport::PortUse};
use libp2p::identity::Keypair;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId, StreamProtocol};
use tokio::time::Instant;

use super::gate;
use super::links::Links;
use answer::{Answer, Heard};
use handler::{FromHandler, Handler};
use registry::{Registry, Who};
use request::Fault;
use under_way::{Part, UnderWay};

pub use answer::{Found, Page, Told};
pub use request::Request;
pub(super) use wire::read_frame;

pub use wire::Status;

/// libp2p's name for it.
pub const PROTOCOL: StreamProtocol = StreamProtocol::new("/rendezvous/1.0.0");

/// What became of requests, ours and others'.
#[derive(Debug)]
pub enum Event {
    /// A peer has asked something of us, decent or not.
    Asked {
        /// Who.
        peer: PeerId,
        /// From where; none, where that doesn't count.
        from: Option<IpAddr>,
        /// How long it is registered with us, where it asked for that and was.
        registered: Option<Duration>,
    },
    /// Another's point has registered us.
    Registered {
        /// Where.
        point: PeerId,
        /// Under which name.
        namespace: String,
        /// For how long.
        life: Duration,
    },
    /// Another's point has answered our question.
    Discovered {
        /// Which.
        point: PeerId,
        /// What for.
        namespace: String,
        /// Who is there.
        found: Vec<Found>,
        /// Asks for what comes after.
        cookie: Vec<u8>,
    },
    /// Another's point has refused, or not answered in a way that can be understood.
    Refused {
        /// Which.
        point: PeerId,
        /// What.
        request: Request,
        /// What it said.
        why: Option<Status>,
    },
}

/// The behaviour. See the module.
pub struct Point {
    key: Keypair,
    registry: Option<Registry>,
    /// Where only who is near is served.
    near: Option<Links>,
    answers: UnderWay,
    /// What one request may take.
    time: Duration,
    connections: BTreeMap<PeerId, Vec<ConnectionId>>,
    origins: BTreeMap<ConnectionId, IpAddr>,
    to_swarm: VecDeque<ToSwarm<Event, Request>>,
}

impl Point {
    /// Asks others' points with this key; serves others, if there is a registry. `time` is what one request may
    /// take, from its first byte to the last of its answer.
    #[must_use]
    pub fn new(key: Keypair, registry: Option<Registry>, time: Duration) -> Self {
        let (connections, origins) = (BTreeMap::new(), BTreeMap::new());
        let answers = UnderWay::default();
        Self { key, registry, near: None, answers, time, connections, origins, to_swarm: VecDeque::new() }
    }

    /// The same, for who is on one of these links and for nobody else.
    #[must_use]
    pub fn for_links(self, links: Links) -> Self {
        Self { near: Some(links), ..self }
    }

    /// Whether who is at the other end is served; to others we are no point.
    fn serves(&mut self, remote: &Multiaddr) -> bool {
        self.registry.is_some() && self.near.as_mut().is_none_or(|links| links.lead_to(remote))
    }

    /// Registers us at a point, with these addresses.
    pub fn register(&mut self, point: PeerId, namespace: String, addresses: Vec<Multiaddr>, life: Duration) {
        let Ok(record) = PeerRecord::new(&self.key, addresses) else { return };
        let record = record.into_signed_envelope().into_protobuf_encoding();
        self.ask(point, Request::Register { namespace, record, life: Some(life) });
    }

    /// Takes a registration back.
    pub fn unregister(&mut self, point: PeerId, namespace: String) {
        self.ask(point, Request::Unregister { namespace });
    }

    /// Asks a point who is registered there.
    pub fn discover(&mut self, point: PeerId, namespace: String, cookie: Option<Vec<u8>>, limit: u64) {
        self.ask(point, Request::Discover { namespace: Some(namespace), cookie, limit: Some(limit) });
    }

    /// Over the peer's oldest connection, like every stream of ours.
    fn ask(&mut self, peer_id: PeerId, request: Request) {
        let Some(connection) = self.connections.get(&peer_id).and_then(|all| all.first()) else {
            return self.tell(Event::Refused { point: peer_id, request, why: None });
        };
        let handler = NotifyHandler::One(*connection);
        self.to_swarm.push_back(ToSwarm::NotifyHandler { peer_id, handler, event: request });
    }

    fn tell(&mut self, event: Event) {
        self.to_swarm.push_back(ToSwarm::GenerateEvent(event));
    }

    /// What a peer is answered, and how long it is registered if it is.
    fn serve(&mut self, who: Who, asked: Result<Request, Fault>) -> (Answer, Option<Duration>) {
        let now = Instant::now();
        let Some(registry) = &mut self.registry else { return (Answer::Nothing, None) };
        match asked {
            Ok(Request::Register { namespace, record, life }) => {
                let granted = registry.register(who, &namespace, &record, life, now);
                (Answer::Registered(granted), granted.ok())
            }
            Ok(Request::Unregister { namespace }) => {
                registry.unregister(who.peer, &namespace);
                (Answer::Nothing, None)
            }
            Ok(Request::Discover { namespace, cookie, limit }) => {
                let page = registry.discover(namespace.as_deref(), cookie.as_deref(), limit, now);
                (Answer::Discovered(page), None)
            }
            Err(fault) => (fault.answer(), None),
        }
    }

    /// An answer with the room that it takes until it is read; where there is none, a refusal takes its place.
    fn weighed(&self, who: Who, answer: Answer) -> (Answer, Option<Part>) {
        match self.answers.take(who, answer.bytes()) {
            Some(part) => (answer, Some(part)),
            None => (Answer::Discovered(Err(Status::Unavailable)), None),
        }
    }

    fn heard(&mut self, point: PeerId, request: Request, heard: Option<Heard>) {
        let event = match (request, heard) {
            (Request::Register { namespace, .. }, Some(Heard::Registered(life))) => {
                Event::Registered { point, namespace, life }
            }
            (
                Request::Discover { namespace: Some(namespace), .. },
                Some(Heard::Discovered { found, cookie }),
            ) => Event::Discovered { point, namespace, found, cookie },
            // Nothing answers it.
            (Request::Unregister { .. }, _) => return,
            (request, Some(Heard::Refused(why))) => Event::Refused { point, request, why: Some(why) },
            (request, _) => Event::Refused { point, request, why: None },
        };
        self.tell(event);
    }

    fn closed(&mut self, peer: PeerId, connection: ConnectionId) {
        self.origins.remove(&connection);
        if let Some(open) = self.connections.get_mut(&peer) {
            open.retain(|one| *one != connection);
            if open.is_empty() {
                self.connections.remove(&peer);
            }
        }
    }
}

impl NetworkBehaviour for Point {
    type ConnectionHandler = Handler;
    type ToSwarm = Event;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler::new(peer, self.serves(remote), self.time))
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        remote: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler::new(peer, self.serves(remote), self.time))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(made) => {
                self.connections.entry(made.peer_id).or_default().push(made.connection_id);
                let from = gate::origin(made.endpoint.get_remote_address());
                // Programs on this machine aren't counted by address, as at the gate.
                if let Some(from) = from.filter(|from| !from.is_loopback()) {
                    self.origins.insert(made.connection_id, from);
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
            FromHandler::Asked(asked, answer_to) => {
                let who = Who { peer, from: self.origins.get(&connection).copied() };
                let (answer, registered) = self.serve(who, asked);
                answer_to.say(self.weighed(who, answer));
                self.tell(Event::Asked { peer, from: who.from, registered });
            }
            FromHandler::Heard(request, outcome) => self.heard(peer, request, outcome.0),
        }
    }

    // No waker is kept: requests are made by the task that polls the swarm right after.
    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.to_swarm.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}
