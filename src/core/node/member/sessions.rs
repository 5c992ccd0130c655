//! Sessions: invitations with seats, for a whole room. Opened, listed, closed; and who takes a seat. What is not here:
//! the queue (`doorway`) and the greeting (`hosting`), which are those of any invitation.

use std::time::Duration;

use super::super::Mind;
use super::super::event::{Happening, SessionEnd};
use super::super::invitation::{How, Invitation, pause_after};
use super::super::outbox::Outbox;
use super::super::output::Batch;
use super::super::records;
use super::super::request::{Answer, Class, Refusal, SessionAnswer};
use super::super::session::Session;
use super::Member;
use super::doorway::Visit;
use crate::core::greeting::invitation::on_lan;
use crate::core::greeting::{Ended, Reason};
use crate::core::primitives::ids::{DeviceId, InvitationId};
use crate::core::primitives::kind::Kind;
use crate::core::primitives::limits;
use crate::core::primitives::text::FieldError;
use crate::core::primitives::time::Moment;
use crate::core::roster::Profile;

/// What a session is to be.
pub(super) struct NewSession {
    pub(super) profile: Option<Profile>,
    pub(super) life: Option<Duration>,
    pub(super) seats: Option<u32>,
    pub(super) show_name: bool,
}

impl Member {
    pub(super) fn open_session(
        &mut self,
        new: NewSession,
        mind: &mut Mind,
        out: &mut Outbox,
    ) -> Result<Answer, Refusal> {
        self.require_administrator("session open")?;
        let (life, seats) = (life(new.life)?, seats(new.seats)?);
        if self.open_sessions().count() >= limits::SESSIONS {
            let message = format!("session open: {} sessions are open already", limits::SESSIONS);
            return Err(Refusal::new(Class::State, "too_many_sessions", message)
                .hint("muster session list shows them; muster session close ID closes one"));
        }
        let mut batch = Batch::default();
        let id = self.make(Kind::Session, None, life, mind, &mut batch, out)?;
        let session = Session {
            on_lan: on_lan(&id),
            seats,
            profile: new.profile,
            show_name: new.show_name,
            in_a_row: 0,
            admitted: Vec::new(),
        };
        batch.put(records::session(&id), &session);
        self.sessions.insert(id, session);
        out.commit(batch);
        let expires_at = mind.now + life;
        let opened = Happening::SessionOpened { invitation_id: id, seats, profile: new.profile, expires_at };
        self.notify(mind.now, opened, out);
        let mut answer = self.session_answer(&id)?;
        answer.link = self.invitations.get(&id).and_then(|invitation| self.link_of(invitation));
        Ok(Answer::Session(Box::new(answer)))
    }

    fn open_sessions(&self) -> impl Iterator<Item = &Invitation> {
        self.invitations.values().filter(|it| it.kind == Kind::Session && it.is_pending())
    }

    pub(super) fn list_sessions(&self) -> Answer {
        let mut open: Vec<&Invitation> = self.open_sessions().collect();
        open.sort_by_key(|invitation| (invitation.created_at, invitation.keys.id));
        let answers = open.into_iter().filter_map(|it| self.session_answer(&it.keys.id).ok());
        Answer::Sessions(answers.collect())
    }

    /// Closes the session that is named, or the only one.
    pub(super) fn close_session(
        &mut self,
        named: Option<&str>,
        now: Moment,
        out: &mut Outbox,
    ) -> Result<Answer, Refusal> {
        self.require_active()?;
        let id = match named {
            Some(text) => self.find_invitation(text)?.keys.id,
            None => self.only_session()?,
        };
        let invitation = self.invitations.get(&id).filter(|invitation| invitation.kind == Kind::Session);
        let Some(invitation) = invitation else { return Err(no_session("it is no session")) };
        if !invitation.is_pending() {
            let why = "session close: it is closed already";
            return Err(Refusal::new(Class::State, "not_pending", why));
        }
        self.close_invitation(id, How::Cancelled, now, out);
        Ok(Answer::Session(Box::new(self.session_answer(&id)?)))
    }

