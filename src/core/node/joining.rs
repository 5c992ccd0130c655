//! A guest's device on its way in: from the link to the welcome.
//!
//! One `join` lets one nonce go. What must survive a crash is written down before it is needed: that an attempt
//! was made, before the nonce leaves; that both codes matched, with the keys and the whole organization id, before
//! the details leave. Only a join that is confirmed in this way takes a welcome, and it comes back for it by itself.

mod answering;
mod seeking;
mod welcome;

use serde::{Deserialize, Serialize};

use super::conversation::{Begin, JoinAnswers, Step};
use super::input::{Channel, ConversationId, Input, Protocol};
use super::invitation::pause_after;
use super::outbox::Outbox;
use super::output::{Batch, Output};
use super::request::{Class, Refusal};
use super::{Mind, Settings, records};
use crate::core::greeting::guest::{
    AwaitingCall, AwaitingDetails, AwaitingHostCode, AwaitingReception, AwaitingTrust, AwaitingWelcome,
    InQueue, Progress, Received,
};
use crate::core::greeting::invitation::{Destination, InvitationKeys, Prologue};
use crate::core::greeting::message::Introduction;
use crate::core::greeting::{Ended, Reason, Side};
use crate::core::primitives::address::Address;
use crate::core::primitives::ids::{
    DeviceId, InvitationId, OrganizationId, OrganizationPrefix, UserId, UserKey,
};
use crate::core::primitives::keys::{DeviceKey, UserSecret};
use crate::core::primitives::kind::Kind;
use crate::core::primitives::limits;
use crate::core::primitives::secret::Secret32;
use crate::core::primitives::time::Moment;

pub(super) use welcome::Admitted;

/// What a guest's device writes down. It holds nobody's name: an External's disk never does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    kind: Kind,
    organization: OrganizationPrefix,
    keys: InvitationKeys,
    host: DeviceId,
    hosts: Vec<Address>,
    points: Vec<Address>,
    user_secret: UserSecret,
    attempts: u32,
    last_attempt: Moment,
    expires: Moment,
    confirmed: Option<Confirmed>,
}

/// Both codes matched, and the details may have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Confirmed {
    organization: OrganizationId,
    user: UserId,
    user_key: UserKey,
}

/// A guest's device.
pub(super) struct Joining {
    key: DeviceKey,
    settings: Settings,
    pending: Pending,
    conversation: Option<ConversationId>,
    answers: JoinAnswers,
    unusable: u32,
    channel: Option<Channel>,
    stage: Option<Stage>,
    deadline: Option<Moment>,
    tried: Vec<String>,
    /// Since the person began, a nonce has left: this conversation is good for no other one.
    revealed: bool,
    started: Moment,
    /// How long a person is to wait until the host was reached.
    seeks_until: Moment,
}

enum Stage {
    Reception(Box<AwaitingReception>),
    Call(AwaitingCall),
    HostCode(AwaitingHostCode),
    Trust(AwaitingTrust),
    Details(AwaitingDetails, Introduction),
    Welcome(AwaitingWelcome),
}

impl Joining {
    /// Begins; gives what is to be written down.
    pub(super) fn new(key: DeviceKey, to: Destination, settings: Settings, mind: &mut Mind) -> (Self, Batch) {
        let pending = Pending {
            kind: to.kind,
            organization: to.organization,
            keys: to.keys,
            host: to.host,
            hosts: to.hosts,
            points: to.points,
            user_secret: UserSecret::new(mind.entropy.secret()),
            attempts: 0,
            last_attempt: Moment::default(),
            expires: to.expires,
            confirmed: None,
        };
        let joining = Self::restore(key, pending, settings);
        let mut batch = joining.written();
        batch.put(records::DEVICE_KEY, joining.key.seed());
        (joining, batch)
    }

    pub(super) fn restore(key: DeviceKey, pending: Pending, settings: Settings) -> Self {
        Self {
            key,
            settings,
            pending,
            conversation: None,
            answers: JoinAnswers::default(),
            unusable: 0,
            channel: None,
            stage: None,
            deadline: None,
            tried: Vec::new(),
            revealed: false,
            started: Moment::default(),
            seeks_until: Moment::default(),
        }
    }

