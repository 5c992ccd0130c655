//! Guests' streams, up to the queue: who knocks without the token learns nothing, who has it waits.

use std::collections::BTreeMap;

use super::super::Mind;
use super::super::event::Happening;
use super::super::input::{Channel, ConversationId};
use super::super::outbox::Outbox;
use super::Member;
use super::hosting::Stage;
use crate::core::greeting::host::Knocking;
use crate::core::greeting::invitation::{InvitationKeys, Prologue};
use crate::core::greeting::message::{FirstAnswer, Knock, Opening, VERSION};
use crate::core::greeting::{Ended, Reason};
use crate::core::primitives::ids::{DeviceId, InvitationId};
use crate::core::primitives::kind::Kind;
use crate::core::primitives::limits;
use crate::core::primitives::time::Moment;

/// Everybody at the door.
#[derive(Default)]
pub(super) struct Door {
    /// Streams whose first frame hasn't come: by whom, until when.
    fresh: BTreeMap<Channel, (Visit, Moment)>,
    /// Streams that are to be refused, and when: who tries tokens is slowed down.
    delayed: Vec<(Moment, Channel)>,
    /// Failed handshakes by address in the current minute.
    failures: BTreeMap<String, (Moment, u32)>,
    pub(super) guests: BTreeMap<Channel, Guest>,
    last_ticket: u32,
    /// The places of guests who lost the connection, and until when they are kept (G3.3).
    kept: BTreeMap<(InvitationId, DeviceId), (Place, Moment)>,
}

/// A guest's stream, as the connection authenticated it.
pub(super) struct Visit {
    pub(super) channel: Channel,
    /// Who is at the other end.
    pub(super) peer: DeviceId,
    /// From where.
    pub(super) from: String,
    /// Over a direct connection, from one of this machine's own links.
    pub(super) near: bool,
}

/// A guest's number in the queue's book, and since when it waits.
#[derive(Clone, Copy)]
pub(super) struct Place {
    ticket: u32,
    since: Moment,
    /// It lost the connection, and everybody was told that it left.
    was_away: bool,
}

/// A guest who has the token, or came to a session without it.
pub(super) struct Guest {
    pub(super) peer: DeviceId,
    pub(super) from: String,
    pub(super) invitation: InvitationId,
    /// What it called the invitation: its id, or of a session what that is called on the local network.
    pub(super) named: InvitationId,
    pub(super) ticket: u32,
    /// The place it was told last.
    told: u32,
    pub(super) since: Moment,
    /// When this step has taken too long.
    pub(super) deadline: Moment,
    /// Taken out only while a step consumes it.
    pub(super) stage: Option<Stage>,
    /// The person who greets.
    pub(super) conversation: Option<ConversationId>,
}

impl Guest {
    /// Whether it has the token: only who has it calls the invitation by its id.
    pub(super) fn has_link(&self) -> bool {
        self.named == self.invitation
    }

    fn place(&self, was_away: bool) -> Place {
        Place { ticket: self.ticket, since: self.since, was_away }
    }

    /// Whether it waits or is being greeted; else it is in already.
    pub(super) fn is_here(&self) -> bool {
        !matches!(self.stage, Some(Stage::Welcoming(_)))
    }
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
        let fresh = self.fresh.values().map(|(_, deadline)| *deadline);
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
    pub(super) fn knocked(&mut self, visit: Visit, mind: &Mind, out: &mut Outbox) {
        // A guest speaks as it opens the stream. Who has been silent for longest makes room, so that no crowd that says
        // nothing keeps guests out.
        if self.door.fresh.len() >= limits::HANDSHAKES_UNDER_WAY
            && let Some((silent, _)) = self.door.fresh.pop_first()
        {
            out.hang_up(silent);
        }
        self.door.fresh.insert(visit.channel, (visit, mind.now + limits::HANDSHAKE));
    }

