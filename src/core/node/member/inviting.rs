//! Invitations: made, listed, shown, cancelled, expired. An invitation lives on the daemon that made it.

use std::time::Duration;

use super::super::Mind;
use super::super::event::Happening;
use super::super::invitation::{How, Invitation};
use super::super::outbox::Outbox;
use super::super::output::Batch;
use super::super::records;
use super::super::request::{Answer, Class, InvitationAnswer, InvitationState, InvitedAnswer, Refusal};
use super::Member;
use crate::core::greeting::invitation::InvitationKeys;
use crate::core::primitives::address::Address;
use crate::core::primitives::ids::InvitationId;
use crate::core::primitives::kind::Kind;
use crate::core::primitives::limits;
use crate::core::primitives::text::Email;
use crate::core::primitives::time::Moment;

impl Member {
    pub(super) fn invite_users(
        &mut self,
        emails: &[String],
        expires: Option<Duration>,
        mind: &mut Mind,
        out: &mut Outbox,
    ) -> Result<Answer, Refusal> {
        self.require_administrator("invite")?;
        let life = life(expires, limits::USER_INVITATION)?;
        let emails: Vec<Email> = emails.iter().map(|email| Email::parse(email)).collect::<Result<_, _>>()?;
        if let Some(taken) = emails.iter().find(|email| self.active_user_of(email).is_some()) {
            let message = format!("invite: {} is the email of an active user", taken.as_str());
            return Err(Refusal::new(Class::State, "active_user", message));
        }
        let mut batch = Batch::default();
        let mut invited = Vec::new();
        for email in emails {
            let pending = self.invitations.values().find(|i| {
                i.is_pending() && i.kind == Kind::User && i.email.as_ref().is_some_and(|e| e.same_as(&email))
            });
            let id = match pending {
                Some(invitation) => invitation.keys.id,
                None => self.make(Kind::User, Some(email), life, mind, &mut batch, out)?,
            };
            invited.push(id);
        }
        Ok(self.invited(&invited, batch, out))
    }

    pub(super) fn invite_device(
        &mut self,
        expires: Option<Duration>,
        mind: &mut Mind,
        out: &mut Outbox,
    ) -> Result<Answer, Refusal> {
        self.require_active()?;
        let life = life(expires, limits::DEVICE_INVITATION)?;
        if self.me().is_some_and(|me| me.devices.len() >= limits::DEVICES_PER_USER) {
            let message = format!("invite device: a user has at most {} devices", limits::DEVICES_PER_USER);
            return Err(Refusal::new(Class::State, "too_many_devices", message));
        }
        let mut batch = Batch::default();
        let id = self.make(Kind::Device, None, life, mind, &mut batch, out)?;
        Ok(self.invited(&[id], batch, out))
    }

    pub(super) fn make(
        &mut self,
        kind: Kind,
        email: Option<Email>,
        life: Duration,
        mind: &mut Mind,
        batch: &mut Batch,
        out: &mut Outbox,
    ) -> Result<InvitationId, Refusal> {
        if self.invitations.values().filter(|i| i.is_pending()).count() >= limits::PENDING_INVITATIONS {
            let message = format!("invite: {} invitations are pending already", limits::PENDING_INVITATIONS);
            return Err(Refusal::new(Class::State, "too_many_invitations", message));
        }
        let created_by = self.me().map(|me| me.id).ok_or_else(|| {
            Refusal::new(Class::NotAllowed, "not_allowed", "invite: this device is not in the roster")
        })?;
        let token = mind.entropy.secret();
        let invitation = Invitation {
            keys: InvitationKeys::from_token(&token),
            token: Some(token),
            kind,
            email: email.clone(),
            created_by,
            created_at: mind.now,
            expires_at: mind.now + life,
            attempts: 0,
            last_attempt: Moment::default(),
            ended: None,
        };
        let id = invitation.keys.id;
        batch.put(records::invitation(&id), &invitation);
        self.invitations.insert(id, invitation);
        if kind == Kind::Session {
            return Ok(id);
        }
        let email = email.map(|email| email.as_str().to_owned());
        self.notify(mind.now, Happening::InvitationCreated { invitation_id: id, kind, email }, out);
        Ok(id)
    }

