//! The local network: who is on our own links, and that we are, by multicast (mDNS), without anybody's help. Any libp2p
//! device is heard, and hears us.
//!
//! ```text
//!   driver ── our addresses, "ask!" ─▶ Ear ── question, here ─▶ 224.0.0.251 and ff02::fb, port 5353
//!   driver ◀── Seen ────────────────── Ear ◀── question, here ── anybody on the link
//! ```
//!
//! Anybody on the link can say anything, in any name, as often as they like. So the ear reads so many packets a second of each
//! sender, takes an address for where it was sent from, and drops what the driver has no time for; it remembers
//! nobody. `neighbours` does, and is bounded itself.
//!
//! Not here: what becomes of who was seen (`neighbours`, `seek`, `contacts`, `around`). Nothing of it is believed: an address
//! is a hint, and the key that answers there decides.

#[doc(hidden)]
pub mod counts;
mod ear;
mod ends;
#[doc(hidden)]
pub mod words;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use libp2p::PeerId;
use tokio::sync::{Notify, mpsc, watch};

use crate::core::primitives::address::Address;
use ear::Ear;
use ends::Ends;

/// Sightings that wait for the driver; of more, none is kept.
const SIGHTINGS: usize = 64;

/// Somebody who says that they are near.
#[derive(Debug)]
pub struct Seen {
    /// Who.
    pub peer: PeerId,
    /// Where.
    pub addresses: Vec<Address>,
    /// Who said so.
    pub from: IpAddr,
    /// For how long it is said to hold.
    pub life: Duration,
}

/// Ears and mouth on the local network; gone when dropped.
#[derive(Debug)]
pub(super) struct Lan {
    ours: watch::Sender<Vec<Address>>,
    asked: Arc<Notify>,
    seen: mpsc::Receiver<Seen>,
}

impl Lan {
    /// Listens. A machine without multicast does without.
    pub(super) fn start(peer: PeerId) -> Option<Self> {
        let open = |is_v4| {
            Ends::open(is_v4)
                .inspect_err(|error| tracing::debug!(is_v4, %error, "this can't be searched"))
                .ok()
        };
        let ends = [open(true), open(false)];
        let mut name = [0; 16];
        if ends.iter().all(Option::is_none) || getrandom::fill(&mut name).is_err() {
            tracing::warn!("the local network can't be searched");
            return None;
        }
        let (ours, of_ours) = watch::channel(Vec::new());
        let (tell, seen) = mpsc::channel(SIGHTINGS);
        let asked = Arc::new(Notify::new());
        tokio::spawn(Ear::new(peer, name, ends, of_ours, Arc::clone(&asked), tell).listen());
        Some(Self { ours, asked, seen })
    }

    /// Says that we are at these addresses, each on its link.
    pub(super) fn is_at(&self, addresses: Vec<Address>) {
        self.ours.send_if_modified(|ours| {
            let news = *ours != addresses;
            *ours = addresses;
            news
        });
    }

    /// Asks who is there, and again after pauses that grow.
    pub(super) fn ask(&self) {
        self.asked.notify_one();
    }

    /// The next who is seen.
    pub(super) async fn seen(&mut self) -> Option<Seen> {
        self.seen.recv().await
    }
}