    fn only_session(&self) -> Result<InvitationId, Refusal> {
        let open: Vec<InvitationId> = self.open_sessions().map(|invitation| invitation.keys.id).collect();
        match open[..] {
            [one] => Ok(one),
            [] => Err(no_session("none is open")),
            _ => Err(Refusal::new(Class::Usage, "which_session", "session close: several are open")
                .hint("say which: muster session close ID; muster session list shows them")),
        }
    }

    fn session_answer(&self, id: &InvitationId) -> Result<SessionAnswer, Refusal> {
        let both = self.invitations.get(id).zip(self.sessions.get(id));
        let (invitation, session) = both.ok_or_else(|| no_session("it is gone"))?;
        Ok(SessionAnswer {
            invitation_id: *id,
            lan_id: session.on_lan,
            profile: session.profile,
            seats: session.seats,
            taken: session.taken(),
            show_name: session.show_name,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            state: self.state_of(invitation),
            waiting: self.door.waiting_on(id),
            link: None,
        })
    }

    /// The session that is called so on the local network; its ended ones too, so that who comes late is told.
    pub(super) fn session_on_lan(&self, named: &InvitationId) -> Option<InvitationId> {
        self.sessions.iter().find(|(_, session)| session.on_lan == *named).map(|(id, _)| *id)
    }

    /// Guests of this session whose greeting is under way.
    fn under_way(&self, id: &InvitationId) -> u32 {
        let greeted = self.door.guests.values().filter(|g| g.invitation == *id && g.conversation.is_some());
        u32::try_from(greeted.count()).unwrap_or(u32::MAX)
    }

    /// Whether a seat is left for one more greeting side by side with those under way.
    pub(super) fn has_a_seat(&self, id: &InvitationId) -> bool {
        self.sessions.get(id).is_none_or(|session| session.taken() + self.under_way(id) < session.seats)
    }

    /// When the next attempt may begin. In a session, somebody who was let in ends the row of those that broke, and
    /// those under way side by side haven't broken.
    pub(super) fn next_attempt(&self, invitation: &Invitation) -> Moment {
        match self.sessions.get(&invitation.keys.id) {
            None => invitation.next_attempt(),
            Some(session) => {
                let broken = session.in_a_row.saturating_sub(self.under_way(&invitation.keys.id));
                invitation.last_attempt + pause_after(broken)
            }
        }
    }

    /// Whether so many attempts broke that no further one is allowed: in a session, as many as it has seats, for each
    /// guest may mishear once, within limits.
    pub(super) fn broke_too_often(&self, invitation: &Invitation) -> bool {
        let id = &invitation.keys.id;
        let seats = self.sessions.get(id).map_or(0, |session| session.seats);
        let allowed = seats.clamp(limits::ATTEMPTS, limits::SESSION_ATTEMPTS);
        invitation.attempts.saturating_sub(self.under_way(id)) >= allowed
            && (invitation.kind == Kind::Session || !self.door.is_greeting(id))
    }

