//! How often this device calls others because they ask for it: so often in a minute for each peer, for each address and
//! in all, and so many at one moment.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use libp2p::PeerId;
use tokio::time::Instant;

use crate::core::primitives::limits;

/// Calls are counted over this span.
const SPAN: Duration = Duration::from_secs(60);

/// The calls of one minute. What is remembered is as much as is granted.
#[derive(Debug)]
pub(super) struct Turns {
    since: Instant,
    in_all: u32,
    peers: BTreeMap<PeerId, u32>,
    origins: BTreeMap<IpAddr, u32>,
}

impl Turns {
    pub(super) fn from(now: Instant) -> Self {
        Self { since: now, in_all: 0, peers: BTreeMap::new(), origins: BTreeMap::new() }
    }

    /// Whether one more is granted; it counts if it is.
    pub(super) fn take(&mut self, peer: PeerId, from: IpAddr, now: Instant) -> bool {
        if now.duration_since(self.since) >= SPAN {
            *self = Self::from(now);
        }
        let of_peer = self.peers.get(&peer).copied().unwrap_or_default();
        let of_origin = self.origins.get(&from).copied().unwrap_or_default();
        let granted = of_peer < limits::CALLS_PER_PEER
            && of_origin < limits::CALLS_PER_IP
            && self.in_all < limits::CALLS_PER_MINUTE;
        if granted {
            self.in_all += 1;
            self.peers.insert(peer, of_peer + 1);
            self.origins.insert(from, of_origin + 1);
        }
        granted
    }
}
