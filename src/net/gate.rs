//! Who may connect: at most so many connections from one address, and for a while nobody who misbehaved.
//! libp2p's own limits count all connections and those of one peer; a peer can have as many keys as it likes,
//! but hardly as many addresses.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{IpAddr, Ipv6Addr};
use std::task::{Context, Poll};

use libp2p::core::{Endpoint, transport::PortUse};
use libp2p::swarm::{
    ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, ListenFailure, NetworkBehaviour, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};
use tokio::time::Instant;

use super::addresses;
use crate::core::primitives::limits;

/// Counts connections that came in, by where they came from.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// Those that have not yet said who they are.
    pending: HashMap<ConnectionId, IpAddr>,
    origins: HashMap<ConnectionId, IpAddr>,
    counts: HashMap<IpAddr, usize>,
    /// Those that come through relays: pending, and all of them.
    pending_relayed: HashSet<ConnectionId>,
    relayed: HashSet<ConnectionId>,
    kept_out: BTreeMap<Somebody, Instant>,
}

/// Who is kept out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Somebody {
    From(IpAddr),
    Named(PeerId),
}

/// There are enough connections from this address.
#[derive(Debug, thiserror::Error)]
#[error("too many connections from one address")]
struct TooMany;

/// This peer or address has asked for too much.
#[derive(Debug, thiserror::Error)]
#[error("kept out for a while")]
struct KeptOut;

impl Gate {
    /// Keeps a peer out for a while, and with it everybody at its address.
    pub(super) fn keep_out(&mut self, peer: PeerId, remote: Option<&Multiaddr>) {
        let now = Instant::now();
        let everybody = remote.and_then(origin).filter(|from| !from.is_loopback()).map(Somebody::From);
        for somebody in everybody.into_iter().chain([Somebody::Named(peer)]) {
            self.kept_out.retain(|_, until| *until > now);
            if self.kept_out.len() >= limits::KEPT_OUT_AT_ONCE {
                let longest = self.kept_out.iter().min_by_key(|(_, until)| **until).map(|(one, _)| *one);
                longest.map(|one| self.kept_out.remove(&one));
            }
            self.kept_out.insert(somebody, now + limits::KEPT_OUT);
        }
    }

    fn let_in(&self, somebody: Somebody) -> Result<(), ConnectionDenied> {
        match self.kept_out.get(&somebody) {
            Some(until) if *until > Instant::now() => Err(ConnectionDenied::new(KeptOut)),
            _ => Ok(()),
        }
    }

    /// An address that holds connections open and says nothing leaves places for others.
    fn knock(&mut self, connection: ConnectionId, from: IpAddr) -> Result<(), ConnectionDenied> {
        if self.pending.values().filter(|one| **one == from).count() >= limits::PENDING_PER_IP {
            return Err(ConnectionDenied::new(TooMany));
        }
        self.pending.insert(connection, from);
        Ok(())
    }

    /// Programs on this machine aren't counted here: they have other ways to be a nuisance.
    fn enter(&mut self, connection: ConnectionId, from: IpAddr) -> Result<(), ConnectionDenied> {
        if from.is_loopback() {
            return Ok(());
        }
        self.let_in(Somebody::From(from))?;
        let count = self.counts.entry(from).or_default();
        if *count >= limits::CONNECTIONS_PER_IP {
            return Err(ConnectionDenied::new(TooMany));
        }
        *count += 1;
        self.origins.insert(connection, from);
        Ok(())
    }

    /// Of those that come through relays nobody knows from where, so that they share what is for them: a relay that
    /// means no good, or whoever floods one, takes no place from who comes by themselves.
    fn enter_relayed(&mut self, connection: ConnectionId) -> Result<(), ConnectionDenied> {
        if self.pending_relayed.len() >= limits::PENDING_RELAYED
            || self.relayed.len() >= limits::INCOMING_RELAYED
        {
            return Err(ConnectionDenied::new(TooMany));
        }
        self.pending_relayed.insert(connection);
        self.relayed.insert(connection);
        Ok(())
    }

    fn leave(&mut self, connection: ConnectionId) {
        self.pending.remove(&connection);
        self.pending_relayed.remove(&connection);
        self.relayed.remove(&connection);
        let Some(from) = self.origins.remove(&connection) else { return };
        if let Some(count) = self.counts.get_mut(&from) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&from);
            }
        }
    }
}

/// What counts as one origin: an IPv4 address, or the 64-bit network that one household is given. Of a connection
/// through a relay it isn't known: the relay's address is nobody's fault.
pub(super) fn origin(remote: &Multiaddr) -> Option<IpAddr> {
    if is_relayed(remote) {
        return None;
    }
    Some(match addresses::ip(remote)?.to_canonical() {
        IpAddr::V6(ip) if !ip.is_loopback() => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
        ip => ip,
    })
}

/// Whether this is the end of a connection through a relay.
pub(super) fn is_relayed(address: &Multiaddr) -> bool {
    address.iter().any(|part| matches!(part, Protocol::P2pCircuit))
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = std::convert::Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        own: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        if is_relayed(own) {
            return self.enter_relayed(connection);
        }
        let Some(from) = origin(remote) else { return Ok(()) };
        self.knock(connection, from)?;
        self.enter(connection, from)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.pending.remove(&connection);
        self.pending_relayed.remove(&connection);
        self.let_in(Somebody::Named(peer))?;
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionClosed(ConnectionClosed { connection_id, .. })
            | FromSwarm::ListenFailure(ListenFailure { connection_id, .. }) => self.leave(connection_id),
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}
