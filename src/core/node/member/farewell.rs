//! Farewells: a stream on which one side holds the other revoked. Who is out is shown what put it out and who acknowledged
//! that, with those ancestors that it lacks, so that its own human knows; no name, and nothing else. And it hands in what it signed and
//! heard while it was away: a removal of its own may be the one that stands, and the guests whom it let in can be
//! adopted only where somebody holds their Enrolls.
//!
//! ```text
//!  out, as the other sees it         the other
//!   Hello ─────────────────────────▶  what it lacks of its revocation
//!   ◀──────────── Certificates, Revoked
//!   Certificates ──────────────────▶  taken like any others, and bounded
//! ```
//!
//! The device whose user signed a removal opens such a stream by itself, once. Where each holds the other out, each shows
//! the other by what.

use std::collections::{BTreeMap, BTreeSet};

use super::super::input::Channel;
use super::super::outbox::Outbox;
use super::super::syncing::Message;
use super::Member;
use super::stepping::{ROOM, send};
use super::taking::Taking;
use crate::core::primitives::codec;
use crate::core::primitives::ids::{CertificateId, DeviceId, UserId};
use crate::core::primitives::limits;
use crate::core::primitives::time::Moment;
use crate::core::roster::{Standing, Void};

/// Streams of farewells, and what came of earlier ones.
#[derive(Default)]
pub(super) struct Farewells {
    streams: BTreeMap<Channel, Farewell>,
    /// Devices that were shown what put them out, since this one started.
    told: BTreeSet<DeviceId>,
    /// Members' devices that hold this one out, with how many certificates were held here when all of that was said:
    /// until more are, there is nothing to say.
    parted: BTreeMap<DeviceId, usize>,
    /// How often one of these two grew.
    pub(super) changed: u64,
    /// Until when this device, which was put out, keeps its network for what it has still to say.
    pub(super) lingers_until: Option<Moment>,
}

struct Farewell {
    peer: DeviceId,
    /// When it ends by itself.
    deadline: Moment,
    /// Whether the other was shown what put it out.
    shown: bool,
    /// What it said since, in frames.
    frames: usize,
}

impl Farewells {
    pub(super) fn has(&self, channel: Channel) -> bool {
        self.streams.contains_key(&channel)
    }

    pub(super) fn forget(&mut self, channel: Channel) -> Option<DeviceId> {
        self.streams.remove(&channel).map(|farewell| farewell.peer)
    }

    pub(super) fn next_deadline(&self) -> impl Iterator<Item = Moment> {
        self.streams.values().map(|farewell| farewell.deadline).chain(self.lingers_until)
    }

    /// This device was put out.
    pub(super) fn linger(&mut self, now: Moment) {
        self.lingers_until.get_or_insert(now + limits::HANDSHAKE);
    }

    fn is_told(&mut self, peer: DeviceId) {
        self.changed += u64::from(self.told.insert(peer));
    }

    fn has_room_for(&self, peer: &DeviceId) -> bool {
        // Two: each side may have opened one at the same moment.
        let own = self.streams.values().filter(|farewell| farewell.peer == *peer).count();
        self.streams.len() < limits::STRANGERS && own < 2
    }
}

impl Member {
    /// Whether this device is in, or was put out by what something that it hasn't heard of may undo: then it goes on to
    /// meet others, for a month.
    pub(in super::super) fn goes_on(&self, now: Moment) -> bool {
        if self.is_active() || self.farewells.lingers_until.is_some_and(|until| until > now) {
            return true;
        }
        let Some(by) = self.out_by(&self.key.device()) else { return false };
        let settled = self.history.acknowledged(&by).is_some_and(|it| it.settled);
        !settled && self.is_recent(&by, now)
    }

    fn is_recent(&self, removal: &CertificateId, now: Moment) -> bool {
        let signed = self.history.get(removal).map(|it| it.certificate().time);
        signed.is_some_and(|at| now.since(at) < limits::FAREWELLS)
    }

    /// The removal that keeps a device out: of its user, or of who let it in.
    pub(super) fn out_by(&self, device: &DeviceId) -> Option<CertificateId> {
        if let Some(user) = self.roster().user_of(device) {
            return user.revoked;
        }
        self.history.introductions(device).into_iter().find_map(|id| match self.history.standing(&id) {
            Some(Standing::Void(Void::BeyondCut(by))) => Some(by),
            _ => None,
        })
    }