    /// A frame on a guest's stream.
    pub(super) fn guest_said(&mut self, channel: Channel, frame: &[u8], mind: &mut Mind, out: &mut Outbox) {
        match self.door.fresh.remove(&channel) {
            Some((visit, _)) => self.opening(visit, frame, mind, out),
            None => self.guest_went_on(channel, frame, mind, out),
        }
    }

    fn opening(&mut self, visit: Visit, frame: &[u8], mind: &mut Mind, out: &mut Outbox) {
        let Some(opening) = Opening::read(frame) else {
            return self.refuse(&visit, mind.now, out);
        };
        if opening.version != VERSION {
            return out.part(visit.channel, FirstAnswer::refusal(Reason::UnsupportedVersion));
        }
        // Without a link there is a way to a session alone, and only from nearby (G7.3).
        let on_lan = || self.session_on_lan(&opening.invitation).filter(|_| visit.near);
        let known = self.invitations.contains_key(&opening.invitation).then_some(opening.invitation);
        let id = known.or_else(on_lan);
        match (self.read_knock(&opening, id, visit.peer, mind), id) {
            (Some(knocking), Some(id)) => self.let_in(visit, id, opening.invitation, knocking, mind, out),
            _ => self.refuse(&visit, mind.now, out),
        }
    }

