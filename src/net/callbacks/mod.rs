//! Whether we are reached from outside: a rendezvous point or a relay is asked to call us at an address, and says what came
//! of it; and where we are one, we call who asks. This is libp2p's AutoNAT v2.
//!
//! ```text
//!   driver ── ask(point, address) ─▶ Callbacks ─▶ Handler ── address, nonce ──▶ a point ─┐
//!                                        ▲                                              dials the address
//!                                        └──────── Handler of that connection ◀── nonce ┘
//!   driver ◀── Answered(point, address) ─┘◀─ Handler ◀── what came of it ── the point
//! ```
//!
//! An answer counts if the nonce has come, on a connection that was made after the question: a point that says more than it
//! did isn't believed. Whoever asks us is called where they are connected from, and nowhere else, so often and no more
//! (`turns`); nobody has others called. Questions and calls under way are bounded, and each ends.
//!
//! `docs/spec/rendezvous.md` (P5) says what the protocol leaves open. Not here: which addresses to ask about, whom, and what
//! follows from the answers (`outside`).

mod handler;
mod turns;
mod wire;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;
use std::task::{Context, Poll};

use libp2p::core::{Endpoint, transport::PortUse};
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId, StreamProtocol};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{addresses, gate};
use crate::core::primitives::{address::Address, limits};
use handler::{FromHandler, Handler, ToHandler};
use turns::Turns;

pub use wire::Outcome;

/// libp2p's name for what is asked.
pub const ASK: StreamProtocol = StreamProtocol::new("/libp2p/autonat/2/dial-request");

/// libp2p's name for the call.
pub const CALL: StreamProtocol = StreamProtocol::new("/libp2p/autonat/2/dial-back");

/// One question of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    address: Address,
    nonce: u64,
}

/// What became of questions, ours and others'.
#[derive(Debug)]
pub enum Event {
    /// A peer has asked to be called, decent or not.
    Asked {
        /// Who.
        peer: PeerId,
        /// Over which connection.
        connection: ConnectionId,
    },
    /// Another has answered our question, or never will.
    Answered {
        /// Who.
        point: PeerId,
        /// What it was asked to call.
        address: Address,
        /// Whether we are reached there; none, where that was not found out.
        reached: Option<bool>,
    },
}

/// A question of ours that isn't answered yet.
#[derive(Debug)]
struct Open {
    over: ConnectionId,
    since: Instant,
    /// The nonce has come.
    was_called: bool,
}

/// A call that somebody has asked for.
#[derive(Debug)]
struct Call {
    nonce: u64,
    outcome_to: oneshot::Sender<Outcome>,
}

/// The behaviour. See the module.
#[derive(Debug)]
pub struct Callbacks {
    /// Whether others are called who ask for it.
    calls: bool,
    turns: Turns,
    /// Direct ones alone.
    connections: BTreeMap<PeerId, Vec<ConnectionId>>,
    open: BTreeMap<u64, (PeerId, Address, Open)>,
    under_way: HashMap<ConnectionId, Call>,
    to_swarm: VecDeque<ToSwarm<Event, ToHandler>>,
}

impl Callbacks {
    /// Asks others, and calls others if `calls`.
    #[must_use]
    pub fn new(calls: bool) -> Self {
        Self {
            calls,
            turns: Turns::from(Instant::now()),
            connections: BTreeMap::new(),
            open: BTreeMap::new(),
            under_way: HashMap::new(),
            to_swarm: VecDeque::new(),
        }
    }

    /// Asks a peer to call us at an address. One [`Event::Answered`] follows.
    pub fn ask(&mut self, point: PeerId, address: Address) {
        let connection = self.connections.get(&point).and_then(|all| all.first()).copied();
        let (Some(over), Ok(nonce)) = (connection, getrandom::u64()) else {
            return self.tell(Event::Answered { point, address, reached: None });
        };
        let open = Open { over, since: Instant::now(), was_called: false };
        self.open.insert(nonce, (point, address.clone(), open));
        self.notify(point, over, ToHandler::Ask(Question { address, nonce }));
    }

    fn tell(&mut self, event: Event) {
        self.to_swarm.push_back(ToSwarm::GenerateEvent(event));
    }

    fn notify(&mut self, peer_id: PeerId, connection: ConnectionId, event: ToHandler) {
        let handler = NotifyHandler::One(connection);
        self.to_swarm.push_back(ToSwarm::NotifyHandler { peer_id, handler, event });
    }

    /// Somebody called and said a nonce; whether it is one that we gave out, before the call.
    fn called(&mut self, nonce: u64, connected_since: Instant) -> bool {
        let open = self.open.get_mut(&nonce).map(|(_, _, open)| open);
        let asked_for = open.filter(|open| open.since <= connected_since);
        asked_for.map(|open| open.was_called = true).is_some()
    }

