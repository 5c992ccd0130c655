//! The verdict in a certificate's own past (R2): might its author say this, by the roster as they saw it?
//!
//! It depends on the certificate and its ancestors alone, never on what else is here: what is refused is
//! refused for ever, by everyone. What arrives concurrently is judged elsewhere ([`merge`]).

use super::act::Act;
use super::body::{Acknowledge, AddDevice, Adopt, Body, Enroll, Found, Revoke, SetProfile, Setting, setting};
use super::certificate::{Certificate, VerifiedCertificate};
use super::graph::Graph;
use super::held::{Facts, Witnesses};
use super::lineage::Ix;
use super::merge;
use super::people::UserIx;
use super::profile::Profile;
use super::proof::Claim;
use super::refused::Refused;
use super::rights::{self, Rights};
use super::state::State;
use crate::core::primitives::ids::{CertificateId, DeviceId, OrganizationId, Signature, UserId, UserKey};
use crate::core::primitives::kind::Kind;
use crate::core::primitives::limits;

/// The closure of a certificate's parents, resolved.
#[derive(Clone, Copy)]
pub(super) struct Past<'a> {
    pub(super) graph: &'a Graph,
    pub(super) state: &'a State,
}

/// Judges a certificate by its past. What that past says of it besides is for ever.
pub(super) fn judge(certificate: &VerifiedCertificate, past: Past) -> Result<Facts, Refused> {
    if let Body::Found(body) = certificate.body() {
        founding(certificate, body, past)?;
        return Ok(Facts::default());
    }
    let it = certificate.certificate();
    it_belongs_here(it, past)?;
    let introduction = its_author_is_in(it, past)?;
    let author = past.graph.owner(introduction);
    it_follows_its_authors_chain(it, past)?;
    it_acts_under_its_authors_grant(it, author, past)?;
    let (proof_is_known, keys_are_known) = (certificate.proof_is_known(), certificate.keys_are_known());
    let case = Case { it, author, past, proof_is_known, keys_are_known };
    if certificate.body().needs_administrator() {
        rights::may_administer(past.rights(author))?;
    }
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
    Ok(case.facts(certificate.body(), introduction))
}

impl Past<'_> {
    fn user(&self, id: &UserId) -> Option<UserIx> {
        self.graph.user(id)
    }

    /// A user who is in, revoked or not.
    fn rights(&self, user: UserIx) -> Option<Rights> {
        let profile = self.state.profile(self.graph, user)?;
        let active = self.state.is_active(self.graph, user);
        Some(Rights { id: self.graph.person(user).id, profile, active })
    }

    fn rights_of(&self, id: &UserId) -> Option<Rights> {
        self.rights(self.user(id)?)
    }
}

