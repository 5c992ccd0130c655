//! How much of our rendezvous point's work one peer asks for, and one address with all its keys. Registrations and questions
//! are cheap, but each leaves something behind until it ends; who sends them without end is shown the door for a while.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use libp2p::PeerId;
use tokio::time::Instant;

use crate::core::primitives::limits;

/// Requests are counted over this span.
const SPAN: Duration = Duration::from_secs(60);

/// What each peer, and each address, has asked for lately.
#[derive(Debug, Default)]
pub struct Manners {
    // Apart, so that nobody pushes an address out of what is remembered with ever other keys.
    peers: Lately<PeerId>,
    addresses: Lately<IpAddr>,
}

impl Manners {
    /// A peer has asked for something, from somewhere that counts or not; whether that is still decent.
    #[must_use]
    pub fn asked(&mut self, peer: PeerId, from: Option<IpAddr>, now: Instant) -> bool {
        let by_peer = self.peers.count(peer, now);
        let by_address = from.map_or(0, |from| self.addresses.count(from, now));
        by_peer <= limits::ASKED_PER_MINUTE && by_address <= limits::ASKED_PER_MINUTE_BY_ADDRESS
    }
}

#[derive(Debug)]
struct Lately<Asker>(BTreeMap<Asker, Asked>);

#[derive(Debug)]
struct Asked {
    since: Instant,
    times: u32,
}

impl<Asker> Default for Lately<Asker> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<Asker: Ord + Copy> Lately<Asker> {
    /// How often this one has asked in the span that began with its first.
    fn count(&mut self, asker: Asker, now: Instant) -> u32 {
        if self.0.len() >= limits::ASKING_PEERS && !self.0.contains_key(&asker) {
            self.make_room(now);
        }
        let asked = self.0.entry(asker).or_insert(Asked { since: now, times: 0 });
        if now - asked.since >= SPAN {
            *asked = Asked { since: now, times: 0 };
        }
        asked.times = asked.times.saturating_add(1);
        asked.times
    }

    /// Who comes is counted whatever happens, and who was first to be counted is forgotten.
    fn make_room(&mut self, now: Instant) {
        self.0.retain(|_, asked| now - asked.since < SPAN);
        if self.0.len() >= limits::ASKING_PEERS {
            let oldest = self.0.iter().min_by_key(|(_, asked)| asked.since).map(|(asker, _)| *asker);
            oldest.map(|asker| self.0.remove(&asker));
        }
    }
}
