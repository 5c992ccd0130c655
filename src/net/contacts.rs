//! Staying connected: one connection to each contact, wherever it is, without haste. A contact that can't be
//! reached is tried again after a pause that grows to a minute.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use libp2p::PeerId;
use tokio::time::Instant;

use super::addresses;
use super::backoff::Backoff;
use super::command::Company;
use super::deed::{Deed, Purpose, Way};
use super::hearsay::Hearsay;
use super::points::Points;
use crate::core::primitives::{address::Address, ids::DeviceId, limits};

/// The first and the longest pause before a contact is dialled again.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));

/// Between two times that a contact is dialled because somebody told of it.
const HURRY: Duration = Duration::from_secs(2);

/// A connection that held for this long was a real one.
const LASTED: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Wanted {
    /// As the node knows them, the best first.
    known: Vec<Address>,
    /// Addresses that others named for it.
    learnt: Hearsay<{ limits::ADDRESSES_PER_DEVICE }>,
    /// Points where it is registered: those of them that relay are a way to it.
    registered_at: BTreeSet<PeerId>,
    /// How many dials are under way.
    dialling: usize,
    backoff: Backoff,
    try_at: Instant,
    /// From when on it is tried as soon as somebody tells of it.
    hurry_at: Instant,
    connected_since: Option<Instant>,
}

impl Wanted {
    fn new(now: Instant) -> Self {
        Self {
            known: Vec::new(),
            learnt: Hearsay::default(),
            registered_at: BTreeSet::new(),
            dialling: 0,
            backoff: Backoff::new(PAUSE.0, PAUSE.1),
            try_at: now,
            hurry_at: now,
            connected_since: None,
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        self.can_be_dialled() && self.try_at <= now
    }

    fn can_be_dialled(&self) -> bool {
        let has_addresses =
            !self.known.is_empty() || !self.learnt.all().is_empty() || !self.registered_at.is_empty();
        self.connected_since.is_none() && self.dialling == 0 && has_addresses
    }
}

/// All contacts.
#[derive(Debug, Default)]
pub(super) struct Contacts(BTreeMap<DeviceId, Wanted>);

impl Contacts {
    /// Stays connected with exactly these. Whether somebody is among them who wasn't.
    pub(super) fn set(
        &mut self,
        company: &Company,
        is_connected: impl Fn(&DeviceId) -> bool,
        now: Instant,
    ) -> bool {
        let wished: BTreeSet<DeviceId> = company.contacts.iter().map(|contact| contact.device).collect();
        self.0.retain(|device, _| wished.contains(device));
        let somebody_is_new = wished.iter().any(|device| !self.0.contains_key(device));
        for contact in &company.contacts {
            let wanted = self.0.entry(contact.device).or_insert_with(|| Wanted {
                connected_since: is_connected(&contact.device).then_some(now),
                ..Wanted::new(now)
            });
            wanted.known = contact.addresses.iter().take(limits::ADDRESSES_PER_DEVICE).cloned().collect();
        }
        somebody_is_new
    }

    /// Whether one of them isn't connected.
    pub(super) fn somebody_is_missing(&self) -> bool {
        self.0.values().any(|wanted| wanted.connected_since.is_none())
    }

    /// Somebody says where a contact is.
    pub(super) fn learn(&mut self, device: &DeviceId, address: Address, now: Instant) {
        let Some(wanted) = self.0.get_mut(device) else { return };
        if !wanted.known.contains(&address) {
            wanted.learnt.learn(address);
        }
        // Who is told of is there: worth a try at once, but for whoever tells it all the time. The pause was for what was
        // known not to work.
        if wanted.hurry_at <= now {
            (wanted.try_at, wanted.hurry_at) = (now, now + HURRY);
        }
    }

    /// A point knows a contact.
    pub(super) fn is_registered(&mut self, device: &DeviceId, point: &PeerId, now: Instant) {
        let Some(wanted) = self.0.get_mut(device) else { return };
        if wanted.registered_at.len() < limits::POINTS && wanted.registered_at.insert(*point) {
            wanted.try_at = now;
        }
    }

    /// A dial led nowhere. A relay that had no way is asked again when the point names the contact again.
    pub(super) fn dial_failed(&mut self, device: &DeviceId, way: &Way, now: Instant) {
        let Some(wanted) = self.0.get_mut(device) else { return };
        if let Way::Through(relay) = way {
            wanted.registered_at.remove(relay);
        }
        wanted.dialling = wanted.dialling.saturating_sub(1);
        if wanted.dialling == 0 && wanted.connected_since.is_none() {
            wanted.try_at = now + wanted.backoff.pause();
        }
    }

    /// A dial reached the contact.
    pub(super) fn dial_succeeded(&mut self, device: &DeviceId) {
        if let Some(wanted) = self.0.get_mut(device) {
            wanted.dialling = wanted.dialling.saturating_sub(1);
        }
    }

    /// The first connection stands.
    pub(super) fn connected(&mut self, device: &DeviceId, now: Instant) {
        if let Some(wanted) = self.0.get_mut(device) {
            wanted.connected_since = Some(now);
        }
    }

    /// The last connection is gone.
    pub(super) fn disconnected(&mut self, device: &DeviceId, now: Instant) {
        let Some(wanted) = self.0.get_mut(device) else { return };
        if wanted.connected_since.take().is_some_and(|since| now - since >= LASTED) {
            wanted.backoff.reset();
        }
        wanted.try_at = now + wanted.backoff.pause();
    }

    /// Says what is due.
    pub(super) fn step(&mut self, now: Instant, points: &Points, deeds: &mut Vec<Deed>) {
        let connected = self.0.values().filter(|wanted| wanted.connected_since.is_some()).count();
        let under_way = self.0.values().filter(|wanted| wanted.dialling > 0).count();
        let seats = limits::KEPT_CONTACTS.saturating_sub(connected + under_way);
        let free = limits::CONTACTS_DIALLED.saturating_sub(under_way).min(seats);
        for (device, wanted) in self.0.iter_mut().filter(|(_, wanted)| wanted.is_due(now)).take(free) {
            let Some(peer) = addresses::peer_of(device) else { continue };
            let all: BTreeSet<&Address> = wanted.known.iter().chain(wanted.learnt.all()).collect();
            let relays: Vec<PeerId> =
                wanted.registered_at.iter().filter(|point| points.is_relay(point)).copied().collect();
            wanted.dialling = all.len() + relays.len();
            if wanted.dialling == 0 {
                // It becomes due when a point that knows it says that it relays.
                wanted.try_at = now + PAUSE.1;
                continue;
            }
            deeds.extend(relays.into_iter().map(|relay| Deed::DialThrough {
                purpose: Purpose::Contact(*device),
                peer,
                relay,
            }));
            deeds.extend(all.into_iter().map(|address| Deed::Dial {
                purpose: Purpose::Contact(*device),
                peer: Some(peer),
                address: address.clone(),
            }));
        }
    }

    /// When to step again. Who waits for a free seat is due when a dial ends, which is a step anyway.
    pub(super) fn next(&self, now: Instant) -> Option<Instant> {
        let waiting = self.0.values().filter(|wanted| wanted.can_be_dialled());
        waiting.map(|wanted| wanted.try_at).filter(|at| *at > now).min()
    }
}