    /// Devices that a removal signed here put out and that haven't been shown it.
    pub(super) fn untold(&self, now: Moment) -> Vec<DeviceId> {
        if !self.is_active() {
            return Vec::new();
        }
        let own = self.key.device();
        let recent = self.history.removals().filter(|by| self.is_recent(by, now));
        let by_us = recent.filter_map(|by| self.history.get(&by)).filter(|it| it.certificate().device == own);
        let users = by_us.filter_map(|it| {
            let (user, _) = it.body().removal()?;
            self.roster().user(&user).filter(|user| user.revoked == Some(it.id()))
        });
        let devices = users.flat_map(|user| user.devices);
        let untold = devices.map(|device| device.id).filter(|id| !self.farewells.told.contains(id));
        untold.take(limits::FAREWELL_CONTACTS).collect()
    }

    /// Whether all was said to this member's device, which holds us out.
    pub(super) fn has_parted_from(&self, peer: &DeviceId) -> bool {
        self.farewells.parted.get(peer) == Some(&self.history.len())
    }

    /// A stream stands with a device that is out. Where we opened it we speak first: what we say shows nothing but the past
    /// of its revocation, and not what else is held.
    pub(super) fn out_came(
        &mut self,
        channel: Channel,
        (peer, by_us): (DeviceId, bool),
        now: Moment,
        out: &mut Outbox,
    ) {
        if !self.farewells.has_room_for(&peer) {
            return out.hang_up(channel);
        }
        let deadline = now + limits::HANDSHAKE;
        self.farewells.streams.insert(channel, Farewell { peer, deadline, shown: false, frames: 0 });
        if by_us {
            let Some(by) = self.out_by(&peer) else { return out.hang_up(channel) };
            let shown = self.shown_to(&peer);
            send(channel, &Message::Certificates(self.latest_before(&shown, &peer)), out);
            self.shows(channel, &by, out);
        }
    }

    /// What a device that is out says, on a stream of a farewell.
    pub(super) fn out_said(&mut self, channel: Channel, frame: &[u8], now: Moment, out: &mut Outbox) {
        let Some(farewell) = self.farewells.streams.get_mut(&channel) else { return };
        let (peer, shown) = (farewell.peer, farewell.shown);
        match codec::decode::<Message>(frame) {
            Ok(Message::Hello { holds, .. }) if !shown => {
                farewell.deadline = now + limits::HANDSHAKE;
                let lacking = self.history.lacking(&[holds.heads, holds.past].concat());
                self.show(channel, &peer, &lacking, out);
            }
            Ok(Message::Certificates(came)) => {
                farewell.frames += 1;
                if farewell.frames > limits::FAREWELL_FRAMES || !self.handed_in(peer, &came, now, out) {
                    self.end_farewell(channel, out);
                }
            }
            // Each holds the other out; what it lacks of ours is known by what it has shown.
            Ok(Message::Revoked(by)) => {
                let lacking = self.history.lacking(&[by]);
                match self.is_member(&peer) {
                    true => self.send_some(channel, &lacking, out),
                    false if !shown => self.show(channel, &peer, &lacking, out),
                    false => {}
                }
                self.parts_from(peer, &by);
                self.end_farewell(channel, out);
            }
            // What a member says, who doesn't know yet. Nothing of it is answered.
            Ok(_) if shown && farewell.frames < limits::FAREWELL_FRAMES => farewell.frames += 1,
            // Whoever asks first hears no more than that they are out.
            _ => {
                if !shown && let Some(by) = self.out_by(&peer) {
                    send(channel, &Message::Revoked(by), out);
                }
                self.end_farewell(channel, out);
            }
        }
    }

    fn end_farewell(&mut self, channel: Channel, out: &mut Outbox) {
        self.farewells.forget(channel);
        out.hang_up(channel);
    }

    /// What a device is shown that is out: by what, and why that stands: where whoever signed it was put out as well, by
    /// what; where somebody tried to remove them, what struck that; and so on. Its human should know who of those whom they knew
    /// still stands, and can invite them again. With who acknowledged them: without all that, what it holds besides may
    /// void them there.
    fn shown_to(&self, device: &DeviceId) -> Vec<CertificateId> {
        let causes = self.causes(device);
        let acknowledgements: Vec<_> =
            causes.iter().flat_map(|by| self.history.acknowledgements(by)).collect();
        [causes, acknowledgements].concat()
    }

    /// What put it out, whoever acknowledged that left aside; the nearest first.
    fn causes(&self, device: &DeviceId) -> Vec<CertificateId> {
        let mut causes: Vec<CertificateId> = self.out_by(device).into_iter().collect();
        let mut at = 0;
        while let Some(signer) = causes.get(at).and_then(|by| self.history.author_of(by)) {
            let revoked = self.roster().user(&signer).and_then(|user| user.revoked);
            for by in revoked.into_iter().chain(self.struck_removals_of(&signer)) {
                if causes.len() < limits::FAREWELL_CAUSES && !causes.contains(&by) {
                    causes.push(by);
                }
            }
            at += 1;
        }
        causes
    }

