//! Asking around: a stream for `/muster/sessions/1` to everybody who is seen on the local network, for as long as a
//! person looks for sessions. A few at a time and each by one address after another: where a whole room looks at one
//! moment, everybody asks everybody. Who gives none is asked again after a pause that grows.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use libp2p::PeerId;
use tokio::time::Instant;

use super::addresses;
use super::backoff::Backoff;
use super::deed::{Deed, Purpose, Way};
use super::neighbours::Neighbours;
use crate::core::primitives::address::Address;
use crate::core::primitives::limits;

/// The longest pause before a neighbour is asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

#[derive(Debug)]
struct Asked {
    is_dialled: bool,
    /// Addresses that led nowhere in this round.
    failed: Vec<Address>,
    /// How many did in all.
    failures: usize,
    backoff: Backoff,
    ask_at: Instant,
}

/// Everybody who is asked.
#[derive(Debug, Default)]
pub(super) struct Around {
    is_wished: bool,
    asked: BTreeMap<PeerId, Asked>,
}

impl Around {
    /// Whether to ask at all.
    pub(super) fn set(&mut self, is_wished: bool) {
        self.is_wished = is_wished;
        if !is_wished {
            self.asked.clear();
        }
    }

    /// A dial led nowhere.
    pub(super) fn dial_failed(&mut self, peer: &PeerId, way: &Way) {
        if let Some(asked) = self.asked.get_mut(peer) {
            asked.is_dialled = false;
            asked.failures += 1;
            if let Way::At(address) = way {
                asked.failed.push(address.clone());
            }
        }
    }

    /// A dial reached somebody.
    pub(super) fn dial_succeeded(&mut self, peer: &PeerId) {
        if let Some(asked) = self.asked.get_mut(peer) {
            asked.is_dialled = false;
        }
    }

    /// Says what is due, and when to step again.
    pub(super) fn step(
        &mut self,
        now: Instant,
        neighbours: &Neighbours,
        is_connected: impl Fn(&PeerId) -> bool,
        deeds: &mut Vec<Deed>,
    ) -> Option<Instant> {
        if !self.is_wished {
            return None;
        }
        self.asked.retain(|peer, asked| asked.is_dialled || !neighbours.addresses(peer).is_empty());
        let mut under_way = self.asked.values().filter(|asked| asked.is_dialled).count();
        for (peer, seen_at) in self.the_quiet_first(neighbours) {
            let asked = self.asked.entry(*peer).or_insert_with(|| Asked {
                is_dialled: false,
                failed: Vec::new(),
                failures: 0,
                backoff: Backoff::new(limits::ASK_AGAIN, LONGEST_PAUSE),
                ask_at: now,
            });
            if asked.ask_at > now || asked.is_dialled {
                continue;
            }
            if is_connected(peer) {
                asked.ask_at = now + asked.backoff.pause();
                deeds.push(Deed::Ask(*peer));
            } else if under_way < limits::NEIGHBOURS_DIALLED {
                let Some(address) = asked.next_address(seen_at, now) else { continue };
                under_way += 1;
                asked.is_dialled = true;
                deeds.push(Deed::Dial { purpose: Purpose::Around(*peer), peer: Some(*peer), address });
            }
        }
        self.asked.values().map(|asked| asked.ask_at).filter(|at| *at > now).min()
    }

    /// All neighbours, those first whose machine has led nowhere least often: whoever announces names without end keeps
    /// nobody waiting who announces one.
    fn the_quiet_first<'n>(&self, neighbours: &'n Neighbours) -> Vec<(&'n PeerId, &'n [Address])> {
        let machine = |seen_at: &[Address]| seen_at.first().and_then(Address::ip);
        let mut trouble: BTreeMap<Option<IpAddr>, usize> = BTreeMap::new();
        for (peer, seen_at) in neighbours.all() {
            let of_it =
                self.asked.get(peer).map_or(0, |asked| asked.failures + usize::from(asked.is_dialled));
            *trouble.entry(machine(seen_at)).or_default() += of_it;
        }
        let mut all: Vec<_> = neighbours.all().collect();
        all.sort_by_key(|(_, seen_at)| trouble.get(&machine(seen_at)));
        all
    }
}

impl Asked {
    /// The most useful one that wasn't tried; after the last it rests.
    fn next_address(&mut self, seen_at: &[Address], now: Instant) -> Option<Address> {
        self.failed.retain(|address| seen_at.contains(address));
        let untried = seen_at.iter().filter(|address| !self.failed.contains(address));
        let next = untried.min_by_key(|address| addresses::usefulness(address)).cloned();
        if next.is_none() {
            self.failed.clear();
            self.ask_at = now + self.backoff.pause();
        }
        next
    }
}
