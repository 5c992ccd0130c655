//! Greeting a guest: from the queue to the details. One `greet` lets one nonce go, to one guest; it never
//! moves on to the next guest by itself.

use super::super::Mind;
use super::super::conversation::{Step, WaitingGuest};
use super::super::event::Happening;
use super::super::input::{Channel, ConversationId};
use super::super::outbox::Outbox;
use super::super::output::Batch;
use super::super::records;
use super::super::request::{Class, Refusal};
use super::Member;
use super::doorway::Guest;
use crate::core::greeting::code::{Code, Typed};
use crate::core::greeting::host::{
    AwaitingConfirmation, AwaitingDetails, AwaitingGreet, AwaitingGuestCode, AwaitingGuestsMatch,
    AwaitingReveal, Welcoming,
};
use crate::core::greeting::message::{Details, Introduction};
use crate::core::greeting::{Ended, Reason, Side};
use crate::core::primitives::ids::InvitationId;
use crate::core::primitives::kind::Kind;
use crate::core::primitives::limits;
use crate::core::primitives::text::Name;
use crate::core::primitives::time::Moment;

/// Where a guest stands.
pub(super) enum Stage {
    Queue(AwaitingGreet),
    Reveal(AwaitingReveal),
    GuestTypes(AwaitingGuestsMatch),
    HostTypes(AwaitingGuestCode),
    Details(AwaitingDetails),
    Confirm(AwaitingConfirmation, Box<Details>),
    Welcoming(Welcoming),
}

impl Stage {
    /// Whom this stage waits for: who is late where it takes too long.
    pub(super) fn awaited(&self) -> fn(Reason) -> Ended {
        match self {
            Self::Queue(_) | Self::HostTypes(_) | Self::Confirm(..) => Ended::by_host,
            Self::Reveal(_) | Self::GuestTypes(_) | Self::Details(_) | Self::Welcoming(_) => Ended::by_guest,
        }
    }

    /// The frame that ends it on the guest's side.
    fn end(self, reason: Reason) -> Option<Vec<u8>> {
        Some(match self {
            Self::Queue(stage) => stage.end(reason),
            Self::Reveal(stage) => stage.end(reason),
            Self::GuestTypes(stage) => stage.end(reason),
            Self::HostTypes(stage) => stage.end(reason),
            Self::Details(stage) => stage.end(reason),
            Self::Confirm(stage, _) => stage.end(reason),
            Self::Welcoming(_) => return None,
        })
    }
}

/// A person who greets.
pub(super) struct Greet {
    invitation: Option<InvitationId>,
    ticket: Option<String>,
    /// The guest, once there is one.
    pub(super) channel: Option<Channel>,
    unusable: u32,
}

impl Member {
    /// Whether this device may greet guests of this invitation now.
    pub(super) fn may_greet(&self, id: &InvitationId) -> bool {
        match self.invitations.get(id).map(|invitation| invitation.kind) {
            Some(Kind::Device) => self.is_active(),
            Some(Kind::User | Kind::Session) => self.me().is_some_and(|me| me.is_active_administrator()),
            None => false,
        }
    }

    /// A person begins to greet: a guest who waits, one of several, or whoever comes.
    pub(super) fn greet(
        &mut self,
        conversation: ConversationId,
        invitation: Option<String>,
        ticket: Option<String>,
        mind: &mut Mind,
        out: &mut Outbox,
    ) {
        match self.greet_of(invitation, ticket) {
            Ok(greet) => {
                self.greets.insert(conversation, greet);
                self.choose_guest(conversation, None, mind, out);
            }
            Err((reason, refusal)) => out.end_saying(conversation, Ended::by_host(reason), refusal.message),
        }
    }

    fn greet_of(
        &self,
        invitation: Option<String>,
        ticket: Option<String>,
    ) -> Result<Greet, (Reason, Refusal)> {
        self.require_active().map_err(|refusal| (Reason::NotAllowed, refusal))?;
        let invitation = match invitation {
            None => None,
            Some(text) => {
                let found = self.find_invitation(&text).map_err(|r| (Reason::UnknownInvitation, r))?;
                let state = |reason: Reason| {
                    (reason, Refusal::new(Class::State, "not_pending", reason.sentence(Side::Host)))
                };
                if let Some((reason, _)) = found.closed_because() {
                    return Err(state(reason));
                }
                if !self.may_greet(&found.keys.id) {
                    return Err(state(Reason::NotAllowed));
                }
                Some(found.keys.id)
            }
        };
        Ok(Greet { invitation, ticket, channel: None, unusable: 0 })
    }

