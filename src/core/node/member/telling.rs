//! What is told of certificates: what became of each, in words, with the names that this reader may see, and events when
//! one that counted is void by a later one.

use super::super::event::Happening;
use super::super::outbox::Outbox;
use super::super::request::{Answer, LogAnswer};
use super::Member;
use crate::core::primitives::ids::{CertificateId, UserId};
use crate::core::primitives::limits;
use crate::core::primitives::time::Moment;
use crate::core::roster::body::{SetProfile, Setting, setting};
use crate::core::roster::{Body, Restanding, Standing, VerifiedCertificate, Void};

/// The user whom a body is about, where it is about one.
pub(super) fn target_of(body: &Body) -> Option<UserId> {
    match body {
        Body::Found(found) => Some(found.user),
        Body::Enroll(enroll) => Some(enroll.user),
        Body::SetProfile(set) => Some(set.user),
        Body::Revoke(revoke) => Some(revoke.user),
        _ => None,
    }
}

impl Member {
    pub(super) fn log(&self) -> Answer {
        Answer::Log(self.history.in_causal_order().map(|certificate| self.log_line(&certificate)).collect())
    }

    pub(super) fn log_line(&self, certificate: &VerifiedCertificate) -> LogAnswer {
        let id = certificate.id();
        let settled = || self.history.acknowledged(&id).is_some_and(|how_far| how_far.settled);
        let (standing, reason) = match self.history.standing(&id) {
            Some(Standing::Void(why)) => ("void", Some(self.why_void(certificate, why))),
            _ if settled() => ("settled", None),
            _ => ("effective", None),
        };
        let (kind, subject) = kind_and_subject(certificate.body());
        let author = self.author(certificate);
        LogAnswer {
            certificate_id: id,
            kind,
            author_user: author,
            author_device: certificate.certificate().device,
            subject,
            time: certificate.certificate().time,
            standing: standing.to_owned(),
            reason,
            by: self.person(&author),
            about: self.about_what(certificate),
        }
    }

    /// What a certificate is about, for a person.
    fn about_what(&self, certificate: &VerifiedCertificate) -> String {
        let of =
            |id: &CertificateId| self.history.get(id).map_or_else(String::new, |it| self.about_what(&it));
        match certificate.body() {
            Body::Found(_) => self.organization_name().unwrap_or_default().to_owned(),
            Body::Enroll(enroll) => format!("{} as {}", self.target(certificate), enroll.profile),
            Body::SetProfile(set) => format!("{} as {}", self.target(certificate), set.profile),
            Body::AddDevice(add) => {
                let label = self.opened(&add.label).map(str::to_owned);
                label.unwrap_or_else(|| format!("device {}", add.device.short()))
            }
            Body::Acknowledge(seen) if seen.removals.is_empty() => "who came in".to_owned(),
            Body::Acknowledge(seen) => seen.removals.iter().map(of).collect::<Vec<_>>().join(", "),
            Body::Adopt(adopt) => of(&adopt.enrol),
            Body::Setting(Setting { key: setting::RENDEZVOUS_POINTS, .. }) => "rendezvous points".to_owned(),
            Body::Setting(Setting { key: setting::RELAYS, .. }) => "relays".to_owned(),
            Body::Setting(setting) => format!("setting {}", setting.key),
            Body::Revoke(_) => self.target(certificate),
            Body::Unknown { .. } => String::new(),
        }
    }

    pub(super) fn author(&self, certificate: &VerifiedCertificate) -> UserId {
        let unknown = UserId::of_first_device(&certificate.certificate().device);
        self.history.author_of(&certificate.id()).unwrap_or(unknown)
    }

    /// Somebody's name, or their short id where this device may not see it.
    pub(super) fn person(&self, user: &UserId) -> String {
        let known = self.roster().user(user).and_then(|user| self.opened(&user.name));
        known.map_or_else(|| format!("user {}", user.short()), str::to_owned)
    }

    /// The person whom a certificate is about. An Enroll names one who may not be in the roster.
    fn target(&self, certificate: &VerifiedCertificate) -> String {
        let sealed = match certificate.body() {
            Body::Enroll(enroll) => self.opened(&enroll.name),
            _ => None,
        };
        let user = || target_of(certificate.body()).map(|id| self.person(&id));
        sealed.map(str::to_owned).or_else(user).unwrap_or_else(|| "nobody".to_owned())
    }

