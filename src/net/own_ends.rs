//! At which of our own addresses connections end. A TCP connection whose address this machine has lost carries nothing
//! any more; without a look here that would show when pings fail, and the person at the screen would wait for it. An
//! address that comes back soon is forgiven: a cable was out for a moment. QUIC moves over by itself.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::time::Duration;

use libp2p::core::ConnectedPoint;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::ConnectionId;
use tokio::time::Instant;

use super::addresses;

/// An address that has been away for this long isn't coming back for the connections that had it.
const AWAY: Duration = Duration::from_secs(5);

/// Our ends of all TCP connections, and the addresses that were lost.
#[derive(Debug, Default)]
pub struct OwnEnds {
    ends: HashMap<ConnectionId, IpAddr>,
    lost: BTreeMap<IpAddr, Instant>,
}

impl OwnEnds {
    /// A connection stands.
    pub fn opened(&mut self, connection: ConnectionId, end: &ConnectedPoint) {
        let is_tcp = end.get_remote_address().iter().any(|part| matches!(part, Protocol::Tcp(_)));
        let own = match end {
            _ if !is_tcp || end.is_relayed() => None,
            ConnectedPoint::Listener { local_addr, .. } => addresses::ip(local_addr),
            ConnectedPoint::Dialer { address, .. } => addresses::ip(address).and_then(towards),
        };
        if let Some(own) = own {
            self.ends.insert(connection, own);
        }
    }

    /// A connection is gone.
    pub fn closed(&mut self, connection: ConnectionId) {
        self.ends.remove(&connection);
    }

    /// This machine has an address no longer; or again.
    pub fn changed(&mut self, ip: IpAddr, is_here: bool, now: Instant) {
        if is_here {
            self.lost.remove(&ip);
        } else if self.ends.values().any(|own| *own == ip) {
            self.lost.entry(ip).or_insert(now + AWAY);
        }
    }

    /// The connections that end at addresses which are gone for good.
    #[must_use]
    pub fn given_up(&mut self, now: Instant) -> Vec<ConnectionId> {
        let gone: Vec<IpAddr> = self.lost.iter().filter(|(_, at)| **at <= now).map(|(ip, _)| *ip).collect();
        self.lost.retain(|_, at| *at > now);
        self.ends.iter().filter(|(_, own)| gone.contains(own)).map(|(connection, _)| *connection).collect()
    }

    /// When to look again.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.lost.values().min().copied()
    }
}

/// The address from which this machine speaks to another: the system knows it without anything being sent.
fn towards(remote: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = match remote {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    // Any port would do.
    socket.connect((remote, 9)).ok()?;
    socket.local_addr().ok().map(|own| own.ip())
}