    /// The guests that this greet could mean.
    fn candidates(&self, greet: &Greet) -> Vec<Channel> {
        let meant = |guest: &Guest| {
            matches!(guest.stage, Some(Stage::Queue(_)))
                && greet.invitation.is_none_or(|id| guest.invitation == id)
                && greet.ticket.as_ref().is_none_or(|ticket| guest.ticket.to_string() == ticket.trim())
        };
        let mut found: Vec<_> = self.door.guests.iter().filter(|(_, guest)| meant(guest)).collect();
        found.sort_by_key(|(_, guest)| guest.ticket);
        found.into_iter().map(|(channel, _)| *channel).collect()
    }

    fn choose_guest(
        &mut self,
        conversation: ConversationId,
        again: Option<String>,
        mind: &mut Mind,
        out: &mut Outbox,
    ) {
        let Some(greet) = self.greets.get(&conversation) else { return };
        match self.candidates(greet)[..] {
            [] => out.say(conversation, Step::waiting_for(Side::Guest)),
            [channel] => self.start(conversation, channel, mind, out),
            ref several => {
                let guests =
                    several.iter().map(|channel| self.waiting_guest(&self.door.guests[channel])).collect();
                out.say(conversation, Step::Choose { guests, again });
            }
        }
    }

    fn waiting_guest(&self, guest: &Guest) -> WaitingGuest {
        WaitingGuest {
            ticket: guest.ticket.to_string(),
            since: guest.since,
            address: guest.from.clone(),
            invitation_id: guest.invitation,
            without_link: !guest.has_link(),
            email: self.invited_email(&guest.invitation),
        }
    }

    /// A guest came into the queue: somebody may wait for them.
    pub(super) fn greet_who_waits(&mut self, channel: Channel, mind: &mut Mind, out: &mut Outbox) {
        let waits = |greet: &Greet| greet.channel.is_none() && self.candidates(greet) == [channel];
        let waiting =
            self.greets.iter().find(|(_, greet)| waits(greet)).map(|(conversation, _)| *conversation);
        if let Some(conversation) = waiting {
            self.start(conversation, channel, mind, out);
        }
    }

    /// The host's nonce goes out. It is written down before, as an attempt: a crash doesn't give another one.
    fn start(&mut self, conversation: ConversationId, channel: Channel, mind: &mut Mind, out: &mut Outbox) {
        let id = self.door.guests[&channel].invitation;
        if let Err((reason, message)) = self.may_start(&id, mind.now) {
            self.greets.remove(&conversation);
            return out.end_saying(conversation, Ended::by_host(reason), message);
        }
        let Some(invitation) = self.invitations.get_mut(&id) else { return };
        invitation.attempts += 1;
        invitation.last_attempt = mind.now;
        let mut batch = Batch::default();
        batch.put(records::invitation(&id), &*invitation);
        self.session_attempt(&id, &mut batch);
        out.commit(batch);
        if let Some(greet) = self.greets.get_mut(&conversation) {
            greet.channel = Some(channel);
        }
        let Some(guest) = self.door.guests.get_mut(&channel) else { return };
        guest.conversation = Some(conversation);
        guest.deadline = mind.now + limits::MACHINE_STEP;
        let ticket = guest.ticket.to_string();
        if let Some(Stage::Queue(stage)) = guest.stage.take() {
            let (stage, frame) = stage.greet(&mut mind.entropy);
            guest.stage = Some(Stage::Reveal(stage));
            out.send(channel, frame);
        }
        self.notify(mind.now, Happening::GreetingStarted { invitation_id: id, ticket }, out);
        self.tell_places(&id, mind.now, out);
    }

