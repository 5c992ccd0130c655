//! In step: both sides of a sync say what they hold (heads, then a thinning list), and each sends what the other lacks.
//! From then on what is new is pushed. Everything that is sent asks the roster as it is then.

use super::super::Mind;
use super::super::input::Channel;
use super::super::outbox::Outbox;
use super::super::output::{Batch, Output};
use super::super::syncing::{Message, VERSION};
use super::Member;
use crate::core::primitives::address::Address;
use crate::core::primitives::codec;
use crate::core::primitives::ids::{CertificateId, DeviceId, Seal};
use crate::core::primitives::limits;
use crate::core::primitives::time::Moment;
use crate::core::roster::seal::Opening;
use crate::core::roster::{NotAdded, Refused, SignedCertificate};

/// One sync stream.
pub(super) struct Session {
    pub(super) peer: DeviceId,
    /// Whether the peer's first word came.
    greeted: bool,
    /// Whether the peer was shown by what we are in.
    pub(super) introduced: bool,
    /// When the minute began in which its messages are counted, and how many came.
    minute: (Moment, u32),
    /// How often in a row it sent what doesn't follow from what is held here.
    asked_again: u32,
}

/// What one message may carry, with room for lengths, in bytes.
pub(super) const ROOM: usize = limits::FRAME - 1024;

impl Session {
    fn of(peer: DeviceId, now: Moment) -> Self {
        Self { peer, greeted: false, introduced: false, minute: (now, 0), asked_again: 0 }
    }

    /// Counts a message; whether that is too many for a minute.
    fn is_too_much(&mut self, now: Moment) -> bool {
        if now.since(self.minute.0) >= std::time::Duration::from_secs(60) {
            self.minute = (now, 0);
        }
        self.minute.1 += 1;
        self.minute.1 > limits::SYNC_MESSAGES
    }
}

impl Member {
    pub(super) fn listens_at(&mut self, addresses: Vec<Address>, out: &mut Outbox) {
        self.listening = addresses;
        let hello = self.hello();
        for (channel, session) in &self.syncs {
            if session.greeted {
                send(*channel, &hello, out);
            }
        }
    }

    pub(super) fn hello(&self) -> Message {
        let addresses = self.listening.iter().take(limits::ADDRESSES_PER_DEVICE).cloned().collect();
        Message::Hello { version: VERSION, holds: self.history.sample(), addresses }
    }

    /// A sync stream stands, whoever opened it. A stranger hears that it is one; a revoked device gets what shows it.
    pub(super) fn sync_opened(&mut self, channel: Channel, peer: DeviceId, now: Moment, out: &mut Outbox) {
        self.need_not_open(&peer);
        match self.roster().user_of(&peer) {
            None => self.stranger_came(channel, peer, now, out),
            Some(user) if !user.is_active() => {
                let revocation = user.revoked;
                self.show_revocation(channel, revocation, out);
            }
            Some(_) => {
                self.syncs.insert(channel, Session::of(peer, now));
                if self.is_active() {
                    send(channel, &self.hello(), out);
                }
            }
        }
    }

    /// The removal with its ancestors: certificates alone, no names, and then the end.
    fn show_revocation(&self, channel: Channel, revocation: Option<CertificateId>, out: &mut Outbox) {
        let shown = revocation.map(|id| self.history.with_ancestors(&[id])).unwrap_or_default();
        let ids: Vec<CertificateId> =
            self.history.in_causal_order().map(|c| c.id()).filter(|id| shown.contains(id)).collect();
        self.send_certificates(channel, &ids, out);
        send(channel, &Message::Revoked, out);
        out.hang_up(channel);
    }

    pub(super) fn sync_received(&mut self, channel: Channel, frame: &[u8], mind: &Mind, out: &mut Outbox) {
        let Some(session) = self.syncs.get_mut(&channel) else { return };
        let (peer, too_much) = (session.peer, session.is_too_much(mind.now));
        let message = codec::decode::<Message>(frame).ok().filter(|_| !too_much);
        let Some(message) = message else { return self.stop_sync(channel, out) };
        match message {
            Message::Hello { version, holds, addresses } => {
                if version != VERSION || holds.len() > limits::LISTED_IDS {
                    return self.stop_sync(channel, out);
                }
                self.remember(peer, addresses, out);
                self.bring_in_step(channel, peer, &holds, mind.now, out);
            }
            Message::Certificates(certificates) => {
                self.certificates_came(channel, certificates, mind.now, out);
            }
            Message::WantOpenings(seals) => self.send_openings(channel, &peer, &seals, out),
            Message::Openings(openings) => self.openings_came(&openings, out),
            Message::Stranger => self.introduce(channel, out),
            Message::Revoked | Message::Introduction(_) => self.stop_sync(channel, out),
        }
    }

    fn stop_sync(&mut self, channel: Channel, out: &mut Outbox) {
        self.syncs.remove(&channel);
        out.hang_up(channel);
    }

    fn bring_in_step(
        &mut self,
        channel: Channel,
        peer: DeviceId,
        holds: &[CertificateId],
        now: Moment,
        out: &mut Outbox,
    ) {
        if !self.is_member(&peer) || !self.is_active() {
            return;
        }
        let first = self.syncs.get_mut(&channel).is_some_and(|s| !std::mem::replace(&mut s.greeted, true));
        let lacking = self.history.lacking(holds);
        self.send_certificates(channel, &lacking, out);
        if first {
            self.knows_it_is_in(&peer, out);
            self.is_met(peer, now, out);
            self.ask_for_openings(channel, out);
        }
    }

