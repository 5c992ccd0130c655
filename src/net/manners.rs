//! How much of our rendezvous point's work one peer asks for. Registrations and questions are cheap, but each
//! leaves something behind until it ends; who sends them without end is shown the door for a while.

use std::collections::BTreeMap;
use std::time::Duration;

use libp2p::PeerId;
use tokio::time::Instant;

use crate::core::primitives::limits;

/// Requests are counted over this span.
const SPAN: Duration = Duration::from_secs(60);

/// What each peer has asked for lately.
#[derive(Debug, Default)]
pub(super) struct Manners(BTreeMap<PeerId, Asked>);

#[derive(Debug)]
struct Asked {
    since: Instant,
    times: u32,
}

impl Manners {
    /// A peer has asked for something; whether that is still decent.
    pub(super) fn asked(&mut self, peer: PeerId, now: Instant) -> bool {
        if self.0.len() >= limits::ASKING_PEERS && !self.0.contains_key(&peer) {
            self.0.retain(|_, asked| now - asked.since < SPAN);
        }
        // With as many askers as that, each has asked but little.
        if self.0.len() >= limits::ASKING_PEERS && !self.0.contains_key(&peer) {
            return true;
        }
        let asked = self.0.entry(peer).or_insert(Asked { since: now, times: 0 });
        if now - asked.since >= SPAN {
            *asked = Asked { since: now, times: 0 };
        }
        asked.times += 1;
        asked.times <= limits::ASKED_PER_MINUTE
    }
}
