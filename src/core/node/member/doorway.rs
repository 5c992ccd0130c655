//! Guests' streams, up to the queue: who knocks without the token learns nothing, who has it waits.

use std::collections::BTreeMap;

use super::super::Mind;
use super::super::event::Happening;
use super::super::input::{Channel, ConversationId};
use super::super::outbox::Outbox;
use super::Member;
use super::hosting::Stage;
use crate::core::greeting::host::Knocking;
use crate::core::greeting::invitation::Prologue;
use crate::core::greeting::message::{FirstAnswer, Knock, Opening, VERSION};
use crate::core::greeting::{Ended, Reason};
use crate::core::primitives::ids::{DeviceId, InvitationId};
use crate::core::primitives::kind::Kind;
use crate::core::primitives::limits;
use crate::core::primitives::time::Moment;

/// Everybody at the door.
#[derive(Default)]
pub(super) struct Door {
    /// Streams whose first frame hasn't come: who, from where, until when.
    fresh: BTreeMap<Channel, (DeviceId, String, Moment)>,
    /// Streams that are to be refused, and when: who tries tokens is slowed down.
    delayed: Vec<(Moment, Channel)>,
    /// Failed handshakes by address in the current minute.
    failures: BTreeMap<String, (Moment, u32)>,
    pub(super) guests: BTreeMap<Channel, Guest>,
    last_ticket: u32,
}

/// A guest who has the token.
pub(super) struct Guest {
    pub(super) peer: DeviceId,
    pub(super) from: String,
    pub(super) invitation: InvitationId,
    pub(super) ticket: u32,
    pub(super) since: Moment,
    /// When this step has taken too long.
    pub(super) deadline: Moment,
    /// Taken out only while a step consumes it.
    pub(super) stage: Option<Stage>,
    /// The person who greets.
    pub(super) conversation: Option<ConversationId>,
}

impl Door {
    pub(super) fn waiting_on(&self, invitation: &InvitationId) -> usize {
        self.queue(invitation).count()
    }

    pub(super) fn is_greeting(&self, invitation: &InvitationId) -> bool {
        self.guests.values().any(|g| g.invitation == *invitation && g.conversation.is_some())
    }

    /// Those who wait to be greeted, in the order in which they came.
    pub(super) fn queue(&self, invitation: &InvitationId) -> impl Iterator<Item = (&Channel, &Guest)> {
        let mut queue: Vec<_> = self
            .guests
            .iter()
            .filter(|(_, g)| g.invitation == *invitation && matches!(g.stage, Some(Stage::Queue(_))))
            .collect();
        queue.sort_by_key(|(_, guest)| guest.ticket);
        queue.into_iter()
    }

    /// Invitations with somebody in the queue: how many, and since when.
    pub(super) fn queues(&self) -> impl Iterator<Item = (InvitationId, usize, Moment)> {
        let mut queues: BTreeMap<InvitationId, (usize, Moment)> = BTreeMap::new();
        for guest in self.guests.values().filter(|g| matches!(g.stage, Some(Stage::Queue(_)))) {
            let entry = queues.entry(guest.invitation).or_insert((0, guest.since));
            *entry = (entry.0 + 1, entry.1.min(guest.since));
        }
        queues.into_iter().map(|(id, (guests, since))| (id, guests, since))
    }

    pub(super) fn next_deadline(&self) -> impl Iterator<Item = Moment> {
        let fresh = self.fresh.values().map(|(_, _, deadline)| *deadline);
        let delayed = self.delayed.iter().map(|(due, _)| *due);
        fresh.chain(delayed).chain(self.guests.values().map(|g| g.deadline))
    }

    /// Counts a failed handshake; says how long its refusal is held back.
    fn failed(&mut self, from: &str, now: Moment) -> std::time::Duration {
        let minute = std::time::Duration::from_secs(60);
        self.failures.retain(|_, (began, _)| now.since(*began) < minute);
        if self.failures.len() >= limits::FAILING_ADDRESSES && !self.failures.contains_key(from) {
            return limits::LONGEST_REFUSAL_DELAY;
        }
        let (_, count) = self.failures.entry(from.to_owned()).or_insert((now, 0));
        *count += 1;
        match count.checked_sub(limits::FREE_FAILURES_PER_MINUTE + 1) {
            None => std::time::Duration::ZERO,
            Some(more) => std::time::Duration::from_secs(1 << more.min(8)).min(limits::LONGEST_REFUSAL_DELAY),
        }
    }
}

