//! Whose packets are read: so many a second of each sender, and of all together so many more; who says little is heard
//! however many say much.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::core::primitives::limits;

/// Packets are counted over this span.
const SPAN: Duration = Duration::from_secs(1);

/// Whether a sender said much within a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// No more than [`limits::LAN_PACKETS_OF_THE_QUIET`] packets.
    Quiet,
    /// More.
    Loud,
}

/// How many packets came within a span, of each sender, and in all of each sort.
#[derive(Debug, Default)]
pub struct Counts {
    since: Option<Instant>,
    quiet: u32,
    loud: u32,
    of: BTreeMap<IpAddr, u32>,
}

impl Counts {
    /// One more came. Whether to read it, and as whose.
    pub fn another(&mut self, from: IpAddr, now: Instant) -> Option<Voice> {
        if self.since.is_none_or(|since| now - since >= SPAN) {
            *self = Self { since: Some(now), ..Self::default() };
        }
        // Each sort has its own share, so that a crowd that says much takes nothing from who says little.
        if self.quiet >= limits::LAN_PACKETS && !self.of.contains_key(&from) {
            return None;
        }
        let of_it = self.of.entry(from).or_default();
        *of_it = of_it.saturating_add(1);
        let (voice, all, most) = match *of_it <= limits::LAN_PACKETS_OF_THE_QUIET {
            true => (Voice::Quiet, &mut self.quiet, u32::MAX),
            false => (Voice::Loud, &mut self.loud, limits::LAN_PACKETS_PER_IP),
        };
        let is_read = *of_it <= most && *all < limits::LAN_PACKETS;
        *all += u32::from(is_read);
        is_read.then_some(voice)
    }
}