/// R2.3: the one certificate without parents, by the first device about itself.
fn founding(certificate: &VerifiedCertificate, body: &Found, past: Past) -> Result<(), Refused> {
    let it = certificate.certificate();
    if OrganizationId::from(certificate.id()) != past.graph.organization || !it.parents.is_empty() {
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

fn it_belongs_here(it: &Certificate, past: Past) -> Result<(), Refused> {
    if it.organization != past.graph.organization {
        return Err(Refused::WrongOrganization);
    }
    if it.parents.is_empty() {
        return Err(Refused::NoParents);
    }
    Ok(())
}

fn its_author_is_in(it: &Certificate, past: Past) -> Result<Ix, Refused> {
    let introduction = past.state.introduction(past.graph, &it.device).ok_or(Refused::StrangerAuthor)?;
    match past.state.is_active(past.graph, past.graph.owner(introduction)) {
        true => Ok(introduction),
        false => Err(Refused::AuthorRevoked),
    }
}

/// R2.4: after an end of its device's own chain, as its author knew it; of a forked one, after any.
fn it_follows_its_authors_chain(it: &Certificate, past: Past) -> Result<(), Refused> {
    let mut ends = past.state.chain_ends(past.graph, &it.device).peekable();
    let follows = match ends.peek() {
        None => (it.seq, it.prev) == (0, CertificateId::NONE),
        Some(_) => ends.any(|(seq, end)| seq.checked_add(1) == Some(it.seq) && end == it.prev),
    };
    if follows { Ok(()) } else { Err(Refused::WrongChain) }
}

fn it_acts_under_its_authors_grant(it: &Certificate, author: UserIx, past: Past) -> Result<(), Refused> {
    let grant = past.state.acts_under(past.graph, author);
    match grant.is_some_and(|grant| past.graph.id(grant) == it.auth) {
        true => Ok(()),
        false => Err(Refused::WrongAuth),
    }
}

fn the_user_is_that_of_the_device(user: &UserId, device: &DeviceId) -> Result<(), Refused> {
    if UserId::of_first_device(device) == *user { Ok(()) } else { Err(Refused::UserIdNotDerived) }
}

fn keys_are_sound(device: &DeviceId, user: Option<&UserKey>) -> Result<(), Refused> {
    if device.is_sound() { the_user_key_is_sound(user) } else { Err(Refused::KeyUnsound) }
}

fn the_user_key_is_sound(user: Option<&UserKey>) -> Result<(), Refused> {
    if user.is_none_or(UserKey::is_sound) { Ok(()) } else { Err(Refused::KeyUnsound) }
}

/// A certificate whose place and author are in order: what remains is what it says.
struct Case<'a> {
    it: &'a Certificate,
    author: UserIx,
    past: Past<'a>,
    proof_is_known: bool,
    keys_are_known: bool,
}

impl Case<'_> {
    fn author_id(&self) -> UserId {
        self.past.graph.person(self.author).id
    }

    /// R2.5
    fn enroll(&self, body: &Enroll) -> Result<(), Refused> {
        if body.kind == Kind::Device {
            return Err(Refused::InvitationKindWrong);
        }
        the_user_is_that_of_the_device(&body.user, &body.device)?;
        self.the_device_is_unknown(&body.device)?;
        let Past { graph, state, .. } = self.past;
        let known = graph.user(&body.user);
        if known
            .is_some_and(|user| state.enrolment(graph, user).is_some() || state.revoked.contains_key(&user))
        {
            return Err(Refused::UserKnown);
        }
        self.the_keys_are_sound(&body.device, Some(&body.user_key))?;
        if body.kind == Kind::User && state.admitted(graph, self.it.device, body.invitation) {
            return Err(Refused::InvitationSpent);
        }
        self.the_device_proved(&Claim::of(self.it, body), &body.device, &body.proof)
    }

    /// R2.5, of any profile.
    fn add_device(&self, body: &AddDevice) -> Result<(), Refused> {
        self.the_device_is_unknown(&body.device)?;
        let Past { graph, state, .. } = self.past;
        if state.devices(graph, self.author).len() >= limits::DEVICES_PER_USER {
            return Err(Refused::TooManyDevices);
        }
        self.the_keys_are_sound(&body.device, None)?;
        let enrolment = state.enrolment(graph, self.author);
        let user_key = enrolment.and_then(|enrol| graph.body(enrol).user_key());
        let claim = Claim {
            organization: self.it.organization,
            host: self.it.device,
            kind: Kind::Device,
            invitation: body.invitation,
            user: self.author_id(),
            user_key: user_key.ok_or(Refused::StrangerAuthor)?,
        };
        self.the_device_proved(&claim, &body.device, &body.proof)
    }

    fn the_keys_are_sound(&self, device: &DeviceId, user: Option<&UserKey>) -> Result<(), Refused> {
        match (self.keys_are_known, self.proof_is_known) {
            (true, _) => Ok(()),
            // The proof is the device's signature.
            (false, true) if device.is_sound_having_signed() => the_user_key_is_sound(user),
            _ => keys_are_sound(device, user),
        }
    }

    fn the_device_proved(&self, claim: &Claim, device: &DeviceId, proof: &Signature) -> Result<(), Refused> {
        if self.proof_is_known || claim.holds(device, proof) { Ok(()) } else { Err(Refused::ProofWrong) }
    }

    fn the_device_is_unknown(&self, device: &DeviceId) -> Result<(), Refused> {
        match self.past.state.introduction(self.past.graph, device) {
            None => Ok(()),
            Some(_) => Err(Refused::DeviceKnown),
        }
    }

    /// R2.6
    fn set_profile(&self, body: &SetProfile) -> Result<(), Refused> {
        let target =
            rights::may_set_profile(&self.author_id(), self.past.rights_of(&body.user), body.profile)?;
        let cut = (target.profile == Profile::Administrator).then(|| self.cut(&body.user)).flatten();
        if body.cut == cut { Ok(()) } else { Err(Refused::CutWrong) }
    }

    /// R2.7
    fn revoke(&self, body: &Revoke) -> Result<(), Refused> {
        rights::may_change(&self.author_id(), self.past.rights_of(&body.user))?;
        if Some(&body.cut) == self.cut(&body.user).as_ref() { Ok(()) } else { Err(Refused::CutWrong) }
    }

    fn cut(&self, user: &UserId) -> Option<super::body::Cut> {
        self.past.user(user).map(|user| self.past.state.cut(self.past.graph, user))
    }

    /// R2.8
    fn acknowledge(&self, body: &Acknowledge) -> Result<(), Refused> {
        let Past { graph, state, .. } = self.past;
        let vouches = !merge::new_vouchers(state, self.author).is_empty();
        if body.removals.is_empty() && self.it.parents.len() < 2 && !vouches {
            return Err(Refused::NothingNew);
        }
        for removal in &body.removals {
            let removal = graph.ix(removal).filter(|ix| state.holds(*ix) && graph.node(*ix).is_removal());
            let removal = removal.ok_or(Refused::NotToAcknowledge)?;
            if !graph.witnesses(removal).contains(&self.author) {
                return Err(Refused::NotAWitness);
            }
            if state.acknowledged(graph, self.author, removal) {
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
        let Past { graph, state, .. } = self.past;
        let enrol = graph.ix(&body.enrol).filter(|ix| state.holds(*ix) && !state.counts(*ix));
        match enrol.map(|ix| graph.node(ix).act) {
            Some(Act::Enroll(..)) => Ok(()),
            _ => Err(Refused::NotVoidEnroll),
        }
    }

    /// What this past says of the certificate, beside "yes".
    fn facts(&self, body: &Body, introduction: Ix) -> Facts {
        let Past { graph, state, .. } = self.past;
        let named = match body {
            Body::Enroll(body) => Some(body.user),
            Body::Revoke(body) => Some(body.user),
            Body::SetProfile(body) => Some(body.user),
            _ => None,
        };
        let target = named.and_then(|user| graph.user(&user));
        let asks = body.removal().is_some() || matches!(body, Body::Enroll(_));
        let person = target.filter(|_| !matches!(body, Body::Enroll(_))).map(|user| graph.person(user));
        let about = person.map(|person| match body.removal() {
            Some(_) => person.deeds().promotions.as_slice(),
            None => person.deeds().removals.as_slice(),
        });
        let held = |ix: &Ix| state.holds(*ix);
        Facts {
            author: self.author,
            introduction: Some(introduction),
            enrolment: state.enrolment(graph, self.author),
            witnesses: if asks { merge::of_the_next(state, self.author, target) } else { Witnesses::new() },
            crowd: state.crowd,
            builds_on: merge::new_vouchers(state, self.author),
            after: about.into_iter().flatten().copied().filter(held).collect(),
        }
    }
}
