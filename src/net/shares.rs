//! What each address, and each destination, has of what a relay carries. libp2p's relay counts the circuits that a peer has
//! asked for, and all circuits; a peer can have as many keys as it likes, but hardly as many addresses.
//!
//! Where they lead is known when a circuit stands, so that one too many is ended then: of the address that has most of
//! that destination's, the newest peer leaves.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use libp2p::{PeerId, relay};
use tokio::time::Instant;

use super::gate;
use crate::core::primitives::limits;

/// What was granted stands, or has failed, within a minute; the relay doesn't say of everything that failed.
const GRANT: Duration = Duration::from_secs(2 * 60);

/// The circuits of all peers. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Shares(Arc<Mutex<Circuits>>);

#[derive(Debug, Default)]
struct Circuits {
    /// Of whom something was granted that doesn't stand yet: from where, and when.
    granted: BTreeMap<PeerId, Vec<(IpAddr, Instant)>>,
    /// From whom, and to whom.
    standing: BTreeMap<(PeerId, PeerId), Standing>,
    so_far: u64,
}

/// What stands between two peers.
#[derive(Debug)]
struct Standing {
    from: Option<IpAddr>,
    count: usize,
    /// Which of all circuits was the last of these.
    last: u64,
}

impl Shares {
    /// Asked last for each circuit, once everything else allows it: what it grants is counted.
    pub(super) fn limiter(&self) -> Box<dyn relay::RateLimiter> {
        let shares = self.clone();
        Box::new(move |peer, remote: &libp2p::Multiaddr, _| {
            gate::origin(remote).is_none_or(|from| shares.grant(peer, from))
        })
    }

    /// Somebody at an address asks for a circuit; whether there is one left for that address.
    #[must_use]
    pub fn grant(&self, peer: PeerId, from: IpAddr) -> bool {
        let now = Instant::now();
        let mut all = self.all();
        all.forget_grants(now);
        if all.of_address(from) >= limits::CIRCUITS_PER_IP {
            return false;
        }
        all.granted.entry(peer).or_default().push((from, now));
        true
    }

    /// What the relay says: a circuit that is no more leaves its share. Who is to be disconnected, where a destination has
    /// too many.
    #[expect(
        deprecated,
        reason = "the events are to become log lines; until then they are the one sign of it"
    )]
    pub fn note(&self, event: &relay::Event) -> Option<PeerId> {
        use relay::Event;
        let mut all = self.all();
        match event {
            Event::CircuitReqAccepted { src_peer_id, dst_peer_id } => {
                all.stands(*src_peer_id, *dst_peer_id);
                let gives_way = all.one_too_many(dst_peer_id)?;
                all.forget(&gives_way);
                return Some(gives_way);
            }
            Event::CircuitClosed { src_peer_id, dst_peer_id, .. } => all.ended(*src_peer_id, *dst_peer_id),
            // Of a refusal that wasn't heard nobody knows whether something had been granted: that lapses.
            Event::CircuitReqAcceptFailed { src_peer_id, .. }
            | Event::CircuitReqOutboundConnectFailed { src_peer_id, .. }
            | Event::CircuitReqDenied { src_peer_id, status: relay::StatusCode::NoReservation, .. } => {
                let _: Option<IpAddr> = all.take_grant(src_peer_id);
            }
            _ => {}
        }
        None
    }

    /// Who is gone has nothing.
    pub fn forget(&self, peer: &PeerId) {
        self.all().forget(peer);
    }

    fn all(&self) -> MutexGuard<'_, Circuits> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Circuits {
    fn of_address(&self, from: IpAddr) -> usize {
        let granted = self.granted.values().flatten().filter(|(ip, _)| *ip == from).count();
        let standing = self.standing.values().filter(|one| one.from == Some(from));
        granted + standing.map(|one| one.count).sum::<usize>()
    }

    fn forget_grants(&mut self, now: Instant) {
        self.granted.retain(|_, all| {
            all.retain(|(_, at)| now - *at < GRANT);
            !all.is_empty()
        });
    }

    /// Grants of one peer become circuits in their order, or don't.
    fn take_grant(&mut self, peer: &PeerId) -> Option<IpAddr> {
        let all = self.granted.get_mut(peer)?;
        let from = (!all.is_empty()).then(|| all.remove(0).0);
        if all.is_empty() {
            self.granted.remove(peer);
        }
        from
    }

    fn stands(&mut self, src: PeerId, dst: PeerId) {
        let from = self.take_grant(&src);
        self.so_far += 1;
        let standing = self.standing.entry((src, dst)).or_insert(Standing { from, count: 0, last: 0 });
        standing.count += 1;
        standing.last = self.so_far;
    }

    fn ended(&mut self, src: PeerId, dst: PeerId) {
        let Some(standing) = self.standing.get_mut(&(src, dst)) else { return };
        standing.count -= 1;
        if standing.count == 0 {
            self.standing.remove(&(src, dst));
        }
    }

    fn forget(&mut self, peer: &PeerId) {
        self.granted.remove(peer);
        self.standing.retain(|(src, _), _| src != peer);
    }

    /// A session has what nobody else wants, up to half of all; beyond that no more than a quarter.
    fn one_too_many(&self, dst: &PeerId) -> Option<PeerId> {
        let of_it = || self.standing.iter().filter(|((_, to), _)| to == dst);
        let count: usize = of_it().map(|(_, one)| one.count).sum();
        let in_all: usize = self.standing.values().map(|one| one.count).sum();
        if count <= limits::CIRCUITS_PER_DESTINATION || in_all <= limits::CIRCUITS / 2 {
            return None;
        }
        let mut addresses: BTreeMap<Option<IpAddr>, usize> = BTreeMap::new();
        of_it().for_each(|(_, one)| *addresses.entry(one.from).or_default() += one.count);
        let (most, _) = addresses.into_iter().max_by_key(|(_, count)| *count)?;
        let theirs = of_it().filter(|(_, one)| one.from == most);
        theirs.max_by_key(|(_, one)| one.last).map(|((src, _), _)| *src)
    }
}