impl Member {
    pub(super) fn invited_email(&self, id: &InvitationId) -> Option<String> {
        let invitation = self.invitations.get(id)?;
        invitation.email.as_ref().map(|email| email.as_str().to_owned())
    }

    /// A stream stands on which a guest may speak first.
    pub(super) fn knocked(
        &mut self,
        channel: Channel,
        peer: DeviceId,
        from: String,
        mind: &Mind,
        out: &mut Outbox,
    ) {
        // A guest speaks as it opens the stream. Who has been silent for longest makes room, so that no crowd that says
        // nothing keeps guests out.
        if self.door.fresh.len() >= limits::HANDSHAKES_UNDER_WAY
            && let Some((silent, _)) = self.door.fresh.pop_first()
        {
            out.hang_up(silent);
        }
        self.door.fresh.insert(channel, (peer, from, mind.now + limits::HANDSHAKE));
    }

    /// A frame on a guest's stream.
    pub(super) fn guest_said(&mut self, channel: Channel, frame: &[u8], mind: &mut Mind, out: &mut Outbox) {
        match self.door.fresh.remove(&channel) {
            Some((peer, from, _)) => self.opening(channel, peer, from, frame, mind, out),
            None => self.guest_went_on(channel, frame, mind, out),
        }
    }

    fn opening(
        &mut self,
        channel: Channel,
        peer: DeviceId,
        from: String,
        frame: &[u8],
        mind: &mut Mind,
        out: &mut Outbox,
    ) {
        let Some(opening) = Opening::read(frame) else {
            return self.refuse(channel, &from, mind.now, out);
        };
        if opening.version != VERSION {
            return out.part(channel, FirstAnswer::refusal(Reason::UnsupportedVersion));
        }
        match self.read_knock(&opening, peer, mind) {
            Some(knocking) => self.let_in(channel, peer, from, opening.invitation, knocking, mind, out),
            None => self.refuse(channel, &from, mind.now, out),
        }
    }

    /// An unknown invitation is tried under a key that nobody has, so that it takes the time that a wrong
    /// token takes, and looks the same.
    fn read_knock(&self, opening: &Opening, peer: DeviceId, mind: &mut Mind) -> Option<Knocking> {
        let known = self.invitations.get(&opening.invitation);
        let (psk, kind) = match known {
            Some(invitation) => (invitation.keys.psk.clone(), invitation.kind),
            None => (mind.entropy.secret(), Kind::User),
        };
        let prologue = Prologue {
            organization: self.organization().prefix(),
            kind,
            invitation: opening.invitation,
            host: self.key.device(),
            guest: peer,
        };
        Knocking::read(&psk, &prologue, opening.message, &mut mind.entropy).ok()
    }

    /// Refuses who hasn't shown the token, at once or, of an address that keeps trying, later.
    fn refuse(&mut self, channel: Channel, from: &str, now: Moment, out: &mut Outbox) {
        let delay = self.door.failed(from, now);
        if delay.is_zero() {
            out.part(channel, FirstAnswer::refusal(Reason::UnknownInvitation));
        } else if self.door.delayed.len() < limits::DELAYED_REFUSALS {
            self.door.delayed.push((now + delay, channel));
        } else {
            out.hang_up(channel);
        }
    }