    fn answered(&mut self, nonce: u64, outcome: Option<Outcome>) {
        let Some((point, address, open)) = self.open.remove(&nonce) else { return };
        let reached = match outcome {
            Some(Outcome::Reached) if open.was_called => Some(true),
            Some(Outcome::NotReached | Outcome::NotTaken) => Some(false),
            _ => None,
        };
        self.tell(Event::Answered { point, address, reached });
    }

    /// A peer asks to be called at an address that is its own.
    fn call(&mut self, peer: PeerId, address: Address, nonce: u64, outcome_to: oneshot::Sender<Outcome>) {
        let from = address.ip().map(|ip| ip.to_canonical());
        let room = self.under_way.len() < limits::CALLS_UNDER_WAY;
        let granted = room && from.is_some_and(|from| self.turns.take(peer, whole(from), Instant::now()));
        if !granted {
            let _ = outcome_to.send(Outcome::Rejected);
            return;
        }
        let opts = DialOpts::peer_id(peer)
            .addresses(vec![addresses::multiaddr(&address)])
            .condition(PeerCondition::Always)
            // From the port of a connection that stands a router lets in what it lets in from nobody else.
            .allocate_new_port()
            .build();
        self.under_way.insert(opts.connection_id(), Call { nonce, outcome_to });
        self.to_swarm.push_back(ToSwarm::Dial { opts });
    }

    /// A call has ended: its connection was made for it, and is closed.
    fn end_call(&mut self, connection: ConnectionId, outcome: Outcome) {
        if let Some(call) = self.under_way.remove(&connection) {
            // Who asked may be gone.
            let _ = call.outcome_to.send(outcome);
        }
    }

    fn made(&mut self, peer: PeerId, connection: ConnectionId, relayed: bool) {
        if let Some(call) = self.under_way.get(&connection) {
            let nonce = call.nonce;
            return self.notify(peer, connection, ToHandler::Say(nonce));
        }
        if !relayed {
            self.connections.entry(peer).or_default().push(connection);
        }
    }

    fn closed(&mut self, peer: PeerId, connection: ConnectionId) {
        self.end_call(connection, Outcome::NotTaken);
        if let Some(all) = self.connections.get_mut(&peer) {
            all.retain(|one| *one != connection);
            if all.is_empty() {
                self.connections.remove(&peer);
            }
        }
        let lost = self.open.iter().filter(|(_, (_, _, open))| open.over == connection);
        for nonce in lost.map(|(nonce, _)| *nonce).collect::<Vec<_>>() {
            self.answered(nonce, None);
        }
    }
}

/// What counts as one address: see [`gate::origin`].
fn whole(from: IpAddr) -> IpAddr {
    gate::origin(&Multiaddr::from(from)).unwrap_or(from)
}

impl NetworkBehaviour for Callbacks {
    type ConnectionHandler = Handler;
    type ToSwarm = Event;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        own: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let direct = !gate::is_relayed(own) && !gate::is_relayed(remote);
        Ok(Handler::new(direct.then(|| at(remote)).flatten(), self.calls && direct, direct))
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        remote: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let direct = !gate::is_relayed(remote);
        Ok(Handler::new(direct.then(|| at(remote)).flatten(), self.calls && direct, false))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(made) => {
                self.made(made.peer_id, made.connection_id, made.endpoint.is_relayed());
            }
            FromSwarm::ConnectionClosed(gone) => self.closed(gone.peer_id, gone.connection_id),
            FromSwarm::DialFailure(failed) => self.end_call(failed.connection_id, Outcome::NotReached),
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
            FromHandler::Asked(address, nonce, outcome_to) => {
                self.tell(Event::Asked { peer, connection });
                match address {
                    Some(address) => self.call(peer, address, nonce, outcome_to),
                    None => drop(outcome_to.send(Outcome::Refused)),
                }
            }
            FromHandler::Called(nonce, since, asked_for) => {
                let _ = asked_for.send(self.called(nonce, since));
            }
            FromHandler::Answered(question, outcome) => self.answered(question.nonce, outcome),
            FromHandler::Said(taken) => {
                self.end_call(connection, if taken { Outcome::Reached } else { Outcome::NotTaken });
                let connection = CloseConnection::One(connection);
                self.to_swarm.push_back(ToSwarm::CloseConnection { peer_id: peer, connection });
            }
        }
    }

    // No waker is kept: questions are asked by the task that polls the swarm right after.
    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.to_swarm.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}

fn at(remote: &Multiaddr) -> Option<IpAddr> {
    addresses::ip(remote).map(|ip| ip.to_canonical())
}
