//! In step: both sides of a sync find out what each lacks, send it (`sending`) and take it in (`taking`). From then on
//! what is new is pushed. Everything that is sent asks the roster as it is then.

use std::collections::{BTreeSet, VecDeque};

use super::super::Mind;
use super::super::input::Channel;
use super::super::outbox::Outbox;
use super::super::syncing::{Message, VERSION};
use super::Member;
use crate::core::primitives::address::Address;
use crate::core::primitives::codec;
use crate::core::primitives::ids::{CertificateId, DeviceId, Seal};
use crate::core::primitives::limits;
use crate::core::primitives::time::Moment;
use crate::core::roster::reconcile::{Holds, Reconciling, Word};

/// One sync stream with a member's device.
pub(super) struct Session {
    pub(super) peer: DeviceId,
    /// Whether the peer's first word came.
    pub(super) greeted: bool,
    /// Whether the peer was shown by what we are in.
    pub(super) introduced: bool,
    /// Finding out what the peer lacks.
    reconciling: Reconciling,
    /// What the peer lacks and hasn't been sent, ancestors first.
    pub(super) queue: VecDeque<CertificateId>,
    /// Frames of certificates that were sent and that the peer hasn't taken yet.
    pub(super) under_way: usize,
    /// Whether it is to be checked that both hold the same, once all is sent.
    pub(super) to_check: bool,
    /// Whether its words of what it holds are no longer the first, to which ours is on its way anyhow.
    checks: bool,
    /// What it was last found to lack: how many, from which to which; and how often in a row it was that.
    found_lacking: (Option<[CertificateId; 2]>, usize, u32),
    /// Seals that it asked about and that aren't opened here yet.
    pub(super) asked_seals: BTreeSet<Seal>,
    /// When the minute began in which its messages are counted, and how many came.
    minute: (Moment, u32),
    /// How often in a row it said that something is missing, or sent what doesn't follow from what is held here.
    pub(super) asked_again: u32,
    /// Frames of certificates that came and that the peer has to wait for.
    pub(super) waiting: VecDeque<Vec<Vec<u8>>>,
    /// Whether something was set aside of what it sent (R4.11).
    pub(super) has_set_aside: bool,
    /// A member's certificate that builds on what was: until it is held, nothing is set aside.
    pub(super) asked_for_by: Option<CertificateId>,
}

/// What one message may carry, with room for lengths, in bytes.
pub(super) const ROOM: usize = limits::FRAME - 1024;

impl Session {
    fn of(peer: DeviceId, by_us: bool, now: Moment) -> Self {
        Self {
            peer,
            greeted: false,
            introduced: false,
            reconciling: Reconciling::new(by_us),
            queue: VecDeque::new(),
            under_way: 0,
            to_check: false,
            checks: false,
            found_lacking: (None, 0, 0),
            asked_seals: BTreeSet::new(),
            minute: (now, 0),
            asked_again: 0,
            waiting: VecDeque::new(),
            has_set_aside: false,
            asked_for_by: None,
        }
    }

    /// Counts a message; whether that is too many for a minute.
    fn is_too_much(&mut self, now: Moment) -> bool {
        if now.since(self.minute.0) >= std::time::Duration::from_secs(60) {
            self.minute = (now, 0);
        }
        self.minute.1 += 1;
        self.minute.1 > limits::SYNC_MESSAGES
    }

    /// Whether the peer is sent what it lacks. Who lacks the very same again and again doesn't take it (R4.11, R4.12): it isn't
    /// sent it for ever.
    fn heeds(&mut self, lacking: &[CertificateId]) -> bool {
        let ends = lacking.first().zip(lacking.last()).map(|(first, last)| [*first, *last]);
        let (before, many, times) = self.found_lacking;
        let again = if (before, many) == (ends, lacking.len()) { times + 1 } else { 1 };
        self.found_lacking = (ends, lacking.len(), again);
        again <= limits::SENT_AGAIN
    }

    /// A message that brought something, or answers what we sent, counts nothing: a whole roster may come at once.
    pub(super) fn was_of_use(&mut self) {
        self.minute.1 = self.minute.1.saturating_sub(1);
    }

    /// What the peer lacks and hasn't been sent; none until it said what it holds.
    pub(super) fn lacking(&self) -> Option<impl Iterator<Item = CertificateId>> {
        self.reconciling.is_known().then(|| self.queue.iter().copied())
    }

    /// Whether certificates are on their way to the peer: until they came, nothing is known of what it lacks.
    fn is_sending(&self) -> bool {
        self.under_way > 0 || !self.queue.is_empty()
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
        Message::Hello { version: VERSION, holds: Holds::of(&self.history), addresses }
    }

