//! What each address has of what a relay carries. libp2p's relay counts the circuits of a peer and all circuits; a peer
//! can have as many keys as it likes, but hardly as many addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use libp2p::{PeerId, relay};

use super::gate;
use crate::core::primitives::limits;

/// The circuits that each peer has opened, and from where. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Shares(Arc<Mutex<BTreeMap<PeerId, (IpAddr, usize)>>>);

impl Shares {
    /// Asked last for each circuit, once everything else allows it: what it grants is counted.
    pub(super) fn limiter(&self) -> Box<dyn relay::RateLimiter> {
        let shares = self.clone();
        Box::new(move |peer, remote: &libp2p::Multiaddr, _| {
            gate::origin(remote).is_none_or(|from| shares.grant(peer, from))
        })
    }

    fn grant(&self, peer: PeerId, from: IpAddr) -> bool {
        let mut all = self.all();
        let of_it: usize = all.values().filter(|(ip, _)| *ip == from).map(|(_, count)| count).sum();
        if of_it >= limits::CIRCUITS_PER_IP {
            return false;
        }
        let (ip, count) = all.entry(peer).or_insert((from, 0));
        (*ip, *count) = (from, *count + 1);
        true
    }

    /// What the relay says: a circuit that is no more leaves its share.
    #[expect(
        deprecated,
        reason = "the events are to become log lines; until then they are the one sign of it"
    )]
    pub(super) fn note(&self, event: &relay::Event) {
        use relay::Event;
        let ended = match event {
            Event::CircuitClosed { src_peer_id, .. }
            | Event::CircuitReqAcceptFailed { src_peer_id, .. }
            | Event::CircuitReqOutboundConnectFailed { src_peer_id, .. }
            | Event::CircuitReqDenied { src_peer_id, status: relay::StatusCode::NoReservation, .. } => {
                src_peer_id
            }
            _ => return,
        };
        if let Some((_, count)) = self.all().get_mut(ended) {
            *count = count.saturating_sub(1);
        }
    }

    /// Who is gone has nothing.
    pub(super) fn forget(&self, peer: &PeerId) {
        self.all().remove(peer);
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<PeerId, (IpAddr, usize)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
