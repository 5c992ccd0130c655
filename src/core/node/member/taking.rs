//! Taking in what a member's device sends. Each certificate costs what its verdict costs, and some cost a walk through
//! all that is held: a device may make us do so much of that in a minute, and what else it sent waits for the next. It is
//! slowed, and never believed less. Of what was signed beyond the cut of a settled Revoke little is kept (R4.11).

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::input::Channel;
use super::super::outbox::Outbox;
use super::super::output::Batch;
use super::super::syncing::Message;
use super::Member;
use super::stepping::send;
use crate::core::primitives::ids::{CertificateId, DeviceId};
use crate::core::primitives::limits;
use crate::core::primitives::time::Moment;
use crate::core::roster::{NotAdded, Refused, SignedCertificate, VerifiedCertificate};

/// A minute, in which what devices make us go through is counted.
const MINUTE: Duration = Duration::from_secs(60);

/// How many certificates each device made us go through again in this minute.
#[derive(Default)]
pub(super) struct Efforts {
    minute: Moment,
    spent: BTreeMap<DeviceId, u64>,
}

impl Efforts {
    fn spend(&mut self, peer: DeviceId, much: u64) {
        if much > 0 {
            *self.spent.entry(peer).or_default() += much;
        }
    }

    /// Whether this device has to wait for the next minute.
    fn is_spent(&mut self, peer: &DeviceId, now: Moment) -> bool {
        if now.since(self.minute) >= MINUTE {
            (self.minute, self.spent) = (now, BTreeMap::new());
        }
        self.spent.get(peer).is_some_and(|spent| *spent >= limits::GONE_THROUGH)
    }

    pub(super) fn next_minute(&self) -> Moment {
        self.minute + MINUTE
    }
}

/// How much is held beyond the cuts of removals (R4.11), counted once; again where something else came meanwhile.
#[derive(Default)]
pub(super) struct Quota {
    counted: BTreeMap<CertificateId, usize>,
    /// How many certificates were held when that was so.
    of: usize,
}

/// What is taken in, and of whom.
pub(super) struct Taking {
    pub(super) peer: DeviceId,
    pub(super) now: Moment,
    pub(super) batch: Batch,
    pub(super) new: Vec<CertificateId>,
}

impl Taking {
    pub(super) fn of(peer: DeviceId, now: Moment) -> Self {
        Self { peer, now, batch: Batch::default(), new: Vec::new() }
    }
}

impl Member {
    /// One frame. While the peer has to wait it lies here, and isn't said to be taken: so an honest peer sends no more
    /// than its window, and whoever does is hung up on.
    pub(super) fn certificates_came(
        &mut self,
        channel: Channel,
        came: Vec<Vec<u8>>,
        now: Moment,
        out: &mut Outbox,
    ) {
        let Some(session) = self.syncs.get_mut(&channel) else { return };
        session.waiting.push_back(came);
        match session.waiting.len() > limits::SYNC_FRAMES {
            true => self.stop_sync(channel, out),
            false => self.take_what_waits(channel, now, out),
        }
    }

    /// What had to wait for this minute.
    pub(super) fn frames_waited(&mut self, now: Moment, out: &mut Outbox) {
        let waiting = self.syncs.iter().filter(|(_, session)| !session.waiting.is_empty());
        for channel in waiting.map(|(channel, _)| *channel).collect::<Vec<_>>() {
            self.take_what_waits(channel, now, out);
        }
    }

    pub(super) fn next_effort(&self) -> Option<Moment> {
        let waits = self.syncs.values().any(|session| !session.waiting.is_empty());
        waits.then(|| self.efforts.next_minute())
    }

    fn take_what_waits(&mut self, channel: Channel, now: Moment, out: &mut Outbox) {
        while let Some(session) = self.syncs.get_mut(&channel)
            && !self.efforts.is_spent(&session.peer, now)
            && let Some(came) = session.waiting.pop_front()
        {
            self.take_frame(channel, came, now, out);
        }
    }

    /// Verifies and takes in what came. Whoever sends what isn't a certificate, or one that its own past forbids, is a
    /// liar: the stream ends, and nothing that it sent before is believed less.
    fn take_frame(&mut self, channel: Channel, came: Vec<Vec<u8>>, now: Moment, out: &mut Outbox) {
        let Some(peer) = self.syncs.get(&channel).map(|session| session.peer) else { return };
        let mut taking = Taking::of(peer, now);
        let outcome = self.take_all(channel, came, &mut taking);
        if !taking.new.is_empty() {
            self.came_from(channel, taking, out);
        }
        match outcome {
            Ok(left) if !left.is_empty() => {
                if let Some(session) = self.syncs.get_mut(&channel) {
                    session.waiting.push_front(left);
                }
            }
            Ok(_) | Err(NotAdded::Refused(Refused::NewerVersion) | NotAdded::Disputed(_)) => {
                send(channel, &Message::Taken, out);
            }
            // Something between was lost: what is held here is said again, and it comes (W4.8).
            Err(NotAdded::MissingParents(_)) => {
                send(channel, &Message::Taken, out);
                self.say_again(channel, out);
            }
            Err(NotAdded::Refused(_)) => self.stop_sync(channel, out),
        }
    }

