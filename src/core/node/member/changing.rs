//! Revoking users, and changing profiles: one or many at once. Everything that is allowed is done, nothing else
//! is touched, and each user named gets one line.

use super::super::input::Channel;
use super::super::outbox::Outbox;
use super::super::output::Batch;
use super::super::request::{Answer, ChangeAnswer, ChangeResult, Class, Refusal};
use super::Member;
use crate::core::primitives::ids::{CertificateId, UserId};
use crate::core::primitives::time::Moment;
use crate::core::roster::{Profile, Refused};

/// What is asked for.
#[derive(Clone, Copy)]
enum Change {
    Revoke,
    SetProfile(Profile),
}

/// How one went: the result, a sentence, and the exit code that it alone would have.
type Went = (ChangeResult, Option<String>, Option<u8>);

impl Member {
    pub(super) fn revoke_users(
        &mut self,
        users: Vec<String>,
        now: Moment,
        out: &mut Outbox,
    ) -> Result<Answer, Refusal> {
        self.require_administrator("user revoke")?;
        Ok(self.change(Change::Revoke, users, now, out))
    }

    pub(super) fn set_profiles(
        &mut self,
        profile: Profile,
        users: Vec<String>,
        now: Moment,
        out: &mut Outbox,
    ) -> Result<Answer, Refusal> {
        self.require_administrator("user set-profile")?;
        Ok(self.change(Change::SetProfile(profile), users, now, out))
    }

    fn change(&mut self, change: Change, users: Vec<String>, now: Moment, out: &mut Outbox) -> Answer {
        let mut batch = Batch::default();
        let mut new = Vec::new();
        let mut answers = Vec::new();
        for named in users {
            let found = self.find_user(&named).map(|user| user.id);
            let (result, reason, exit) = match found {
                None => nobody(),
                Some(user) => self.change_one(change, user, now, &mut batch, &mut new),
            };
            let user = found.and_then(|id| self.roster().user(&id));
            let email = user.and_then(|user| self.opened(&user.email)).map(str::to_owned);
            answers.push(ChangeAnswer { user: named, user_id: found, email, result, reason, exit });
        }
        self.publish(batch, &new, now, out);
        Answer::Changes(answers)
    }

    fn change_one(
        &mut self,
        change: Change,
        user: UserId,
        now: Moment,
        batch: &mut Batch,
        new: &mut Vec<CertificateId>,
    ) -> Went {
        let body = match change {
            Change::Revoke => self.history.revocation(&user),
            Change::SetProfile(profile) => self.history.profile_change(&user, profile),
        };
        if let Some(went) = self.needs_nothing(change, &user) {
            return went;
        }
        // Whom this device witnesses are to be among those whom the removal asks (R4.4).
        let signed = match self.sign_what_is_owed(now, batch, new) {
            Ok(()) => self.sign(body, now, batch),
            Err(refused) => Err(refused),
        };
        match signed {
            Ok(ids) => {
                new.extend(ids);
                (ChangeResult::Changed, None, None)
            }
            Err(refused) => {
                (ChangeResult::Refused, Some(refused.to_string()), Some(class_of(refused).exit_code()))
            }
        }
    }

    fn needs_nothing(&self, change: Change, user: &UserId) -> Option<Went> {
        let user = self.roster().user(user)?;
        let own = self.me().is_some_and(|me| me.id == user.id);
        let unchanged = |why: &str| Some((ChangeResult::Unchanged, Some(why.to_owned()), None));
        match change {
            Change::Revoke if !user.is_active() => unchanged("was revoked already"),
            Change::SetProfile(profile) if user.is_active() && !own && user.profile == profile => {
                unchanged("has this profile already")
            }
            _ => None,
        }
    }

    /// Makes what was signed durable, then tells everybody: those who follow events here, and the other members.
    pub(super) fn publish(&mut self, batch: Batch, new: &[CertificateId], now: Moment, out: &mut Outbox) {
        self.publish_from(None, batch, new, now, out);
    }

    /// The same for what came from somebody, who needn't be told.
    pub(super) fn publish_from(
        &mut self,
        from: Option<Channel>,
        mut batch: Batch,
        new: &[CertificateId],
        now: Moment,
        out: &mut Outbox,
    ) {
        self.pin(&mut batch);
        out.commit(batch);
        let earlier = self.history.take_restanding();
        self.log_changed(new, &earlier, now, out);
        self.tell_of(new, &earlier, now, out);
        self.ask_who_is_back(&earlier.ids, out);
        if !new.is_empty() {
            self.push_to_members(from, new, out);
        }
        if !self.is_active() {
            self.farewells.linger(now);
        }
        self.meet_all(now, out);
    }

    /// Nobody was asked for the names of who was never in. Who is in after all, adopted or since a removal is void, has
    /// them asked for, also of members who hear them later.
    fn ask_who_is_back(&self, changed: &[CertificateId], out: &mut Outbox) {
        let counts = |id: &&CertificateId| self.history.standing(id).is_some_and(|it| it.is_effective());
        let back: Vec<CertificateId> = changed.iter().filter(counts).copied().collect();
        let closed = self.closed_seals_of(&back);
        for (channel, _) in self.syncs.iter().filter(|(_, session)| session.greeted) {
            self.ask_for_openings(*channel, &closed, out);
        }
    }
}

fn nobody() -> Went {
    let reason = "no user has this email or id; muster user list --revoked shows all".to_owned();
    (ChangeResult::NotFound, Some(reason), Some(Class::NotFound.exit_code()))
}

/// Which exit code a refusal by the rules comes to.
pub(super) fn class_of(refused: Refused) -> Class {
    match refused {
        Refused::OnSelf | Refused::NotAdministrator | Refused::AuthorRevoked => Class::NotAllowed,
        _ => Class::State,
    }
}