    /// An unknown invitation is tried under a key that nobody has, so that it takes the time that a wrong
    /// token takes, and looks the same.
    fn read_knock(
        &self,
        opening: &Opening,
        id: Option<InvitationId>,
        peer: DeviceId,
        mind: &mut Mind,
    ) -> Option<Knocking> {
        let (psk, kind) = match id.and_then(|id| self.invitations.get(&id)) {
            Some(invitation) if invitation.keys.id != opening.invitation => {
                (InvitationKeys::without_link(opening.invitation).psk, invitation.kind)
            }
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
    fn refuse(&mut self, visit: &Visit, now: Moment, out: &mut Outbox) {
        let delay = self.door.failed(&visit.from, now);
        if delay.is_zero() {
            out.part(visit.channel, FirstAnswer::refusal(Reason::UnknownInvitation));
        } else if self.door.delayed.len() < limits::DELAYED_REFUSALS {
            self.door.delayed.push((now + delay, visit.channel));
        } else {
            out.hang_up(visit.channel);
        }
    }

    /// Somebody who has the token: queued, welcomed back, or told why not.
    fn let_in(
        &mut self,
        visit: Visit,
        id: InvitationId,
        named: InvitationId,
        knocking: Knocking,
        mind: &mut Mind,
        out: &mut Outbox,
    ) {
        let Some(invitation) = self.invitations.get(&id) else { return out.hang_up(visit.channel) };
        let (enrolled_here, closed) = (self.awaits(&id, &visit.peer), invitation.closed_because());
        match (knocking.knock, closed) {
            (Knock::Return, _) if enrolled_here && self.is_member(&visit.peer) => {
                self.leave_the_old_stream(&visit.peer, &id, mind.now, out);
                self.welcome_back(visit, (id, named), knocking, mind, out);
            }
            (_, Some((reason, at))) => out.part(visit.channel, knocking.close(reason, Some(at))),
            // Still pending: nobody was enrolled, and the invitation is good for another attempt.
            (Knock::Return, None) => out.part(visit.channel, knocking.close(Reason::BrokenOff, None)),
            (Knock::Greet(_), None) if !self.may_greet(&id) => {
                out.part(visit.channel, knocking.close(Reason::NotAllowed, None));
            }
            (Knock::Greet(commitment), None) => {
                let place = self.leave_the_old_stream(&visit.peer, &id, mind.now, out);
                if !self.make_room(&id, &visit, named == id, mind.now, out) {
                    return out.part(visit.channel, knocking.close(Reason::Busy, None));
                }
                let channel = visit.channel;
                let (stage, frame) = knocking.queue(self.organization(), commitment);
                out.send(channel, frame);
                self.queued(visit, (id, named), Stage::Queue(stage), place, mind.now, out);
                self.greet_who_waits(channel, mind, out);
            }
        }
    }

    /// A device that comes again lost its old stream, though nobody has told us yet. In the queue it keeps its place
    /// (G3.2); an attempt in which a nonce had left is over.
    fn leave_the_old_stream(
        &mut self,
        peer: &DeviceId,
        id: &InvitationId,
        now: Moment,
        out: &mut Outbox,
    ) -> Option<Place> {
        let found = self.door.guests.iter().find(|(_, guest)| guest.peer == *peer);
        let Some((channel, guest)) = found else {
            let kept = self.door.kept.remove(&(*id, *peer));
            return kept.filter(|(_, until)| *until > now).map(|(place, _)| place);
        };
        let (channel, place) = (*channel, guest.place(false));
        let waits_here = guest.invitation == *id && matches!(guest.stage, Some(Stage::Queue(_)));
        out.hang_up(channel);
        if !waits_here {
            self.guest_ended(channel, Ended::by_network(Reason::BrokenOff), now, out);
            return None;
        }
        self.door.guests.remove(&channel);
        Some(place)
    }

    /// Writes a welcomed guest, or one that waits, into the book: with the next ticket, or at the place that it had.
    pub(super) fn queued(
        &mut self,
        visit: Visit,
        (invitation, named): (InvitationId, InvitationId),
        stage: Stage,
        place: Option<Place>,
        now: Moment,
        out: &mut Outbox,
    ) {
        let Place { ticket, since, was_away } = place.unwrap_or_else(|| {
            self.door.last_ticket += 1;
            Place { ticket: self.door.last_ticket, since: now, was_away: true }
        });
        let waits = matches!(stage, Stage::Queue(_));
        let deadline = now + if waits { limits::IDLE_WAIT } else { limits::WELCOME };
        let Visit { channel, peer, from, .. } = visit;
        let (stage, conversation, told) = (Some(stage), None, 0);
        let guest =
            Guest { peer, from, invitation, named, ticket, told, since, deadline, stage, conversation };
        self.door.guests.insert(channel, guest);
        if !waits {
            return;
        }
        if was_away {
            let guests = u32::try_from(self.door.waiting_on(&invitation)).unwrap_or(u32::MAX);
            let (email, ticket) = (self.invited_email(&invitation), ticket.to_string());
            let what = Happening::GuestWaiting { invitation_id: invitation, email, ticket, guests };
            self.notify(now, what, out);
        }
        self.tell_places(&invitation, now, out);
    }

    /// Tells everybody in a queue whose place is another one. A queue that moves isn't an idle wait.
    pub(super) fn tell_places(&mut self, invitation: &InvitationId, now: Moment, out: &mut Outbox) {
        let channels: Vec<Channel> = self.door.queue(invitation).map(|(channel, _)| *channel).collect();
        for (place, channel) in (1..).zip(channels) {
            let guest = self.door.guests.get_mut(&channel).filter(|guest| guest.told != place);
            if let Some(guest) = guest {
                (guest.told, guest.deadline) = (place, now + limits::IDLE_WAIT);
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
        self.keep_the_place(channel, mind.now);
        self.guest_ended(channel, Ended::by_network(Reason::BrokenOff), mind.now, out);
    }

    /// A guest in the queue who lost the connection without a word may come back to its place.
    fn keep_the_place(&mut self, channel: Channel, now: Moment) {
        let Some(guest) = self.door.guests.get(&channel) else { return };
        if !matches!(guest.stage, Some(Stage::Queue(_))) {
            return;
        }
        let (key, place) = ((guest.invitation, guest.peer), guest.place(true));
        let kept = &mut self.door.kept;
        kept.retain(|_, (_, until)| *until > now);
        if kept.len() >= limits::PLACES_KEPT {
            let oldest = kept.iter().min_by_key(|(_, (_, until))| *until).map(|(key, _)| *key);
            oldest.map(|key| kept.remove(&key));
        }
        kept.insert(key, (place, now + limits::PLACE_KEPT));
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
            self.door.fresh.iter().filter(|(_, (_, at))| *at <= now).map(|(c, _)| *c).collect();
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