    pub(super) fn invitation(&self) -> InvitationId {
        self.pending.keys.id
    }

    pub(super) fn key_seed(&self) -> Secret32 {
        self.key.seed().clone()
    }

    pub(super) fn is_confirmed(&self) -> bool {
        self.pending.confirmed.is_some()
    }

    fn written(&self) -> Batch {
        let mut batch = Batch::default();
        batch.put(records::JOIN, &self.pending);
        batch
    }

    pub(super) fn next_deadline(&self) -> Option<Moment> {
        [self.deadline, self.ends_at()].into_iter().flatten().min()
    }

    /// G6.4: when nothing is left to come back for, unless a person waits or has only just begun: the attempts with a link
    /// are counted for as long as it is good, and a confirmed join is welcomed for as long as hosts keep the keys of
    /// an ended invitation.
    fn ends_at(&self) -> Option<Moment> {
        let kept =
            if self.is_confirmed() { limits::ENDED_INVITATION_KEPT } else { std::time::Duration::ZERO };
        let end = (self.pending.expires + kept).max(self.started + limits::HANDSHAKE);
        self.conversation.is_none().then_some(end)
    }

    /// Takes one input; gives what a welcome came to, once one is whole and verified.
    pub(super) fn handle(
        &mut self,
        input: Input,
        mind: &mut Mind,
        out: &mut Outbox,
    ) -> Option<Box<Admitted>> {
        if matches!(input, Input::Started) {
            self.started = mind.now;
        }
        match input {
            Input::Started if self.is_confirmed() => self.seek(mind, out),
            Input::Begin { conversation, begin: Begin::Join { answers } } => {
                self.begin(conversation, answers, mind, out);
            }
            Input::Begin { conversation, .. } => {
                let message = "this device has not joined yet; muster join finishes that".to_owned();
                out.end_saying(conversation, Ended::by_host(Reason::NotAllowed), message);
            }
            Input::Opened { channel, peer, protocol: Protocol::Greeting, by_us: true, .. } => {
                self.reached(channel, peer, mind, out);
            }
            Input::Opened { channel, .. } => out.hang_up(channel),
            Input::NotFound { tried, .. } => self.tried = tried,
            Input::Received { channel, frame } if Some(channel) == self.channel => {
                return self.received(&frame, mind, out);
            }
            Input::Closed { channel } if Some(channel) == self.channel => self.lost(mind, out),
            Input::Answer { conversation, line } if Some(conversation) == self.conversation => {
                self.answered(&line, mind, out);
            }
            Input::Left { conversation } if Some(conversation) == self.conversation => {
                self.stop(Ended::by_guest(Reason::Cancelled), out);
            }
            Input::Request { id, .. } => {
                let refusal = Refusal::new(Class::State, "joining", "this device has not joined yet")
                    .hint("muster join finishes that");
                out.push(Output::Reply { id, answer: Err(refusal) });
            }
            _ => {}
        }
        self.time_passes(mind, out);
        None
    }

    fn begin(
        &mut self,
        conversation: ConversationId,
        answers: JoinAnswers,
        mind: &mut Mind,
        out: &mut Outbox,
    ) {
        if self.conversation.is_some() {
            let message = "this link is being joined in another window".to_owned();
            return out.end_saying(conversation, Ended::by_guest(Reason::Busy), message);
        }
        let next = self.pending.last_attempt + pause_after(self.pending.attempts);
        if self.pending.attempts >= limits::ATTEMPTS {
            let message = format!("{} attempts with this link broke; ask for a new one", limits::ATTEMPTS);
            return out.end_saying(conversation, Ended::by_guest(Reason::InvitationCancelled), message);
        }
        if next > mind.now {
            let seconds = next.since(mind.now).as_secs() + 1;
            let message =
                format!("{} attempts with this link broke; wait {seconds} seconds", self.pending.attempts);
            return out.end_saying(conversation, Ended::by_guest(Reason::Busy), message);
        }
        self.conversation = Some(conversation);
        self.answers = answers;
        self.unusable = 0;
        self.revealed = false;
        self.seeks_until = Moment::default();
        out.say(conversation, Step::waiting_for(Side::Host));
        if self.channel.is_none() {
            self.seek(mind, out);
        }
    }