    /// Commits what was made, then answers with the links: nobody gets one that a crash would undo.
    fn invited(&self, ids: &[InvitationId], batch: Batch, out: &mut Outbox) -> Answer {
        out.commit(batch);
        let answer = |id| {
            let invitation = self.invitations.get(id)?;
            Some(InvitedAnswer {
                invitation_id: *id,
                email: invitation.email.as_ref().map(|email| email.as_str().to_owned()),
                link: self.link_of(invitation)?,
                expires_at: invitation.expires_at,
                state: self.state_of(invitation),
                sent: "no".to_owned(),
                error: None,
            })
        };
        Answer::Invited(ids.iter().filter_map(answer).collect())
    }

    pub(super) fn link_of(&self, invitation: &Invitation) -> Option<String> {
        let hosts = if self.settings.hints.addresses() { self.listening.clone() } else { Vec::new() };
        let points = if self.settings.hints.points() { self.points() } else { Vec::new() };
        let hosts: Vec<Address> = hosts.into_iter().take(limits::LINK_HINTS).collect();
        let link = invitation.link(self.organization(), self.key.device(), hosts, points)?;
        Some(link.text().to_string())
    }

    pub(super) fn state_of(&self, invitation: &Invitation) -> InvitationState {
        match (invitation.state(), self.door.waiting_on(&invitation.keys.id)) {
            (InvitationState::Pending, _) if self.door.is_greeting(&invitation.keys.id) => {
                InvitationState::Greeting
            }
            (InvitationState::Pending, waiting) if waiting > 0 => InvitationState::Ready,
            (state, _) => state,
        }
    }

    pub(super) fn list_invitations(&self, all: bool) -> Answer {
        let mut list: Vec<&Invitation> =
            self.invitations.values().filter(|i| all || i.is_pending()).collect();
        // Those of one command were made at one moment: whoever looks for one of them looks for the email.
        let email = |i: &Invitation| i.email.as_ref().map(|email| email.folded().to_owned());
        list.sort_by_cached_key(|i| (i.created_at, email(i), i.keys.id));
        Answer::Invitations(list.into_iter().map(|i| self.invitation_answer(i)).collect())
    }

    pub(super) fn show_invitation(&self, text: &str) -> Result<Answer, Refusal> {
        let invitation = self.find_invitation(text)?;
        let mut answer = self.invitation_answer(invitation);
        answer.link = self.link_of(invitation);
        Ok(Answer::Invitation(Box::new(answer)))
    }

    fn invitation_answer(&self, invitation: &Invitation) -> InvitationAnswer {
        let sees = self.me().is_some_and(|me| me.is_active_administrator());
        InvitationAnswer {
            invitation_id: invitation.keys.id,
            kind: invitation.kind,
            email: invitation.email.as_ref().map(|email| email.as_str().to_owned()),
            created_by: invitation.created_by,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            state: self.state_of(invitation),
            waiting: self.door.waiting_on(&invitation.keys.id),
            ended_by: invitation.ended.and_then(|ending| ending.by).filter(|_| sees),
            ended_at: invitation.ended.map(|ending| ending.at),
            attempts: invitation.attempts,
            link: None,
        }
    }

    /// By id, by a unique prefix of it, or by email: the pending one, else the latest.
    pub(super) fn find_invitation(&self, text: &str) -> Result<&Invitation, Refusal> {
        let folded = text.trim().to_lowercase();
        let by_email = |i: &&Invitation| i.email.as_ref().is_some_and(|email| email.folded() == folded);
        let by_id = |i: &&Invitation| {
            let is_named = |id: String| id.starts_with(&folded);
            folded.len() >= 4
                && (is_named(i.keys.id.to_string())
                    || self
                        .sessions
                        .get(&i.keys.id)
                        .is_some_and(|session| is_named(session.on_lan.to_string())))
        };
        let found: Vec<&Invitation> = if folded.contains('@') {
            let latest = self.invitations.values().filter(by_email);
            latest.max_by_key(|i| (i.is_pending(), i.created_at)).into_iter().collect()
        } else {
            self.invitations.values().filter(by_id).collect()
        };
        match found[..] {
            [one] => Ok(one),
            _ => {
                let shown = crate::core::primitives::text::shown(text);
                let message = format!("invitation: '{shown}' names no invitation of this daemon, or several");
                Err(Refusal::new(Class::NotFound, "not_found", message)
                    .hint("muster invite list --all shows them"))
            }
        }
    }