    fn may_start(&self, id: &InvitationId, now: Moment) -> Result<(), (Reason, String)> {
        let Some(invitation) = self.invitations.get(id) else {
            return Err((Reason::UnknownInvitation, Reason::UnknownInvitation.sentence(Side::Host)));
        };
        if !self.may_greet(id) {
            return Err((Reason::NotAllowed, Reason::NotAllowed.sentence(Side::Host)));
        }
        if !self.has_a_seat(id) {
            let message =
                "every seat that is left is being taken in another window; wait for those".to_owned();
            return Err((Reason::Busy, message));
        }
        let next = self.next_attempt(invitation);
        if next > now {
            let seconds = next.since(now).as_secs() + 1;
            let message =
                format!("{} attempts at this invitation broke; wait {seconds} seconds", invitation.attempts);
            return Err((Reason::Busy, message));
        }
        Ok(())
    }

    /// A frame of a guest whose handshake stands.
    pub(super) fn guest_went_on(
        &mut self,
        channel: Channel,
        frame: &[u8],
        mind: &mut Mind,
        out: &mut Outbox,
    ) {
        let Some(guest) = self.door.guests.get_mut(&channel) else { return };
        let conversation = guest.conversation;
        let next = match guest.stage.take() {
            Some(Stage::Queue(mut stage)) => Err((stage.receive(frame), None)),
            Some(Stage::Reveal(stage)) => match stage.receive(frame) {
                Ok((stage, code)) => Ok((
                    Stage::GuestTypes(stage),
                    limits::HUMAN_STEP,
                    Some(Step::ShowCode { code: code.reveal(), without_link: !guest.has_link() }),
                )),
                Err((ended, frame)) => Err((ended, Some(frame))),
            },
            Some(Stage::GuestTypes(stage)) => stage
                .receive(frame)
                .map(|stage| {
                    let step = Step::EnterCode { of: Side::Guest, again: None };
                    (Stage::HostTypes(stage), limits::HUMAN_STEP, Some(step))
                })
                .map_err(|ended| (ended, None)),
            Some(Stage::Details(stage)) => match stage.receive(frame) {
                Ok((stage, details)) => return self.details_came(channel, stage, details, mind, out),
                Err(ended) => Err((ended, None)),
            },
            Some(Stage::HostTypes(mut stage)) => Err((stage.receive(frame), None)),
            Some(Stage::Confirm(mut stage, _)) => Err((stage.receive(frame), None)),
            Some(Stage::Welcoming(stage)) => {
                return self.acknowledged(channel, stage.receive(frame), mind, out);
            }
            None => return,
        };
        match next {
            Ok((stage, time, step)) => {
                guest.stage = Some(stage);
                guest.deadline = mind.now + time;
                if let (Some(conversation), Some(step)) = (conversation, step) {
                    out.say(conversation, step);
                }
            }
            Err((ended, frame)) => {
                if let Some(frame) = frame {
                    out.send(channel, frame);
                }
                out.hang_up(channel);
                self.guest_ended(channel, ended, mind.now, out);
            }
        }
    }

    /// A line that the greeting person typed.
    pub(super) fn answered(
        &mut self,
        conversation: ConversationId,
        line: &str,
        mind: &mut Mind,
        out: &mut Outbox,
    ) {
        let Some(greet) = self.greets.get_mut(&conversation) else { return };
        let Some(channel) = greet.channel else {
            greet.ticket = Some(line.trim().to_owned());
            let found =
                self.greets.get(&conversation).map(|greet| self.candidates(greet)).unwrap_or_default();
            if found.is_empty() {
                if let Some(greet) = self.greets.get_mut(&conversation) {
                    greet.ticket = None;
                }
                return self.ask_again(
                    conversation,
                    |why| Step::Choose { guests: Vec::new(), again: Some(why) },
                    "no guest with this ticket waits",
                    mind,
                    out,
                );
            }
            return self.choose_guest(conversation, None, mind, out);
        };
        match self.door.guests.get(&channel).and_then(|guest| guest.stage.as_ref()) {
            Some(Stage::HostTypes(_)) => match Code::read(line) {
                Ok(typed) => self.host_typed(channel, conversation, &typed, mind, out),
                Err(typo) => {
                    let step = |why| Step::EnterCode { of: Side::Guest, again: Some(why) };
                    self.ask_again(conversation, step, &typo.to_string(), mind, out);
                }
            },
            Some(Stage::Confirm(..)) => self.confirmed(channel, conversation, line, mind, out),
            _ => {}
        }
    }