    /// Somebody who has the token: queued, welcomed back, or told why not.
    #[expect(clippy::too_many_arguments, reason = "what a stream is known by, and what was said on it")]
    fn let_in(
        &mut self,
        channel: Channel,
        peer: DeviceId,
        from: String,
        id: InvitationId,
        knocking: Knocking,
        mind: &mut Mind,
        out: &mut Outbox,
    ) {
        let Some(invitation) = self.invitations.get(&id) else { return out.hang_up(channel) };
        let enrolled_here = invitation.unacknowledged() == Some(peer);
        if let Knock::Return = knocking.knock {
            if enrolled_here && self.is_member(&peer) {
                return self.welcome_back(channel, peer, from, id, knocking, mind, out);
            }
            // Still pending: nobody was enrolled, and the invitation is good for another attempt.
            let (reason, at) = match invitation.closed_because() {
                Some((reason, at)) => (reason, Some(at)),
                None => (Reason::BrokenOff, None),
            };
            return out.part(channel, knocking.close(reason, at));
        }
        let closed = invitation.closed_because();
        let full = self.door.guests.values().filter(|g| g.invitation == id).count() >= limits::WAITING_GUESTS;
        let twice = self.door.guests.values().any(|g| g.peer == peer);
        match (closed, knocking.knock) {
            (Some((reason, at)), _) => out.part(channel, knocking.close(reason, Some(at))),
            (None, _) if !self.may_greet(&id) => out.part(channel, knocking.close(Reason::NotAllowed, None)),
            (None, _) if full || twice => out.part(channel, knocking.close(Reason::Busy, None)),
            (None, Knock::Greet(commitment)) => {
                let (stage, frame) = knocking.queue(self.organization(), commitment);
                out.send(channel, frame);
                self.queued(channel, peer, from, id, Stage::Queue(stage), mind.now, out);
                self.greet_who_waits(channel, mind, out);
            }
            (None, Knock::Return) => out.hang_up(channel),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what a stream is known by, and where it stands")]
    pub(super) fn queued(
        &mut self,
        channel: Channel,
        peer: DeviceId,
        from: String,
        invitation: InvitationId,
        stage: Stage,
        now: Moment,
        out: &mut Outbox,
    ) {
        self.door.last_ticket += 1;
        let ticket = self.door.last_ticket;
        let waits = matches!(stage, Stage::Queue(_));
        let deadline = now + if waits { limits::IDLE_WAIT } else { limits::WELCOME };
        let guest = Guest {
            peer,
            from,
            invitation,
            ticket,
            since: now,
            deadline,
            stage: Some(stage),
            conversation: None,
        };
        self.door.guests.insert(channel, guest);
        if waits {
            let guests = u32::try_from(self.door.waiting_on(&invitation)).unwrap_or(u32::MAX);
            let email = self.invited_email(&invitation);
            let ticket = ticket.to_string();
            self.notify(
                now,
                Happening::GuestWaiting { invitation_id: invitation, email, ticket, guests },
                out,
            );
            self.tell_places(&invitation, out);
        }
    }

    /// Tells everybody in a queue their place.
    pub(super) fn tell_places(&mut self, invitation: &InvitationId, out: &mut Outbox) {
        let channels: Vec<Channel> = self.door.queue(invitation).map(|(channel, _)| *channel).collect();
        for (place, channel) in (1..).zip(channels) {
            if let Some(guest) = self.door.guests.get_mut(&channel) {
                let ticket = guest.ticket;
                if let Some(Stage::Queue(stage)) = &mut guest.stage {
                    out.send(channel, stage.place(place, ticket));
                }
            }
        }
    }

    /// A guest's stream is gone.
    pub(super) fn guest_lost(&mut self, channel: Channel, mind: &mut Mind, out: &mut Outbox) {
        self.door.fresh.remove(&channel);
        self.door.delayed.retain(|(_, c)| *c != channel);
        self.guest_ended(channel, Ended::by_network(Reason::BrokenOff), mind.now, out);
    }

    /// An invitation ended: whoever waits on it or is being greeted is told, and leaves.
    pub(super) fn send_guests_away(
        &mut self,
        invitation: &InvitationId,
        reason: Reason,
        now: Moment,
        out: &mut Outbox,
    ) {
        let away: Vec<Channel> = self
            .door
            .guests
            .iter()
            .filter(|(_, g)| g.invitation == *invitation && !matches!(g.stage, Some(Stage::Welcoming(_))))
            .map(|(channel, _)| *channel)
            .collect();
        for channel in away {
            self.end_guest(channel, Ended::by_host(reason), now, out);
        }
    }

    /// What took too long at the door.
    pub(super) fn guests_time_out(&mut self, now: Moment, out: &mut Outbox) {
        let late: Vec<Channel> =
            self.door.fresh.iter().filter(|(_, (_, _, at))| *at <= now).map(|(c, _)| *c).collect();
        for channel in late {
            self.door.fresh.remove(&channel);
            out.hang_up(channel);
        }
        let (due, later) = std::mem::take(&mut self.door.delayed).into_iter().partition(|(at, _)| *at <= now);
        self.door.delayed = later;
        let due: Vec<(Moment, Channel)> = due;
        for (_, channel) in due {
            out.part(channel, FirstAnswer::refusal(Reason::UnknownInvitation));
        }
        let late: Vec<Channel> =
            self.door.guests.iter().filter(|(_, g)| g.deadline <= now).map(|(c, _)| *c).collect();
        for channel in late {
            let stage = self.door.guests.get(&channel).and_then(|guest| guest.stage.as_ref());
            let by = stage.map_or(Ended::by_guest as fn(Reason) -> Ended, Stage::awaited);
            self.end_guest(channel, by(Reason::Timeout), now, out);
        }
    }
}