    /// What struck the removals of this user that came to nothing.
    fn struck_removals_of(&self, user: &UserId) -> impl Iterator<Item = CertificateId> {
        let of_them = self.history.removals().filter(|removal| {
            let body = self.history.get(removal);
            body.is_some_and(|it| it.body().removal().is_some_and(|(target, _)| target == *user))
        });
        of_them.filter_map(|removal| match self.history.standing(&removal) {
            Some(Standing::Void(Void::BeyondCut(by))) => Some(by),
            _ => None,
        })
    }

    /// Of `lacking`, what put a device out, with its ancestors.
    fn show(&mut self, channel: Channel, peer: &DeviceId, lacking: &[CertificateId], out: &mut Outbox) {
        let Some(by) = self.out_by(peer) else { return self.end_farewell(channel, out) };
        let lacking: BTreeSet<CertificateId> = lacking.iter().copied().collect();
        self.send_some(channel, &self.history.ancestry_within(&self.shown_to(peer), &lacking), out);
        self.shows(channel, &by, out);
    }

    fn shows(&mut self, channel: Channel, by: &CertificateId, out: &mut Outbox) {
        send(channel, &Message::Revoked(*by), out);
        if let Some(farewell) = self.farewells.streams.get_mut(&channel) {
            farewell.shown = true;
            let peer = farewell.peer;
            self.farewells.is_told(peer);
        }
    }

    /// As many of these as a farewell may carry, in this order.
    fn send_some(&self, channel: Channel, ids: &[CertificateId], out: &mut Outbox) {
        let bytes = ids.iter().filter_map(|id| self.history.get(id)).map(|it| it.signed().bytes());
        for piece in codec::in_pieces(bytes, ROOM).into_iter().take(limits::FAREWELL_FRAMES) {
            send(channel, &Message::Certificates(piece), out);
        }
    }

    /// Whom a commit takes off the roster, in the middle of a sync: it is shown that, of what it wasn't sent, and hung up
    /// on. `new` is what the commit brought.
    pub(super) fn put_out(&mut self, channel: Channel, new: &[CertificateId], out: &mut Outbox) {
        let Some(session) = self.syncs.remove(&channel) else { return };
        let peer = &session.peer;
        if let Some(by) = self.out_by(peer) {
            let unsent: BTreeSet<CertificateId> = match session.lacking() {
                Some(queue) => queue.chain(new.iter().copied()).collect(),
                // It hasn't said yet what it holds: surely what it signed, and what it came in with.
                None => self.history.lacking(&self.surely_held_by(peer)).into_iter().collect(),
            };
            self.send_some(channel, &self.history.ancestry_within(&self.shown_to(peer), &unsent), out);
            send(channel, &Message::Revoked(by), out);
            self.farewells.is_told(*peer);
        }
        out.hang_up(channel);
    }

    /// A member's device says that we are out. It holds that removal with its past; whatever else is held here it may lack.
    pub(super) fn is_shown_out(&mut self, channel: Channel, by: &CertificateId, out: &mut Outbox) {
        let Some(session) = self.syncs.remove(&channel) else { return };
        if self.history.contains(by) {
            self.send_some(channel, &self.history.lacking(&[*by]), out);
        }
        // Who greeted us took us for a member until then, and may not have known what we lack: it is met once more.
        if !session.greeted {
            self.parts_from(session.peer, by);
        }
        out.hang_up(channel);
    }

    /// All was said, if what puts us out came: else it is heard another time.
    fn parts_from(&mut self, peer: DeviceId, by: &CertificateId) {
        if self.history.contains(by) {
            self.farewells.parted.insert(peer, self.history.len());
            self.farewells.changed += 1;
        }
    }

    /// Takes in what a device hands in that is out; whether that goes on.
    fn handed_in(&mut self, peer: DeviceId, came: &[Vec<u8>], now: Moment, out: &mut Outbox) -> bool {
        let mut taking = Taking::of(peer, now);
        let goes_on = self.take_handed_in(came, &mut taking);
        if !taking.new.is_empty() {
            self.publish_from(None, taking.batch, &taking.new, now, out);
        }
        goes_on
    }

    /// Who is out and said nothing in time hears that, for what it is worth.
    pub(super) fn farewells_time_out(&mut self, now: Moment, out: &mut Outbox) {
        // Past, it is no deadline.
        self.farewells.lingers_until = self.farewells.lingers_until.filter(|until| *until > now);
        let late = self.farewells.streams.iter().filter(|(_, it)| it.deadline <= now);
        let late: Vec<(Channel, DeviceId, bool)> =
            late.map(|(channel, it)| (*channel, it.peer, it.shown)).collect();
        for (channel, peer, shown) in late {
            if let Some(by) = self.out_by(&peer).filter(|_| !shown) {
                send(channel, &Message::Revoked(by), out);
            }
            self.end_farewell(channel, out);
        }
    }
}