    /// A sync stream stands, whoever opened it. A stranger hears that it is one; to a device
    /// that is out it is a farewell.
    pub(super) fn sync_opened(
        &mut self,
        channel: Channel,
        peer: DeviceId,
        by_us: bool,
        now: Moment,
        out: &mut Outbox,
    ) {
        self.need_not_open(&peer);
        match self.roster().user_of(&peer).map(|user| user.is_active()) {
            None if self.out_by(&peer).is_some() => self.out_came(channel, (peer, by_us), now, out),
            None => self.stranger_came(channel, peer, now, out),
            Some(false) => self.out_came(channel, (peer, by_us), now, out),
            Some(true) => {
                self.syncs.insert(channel, Session::of(peer, by_us, now));
                // Who holds itself revoked says so too: it may be the only one that has what revoked it, or may lack what
                // undoes that.
                send(channel, &self.hello(), out);
            }
        }
    }

    pub(super) fn sync_received(&mut self, channel: Channel, frame: &[u8], mind: &Mind, out: &mut Outbox) {
        let Some(session) = self.syncs.get_mut(&channel) else { return };
        let (peer, too_much) = (session.peer, session.is_too_much(mind.now));
        let message = codec::decode::<Message>(frame).ok().filter(|_| !too_much);
        let Some(message) = message else { return self.stop_sync(channel, out) };
        match message {
            Message::Hello { version, .. } if version != VERSION => self.stop_sync(channel, out),
            Message::Hello { holds, addresses, .. } => {
                self.remember(peer, addresses, out);
                self.is_greeted(channel, peer, mind.now, out);
                self.reconcile(channel, Word::Holds(holds), out);
            }
            Message::Reconcile(word) => self.reconcile(channel, word, out),
            Message::Certificates(certificates) => {
                self.certificates_came(channel, certificates, mind.now, out);
            }
            Message::Taken => self.was_taken(channel, out),
            Message::Offer(ids) => self.was_offered(channel, ids, out),
            Message::Want(ids) => self.is_wanted(channel, &ids, out),
            Message::WantOpenings(seals) => self.send_openings(channel, &peer, &seals, out),
            Message::Openings(openings) => self.openings_came(&openings, out),
            Message::Stranger => self.introduce(channel, out),
            Message::Revoked(by) => self.is_shown_out(channel, &by, out),
            Message::Introduction(_) => self.stop_sync(channel, out),
        }
    }

    pub(super) fn stop_sync(&mut self, channel: Channel, out: &mut Outbox) {
        self.syncs.remove(&channel);
        out.hang_up(channel);
    }

    fn is_greeted(&mut self, channel: Channel, peer: DeviceId, now: Moment, out: &mut Outbox) {
        let Some(session) = self.syncs.get_mut(&channel) else { return };
        if !std::mem::replace(&mut session.greeted, true) {
            self.knows_it_is_in(&peer, out);
            self.is_met(peer, now, out);
            self.ask_for_openings(channel, &self.closed_seals(), out);
        }
    }

    /// One word of finding out what each lacks (W5).
    fn reconcile(&mut self, channel: Channel, word: Word, out: &mut Outbox) {
        let Some(session) = self.syncs.get_mut(&channel).filter(|session| session.greeted) else { return };
        let may_hold_more = match &word {
            // What it lacks now it won't lack when all is there that is on its way: it is asked again then.
            Word::Holds(_) if session.is_sending() => {
                session.to_check = true;
                return;
            }
            Word::Holds(holds) => {
                let is_first = !std::mem::replace(&mut session.checks, true);
                !is_first && !holds.are_of(&self.history)
            }
            _ => false,
        };
        let Ok(heard) = session.reconciling.hear(word, &self.history) else {
            return self.stop_sync(channel, out);
        };
        if let Some(word) = heard.say {
            send(channel, &Message::Reconcile(word), out);
        }
        if let Some(lacking) = heard.lacking {
            let lacking = if session.heeds(&lacking) { lacking } else { Vec::new() };
            session.to_check |= !lacking.is_empty();
            session.queue.extend(lacking);
            let holds_more = may_hold_more && session.queue.is_empty();
            if holds_more && session.asked_again == 0 {
                // What it holds beyond that it sent when it heard our first word, or it didn't: it is told again. Once: if
                // nothing comes that can be taken, it is something that isn't taken here (R4.12).
                self.say_again(channel, out);
            }
            self.pump(channel, out);
        }
    }

    /// Says what is held here, to a peer that holds something else. Not for ever: it may be lying.
    pub(super) fn say_again(&mut self, channel: Channel, out: &mut Outbox) {
        let Some(session) = self.syncs.get_mut(&channel) else { return };
        session.asked_again += 1;
        if session.asked_again > limits::ASKED_AGAIN {
            return self.stop_sync(channel, out);
        }
        send(channel, &Message::Reconcile(Reconciling::holds(&self.history)), out);
    }
}

pub(super) fn send(channel: Channel, message: &Message, out: &mut Outbox) {
    out.send(channel, codec::encode(message));
}
