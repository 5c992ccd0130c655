//! Who was seen on the local network. mDNS proves nothing: an address is a hint, and the key that answers
//! there decides.

use std::collections::{BTreeMap, BTreeSet};

use libp2p::PeerId;

use crate::core::primitives::{address::Address, limits};

/// The peers that mDNS names, with their addresses.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    seen: BTreeMap<PeerId, Vec<Address>>,
    /// What was named twice: by IPv4 and by IPv6. It is gone when it is gone from both.
    twice: BTreeSet<(PeerId, Address)>,
    /// Those that have said that they don't serve registrations.
    idle: BTreeSet<PeerId>,
}

impl Neighbours {
    /// A peer was seen; whether that was news.
    pub(super) fn seen(&mut self, peer: PeerId, address: Address) -> bool {
        if self.seen.len() >= limits::NEIGHBOURS && !self.seen.contains_key(&peer) {
            return false;
        }
        let addresses = self.seen.entry(peer).or_default();
        if addresses.contains(&address) {
            self.twice.insert((peer, address));
            return false;
        }
        let news = addresses.len() < limits::ADDRESSES_PER_DEVICE;
        if news {
            addresses.push(address);
        }
        news
    }

    /// A peer is no longer seen there.
    pub(super) fn gone(&mut self, peer: &PeerId, address: &Address) {
        if self.twice.remove(&(*peer, address.clone())) {
            return;
        }
        if let Some(addresses) = self.seen.get_mut(peer) {
            addresses.retain(|one| one != address);
            if addresses.is_empty() {
                self.seen.remove(peer);
                self.idle.remove(peer);
            }
        }
    }

    /// Everybody who is seen.
    pub(super) fn all(&self) -> impl Iterator<Item = (&PeerId, &[Address])> {
        self.seen.iter().map(|(peer, addresses)| (peer, addresses.as_slice()))
    }

    /// Where a peer was seen.
    pub(super) fn addresses(&self, peer: &PeerId) -> &[Address] {
        self.seen.get(peer).map_or(&[], Vec::as_slice)
    }

    /// A neighbour has said whether it serves registrations.
    pub(super) fn serves(&mut self, peer: PeerId, serves: bool) {
        if serves || !self.seen.contains_key(&peer) {
            self.idle.remove(&peer);
        } else {
            self.idle.insert(peer);
        }
    }

    /// Neighbours that may serve registrations: the same few for everybody who sees the same neighbours.
    pub(super) fn points(&self) -> BTreeSet<PeerId> {
        let may_serve = self.seen.keys().filter(|peer| !self.idle.contains(peer));
        may_serve.take(limits::NEIGHBOURS_ASKED).copied().collect()
    }
}