    /// The host's device is there: knocks, with a nonce of this handshake alone; or comes back for the welcome.
    fn reached(&mut self, channel: Channel, peer: DeviceId, mind: &mut Mind, out: &mut Outbox) {
        if peer != self.pending.host || self.channel.is_some() {
            return out.hang_up(channel);
        }
        let prologue = Prologue {
            organization: self.pending.organization,
            kind: self.pending.kind,
            invitation: self.pending.keys.id,
            host: peer,
            guest: self.key.device(),
        };
        let knock = if self.is_confirmed() { AwaitingReception::come_back } else { AwaitingReception::greet };
        let (stage, frame) = knock(&self.pending.keys, &prologue, &mut mind.entropy);
        self.channel = Some(channel);
        self.stage = Some(Stage::Reception(Box::new(stage)));
        self.deadline = Some(mind.now + limits::HANDSHAKE);
        out.send(channel, frame);
    }

    fn received(&mut self, frame: &[u8], mind: &mut Mind, out: &mut Outbox) -> Option<Box<Admitted>> {
        match self.stage.take()? {
            Stage::Reception(stage) => match stage.receive(frame) {
                Ok(Received::Queued(stage)) => {
                    self.go_on(Stage::Call(stage), limits::IDLE_WAIT, mind);
                }
                Ok(Received::Enrolled(stage)) => self.go_on(Stage::Welcome(stage), limits::WELCOME, mind),
                Ok(Received::Closed(reason, at)) => self.turned_away(reason, at, mind, out),
                Err(ended) => self.stop(ended, out),
            },
            Stage::Call(stage) => match stage.receive(frame) {
                Ok(InQueue::Place(stage, place, ticket)) => {
                    // Somebody was greeted, and the wait isn't idle.
                    self.go_on(Stage::Call(stage), limits::IDLE_WAIT, mind);
                    let (place, ticket) = (Some(place), Some(ticket.to_string()));
                    self.say(Step::Waiting { awaited: Side::Host, place, ticket, joining: None }, out);
                }
                Ok(InQueue::Called(stage)) => self.called(stage, mind, out),
                Err(ended) => self.stop(ended, out),
            },
            Stage::HostCode(mut stage) => self.stop(stage.receive(frame), out),
            Stage::Trust(stage) => match stage.receive(frame) {
                Ok((stage, introduction)) => self.trusted(stage, introduction, mind, out),
                Err(ended) => self.stop(ended, out),
            },
            Stage::Details(mut stage, _) => self.stop(stage.receive(frame), out),
            Stage::Welcome(stage) => match stage.receive(frame) {
                Ok(Progress::More(stage)) => self.stage = Some(Stage::Welcome(stage)),
                Ok(Progress::Whole(welcomed)) => return self.welcomed(welcomed, out),
                Err(ended) => self.not_enrolled(ended, out),
            },
        }
        None
    }

    fn go_on(&mut self, stage: Stage, time: std::time::Duration, mind: &Mind) {
        self.stage = Some(stage);
        self.deadline = Some(mind.now + time);
    }

    fn say(&self, step: Step, out: &mut Outbox) {
        if let Some(conversation) = self.conversation {
            out.say(conversation, step);
        }
    }

    /// The host says no, in the first answer. Of an ended invitation nothing is left to come back for.
    fn turned_away(&mut self, reason: Reason, at: Option<Moment>, mind: &Mind, out: &mut Outbox) {
        let over = matches!(
            reason,
            Reason::InvitationFinished
                | Reason::InvitationCancelled
                | Reason::InvitationExpired
                | Reason::SessionClosed
                | Reason::NoSeats
        );
        let mut message = reason.sentence(Side::Host);
        if let Some(at) = at {
            message = format!("{message} (it ended at {at})");
        }
        let came_back = self.is_confirmed();
        if came_back {
            self.pending.confirmed = None;
            out.commit(self.written());
        }
        if came_back && reason == Reason::BrokenOff && self.conversation.is_some() && !self.revealed {
            // The attempt before this one came to nothing, as its person was told. Whoever begins again is greeted.
            self.stage = None;
            if let Some(channel) = self.channel.take() {
                out.hang_up(channel);
            }
            return self.seek(mind, out);
        }
        self.stop_saying(Ended::by_host(reason), message, out);
        if over {
            out.push(Output::Forget);
        }
    }