    /// Why a certificate counts nothing, for a person.
    fn why_void(&self, certificate: &VerifiedCertificate, why: Void) -> String {
        let author = self.person(&self.author(certificate));
        let target = self.target(certificate);
        match why {
            Void::AuthorNotIn => format!("what let {author} in is void itself"),
            Void::GrantNotCounting => format!("what made {author} an Administrator is void itself"),
            Void::BeyondCut(removal) => self.beyond_the_cut_of(&removal, &author),
            Void::TargetRevoked => self.revoked_already(certificate, &target),
            Void::LastAdministrator => format!("without {target} no Administrator would be left"),
            Void::LesserRightWins => {
                format!("{target} was made a Member at the same time, and the lesser right wins")
            }
            Void::TargetNotIn => format!("what let {target} in is void itself"),
            Void::TooManyDevices => format!("{author} has as many devices as anybody may have"),
            Void::DeviceTaken | Void::InvitationSpent | Void::UnknownKind => why.to_string(),
        }
    }

    /// `Bob was revoked by Ada on 3 May 2026, and this is not among what Ada had seen of Bob`
    fn beyond_the_cut_of(&self, removal: &CertificateId, author: &str) -> String {
        match self.removal_in_words(removal) {
            Some((removed, by)) => format!("{removed}, and this is not among what {by} had seen of {author}"),
            None => Void::BeyondCut(*removal).to_string(),
        }
    }

    fn revoked_already(&self, certificate: &VerifiedCertificate, target: &str) -> String {
        let user = target_of(certificate.body()).and_then(|id| self.roster().user(&id));
        let revoked = user.and_then(|user| user.revoked);
        match revoked.filter(|id| *id != certificate.id()).and_then(|id| self.removal_in_words(&id)) {
            Some((removed, _)) => removed,
            None => format!("{target} is revoked already"),
        }
    }

    /// `Bob was revoked by Ada on 3 May 2026`, and who did it.
    pub(super) fn removal_in_words(&self, removal: &CertificateId) -> Option<(String, String)> {
        let certificate = self.history.get(removal)?;
        let did = match certificate.body() {
            Body::Revoke(_) => "revoked",
            Body::SetProfile(SetProfile { cut: Some(_), .. }) => "made a Member",
            _ => return None,
        };
        let (target, by) =
            (self.person(&target_of(certificate.body())?), self.person(&self.author(&certificate)));
        let day = certificate.certificate().time.day_in_words();
        Some((format!("{target} was {did} by {by} on {day}"), by))
    }

    /// Tells those who follow events what these certificates did, and which earlier ones stand otherwise because of
    /// them. However many are void by one change, only so many are told one by one.
    pub(super) fn tell_of(&self, new: &[CertificateId], earlier: &Restanding, now: Moment, out: &mut Outbox) {
        let mut void = Vec::new();
        for id in new.iter().chain(earlier.ids.iter().filter(|id| !new.contains(id))) {
            let Some(certificate) = self.history.get(id) else { continue };
            match self.history.standing(id) {
                Some(Standing::Void(why)) => void.push((certificate, why)),
                // A removal that is settled was told when it came.
                _ if certificate.body().removal().is_some() && !new.contains(id) => {}
                _ => {
                    if let Some(what) = self.happening(*id, &certificate) {
                        self.notify(now, what, out);
                    }
                }
            }
        }
        let more = void.len().saturating_sub(limits::VOID_EVENTS) + earlier.more;
        void.truncate(limits::VOID_EVENTS);
        let last = void.len();
        for (at, (certificate, why)) in void.into_iter().enumerate() {
            let mut reason = self.why_void(&certificate, why);
            if more > 0 && at + 1 == last {
                reason.push_str(&format!("; and {more} more stand otherwise: muster roster log"));
            }
            let (kind, subject) = kind_and_subject(certificate.body());
            let (certificate_id, author_user) = (certificate.id(), Some(self.author(&certificate)));
            let what = Happening::CertificateVoid { certificate_id, reason, kind, author_user, subject };
            self.notify(now, what, out);
        }
    }
}

fn kind_and_subject(body: &Body) -> (String, Vec<String>) {
    let subject = match body {
        Body::AddDevice(add) => vec![add.device.to_string()],
        Body::Acknowledge(seen) => seen.removals.iter().map(ToString::to_string).collect(),
        Body::Setting(setting) => vec![setting.key.to_string()],
        Body::Adopt(adopt) => vec![adopt.enrol.to_string()],
        Body::Unknown { kind, .. } => return (format!("unknown_{kind}"), Vec::new()),
        about_a_user => target_of(about_a_user).iter().map(ToString::to_string).collect(),
    };
    (body.name().to_owned(), subject)
}
