//! Finding one device by all ways at once: its addresses, the local network, rendezvous points. Whoever
//! answers first with the device's key has been found, and the greeting stream is opened.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use libp2p::PeerId;
use tokio::time::Instant;

use super::addresses;
use super::backoff::Backoff;
use super::command::Sought;
use super::deed::{Deed, Purpose, Way};
use super::hearsay::Hearsay;
use super::points::Points;
use crate::core::primitives::{address::Address, ids::DeviceId, limits};

/// The first and the longest pause before everything known is tried once more.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// Addresses that are dialled as soon as somebody names them, between two rounds.
const AT_ONCE: usize = 2 * limits::ADDRESSES_PER_DEVICE;

/// Rendezvous points and mDNS have had their chance after this, where there is nothing else to wait for.
const LOOK_AROUND: Duration = Duration::from_secs(1);

/// How often it is looked whether everything has failed.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Before a relay is asked again for a device that it had no way to.
const THROUGH_AGAIN: Duration = Duration::from_secs(10);

/// Between two reports that a device wasn't found.
const REPORT_AGAIN: Duration = Duration::from_secs(5);

/// One device that is sought.
#[derive(Debug)]
struct Search {
    sought: Sought,
    /// Addresses that others named for it.
    learnt: Hearsay<{ 2 * limits::ADDRESSES_PER_DEVICE }>,
    /// How many more of them are dialled as soon as they are named; the others in the next round.
    at_once: usize,
    /// Points where it is registered: those of them that relay are a way to it.
    registered_at: BTreeSet<PeerId>,
    dialling: BTreeSet<Way>,
    failed: BTreeMap<Way, String>,
    backoff: Backoff,
    try_at: Instant,
    /// A connection is used from here on: later than at once where a stream couldn't be opened.
    open_at: Instant,
    opening: bool,
    /// When relays are asked next.
    through_at: Instant,
    report_at: Instant,
}

impl Search {
    fn new(sought: Sought, now: Instant) -> Self {
        Self {
            sought,
            learnt: Hearsay::default(),
            at_once: AT_ONCE,
            registered_at: BTreeSet::new(),
            dialling: BTreeSet::new(),
            failed: BTreeMap::new(),
            backoff: Backoff::new(PAUSE.0, PAUSE.1),
            try_at: now,
            open_at: now,
            opening: false,
            through_at: now,
            report_at: now + LOOK_AROUND,
        }
    }

    fn dial(&mut self, address: Address, deeds: &mut Vec<Deed>) {
        let device = self.sought.device;
        let Some(peer) = addresses::peer_of(&device) else { return };
        if self.dialling.insert(Way::At(address.clone())) {
            deeds.push(Deed::Dial { purpose: Purpose::Seek(device), peer: Some(peer), address });
        }
    }

    /// Asks relays for a way, beside whatever else is tried: what leads nowhere takes longest to fail.
    fn dial_through(&mut self, points: &Points, deeds: &mut Vec<Deed>) {
        let device = self.sought.device;
        let Some(peer) = addresses::peer_of(&device) else { return };
        for relay in self.registered_at.iter().filter(|point| points.is_relay(point)) {
            if self.dialling.insert(Way::Through(*relay)) {
                deeds.push(Deed::DialThrough { purpose: Purpose::Seek(device), peer, relay: *relay });
            }
        }
    }

    fn step(
        &mut self,
        now: Instant,
        is_connected: bool,
        points: &Points,
        deeds: &mut Vec<Deed>,
    ) -> Option<Instant> {
        if is_connected {
            if self.open_at > now {
                return Some(self.open_at);
            }
            self.opening = true;
            deeds.push(Deed::Greet(self.sought.device));
            return None;
        }
        if self.dialling.is_empty() && self.try_at <= now {
            self.try_at = now + PAUSE.1;
            self.dial_everything(deeds);
        }
        if self.through_at <= now {
            self.through_at = now + THROUGH_AGAIN;
            self.dial_through(points, deeds);
        }
        if self.report_at <= now {
            self.report_at = now + self.report(points, deeds);
        }
        let retry = self.dialling.is_empty().then_some(self.try_at);
        let through = (!self.registered_at.is_empty()).then_some(self.through_at);
        [retry, through, Some(self.report_at)].into_iter().flatten().min()
    }

