//! Certificates and openings: signed, taken in, and told to everybody who may have them.

use super::super::event::Happening;
use super::super::output::Batch;
use super::super::records;
use super::Member;
use crate::core::primitives::ids::{CertificateId, DeviceId, Seal};
use crate::core::primitives::time::Moment;
use crate::core::roster::seal::{Field, Opening};
use crate::core::roster::{Body, NotAdded, Refused, User, VerifiedCertificate};

impl Member {
    /// Signs `body`, ties heads before where there are too many, and holds it. What is to be written down goes into
    /// `batch`; gives the ids of what is new.
    pub(super) fn sign(
        &mut self,
        body: Body,
        now: Moment,
        batch: &mut Batch,
    ) -> Result<Vec<CertificateId>, Refused> {
        let mut new = Vec::new();
        while let Some(tie) = self.history.tie(&self.key, now)? {
            new.push(self.hold(tie, batch)?);
        }
        let certificate = self.history.author(&self.key, body, now)?;
        new.push(self.hold(certificate, batch)?);
        Ok(new)
    }

    fn hold(
        &mut self,
        certificate: VerifiedCertificate,
        batch: &mut Batch,
    ) -> Result<CertificateId, Refused> {
        let id = certificate.id();
        self.take(certificate, batch).map_err(|not_added| match not_added {
            NotAdded::Refused(refused) => refused,
            NotAdded::MissingParents(_) => Refused::NoParents,
            NotAdded::Disputed(_) => Refused::Disputed,
        })?;
        Ok(id)
    }

    /// Holds a certificate that came or was signed here; whether it is new.
    pub(super) fn take(
        &mut self,
        certificate: VerifiedCertificate,
        batch: &mut Batch,
    ) -> Result<bool, NotAdded> {
        let mut written = Batch::default();
        write_down(&certificate, &mut written);
        let added = matches!(self.history.add(certificate)?, crate::core::roster::Added::New(_));
        if added {
            batch.changes.extend(written.changes);
        }
        Ok(added)
    }

    /// Keeps the openings that open something here.
    pub(super) fn take_openings(&mut self, openings: Vec<Opening>, batch: &mut Batch) {
        for opening in openings {
            if let Some(seal) = self.roster().opened_by(&opening) {
                batch.put(records::opening(&seal), &opening);
                self.openings.insert(seal, opening);
            }
        }
    }

    /// What a seal is over, where this device knows.
    pub(super) fn opened(&self, seal: &Seal) -> Option<&str> {
        self.openings.get(seal).map(|opening| opening.value.as_str())
    }

    pub(super) fn organization_name(&self) -> Option<&str> {
        self.opened(&self.roster().organization_name()?)
    }

    /// Whether the user of `device` may have this opening, as the roster is at this moment.
    pub(super) fn may_have(&self, device: &DeviceId, opening: &Opening) -> bool {
        let reader = self.roster().user_of(device).filter(|user| user.is_active());
        reader.is_some_and(|user| opening.field == Field::OrganizationName || user.profile.sees_names())
    }

    /// The active user with this email, as far as this device sees emails.
    pub(super) fn active_user_of(&self, email: &crate::core::primitives::text::Email) -> Option<User> {
        let folded = email.folded();
        self.roster()
            .users()
            .filter(|user| user.is_active())
            .find(|user| self.email_of(user) == Some(folded.clone()))
    }

    fn email_of(&self, user: &User) -> Option<String> {
        self.opened(&user.email).map(str::to_lowercase)
    }

    /// Finds the user whom a person named: by email the active one, else the last one revoked; by a unique
    /// prefix of the id.
    pub(super) fn find_user(&self, text: &str) -> Option<User> {
        let folded = text.trim().to_lowercase();
        if folded.contains('@') {
            let same = |user: &User| self.email_of(user).as_deref() == Some(folded.as_str());
            return self
                .roster()
                .users()
                .filter(same)
                .max_by_key(|user| (user.is_active(), user.enrolled_at));
        }
        let mut found = self.roster().users().filter(|user| user.id.to_string().starts_with(&folded));
        let first = found.next().filter(|_| folded.len() >= 4)?;
        found.next().is_none().then_some(first)
    }

    pub(super) fn happening(
        &self,
        certificate_id: CertificateId,
        certificate: &VerifiedCertificate,
    ) -> Option<Happening> {
        Some(match certificate.body() {
            Body::Enroll(enroll) => {
                Happening::UserEnrolled { user_id: enroll.user, profile: enroll.profile, certificate_id }
            }
            Body::AddDevice(add) => {
                let user_id = self.history.author_of(&certificate_id)?;
                Happening::DeviceAdded { user_id, device_id: add.device, certificate_id }
            }
            Body::SetProfile(set) => {
                Happening::ProfileChanged { user_id: set.user, profile: set.profile, certificate_id }
            }
            Body::Revoke(revoke) => Happening::UserRevoked { user_id: revoke.user, certificate_id },
            _ => return None,
        })
    }
}

/// The record of a certificate that is to be held.
pub(super) fn write_down(certificate: &VerifiedCertificate, batch: &mut Batch) {
    let record = records::certificate(certificate.certificate().generation, &certificate.id());
    batch.put_bytes(record, certificate.signed().bytes());
}
