//! Who was seen on the local network, for as long as it is worth remembering. Nothing of it is proved: an address is a
//! hint, and the key that answers there decides. Anybody can announce names without end, so that no more of them are kept
//! than a room has devices, and who is loud takes no place from who is not.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use libp2p::PeerId;
use tokio::time::Instant;

use super::hearsay::Hearsay;
use super::lan::Seen;
use crate::core::primitives::{address::Address, limits};

/// Somebody who is near, as they say.
#[derive(Debug)]
struct Neighbour {
    addresses: Hearsay<{ limits::ADDRESSES_PER_DEVICE }>,
    /// Who said so first.
    from: IpAddr,
    since: Instant,
    until: Instant,
    /// It has said that it serves no registrations.
    is_idle: bool,
}

/// Everybody who is seen.
#[derive(Debug, Default)]
pub struct Neighbours(BTreeMap<PeerId, Neighbour>);

impl Neighbours {
    /// A peer was seen; which of its addresses are news.
    pub fn seen(&mut self, seen: Seen, now: Instant) -> Vec<Address> {
        let Seen { peer, mut addresses, from, life } = seen;
        if !self.0.contains_key(&peer) && !self.makes_room(from, now) {
            return Vec::new();
        }
        let fresh = || {
            let addresses = Hearsay::default();
            Neighbour { addresses, from, since: now, until: now, is_idle: false }
        };
        let neighbour = self.0.entry(peer).or_insert_with(fresh);
        neighbour.until = neighbour.until.max(now + kept(life));
        addresses.retain(|address| neighbour.addresses.learn(address.clone()));
        addresses
    }

    /// Whether one more may come in, who speaks from there. Where all places are taken, one leaves: of the machine with the
    /// most names the latest, unless the newcomer's has as many; then of its own the oldest, so that a crowd goes round among
    /// itself. Where every machine has one name, it is the oldest of all. Whoever is to leave by age could be asked meanwhile.
    fn makes_room(&mut self, from: IpAddr, now: Instant) -> bool {
        let mut crowds: BTreeMap<IpAddr, usize> = BTreeMap::new();
        self.0.values().for_each(|one| *crowds.entry(one.from).or_default() += 1);
        let own = crowds.get(&from).copied().unwrap_or(0);
        if own < limits::NEIGHBOURS_PER_IP && self.0.len() < limits::NEIGHBOURS {
            return true;
        }
        let Some((loudest, most)) = crowds.into_iter().max_by_key(|(_, count)| *count) else { return true };
        let leaves = if own + 1 < most {
            self.0.iter().filter(|(_, one)| one.from == loudest).max_by_key(|(_, one)| one.since)
        } else {
            let among = self.0.iter().filter(|(_, one)| own == 0 || one.from == from);
            let oldest = among.min_by_key(|(_, one)| one.since);
            oldest.filter(|(_, one)| now - one.since >= limits::NEIGHBOUR_KEPT.0)
        };
        let leaves = leaves.map(|(peer, _)| *peer);
        leaves.is_some_and(|peer| self.0.remove(&peer).is_some())
    }

    /// Who wasn't seen for long is gone. When somebody will be next.
    pub fn forget(&mut self, now: Instant) -> Option<Instant> {
        self.0.retain(|_, one| one.until > now);
        self.0.values().map(|one| one.until).min()
    }

    /// Everybody who is seen.
    pub fn all(&self) -> impl Iterator<Item = (&PeerId, &[Address])> {
        self.0.iter().map(|(peer, one)| (peer, one.addresses.all()))
    }

    /// Where a peer was seen.
    pub fn addresses(&self, peer: &PeerId) -> &[Address] {
        self.0.get(peer).map_or(&[], |one| one.addresses.all())
    }

    /// A neighbour has said whether it serves registrations.
    pub fn serves(&mut self, peer: PeerId, serves: bool) {
        if let Some(one) = self.0.get_mut(&peer) {
            one.is_idle = !serves;
        }
    }

    /// Neighbours that may serve registrations: the same few for everybody who sees the same neighbours.
    pub fn points(&self) -> BTreeSet<PeerId> {
        let may_serve = self.0.iter().filter(|(_, one)| !one.is_idle).map(|(peer, _)| *peer);
        may_serve.take(limits::NEIGHBOURS_ASKED).collect()
    }
}

/// How long it is remembered, whatever was announced.
fn kept(life: Duration) -> Duration {
    life.clamp(limits::NEIGHBOUR_KEPT.0, limits::NEIGHBOUR_KEPT.1)
}
