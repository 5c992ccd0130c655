//! A stranger who isn't one: a device that came in while this one was away. It knows us, for it was welcomed with all
//! that was known then; we don't know it, until somebody tells. So it may show by what it is in: certificates like any
//! others, verified like any others. Nothing of them is kept unless the device is an active member by them, and a
//! stranger who can't show that hears nothing but that it is one.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::Mind;
use super::super::input::Channel;
use super::super::outbox::Outbox;
use super::super::output::Batch;
use super::super::syncing::Message;
use super::stepping::{ROOM, send};
use super::{Member, keeping};
use crate::core::primitives::codec;
use crate::core::primitives::ids::{CertificateId, DeviceId};
use crate::core::primitives::limits;
use crate::core::primitives::time::Moment;
use crate::core::roster::{History, SignedCertificate};

/// Strangers who may show that they aren't.
#[derive(Default)]
pub(super) struct Strangers {
    /// Their streams: who, until when, and whether their first word came.
    heard: BTreeMap<Channel, Stranger>,
    /// Introductions that were looked at in the minute that began then, by device.
    minute: Moment,
    looked_at: BTreeMap<DeviceId, u32>,
}

struct Stranger {
    peer: DeviceId,
    deadline: Moment,
    said_hello: bool,
}

/// What an introduction came to, where it convinced.
struct Convinced {
    history: History,
    new: Vec<CertificateId>,
    batch: Batch,
}

impl Strangers {
    pub(super) fn has(&self, channel: Channel) -> bool {
        self.heard.contains_key(&channel)
    }

    pub(super) fn forget(&mut self, channel: Channel) -> bool {
        self.heard.remove(&channel).is_some()
    }

    pub(super) fn next_deadline(&self) -> impl Iterator<Item = Moment> {
        self.heard.values().map(|stranger| stranger.deadline)
    }

    /// Whether one more stream of this device may be listened to.
    fn has_room_for(&self, peer: &DeviceId) -> bool {
        self.heard.len() < limits::STRANGERS && self.heard.values().all(|stranger| stranger.peer != *peer)
    }

    /// Counts an introduction of this device; whether it may be looked at.
    fn may_be_looked_at(&mut self, peer: DeviceId, now: Moment) -> bool {
        if now.since(self.minute) >= Duration::from_secs(60) {
            (self.minute, self.looked_at) = (now, BTreeMap::new());
        }
        let in_all: u32 = self.looked_at.values().sum();
        let own = self.looked_at.get(&peer).copied().unwrap_or_default();
        if in_all >= limits::INTRODUCTIONS || own >= limits::INTRODUCTIONS_PER_PEER {
            return false;
        }
        self.looked_at.insert(peer, own + 1);
        true
    }
}

impl Member {
    /// A device that nobody told us of opened a sync. It hears so, and may show by what it is in.
    pub(super) fn stranger_came(&mut self, channel: Channel, peer: DeviceId, now: Moment, out: &mut Outbox) {
        send(channel, &Message::Stranger, out);
        if !self.is_active() || !self.strangers.has_room_for(&peer) {
            return out.hang_up(channel);
        }
        let stranger = Stranger { peer, deadline: now + limits::HANDSHAKE, said_hello: false };
        self.strangers.heard.insert(channel, stranger);
    }

    pub(super) fn stranger_said(&mut self, channel: Channel, frame: &[u8], mind: &Mind, out: &mut Outbox) {
        let Some(mut stranger) = self.strangers.heard.remove(&channel) else { return };
        match codec::decode::<Message>(frame) {
            // It was on its way before it heard that it is a stranger. Nothing in it is believed.
            Ok(Message::Hello { .. }) if !stranger.said_hello => {
                stranger.said_hello = true;
                self.strangers.heard.insert(channel, stranger);
            }
            Ok(Message::Introduction(shown)) => self.introduced(channel, stranger.peer, &shown, mind, out),
            _ => out.hang_up(channel),
        }
    }

    fn introduced(
        &mut self,
        channel: Channel,
        peer: DeviceId,
        shown: &[Vec<u8>],
        mind: &Mind,
        out: &mut Outbox,
    ) {
        let plausible = self.plausible(shown).filter(|_| self.strangers.may_be_looked_at(peer, mind.now));
        match plausible.and_then(|plausible| self.convinced_by(plausible, &peer)) {
            Some(convinced) => {
                self.history = convinced.history;
                self.publish_from(Some(channel), convinced.batch, &convinced.new, mind.now, out);
                self.sync_opened(channel, peer, false, mind.now, out);
            }
            None => out.hang_up(channel),
        }
    }