    /// Up to the first that can't be taken. Gives what is left when the peer has to wait.
    fn take_all(
        &mut self,
        channel: Channel,
        came: Vec<Vec<u8>>,
        taking: &mut Taking,
    ) -> Result<Vec<Vec<u8>>, NotAdded> {
        let read: Vec<_> = came.iter().map(|bytes| SignedCertificate::from_bytes(bytes)).collect();
        let unreadable = read.iter().find_map(|read| read.as_ref().err().copied());
        let fresh = read.into_iter().flatten().filter(|signed| !self.history.contains(&signed.id()));
        let mut verified = SignedCertificate::verify_all(fresh.collect()).into_iter();
        while let Some(certificate) = verified.next() {
            let certificate = certificate?;
            if self.efforts.is_spent(&taking.peer, taking.now) {
                let left = std::iter::once(Ok(certificate)).chain(verified);
                return Ok(left
                    .collect::<Result<Vec<_>, _>>()?
                    .iter()
                    .map(|it| it.signed().bytes())
                    .collect());
            }
            if !self.is_set_aside(channel, &certificate) {
                self.take_one(channel, certificate, taking)?;
            }
        }
        unreadable.map_or(Ok(Vec::new()), |refused| Err(refused.into()))
    }

    fn take_one(
        &mut self,
        channel: Channel,
        certificate: VerifiedCertificate,
        taking: &mut Taking,
    ) -> Result<(), NotAdded> {
        let (id, device) = (certificate.id(), certificate.certificate().device);
        match self.take_at_its_cost(certificate, taking) {
            // What is disputed, and what builds on it, is no reason not to take the rest (R4.12).
            Err(NotAdded::Disputed(dispute)) => self.disputes.note(*dispute),
            Err(NotAdded::MissingParents(missing)) if self.disputes.has_any_of(&missing) => {
                self.disputes.set_aside(id);
            }
            Err(NotAdded::MissingParents(missing)) => match self.syncs.get_mut(&channel) {
                Some(session) if session.has_set_aside => {
                    // Of a member it builds on what was set aside, and asks for that.
                    if self.history.roster().is_active(&device) {
                        session.asked_for_by = Some(id);
                        return Err(NotAdded::MissingParents(missing));
                    }
                }
                _ => return Err(NotAdded::MissingParents(missing)),
            },
            other => return other.map(|_| ()),
        }
        Ok(())
    }

    /// Holds it if its own past allows it; what that costs is counted for whoever sent it.
    fn take_at_its_cost(
        &mut self,
        certificate: VerifiedCertificate,
        taking: &mut Taking,
    ) -> Result<bool, NotAdded> {
        let (id, device) = (certificate.id(), certificate.certificate().device);
        let (before, held) = (self.history.gone_through(), self.history.len());
        let put_out_by = self.history.put_out_by(&device);
        let added = self.take(certificate, &mut taking.batch);
        self.efforts.spend(taking.peer, self.history.gone_through() - before);
        if let Ok(true) = added {
            taking.new.push(id);
            if let Some(count) = put_out_by.and_then(|by| self.quota.counted.get_mut(&by))
                && self.quota.of == held
            {
                (*count, self.quota.of) = (*count + 1, held + 1);
            }
        }
        added
    }

    /// R4.11: whether it lies beyond the cut of a settled Revoke, of which enough is held. Not while a member's own certificate
    /// waits for it: what somebody had built on before they knew may count.
    fn is_set_aside(&mut self, channel: Channel, certificate: &VerifiedCertificate) -> bool {
        let Some(by) = self.history.put_out_by(&certificate.certificate().device) else { return false };
        if !self.history.acknowledged(&by).is_some_and(|it| it.settled) || self.has_room_beyond(&by) {
            return false;
        }
        let Some(session) = self.syncs.get_mut(&channel) else { return false };
        session.asked_for_by = session.asked_for_by.filter(|id| !self.history.contains(id));
        session.has_set_aside |= session.asked_for_by.is_none();
        session.asked_for_by.is_none()
    }

    /// Whether one more certificate beyond this removal's cut has room here.
    fn has_room_beyond(&mut self, by: &CertificateId) -> bool {
        let held = self.history.len();
        if self.quota.of != held {
            self.quota = Quota { counted: BTreeMap::new(), of: held };
        }
        let count = self.quota.counted.entry(*by).or_insert_with(|| self.history.held_beyond(by));
        *count < limits::KEPT_BEYOND
    }

    /// Takes in what a device hands in that is out; whether that goes on. What members signed is welcome; of what lies
    /// beyond the cut of any removal only so much is taken: it counts nothing, and they could go on for ever.
    pub(super) fn take_handed_in(&mut self, came: &[Vec<u8>], taking: &mut Taking) -> bool {
        let read: Vec<_> = came.iter().map(|bytes| SignedCertificate::from_bytes(bytes)).collect();
        let all_read = read.iter().all(Result::is_ok);
        let fresh = read.into_iter().flatten().filter(|signed| !self.history.contains(&signed.id()));
        for verified in SignedCertificate::verify_all(fresh.collect()) {
            let Ok(certificate) = verified else { return false };
            let by = self.history.put_out_by(&certificate.certificate().device);
            let has_room = by.is_none_or(|by| self.has_room_beyond(&by));
            if !has_room || self.efforts.is_spent(&taking.peer, taking.now) {
                return false;
            }
            if self.take_at_its_cost(certificate, taking).is_err() {
                return false;
            }
        }
        all_read
    }

    /// What came is durable; then it is told, and passed on.
    fn came_from(&mut self, channel: Channel, taking: Taking, out: &mut Outbox) {
        if let Some(session) = self.syncs.get_mut(&channel) {
            session.was_of_use();
            session.asked_again = 0;
        }
        self.publish_from(Some(channel), taking.batch, &taking.new, taking.now, out);
        self.ask_for_openings(channel, &self.closed_seals_of(&taking.new), out);
    }
}