    /// Asks again; who answers a hundred times what can't be taken isn't a person.
    pub(super) fn ask_again(
        &mut self,
        conversation: ConversationId,
        step: impl FnOnce(String) -> Step,
        why: &str,
        mind: &mut Mind,
        out: &mut Outbox,
    ) {
        let Some(greet) = self.greets.get_mut(&conversation) else { return };
        greet.unusable += 1;
        if greet.unusable > limits::UNUSABLE_ANSWERS {
            return self.left(conversation, mind, out);
        }
        match step(why.to_owned()) {
            Step::Choose { again, .. } => self.choose_guest(conversation, again, mind, out),
            step => out.say(conversation, step),
        }
    }

    fn host_typed(
        &mut self,
        channel: Channel,
        conversation: ConversationId,
        typed: &Typed,
        mind: &mut Mind,
        out: &mut Outbox,
    ) {
        let introduction = self.introduction(channel);
        let Some(guest) = self.door.guests.get_mut(&channel) else { return };
        let (Some(Stage::HostTypes(stage)), Some(introduction)) = (guest.stage.take(), introduction) else {
            return;
        };
        let code = match typed {
            Typed::Code(code) => Some(code),
            Typed::None => None,
        };
        match stage.enter(code, introduction) {
            Ok((stage, frame)) => {
                guest.stage = Some(Stage::Details(stage));
                guest.deadline = mind.now + limits::HUMAN_STEP;
                out.send(channel, frame);
                out.say(conversation, Step::waiting_for(Side::Guest));
            }
            Err((ended, frame)) => {
                out.part(channel, frame);
                self.guest_ended(channel, ended, mind.now, out);
            }
        }
    }

    fn introduction(&self, channel: Channel) -> Option<Introduction> {
        let invitation = self.invitations.get(&self.door.guests.get(&channel)?.invitation)?;
        let own_name = self.me().and_then(|me| self.opened(&me.name)).and_then(|name| Name::parse(name).ok());
        Some(Introduction {
            organization: Name::parse(self.organization_name()?).ok()?,
            email: invitation.email.clone(),
            user: own_name.filter(|_| invitation.kind == Kind::Device),
            account: self.me().filter(|_| invitation.kind == Kind::Device).map(|me| (me.id, me.key)),
        })
    }

    /// The person who greets went away.
    pub(super) fn left(&mut self, conversation: ConversationId, mind: &mut Mind, out: &mut Outbox) {
        let Some(greet) = self.greets.get(&conversation) else { return };
        match greet.channel {
            Some(channel) => self.end_guest(channel, Ended::by_host(Reason::Cancelled), mind.now, out),
            None => {
                self.greets.remove(&conversation);
                out.end(conversation, Ended::by_host(Reason::Cancelled));
            }
        }
    }

    /// Ends a guest's attempt from here: tells the guest, then everybody else.
    pub(super) fn end_guest(&mut self, channel: Channel, ended: Ended, now: Moment, out: &mut Outbox) {
        let stage = self.door.guests.get_mut(&channel).and_then(|guest| guest.stage.take());
        if let Some(frame) = stage.and_then(|stage| stage.end(ended.reason)) {
            out.send(channel, frame);
        }
        out.hang_up(channel);
        self.guest_ended(channel, ended, now, out);
    }

    /// A guest is gone, by whatever way, and who greeted is told.
    pub(super) fn guest_ended(&mut self, channel: Channel, ended: Ended, now: Moment, out: &mut Outbox) {
        let Some(guest) = self.door.guests.remove(&channel) else { return };
        let (invitation_id, ticket) = (guest.invitation, guest.ticket.to_string());
        if matches!(guest.stage, Some(Stage::Welcoming(_))) {
            // Enrolled: it comes back for its welcome, or as a member.
            return;
        }
        match guest.conversation {
            Some(conversation) => {
                self.greets.remove(&conversation);
                out.end(conversation, ended);
                let (reason, by) = (Some(ended.reason), Some(ended.by));
                self.notify(now, Happening::GreetingEnded { invitation_id, ticket, reason, by }, out);
            }
            None => {
                let guests = u32::try_from(self.door.waiting_on(&invitation_id)).unwrap_or(u32::MAX);
                self.notify(now, Happening::GuestLeft { invitation_id, ticket, guests }, out);
            }
        }
        self.tell_places(&invitation_id, now, out);
    }
}
