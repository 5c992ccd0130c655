//! Who may connect: at most so many connections from one address. libp2p's own limits count all of them and
//! those of one peer; a peer can have as many keys as it likes, but hardly as many addresses.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::task::{Context, Poll};

use libp2p::core::{Endpoint, transport::PortUse};
use libp2p::swarm::{
    ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, ListenFailure, NetworkBehaviour, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};

use super::addresses;
use crate::core::primitives::limits;

/// Counts connections that came in, by where they came from.
#[derive(Debug, Default)]
pub(super) struct Gate {
    origins: HashMap<ConnectionId, IpAddr>,
    counts: HashMap<IpAddr, usize>,
}

/// There are enough connections from this address.
#[derive(Debug, thiserror::Error)]
#[error("too many connections from one address")]
struct TooMany;

impl Gate {
    fn enter(&mut self, connection: ConnectionId, from: IpAddr) -> Result<(), ConnectionDenied> {
        let count = self.counts.entry(from).or_default();
        if *count >= limits::CONNECTIONS_PER_IP {
            return Err(ConnectionDenied::new(TooMany));
        }
        *count += 1;
        self.origins.insert(connection, from);
        Ok(())
    }

    fn leave(&mut self, connection: ConnectionId) {
        let Some(from) = self.origins.remove(&connection) else { return };
        if let Some(count) = self.counts.get_mut(&from) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&from);
            }
        }
    }
}

/// What counts as one origin: an IPv4 address, or the 64-bit network that one household is given. Programs on
/// this machine aren't counted: they have other ways to be a nuisance.
fn origin(remote: &Multiaddr) -> Option<IpAddr> {
    let ip = addresses::ip(remote)?.to_canonical();
    match ip {
        _ if ip.is_loopback() => None,
        IpAddr::V4(_) => Some(ip),
        IpAddr::V6(ip) => Some(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into()),
    }
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = std::convert::Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        origin(remote).map_or(Ok(()), |from| self.enter(connection, from))
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
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