    /// An attempt begins: written down beside the invitation's own count.
    pub(super) fn session_attempt(&mut self, id: &InvitationId, batch: &mut Batch) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.in_a_row += 1;
            batch.put(records::session(id), &*session);
        }
    }

    /// A guest takes a seat, in the batch that lets it in; the last one ends the session. Whether it ended.
    pub(super) fn take_a_seat(
        &mut self,
        id: &InvitationId,
        device: DeviceId,
        now: Moment,
        batch: &mut Batch,
    ) -> bool {
        let under_way = self.under_way(id);
        let both = self.sessions.get_mut(id).zip(self.invitations.get_mut(id));
        let Some((session, invitation)) = both else { return false };
        session.admitted.push((device, false));
        session.in_a_row = under_way;
        // It didn't break.
        invitation.attempts = invitation.attempts.saturating_sub(1);
        if session.is_full() {
            invitation.end(How::Full, now, None);
        }
        batch.put(records::session(id), &*session);
        batch.put(records::invitation(id), &*invitation);
        session.is_full()
    }

    /// What guests become in this session where the host says nothing else.
    pub(super) fn default_profile(&self, id: &InvitationId) -> Option<Profile> {
        self.sessions.get(id).and_then(|session| session.profile)
    }

    /// Nobody else comes in by this invitation, written down already: everybody is told.
    pub(super) fn invitation_did_its_work(&mut self, id: InvitationId, now: Moment, out: &mut Outbox) {
        let Some((reason, _)) = self.invitations.get(&id).and_then(Invitation::closed_because) else {
            return;
        };
        if self.sessions.contains_key(&id) {
            self.session_closed(id, How::Full, now, out);
        } else {
            self.notify(now, Happening::InvitationFinished { invitation_id: id }, out);
        }
        self.send_guests_away(&id, reason, now, out);
    }

    /// What is told when a session ends.
    pub(super) fn session_closed(&self, id: InvitationId, how: How, now: Moment, out: &mut Outbox) {
        let why = match how {
            How::Full | How::Finished { .. } => SessionEnd::Full,
            How::Cancelled => SessionEnd::Closed,
            How::Expired => SessionEnd::Expired,
        };
        self.notify(now, Happening::SessionClosed { invitation_id: id, why }, out);
    }

    /// Whether the invitation let this device in, which hasn't said yet that it knows.
    pub(super) fn awaits(&self, id: &InvitationId, device: &DeviceId) -> bool {
        let alone = self.invitations.get(id).and_then(Invitation::unacknowledged) == Some(*device);
        alone || self.sessions.get(id).is_some_and(|session| session.awaits(device))
    }

    /// Writes down that a device knows that it is in.
    pub(super) fn knows_its_seat(&mut self, device: &DeviceId, batch: &mut Batch) {
        for (id, session) in self.sessions.iter_mut().filter(|(_, session)| session.awaits(device)) {
            session.admitted.iter_mut().filter(|(one, _)| one == device).for_each(|(_, knows)| *knows = true);
            batch.put(records::session(id), session);
        }
    }

    /// Makes room in the queue for one more guest, or says that there is none. As many wait as there are seats; who has
    /// no link, only so many from one address, and never in the place of who has one (G7.4).
    pub(super) fn make_room(
        &mut self,
        id: &InvitationId,
        visit: &Visit,
        has_link: bool,
        now: Moment,
        out: &mut Outbox,
    ) -> bool {
        let places = self.sessions.get(id).map_or(limits::WAITING_GUESTS, |s| s.seats as usize);
        let without_link = self.door.guests.values().filter(|guest| !guest.has_link() && guest.is_here());
        let from_there = without_link.filter(|guest| guest.from == visit.from).count();
        if !has_link && from_there >= limits::WAITING_WITHOUT_LINK {
            return false;
        }
        if self.door.guests.values().filter(|g| g.invitation == *id && g.is_here()).count() < places {
            return true;
        }
        let queue = self.door.queue(id).filter(|(_, guest)| !guest.has_link());
        match queue.last().map(|(channel, _)| *channel).filter(|_| has_link) {
            Some(gives_way) => {
                self.end_guest(gives_way, Ended::by_host(Reason::Busy), now, out);
                true
            }
            None => false,
        }
    }
}

fn no_session(why: &str) -> Refusal {
    Refusal::new(Class::NotFound, "not_found", format!("session: {why}"))
        .hint("muster session list shows those that are open")
}

fn life(asked: Option<Duration>) -> Result<Duration, Refusal> {
    let life = asked.unwrap_or(limits::SESSION);
    if (limits::SHORTEST_INVITATION..=limits::LONGEST_SESSION).contains(&life) {
        return Ok(life);
    }
    Err(FieldError { field: "for", problem: "a session is open between 10 seconds and 7 days".to_owned() }
        .into())
}

fn seats(asked: Option<u32>) -> Result<u32, Refusal> {
    let seats = asked.unwrap_or(limits::SEATS);
    if (1..=limits::MOST_SEATS).contains(&seats) {
        return Ok(seats);
    }
    let problem = format!("a session has between 1 and {} seats", limits::MOST_SEATS);
    Err(FieldError { field: "seats", problem }.into())
}
