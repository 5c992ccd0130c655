//! Who may connect: at most so many connections from one address, and for a while nobody who misbehaved.
//! libp2p's own limits count all connections and those of one peer; a peer can have as many keys as it likes,
//! but hardly as many addresses.
//!
//! When all places are taken, the address that holds most of them gives one to who comes from elsewhere: several addresses
//! together keep nobody out.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::task::{Context, Poll};

use libp2p::core::{Endpoint, transport::PortUse};
use libp2p::swarm::{
    CloseConnection, ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, ListenFailure,
    NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};
use tokio::time::Instant;

use super::addresses;
use crate::core::primitives::limits;

/// Counts connections that came in, by where they came from.
#[derive(Debug, Default)]
pub struct Gate {
    /// Those that have not yet said who they are.
    pending: HashMap<ConnectionId, IpAddr>,
    origins: HashMap<ConnectionId, IpAddr>,
    /// Of each address, and of each network that several may belong to.
    counts: HashMap<Origin, usize>,
    /// Those that have said who they are.
    inside: BTreeMap<ConnectionId, Inside>,
    /// Peers whose connections are wanted.
    kept: BTreeSet<PeerId>,
    /// Those that come through relays: pending, and all of them.
    pending_relayed: HashSet<ConnectionId>,
    relayed: HashSet<ConnectionId>,
    kept_out: BTreeMap<Somebody, Instant>,
    to_close: VecDeque<(PeerId, ConnectionId)>,
}

/// What connections are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Origin {
    Address(IpAddr),
    /// The first 48 bits of an IPv6 address, which one customer may be given.
    Site(Ipv6Addr),
}

/// A connection that came in.
#[derive(Debug)]
struct Inside {
    peer: PeerId,
    /// None through a relay.
    from: Option<IpAddr>,
    greets: bool,
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

    /// Connections with these peers are wanted: they stay, whoever comes.
    pub fn keep(&mut self, kept: BTreeSet<PeerId>) {
        self.kept = kept;
    }

    /// Somebody greets over this connection: it goes last.
    pub fn greets(&mut self, connection: ConnectionId) {
        if let Some(inside) = self.inside.get_mut(&connection) {
            inside.greets = true;
        }
    }

    /// An address that holds connections open and says nothing leaves places for others: at most half as many as it takes are
    /// left to the next, so that several addresses together leave some as well.
    fn knock(&mut self, connection: ConnectionId, from: IpAddr) -> Result<(), ConnectionDenied> {
        let all = self.pending.len() + self.pending_relayed.len();
        let half_of_the_rest = (limits::PENDING_CONNECTIONS as usize).saturating_sub(all) / 2;
        for origin in counted_by(from) {
            let held = self.pending.values().filter(|one| counted_by(**one).any(|one| one == origin)).count();
            if held >= (limits::PENDING_PER_IP * origin.shares()).min(half_of_the_rest).max(1) {
                return Err(ConnectionDenied::new(TooMany));
            }
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
        let full = |origin: Origin| {
            self.counts
                .get(&origin)
                .is_some_and(|count| *count >= limits::CONNECTIONS_PER_IP * origin.shares())
        };
        if counted_by(from).any(full) {
            return Err(ConnectionDenied::new(TooMany));
        }
        counted_by(from).for_each(|origin| *self.counts.entry(origin).or_default() += 1);
        self.origins.insert(connection, from);
        Ok(())
    }

    /// Somebody has said who they are. Where all places are taken, somebody else goes, or it is they.
    fn take_place(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        from: Option<IpAddr>,
    ) -> Result<(), ConnectionDenied> {
        if self.inside.len() >= limits::INCOMING_CONNECTIONS as usize {
            let goes = self.who_goes_for(from).ok_or_else(|| ConnectionDenied::new(TooMany))?;
            if let Some(inside) = self.inside.remove(&goes) {
                self.to_close.push_back((inside.peer, goes));
            }
        }
        self.inside.insert(connection, Inside { peer, from, greets: false });
        Ok(())
    }

    /// Of the address that holds most, and more than whoever comes will: the newest that isn't wanted, and rather one that
    /// doesn't greet. What comes through relays has its own bound.
    fn who_goes_for(&self, newcomer: Option<IpAddr>) -> Option<ConnectionId> {
        let mut held: HashMap<Option<IpAddr>, usize> = HashMap::new();
        self.inside.values().for_each(|one| *held.entry(one.from).or_default() += 1);
        let held = |from: Option<IpAddr>| held.get(&from).copied().unwrap_or_default();
        let theirs = held(newcomer) + 1;
        let could_go = self.inside.iter().filter(|(_, one)| {
            one.from.is_some() && held(one.from) > theirs && !self.kept.contains(&one.peer)
        });
        could_go.max_by_key(|(at, one)| (held(one.from), one.from, !one.greets, **at)).map(|(at, _)| *at)
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
        self.inside.remove(&connection);
        let Some(from) = self.origins.remove(&connection) else { return };
        for origin in counted_by(from) {
            if let Some(count) = self.counts.get_mut(&origin) {
                *count -= 1;
                if *count == 0 {
                    self.counts.remove(&origin);
                }
            }
        }
    }
}

impl Origin {
    /// How often it may have what an address may.
    const fn shares(self) -> usize {
        match self {
            Self::Address(_) => 1,
            Self::Site(_) => limits::SHARES_OF_A_SITE,
        }
    }
}

/// Everything that counts one connection more from there.
fn counted_by(from: IpAddr) -> impl Iterator<Item = Origin> {
    let site = match from {
        IpAddr::V6(ip) if !ip.is_loopback() => Some(Ipv6Addr::from_bits(ip.to_bits() >> 80 << 80)),
        _ => None,
    };
    [Origin::Address(from)].into_iter().chain(site.map(Origin::Site))
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
        own: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.pending.remove(&connection);
        self.pending_relayed.remove(&connection);
        self.let_in(Somebody::Named(peer))?;
        self.take_place(connection, peer, (!is_relayed(own)).then(|| origin(remote)).flatten())?;
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
        // No waker is kept: places are given away by the task that polls the swarm right after.
        let Some((peer_id, connection)) = self.to_close.pop_front() else { return Poll::Pending };
        Poll::Ready(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::One(connection) })
    }
}