    pub(super) fn cancel_invitation(
        &mut self,
        text: &str,
        now: Moment,
        out: &mut Outbox,
    ) -> Result<Answer, Refusal> {
        self.require_active()?;
        let invitation = self.find_invitation(text)?;
        let id = invitation.keys.id;
        if !invitation.is_pending() {
            let message = format!("invite cancel: this invitation is {:?} already", invitation.state());
            return Err(Refusal::new(Class::State, "not_pending", message.to_lowercase()));
        }
        self.close_invitation(id, How::Cancelled, now, out);
        self.invitations
            .get(&id)
            .map(|invitation| Answer::Invitation(Box::new(self.invitation_answer(invitation))))
            .ok_or_else(|| Refusal::new(Class::NotFound, "not_found", "invite cancel: no such invitation"))
    }

    /// Ends a pending invitation, durably, then sends its guests away.
    pub(super) fn close_invitation(&mut self, id: InvitationId, how: How, now: Moment, out: &mut Outbox) {
        let by = self.me().map(|me| me.id).filter(|_| how == How::Cancelled);
        let Some(invitation) = self.invitations.get_mut(&id).filter(|i| i.is_pending()) else { return };
        invitation.end(how, now, by);
        let mut batch = Batch::default();
        batch.put(records::invitation(&id), &*invitation);
        out.commit(batch);
        let Some((reason, _)) = invitation.closed_because() else { return };
        self.tell_of_the_end(id, how, now, out);
        self.send_guests_away(&id, reason, now, out);
    }

    fn tell_of_the_end(&self, id: InvitationId, how: How, now: Moment, out: &mut Outbox) {
        if self.sessions.contains_key(&id) {
            return self.session_closed(id, how, now, out);
        }
        let what = match how {
            How::Expired => Happening::InvitationExpired { invitation_id: id },
            How::Cancelled => Happening::InvitationCancelled { invitation_id: id },
            How::Finished { .. } | How::Full => Happening::InvitationFinished { invitation_id: id },
        };
        self.notify(now, what, out);
    }

    /// Ends what has expired, what too many attempts broke at (a crash in the last of them included), and whose maker
    /// may no longer invite; drops the keys of what ended long ago.
    pub(super) fn expire_invitations(&mut self, now: Moment, out: &mut Outbox) {
        let may_invite = self.me().is_some_and(|me| me.is_active_administrator());
        let active = self.is_active();
        let ended: Vec<(InvitationId, How)> = self
            .invitations
            .values()
            .filter(|i| i.is_pending())
            .filter_map(|i| match i.kind {
                _ if i.expires_at <= now => Some((i.keys.id, How::Expired)),
                _ if self.broke_too_often(i) => Some((i.keys.id, How::Cancelled)),
                Kind::Device if active => None,
                Kind::User | Kind::Session if may_invite => None,
                _ => Some((i.keys.id, How::Cancelled)),
            })
            .collect();
        for (id, how) in ended {
            self.close_invitation(id, how, now, out);
        }
        let old: Vec<InvitationId> = self
            .invitations
            .values()
            .filter(|i| i.ended.is_some_and(|e| e.at + limits::ENDED_INVITATION_KEPT <= now))
            .map(|i| i.keys.id)
            .collect();
        let mut batch = Batch::default();
        for id in old {
            batch.delete(records::invitation(&id));
            self.invitations.remove(&id);
            if self.sessions.remove(&id).is_some() {
                batch.delete(records::session(&id));
            }
        }
        out.commit(batch);
    }
}

fn life(asked: Option<Duration>, otherwise: Duration) -> Result<Duration, Refusal> {
    let life = asked.unwrap_or(otherwise);
    if (limits::SHORTEST_INVITATION..=limits::LONGEST_INVITATION).contains(&life) {
        return Ok(life);
    }
    let mut refusal = Refusal::new(
        Class::Usage,
        "bad_value",
        "expires: an invitation lives between 10 seconds and 90 days",
    );
    refusal.field = Some("expires".to_owned());
    Err(refusal)
}