    fn send_certificates(&self, channel: Channel, ids: &[CertificateId], out: &mut Outbox) {
        let bytes = ids.iter().filter_map(|id| self.history.get(id)).map(|c| c.signed().bytes());
        for piece in codec::in_pieces(bytes, ROOM) {
            send(channel, &Message::Certificates(piece), out);
        }
    }

    /// Verifies and takes in what came. Whoever sends what isn't a certificate, or one that its own past forbids, is a
    /// liar: the stream ends, and nothing that it sent before is believed less.
    fn certificates_came(&mut self, channel: Channel, came: Vec<Vec<u8>>, now: Moment, out: &mut Outbox) {
        let mut batch = Batch::default();
        let mut new = Vec::new();
        let mut outcome = Ok(());
        for bytes in came {
            let verified = SignedCertificate::from_bytes(&bytes).and_then(SignedCertificate::verify);
            let taken = verified.map_err(NotAdded::Refused).and_then(|certificate| {
                let id = certificate.id();
                self.take(certificate, &mut batch).map(|added| (id, added))
            });
            match taken {
                Ok((id, true)) => new.push(id),
                Ok((_, false)) => {}
                Err(why) => {
                    outcome = Err(why);
                    break;
                }
            }
        }
        self.take_in(batch, &new, now, out);
        let asked_again = self.syncs.get_mut(&channel).map_or(0, |session| {
            session.asked_again = if new.is_empty() { session.asked_again } else { 0 };
            session.asked_again += u32::from(matches!(outcome, Err(NotAdded::MissingParents(_))));
            session.asked_again
        });
        match outcome {
            Ok(()) => {
                if !new.is_empty() {
                    self.ask_for_openings(channel, out);
                }
            }
            // Something between was lost: say again what is held here, and it comes. Whoever goes on sending what
            // follows from nothing is a liar (W4.5).
            Err(NotAdded::MissingParents(_)) if asked_again <= limits::ASKED_AGAIN => {
                send(channel, &self.hello(), out);
            }
            Err(NotAdded::Refused(Refused::NewerVersion)) => {}
            Err(NotAdded::Refused(_) | NotAdded::MissingParents(_)) => self.stop_sync(channel, out),
        }
    }

    /// What came is durable; then it is told, and passed on.
    fn take_in(&mut self, batch: Batch, new: &[CertificateId], now: Moment, out: &mut Outbox) {
        if new.is_empty() {
            return;
        }
        self.publish(batch, new, now, out);
    }

    /// Passes on what is new to every connected member; first of all, whom it takes off the roster is shown that,
    /// and hung up on.
    pub(super) fn push_to_members(&mut self, new: &[CertificateId], out: &mut Outbox) {
        if new.is_empty() {
            return;
        }
        let removed: Vec<(Channel, DeviceId)> = self
            .syncs
            .iter()
            .filter(|(_, session)| !self.is_member(&session.peer))
            .map(|(channel, session)| (*channel, session.peer))
            .collect();
        for (channel, peer) in removed {
            self.syncs.remove(&channel);
            let revocation = self.roster().user_of(&peer).and_then(|user| user.revoked);
            self.show_revocation(channel, revocation, out);
            out.push(Output::Disconnect { peer });
        }
        if !self.is_active() {
            for channel in std::mem::take(&mut self.syncs).into_keys() {
                out.hang_up(channel);
            }
            return;
        }
        // Where two streams to one device stand, one of them may be broken without our knowing: both are used.
        for (channel, _) in self.syncs.iter().filter(|(_, session)| session.greeted) {
            self.send_certificates(*channel, new, out);
        }
    }

    /// Asks for the openings of all seals that aren't open here. Who may not see names gets none, and so never asks for them.
    fn ask_for_openings(&self, channel: Channel, out: &mut Outbox) {
        let sees = self.me().is_some_and(|me| me.is_active() && me.profile.sees_names());
        let people = self.roster().users().filter(|_| sees);
        let seals = people.flat_map(|user| {
            [user.name, user.email].into_iter().chain(user.devices.iter().map(|device| device.label))
        });
        let closed: Vec<Seal> = self
            .roster()
            .organization_name()
            .into_iter()
            .chain(seals)
            .filter(|s| !self.openings.contains_key(s))
            .collect();
        for piece in closed.chunks(limits::LISTED_IDS) {
            send(channel, &Message::WantOpenings(piece.to_vec()), out);
        }
    }

    fn send_openings(&self, channel: Channel, peer: &DeviceId, seals: &[Seal], out: &mut Outbox) {
        let known = seals.iter().take(limits::LISTED_IDS).filter_map(|seal| self.openings.get(seal));
        let visible = known.filter(|opening| self.may_have(peer, opening));
        for piece in codec::in_pieces(visible.map(codec::encode), ROOM) {
            send(channel, &Message::Openings(piece), out);
        }
    }

    fn openings_came(&mut self, came: &[Vec<u8>], out: &mut Outbox) {
        let openings = came.iter().filter_map(|bytes| codec::decode::<Opening>(bytes).ok());
        let own = self.key.device();
        let openings: Vec<Opening> = openings.filter(|opening| self.may_have(&own, opening)).collect();
        let mut batch = Batch::default();
        self.take_openings(openings, &mut batch);
        out.commit(batch);
    }
}

pub(super) fn send(channel: Channel, message: &Message, out: &mut Outbox) {
    out.send(channel, codec::encode(message));
}
