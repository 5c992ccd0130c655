//! The verdict in a certificate's own past (R2): might its author say this, by the roster as they saw it?
//!
//! It depends on the certificate and its ancestors alone, never on what else is here: what is refused is
//! refused for ever, by everyone. What arrives concurrently is judged elsewhere ([`merge`](super::merge)).

use super::body::{Acknowledge, AddDevice, Adopt, Body, Enroll, Found, Revoke, SetProfile, Setting, setting};
use super::certificate::{Certificate, VerifiedCertificate};
use super::profile::Profile;
use super::proof::Claim;
use super::refused::Refused;
use super::resolution::{Held, Resolution};
use super::resolved::{Device, User};
use crate::core::primitives::ids::{CertificateId, DeviceId, OrganizationId, Signature, UserId, UserKey};
use crate::core::primitives::kind::Kind;
use crate::core::primitives::limits;

/// Judges a certificate by its past: the resolved closure of its parents.
pub(super) fn judge(certificate: VerifiedCertificate, past: &Resolution) -> Result<Held, Refused> {
    if let Body::Found(body) = certificate.body() {
        founding(&certificate, body, past)?;
        let author = body.user;
        return Ok(Held { certificate, author, introduced: None });
    }
    let it = certificate.certificate();
    it_belongs_here(it, past)?;
    let (user, device) = its_author_is_in(it, past)?;
    it_follows_its_authors_chain(it, past)?;
    it_acts_under_its_authors_grant(it, user)?;
    if certificate.body().needs_administrator() {
        past.roster.may_administer(&user.id)?;
    }
    let case = Case { it, author: user, past, proof_is_known: certificate.proof_is_known() };
    match certificate.body() {
        Body::Found(_) => {}
        Body::Enroll(body) => case.enroll(body)?,
        Body::AddDevice(body) => case.add_device(body)?,
        Body::SetProfile(body) => case.set_profile(body)?,
        Body::Revoke(body) => case.revoke(body)?,
        Body::Acknowledge(body) => case.acknowledge(body)?,
        Body::Setting(body) => case.setting(body)?,
        Body::Adopt(body) => case.adopt(body)?,
        // Kept for who knows the kind; its own rules can't be judged here, and it counts nothing.
        Body::Unknown { .. } => {}
    }
    let (author, introduced) = (user.id, Some(device.added));
    Ok(Held { certificate, author, introduced })
}

/// R2.3: the one certificate without parents, by the first device about itself.
fn founding(certificate: &VerifiedCertificate, body: &Found, past: &Resolution) -> Result<(), Refused> {
    let it = certificate.certificate();
    if OrganizationId::from(certificate.id()) != past.roster.organization() || !it.parents.is_empty() {
        return Err(Refused::SecondFound);
    }
    if it.organization != OrganizationId::NONE {
        return Err(Refused::WrongOrganization);
    }
    if (it.seq, it.prev) != (0, CertificateId::NONE) {
        return Err(Refused::WrongChain);
    }
    if it.generation != 0 {
        return Err(Refused::WrongGeneration);
    }
    if it.auth != CertificateId::NONE {
        return Err(Refused::WrongAuth);
    }
    if body.device != it.device {
        return Err(Refused::FoundsForAnother);
    }
    the_user_is_that_of_the_device(&body.user, &body.device)?;
    keys_are_sound(&body.device, Some(&body.user_key))
}

fn it_belongs_here(it: &Certificate, past: &Resolution) -> Result<(), Refused> {
    if it.organization != past.roster.organization() {
        return Err(Refused::WrongOrganization);
    }
    if it.parents.is_empty() {
        return Err(Refused::NoParents);
    }
    Ok(())
}

fn its_author_is_in<'a>(it: &Certificate, past: &'a Resolution) -> Result<(&'a User, &'a Device), Refused> {
    let user = past.roster.user_of(&it.device).ok_or(Refused::StrangerAuthor)?;
    let device = past.roster.device(&it.device).ok_or(Refused::StrangerAuthor)?;
    if !user.is_active() {
        return Err(Refused::AuthorRevoked);
    }
    Ok((user, device))
}

/// R2.4: after an end of its device's own chain, as its author knew it; of a forked one, after any.
fn it_follows_its_authors_chain(it: &Certificate, past: &Resolution) -> Result<(), Refused> {
    let mut ends = past.chain_ends(&it.device).peekable();
    let follows = match ends.peek() {
        None => (it.seq, it.prev) == (0, CertificateId::NONE),
        Some(_) => ends.any(|(seq, end)| seq.checked_add(1) == Some(it.seq) && end == it.prev),
    };
    if follows { Ok(()) } else { Err(Refused::WrongChain) }
}