    /// The host refused after the details: nobody was enrolled, and this join isn't confirmed any more.
    fn not_enrolled(&mut self, ended: Ended, out: &mut Outbox) {
        if ended.reason != Reason::BadMessage {
            self.pending.confirmed = None;
            out.commit(self.written());
        }
        self.stop(ended, out);
    }

    /// The stream is gone. Before anything was revealed, only the place is lost, and not even that for long.
    fn lost(&mut self, mind: &Mind, out: &mut Outbox) {
        let stage = self.stage.take();
        self.channel = None;
        match stage {
            Some(Stage::Call(_)) => {
                // The host keeps the place for as long; a person who waits needn't begin again (G3.3).
                self.seeks_until = mind.now + limits::PLACE_KEPT;
                self.say(Step::waiting_for(Side::Network), out);
                self.seek(mind, out);
            }
            None | Some(Stage::Reception(_) | Stage::Welcome(_)) => self.seek(mind, out),
            Some(_) => self.stop(Ended::by_network(Reason::BrokenOff), out),
        }
    }

    fn stop(&mut self, ended: Ended, out: &mut Outbox) {
        self.stop_saying(ended, ended.reason.sentence(ended.by), out);
    }

    /// Ends this `join`: tells the host, where it isn't the host who ended it, and the person.
    fn stop_saying(&mut self, ended: Ended, message: String, out: &mut Outbox) {
        let last_word = self.stage.take().and_then(|stage| stage.end(ended.reason));
        if let Some(channel) = self.channel.take() {
            if let Some(frame) = last_word {
                out.send(channel, frame);
            }
            out.hang_up(channel);
        }
        self.deadline = None;
        out.push(Output::StopSeeking { device: self.pending.host });
        if let Some(conversation) = self.conversation.take() {
            out.end_saying(conversation, ended, message);
        }
    }

    fn time_passes(&mut self, mind: &Mind, out: &mut Outbox) {
        let now = mind.now;
        if self.ends_at().is_some_and(|end| end <= now) {
            out.push(Output::StopSeeking { device: self.pending.host });
            out.push(Output::Forget);
            return;
        }
        if self.deadline.is_none_or(|deadline| deadline > now) {
            return;
        }
        self.deadline = None;
        match &self.stage {
            None => self.stop_saying(Ended::by_network(Reason::Unreachable), self.not_reached(now), out),
            Some(Stage::Reception(_)) if self.searches(now) => {
                // A connection that carries nothing any more, and nobody has noticed.
                if let Some(channel) = self.channel.take() {
                    out.hang_up(channel);
                }
                self.stage = None;
                self.seek(mind, out);
            }
            Some(Stage::HostCode(_) | Stage::Details(..)) => self.stop(Ended::by_guest(Reason::Timeout), out),
            Some(_) => self.stop(Ended::by_host(Reason::Timeout), out),
        }
        if self.is_confirmed() && self.stage.is_none() {
            // As good as in: goes on looking for the welcome, though no person waits for it any more (G6.3).
            self.seek(mind, out);
        }
    }
}

impl Stage {
    /// The frame that ends it on the host's side.
    fn end(self, reason: Reason) -> Option<Vec<u8>> {
        Some(match self {
            Self::Reception(_) => return None,
            Self::Call(stage) => stage.cancel(),
            Self::HostCode(stage) => stage.end(reason),
            Self::Trust(stage) => stage.end(reason),
            Self::Details(stage, _) => stage.end(reason),
            Self::Welcome(stage) => stage.end(reason),
        })
    }
}