    /// Says so where all ways have failed; gives the time until the next such look.
    fn report(&self, points: &Points, deeds: &mut Vec<Deed>) -> Duration {
        let Some(tried) = self.all_failed(points) else { return LOOK_AGAIN };
        deeds.push(Deed::NotFound { device: self.sought.device, tried });
        REPORT_AGAIN
    }

    fn dial_everything(&mut self, deeds: &mut Vec<Deed>) {
        self.at_once = AT_ONCE;
        let all: Vec<Address> = self.sought.addresses.iter().chain(self.learnt.all()).cloned().collect();
        for address in all {
            self.dial(address, deeds);
        }
    }

    /// One phrase for each way, where all have been tried and none works.
    fn all_failed(&self, points: &Points) -> Option<Vec<String>> {
        let mut ways = self.sought.addresses.iter().map(|address| Way::At(address.clone()));
        let all_dialled = ways.all(|way| self.failed.contains_key(&way));
        if !self.dialling.is_empty() || !all_dialled {
            return None;
        }
        let verdict = |point| {
            points
                .verdict(point, &self.sought.namespace)
                .map(|why| format!("rendezvous point {point}: {why}"))
        };
        let asked: Vec<String> = self.sought.points.iter().map(verdict).collect::<Option<_>>()?;
        let dialled = self.failed.iter().map(|(way, why)| match way {
            Way::At(address) => format!("{address}: {why}"),
            Way::Through(relay) => format!("relay {}: {why}", points.name(relay)),
        });
        Some(dialled.chain(asked).collect())
    }
}

/// All devices that are sought.
#[derive(Debug, Default)]
pub(super) struct Searches(BTreeMap<DeviceId, Search>);

impl Searches {
    /// Seeks exactly these devices. One that is sought in the same way as before is sought on.
    pub(super) fn set(&mut self, wished: &BTreeMap<DeviceId, Sought>, now: Instant) {
        self.0.retain(|device, search| wished.get(device) == Some(&search.sought));
        for sought in wished.values() {
            self.0.entry(sought.device).or_insert_with(|| Search::new(sought.clone(), now));
        }
    }

    /// Somebody says where a device is.
    pub(super) fn learn(&mut self, device: &DeviceId, address: Address, deeds: &mut Vec<Deed>) {
        let Some(search) = self.0.get_mut(device) else { return };
        if search.learnt.learn(address.clone()) && search.at_once > 0 {
            search.at_once -= 1;
            search.dial(address, deeds);
        }
    }

    /// A point knows a device.
    pub(super) fn is_registered(&mut self, device: &DeviceId, point: &PeerId) {
        if let Some(search) = self.0.get_mut(device)
            && search.registered_at.len() < limits::POINTS
            && search.registered_at.insert(*point)
        {
            search.through_at = Instant::now();
        }
    }

    /// A dial led nowhere.
    pub(super) fn dial_failed(&mut self, device: &DeviceId, way: &Way, why: String, now: Instant) {
        let Some(search) = self.0.get_mut(device) else { return };
        search.dialling.remove(way);
        search.failed.insert(way.clone(), why);
        search.failed.retain(|way, _| match way {
            Way::At(at) => search.sought.addresses.contains(at) || search.learnt.all().contains(at),
            Way::Through(_) => true,
        });
        if search.dialling.is_empty() {
            search.try_at = now + search.backoff.pause();
        }
    }

    /// A dial reached the device.
    pub(super) fn dial_succeeded(&mut self, device: &DeviceId, way: &Way) {
        if let Some(search) = self.0.get_mut(device) {
            search.dialling.remove(way);
        }
    }

    /// The stream to a device couldn't be opened; look again.
    pub(super) fn opening_failed(&mut self, device: &DeviceId, now: Instant) {
        if let Some(search) = self.0.get_mut(device) {
            search.opening = false;
            search.open_at = now + search.backoff.pause();
        }
    }

    /// Says what is due, and when to step again.
    pub(super) fn step(
        &mut self,
        now: Instant,
        is_connected: impl Fn(&DeviceId) -> bool,
        points: &Points,
        deeds: &mut Vec<Deed>,
    ) -> Option<Instant> {
        let seeking = self.0.values_mut().filter(|search| !search.opening);
        seeking
            .filter_map(|search| search.step(now, is_connected(&search.sought.device), points, deeds))
            .min()
    }
}