fn it_acts_under_its_authors_grant(it: &Certificate, author: &User) -> Result<(), Refused> {
    if it.auth == author.grant { Ok(()) } else { Err(Refused::WrongAuth) }
}

fn the_user_is_that_of_the_device(user: &UserId, device: &DeviceId) -> Result<(), Refused> {
    if UserId::of_first_device(device) == *user { Ok(()) } else { Err(Refused::UserIdNotDerived) }
}

fn keys_are_sound(device: &DeviceId, user: Option<&UserKey>) -> Result<(), Refused> {
    if device.is_sound() && user.is_none_or(UserKey::is_sound) { Ok(()) } else { Err(Refused::KeyUnsound) }
}

/// A certificate whose place and author are in order: what remains is what it says.
struct Case<'a> {
    it: &'a Certificate,
    author: &'a User,
    past: &'a Resolution,
    proof_is_known: bool,
}

impl Case<'_> {
    /// R2.5
    fn enroll(&self, body: &Enroll) -> Result<(), Refused> {
        if body.kind == Kind::Device {
            return Err(Refused::InvitationKindWrong);
        }
        the_user_is_that_of_the_device(&body.user, &body.device)?;
        self.the_device_is_unknown(&body.device)?;
        let roster = &self.past.roster;
        if roster.user(&body.user).is_some() || self.past.is_revoked(&body.user) {
            return Err(Refused::UserKnown);
        }
        keys_are_sound(&body.device, Some(&body.user_key))?;
        if body.kind == Kind::User && self.past.admitted(self.it.device, body.invitation) {
            return Err(Refused::InvitationSpent);
        }
        let claim = Claim {
            organization: self.it.organization,
            host: self.it.device,
            kind: body.kind,
            invitation: body.invitation,
            user: body.user,
            user_key: body.user_key,
        };
        self.the_device_proved(&claim, &body.device, &body.proof)
    }

    /// R2.5, of any profile.
    fn add_device(&self, body: &AddDevice) -> Result<(), Refused> {
        self.the_device_is_unknown(&body.device)?;
        if self.author.devices.len() >= limits::DEVICES_PER_USER {
            return Err(Refused::TooManyDevices);
        }
        keys_are_sound(&body.device, None)?;
        let claim = Claim {
            organization: self.it.organization,
            host: self.it.device,
            kind: Kind::Device,
            invitation: body.invitation,
            user: self.author.id,
            user_key: self.author.key,
        };
        self.the_device_proved(&claim, &body.device, &body.proof)
    }

    fn the_device_proved(&self, claim: &Claim, device: &DeviceId, proof: &Signature) -> Result<(), Refused> {
        if self.proof_is_known || claim.holds(device, proof) { Ok(()) } else { Err(Refused::ProofWrong) }
    }

    fn the_device_is_unknown(&self, device: &DeviceId) -> Result<(), Refused> {
        match self.past.roster.device(device) {
            None => Ok(()),
            Some(_) => Err(Refused::DeviceKnown),
        }
    }

    /// R2.6
    fn set_profile(&self, body: &SetProfile) -> Result<(), Refused> {
        self.past.roster.may_set_profile(&self.author.id, &body.user, body.profile)?;
        let target = self.past.roster.user(&body.user).ok_or(Refused::UnknownUser)?;
        let cut = (target.profile == Profile::Administrator).then(|| self.past.cut(&body.user));
        if body.cut == cut { Ok(()) } else { Err(Refused::CutWrong) }
    }

    /// R2.7
    fn revoke(&self, body: &Revoke) -> Result<(), Refused> {
        self.past.roster.may_revoke(&self.author.id, &body.user)?;
        if body.cut == self.past.cut(&body.user) { Ok(()) } else { Err(Refused::CutWrong) }
    }

    /// R2.8
    fn acknowledge(&self, body: &Acknowledge) -> Result<(), Refused> {
        if body.removals.is_empty() && self.it.parents.len() < 2 {
            return Err(Refused::NothingNew);
        }
        for removal in &body.removals {
            let (author, target) = self.past.removal(removal).ok_or(Refused::NotToAcknowledge)?;
            if [author, target].contains(&self.author.id) {
                return Err(Refused::NotToAcknowledge);
            }
            if self.past.acknowledged(self.author.id, *removal) {
                return Err(Refused::NothingNew);
            }
        }
        Ok(())
    }

    /// R2.9
    fn setting(&self, body: &Setting) -> Result<(), Refused> {
        match body.key {
            setting::RENDEZVOUS_POINTS | setting::RELAYS => Ok(()),
            _ => Err(Refused::UnknownSetting),
        }
    }

    /// R2.10
    fn adopt(&self, body: &Adopt) -> Result<(), Refused> {
        if self.past.is_void_enroll(&body.enrol) { Ok(()) } else { Err(Refused::NotVoidEnroll) }
    }
}
