//! What requests are answered with: the roster as its reader may see it.

use super::super::request::{
    Answer, Class, DeviceAnswer, LogAnswer, OrganizationAnswer, Refusal, StatusAnswer, UserAnswer, UserState,
    VerifyAnswer, WaitingAnswer,
};
use super::Member;
use crate::core::primitives::ids::{CertificateId, DeviceId};
use crate::core::roster::{Body, Device, Standing, User, VerifiedCertificate};

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
        Ok(OrganizationAnswer {
            organization_id: self.organization(),
            name: self.organization_name().map(str::to_owned),
            user_id: me.id,
            device_id: self.key.device(),
            peer_id: self.key.device().peer_id(),
            addresses: self.listening.clone(),
            profile: me.profile,
            state: state(me),
            users: self.roster().users().filter(|user| user.is_active()).count(),
            connected: self.connected_members(),
            roster_digest: self.digest(),
            advice: self.advice(),
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

    fn advice(&self) -> Vec<String> {
        let mut advice = Vec::new();
        if self.me().is_some_and(|me| !me.is_active()) {
            advice.push(
                "you were revoked from this organization; muster org forget wipes what is left here"
                    .to_owned(),
            );
        } else if self.roster().active_administrators().count() == 1 {
            advice.push(
                "there is one Administrator: make a second one, who can revoke and invite anew the first if their device is stolen"
                    .to_owned(),
            );
        }
        advice
    }

    pub(super) fn list_users(&self, revoked: bool) -> Answer {
        Answer::Users(self.users(revoked).into_iter().map(|user| self.user_answer(user)).collect())
    }

    /// In the order in which they came in.
    fn users(&self, revoked: bool) -> Vec<&User> {
        let mut users: Vec<&User> =
            self.roster().users().filter(|user| revoked || user.is_active()).collect();
        users.sort_by_key(|user| (user.enrolled_at, user.id));
        users
    }

    pub(super) fn show_user(&self, text: &str) -> Result<Answer, Refusal> {
        Ok(Answer::User(Box::new(self.user_answer(self.named(text)?))))
    }

    pub(super) fn list_devices(&self, user: Option<&str>) -> Result<Answer, Refusal> {
        let users: Vec<&User> = match user {
            Some(text) => vec![self.named(text)?],
            None => self.users(false),
        };
        Ok(Answer::Devices(users.into_iter().flat_map(|user| self.device_answers(user)).collect()))
    }

    fn named(&self, text: &str) -> Result<&User, Refusal> {
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
            devices: self.device_answers(user),
        }
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

    pub(super) fn log(&self) -> Answer {
        Answer::Log(self.history.in_causal_order().map(|certificate| self.log_line(certificate)).collect())
    }

    fn log_line(&self, certificate: &VerifiedCertificate) -> LogAnswer {
        let id = certificate.id();
        let (standing, reason) = match self.history.standing(&id) {
            Some(Standing::Void(why)) => ("void", Some(why.to_string())),
            _ => ("effective", None),
        };
        let device = certificate.certificate().device;
        let (kind, subject) = kind_and_subject(certificate.body());
        let unknown = crate::core::primitives::ids::UserId::of_first_device(&device);
        LogAnswer {
            certificate_id: id,
            kind,
            author_user: self.history.author_of(&id).unwrap_or(unknown),
            author_device: device,
            subject,
            time: certificate.certificate().time,
            standing: standing.to_owned(),
            reason,
        }
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
        let counts =
            |id: &CertificateId| self.history.standing(id).is_some_and(|standing| standing.is_effective());
        let effective = self.history.in_causal_order().filter(|c| counts(&c.id())).count();
        Answer::Verified(VerifyAnswer {
            certificates: self.history.len(),
            effective,
            void: self.history.len() - effective,
            roster_digest: self.digest(),
            problems,
        })
    }
}

fn state(user: &User) -> UserState {
    if user.is_active() { UserState::Active } else { UserState::Revoked }
}

fn kind_and_subject(body: &Body) -> (String, Vec<String>) {
    let (kind, subject) = match body {
        Body::Found(found) => ("found", vec![found.user.to_string()]),
        Body::Enroll(enroll) => ("enroll", vec![enroll.user.to_string()]),
        Body::AddDevice(add) => ("add_device", vec![add.device.to_string()]),
        Body::SetProfile(set) => ("set_profile", vec![set.user.to_string()]),
        Body::Revoke(revoke) => ("revoke", vec![revoke.user.to_string()]),
        Body::Acknowledge(seen) => ("acknowledge", seen.removals.iter().map(ToString::to_string).collect()),
        Body::Setting(setting) => ("setting", vec![setting.key.to_string()]),
        Body::Adopt(adopt) => ("adopt", vec![adopt.enrol.to_string()]),
        Body::Unknown { kind, .. } => return (format!("unknown_{kind}"), Vec::new()),
    };
    (kind.to_owned(), subject)
}
