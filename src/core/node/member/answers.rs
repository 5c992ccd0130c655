//! What requests are answered with: the roster as its reader may see it.

use super::super::request::{
    Answer, Class, DeviceAnswer, OrganizationAnswer, Refusal, StatusAnswer, UserAnswer, UserState,
    VerifyAnswer, WaitingAnswer,
};
use super::Member;
use crate::core::primitives::ids::{CertificateId, DeviceId, UserId};
use crate::core::roster::profile::Profile;
use crate::core::roster::{Device, User};

impl Member {
    pub(super) fn status(&self) -> Result<StatusAnswer, Refusal> {
        let waiting = self.door.queues().map(|(invitation_id, guests, since)| WaitingAnswer {
            invitation_id,
            email: self.invited_email(&invitation_id),
            guests,
            since,
            organization_id: self.organization(),
        });
        Ok(StatusAnswer { organization: self.about()?, waiting: waiting.collect() })
    }

    pub(super) fn about(&self) -> Result<OrganizationAnswer, Refusal> {
        let me = self.me().ok_or_else(|| {
            Refusal::new(Class::Failed, "not_in_roster", "this device is not in the roster that it holds")
        })?;
        let unsettled = if me.is_active() { self.unsettled() } else { Vec::new() };
        Ok(OrganizationAnswer {
            organization_id: self.organization(),
            name: self.organization_name().map(str::to_owned),
            user_id: me.id,
            device_id: self.key.device(),
            peer_id: self.key.device().peer_id(),
            addresses: self.listening.clone(),
            profile: me.profile,
            state: state(&me),
            users: self.roster().count_active(),
            connected: self.connected_members(),
            roster_digest: self.digest(),
            advice: self.advice(&unsettled),
            unsettled,
        })
    }

    /// Who was revoked is connected with nobody, whatever connections are still being closed.
    fn connected_members(&self) -> usize {
        if !self.is_active() {
            return 0;
        }
        self.connections.devices().filter(|device| self.is_member(device)).count()
    }

    fn digest(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.roster().digest())
    }

    pub(super) fn list_users(&self, revoked: bool) -> Answer {
        Answer::Users(self.users(revoked).iter().map(|user| self.user_answer(user)).collect())
    }

    /// In the order in which they came in.
    fn users(&self, revoked: bool) -> Vec<User> {
        let mut users: Vec<User> = self.roster().users().filter(|user| revoked || user.is_active()).collect();
        users.sort_by_key(|user| (user.enrolled_at, user.id));
        users
    }

    pub(super) fn show_user(&self, text: &str) -> Result<Answer, Refusal> {
        Ok(Answer::User(Box::new(self.user_answer(&self.named(text)?))))
    }

    pub(super) fn list_devices(&self, user: Option<&str>) -> Result<Answer, Refusal> {
        let users: Vec<User> = match user {
            Some(text) => vec![self.named(text)?],
            None => self.users(false),
        };
        Ok(Answer::Devices(users.iter().flat_map(|user| self.device_answers(user)).collect()))
    }

    fn named(&self, text: &str) -> Result<User, Refusal> {
        self.find_user(text).ok_or_else(|| {
            let shown = crate::core::primitives::text::shown(text);
            let message = format!("user: '{shown}' is nobody's email or id, or several people's");
            Refusal::new(Class::NotFound, "not_found", message)
                .hint("muster user list --revoked shows everybody")
        })
    }

    fn user_answer(&self, user: &User) -> UserAnswer {
        UserAnswer {
            user_id: user.id,
            name: self.opened(&user.name).map(str::to_owned),
            email: self.opened(&user.email).map(str::to_owned),
            profile: user.profile,
            state: state(user),
            enrolled_at: user.enrolled_at,
            enrolled_by: user.enrolled_by,
            appointed_by: self.appointed_by(user),
            devices: self.device_answers(user),
        }
    }

    /// Who made an Administrator of somebody who came in as something else.
    fn appointed_by(&self, user: &User) -> Option<UserId> {
        let appointed = user.profile == Profile::Administrator && user.grant != user.enrolled;
        self.history.author_of(&user.grant).filter(|_| appointed)
    }

    fn device_answers(&self, user: &User) -> Vec<DeviceAnswer> {
        let connected = |device: &DeviceId| {
            self.is_active() && self.connections.has(device) || *device == self.key.device()
        };
        let answer = |device: &Device| DeviceAnswer {
            device_id: device.id,
            label: self.opened(&device.label).map(str::to_owned),
            peer_id: device.id.peer_id(),
            user_id: user.id,
            connected: connected(&device.id),
        };
        let added = |device: &&Device| {
            (self.history.get(&device.added).map(|added| added.certificate().time), device.id)
        };
        let mut devices: Vec<&Device> = user.devices.iter().collect();
        devices.sort_by_key(added);
        devices.into_iter().map(answer).collect()
    }

    /// Checks everything again, from the bytes on: signatures, verdicts, the merge.
    pub(super) fn verify(&self) -> Answer {
        let mut again = crate::core::roster::History::new(self.organization());
        let mut problems = Vec::new();
        for certificate in self.history.in_causal_order() {
            let verified = crate::core::roster::SignedCertificate::from_bytes(&certificate.signed().bytes())
                .and_then(crate::core::roster::SignedCertificate::verify);
            let added = verified.map_err(|why| why.to_string());
            let added = added.and_then(|v| again.add(v).map_err(|why| why.to_string()));
            if let Err(why) = added {
                problems.push(format!("certificate {}: {why}", certificate.id()));
            }
        }
        if again.roster().digest() != self.roster().digest() {
            problems
                .push("the roster that is held is not the one that its certificates add up to".to_owned());
        }
        problems.extend(self.disputes.noted.iter().map(|dispute| self.dispute_in_words(dispute)));
        let counts =
            |id: &CertificateId| self.history.standing(id).is_some_and(|standing| standing.is_effective());
        let effective = self.history.in_causal_order().filter(|c| counts(&c.id())).count();
        Answer::Verified(VerifyAnswer {
            certificates: self.history.len(),
            effective,
            void: self.history.len() - effective,
            roster_digest: self.digest(),
            problems,
            disputes: self.disputes.noted.iter().map(Into::into).collect(),
        })
    }
}

fn state(user: &User) -> UserState {
    if user.is_active() { UserState::Active } else { UserState::Revoked }
}