    /// What isn't held of what was shown, if it begins with something that follows from what is: no stranger can know
    /// that, so that one who guesses costs us no signature, and nobody else their turn.
    fn plausible(&self, shown: &[Vec<u8>]) -> Option<Vec<SignedCertificate>> {
        if shown.len() > limits::INTRODUCTION {
            return None;
        }
        let mut fresh = Vec::new();
        for bytes in shown {
            let signed = SignedCertificate::from_bytes(bytes).ok()?;
            if !self.history.contains(&signed.id()) {
                fresh.push(signed);
            }
        }
        let parents = &fresh.first()?.certificate().parents;
        let follows = !parents.is_empty() && parents.iter().all(|parent| self.history.contains(parent));
        follows.then_some(fresh)
    }

    /// Adds what was shown to a copy of what is held, and stops at the first that can't be.
    fn convinced_by(&self, shown: Vec<SignedCertificate>, peer: &DeviceId) -> Option<Convinced> {
        let mut convinced =
            Convinced { history: self.history.clone(), new: Vec::new(), batch: Batch::default() };
        for signed in shown {
            if convinced.history.contains(&signed.id()) {
                continue;
            }
            let certificate = signed.verify().ok()?;
            keeping::write_down(&certificate, &mut convinced.batch);
            convinced.new.push(certificate.id());
            convinced.history.add(certificate).ok()?;
        }
        let is_in = convinced.history.roster().is_active(peer);
        is_in.then_some(convinced)
    }

    /// Somebody calls us a stranger whom we know as a member: shows once by what we are in.
    pub(super) fn introduce(&mut self, channel: Channel, out: &mut Outbox) {
        let Some(session) = self.syncs.get_mut(&channel) else { return };
        let (peer, again) = (session.peer, std::mem::replace(&mut session.introduced, true));
        if again || !self.is_member(&peer) || !self.is_active() {
            self.syncs.remove(&channel);
            return out.hang_up(channel);
        }
        send(channel, &Message::Introduction(self.introduction_to(&peer)), out);
        // The first was said to who didn't know us, and not believed.
        send(channel, &self.hello(), out);
    }

    /// What let this device in, with the ancestors that the peer may lack, the oldest first. The peer holds what it was
    /// let in with and what it signed; of the rest, the latest that fit one message: it wasn't away for ever.
    fn introduction_to(&self, peer: &DeviceId) -> Vec<Vec<u8>> {
        let own = self.roster().device(&self.key.device()).map(|device| device.added);
        own.map(|own| self.latest_before(&[own], peer)).unwrap_or_default()
    }

    /// Of these and their ancestors the latest that a device may lack, as many as fit one message, the oldest first.
    pub(super) fn latest_before(&self, last: &[CertificateId], peer: &DeviceId) -> Vec<Vec<u8>> {
        let held = self.history.with_ancestors(&self.surely_held_by(peer));
        let ours = self.history.with_ancestors(last);
        let lacking = self.history.ids().rev().filter(|id| ours.contains(id) && !held.contains(id));
        let lacking = lacking.filter_map(|id| self.history.get(&id));
        let mut room = ROOM;
        let fits = |bytes: &Vec<u8>| {
            let left = room.checked_sub(bytes.len() + 8);
            room = left.unwrap_or_default();
            left.is_some()
        };
        let mut shown: Vec<Vec<u8>> =
            lacking.map(|it| it.signed().bytes()).take(limits::INTRODUCTION).take_while(fits).collect();
        shown.reverse();
        shown
    }

    /// What a device signed, and what it came in by: it holds those with their ancestors.
    pub(super) fn surely_held_by(&self, device: &DeviceId) -> Vec<CertificateId> {
        let added = self.roster().device(device).map(|device| device.added);
        self.history.signed_by(device).into_iter().chain(added).collect()
    }

    /// Strangers who said nothing in time.
    pub(super) fn strangers_time_out(&mut self, now: Moment, out: &mut Outbox) {
        let late = |stranger: &Stranger| stranger.deadline <= now;
        let late: Vec<Channel> =
            self.strangers.heard.iter().filter(|(_, it)| late(it)).map(|(channel, _)| *channel).collect();
        for channel in late {
            self.strangers.forget(channel);
            out.hang_up(channel);
        }
    }
}
