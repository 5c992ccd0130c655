//! A set of certificates, resolved: the roster, each one's standing, and what the verdict on the next
//! certificate asks for.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::body::{AddDevice, Body, ChainEnd, Cut, Enroll, Found};
use super::certificate::VerifiedCertificate;
use super::profile::Profile;
use super::refused::{Standing, Void};
use super::resolved::{Device, Roster, User};
use crate::core::primitives::ids::{CertificateId, DeviceId, InvitationId, OrganizationId, UserId};
use crate::core::primitives::kind::Kind;
use crate::core::primitives::limits;

/// A certificate that its own past allows, with what that past says of its author. Both are for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    /// The certificate.
    pub(super) certificate: VerifiedCertificate,
    /// Whose device signed it.
    pub(super) author: UserId,
    /// What let that device in; none of Found, which lets itself in.
    pub(super) introduced: Option<CertificateId>,
}

impl Held {
    pub(super) fn id(&self) -> CertificateId {
        self.certificate.id()
    }

    pub(super) fn body(&self) -> &Body {
        self.certificate.body()
    }

    pub(super) fn device(&self) -> DeviceId {
        self.certificate.certificate().device
    }
}

/// What a causally closed set of certificates adds up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resolution {
    /// Who is in.
    pub(super) roster: Roster,
    standings: HashMap<CertificateId, Standing>,
    /// The ends of each device's chain, the longest first.
    ends: HashMap<DeviceId, BTreeSet<(Reverse<u64>, CertificateId)>>,
    /// Invitations of kind user, by host device, that admitted their guest.
    admitted: HashSet<(DeviceId, InvitationId)>,
    /// Removals in effect, whether or not their target is in by another certificate.
    revoked: HashMap<UserId, CertificateId>,
    demoted: HashSet<UserId>,
    /// Removals, in effect or not: their author and their target.
    removals: HashMap<CertificateId, (UserId, UserId)>,
    acknowledged: HashSet<(UserId, CertificateId)>,
    enrols: HashSet<CertificateId>,
}

impl Resolution {
    /// That of no certificates.
    pub(super) fn empty(organization: OrganizationId) -> Self {
        Self {
            roster: Roster::empty(organization),
            standings: HashMap::new(),
            ends: HashMap::new(),
            admitted: HashSet::new(),
            revoked: HashMap::new(),
            demoted: HashSet::new(),
            removals: HashMap::new(),
            acknowledged: HashSet::new(),
            enrols: HashSet::new(),
        }
    }

    /// Takes in a certificate whose parents are all heads of this set and that its own past allows (R4.7):
    /// nothing is concurrent with it, so it counts, and changes the standing of nothing else.
    pub(super) fn take_at_head(&mut self, held: &Held) {
        let standing = match held.body() {
            Body::Unknown { .. } => Standing::Void(Void::UnknownKind),
            _ => Standing::Effective,
        };
        self.take(held, standing);
    }

    /// Whether a certificate at the head would void something that is held already: a removal whose cut
    /// can't name all the ends of a device that forked its chain (R1.8).
    pub(super) fn reaches_back(&self, held: &Held) -> bool {
        let Some(target) = held.body().removal().and_then(|(target, _)| self.roster.user(&target)) else {
            return false;
        };
        let forked = |device: &Device| self.chain_ends(&device.id).count() > limits::ENDS_PER_CUT;
        target.devices.iter().any(forked)
    }

    /// Takes in the next certificate in causal order, with the standing that the rules gave it.
    pub(super) fn take(&mut self, held: &Held, standing: Standing) {
        if standing.is_effective() {
            self.apply(held);
        }
        self.note(held, standing);
    }

    /// What is a fact about the set, whether the certificate counts or not.
    fn note(&mut self, held: &Held, standing: Standing) {
        let certificate = held.certificate.certificate();
        self.standings.insert(held.id(), standing);
        let ends = self.ends.entry(certificate.device).or_default();
        if let Some(before) = certificate.seq.checked_sub(1) {
            ends.remove(&(Reverse(before), certificate.prev));
        }
        ends.insert((Reverse(certificate.seq), held.id()));
        if let Some((target, _)) = held.body().removal() {
            self.removals.insert(held.id(), (held.author, target));
        }
        match held.body() {
            Body::Acknowledge(body) => {
                self.acknowledged.extend(body.removals.iter().map(|removal| (held.author, *removal)));
            }
            Body::Enroll(_) => {
                self.enrols.insert(held.id());
            }
            _ => {}
        }
    }

    fn apply(&mut self, held: &Held) {
        match held.body() {
            Body::Found(body) => self.found(held, body),
            Body::Enroll(body) => self.enroll(held, body),
            Body::AddDevice(body) => self.add_device(held, body),
            Body::SetProfile(body) => match body.cut {
                None => self.promote(held.id(), &body.user),
                Some(_) => self.demote(&body.user),
            },
            Body::Revoke(body) => {
                self.revoked.insert(body.user, held.id());
                if let Some(user) = self.roster.users.get_mut(&body.user) {
                    user.revoked = Some(held.id());
                }
            }
            Body::Setting(body) => {
                self.roster.settings.insert(body.key, body.value.clone());
            }
            Body::Acknowledge(_) | Body::Adopt(_) | Body::Unknown { .. } => {}
        }
    }

    fn found(&mut self, held: &Held, body: &Found) {
        let first = Device { id: body.device, label: body.label, added: held.id(), invitation: None };
        self.roster.founder = Some(body.user);
        self.roster.name = Some(body.organization_name);
        self.insert(User {
            id: body.user,
            profile: Profile::Administrator,
            key: body.user_key,
            enrolled: held.id(),
            enrolled_at: held.certificate.certificate().time,
            enrolled_by: body.user,
            grant: held.id(),
            name: body.name,
            email: body.email,
            devices: vec![first],
            revoked: None,
            invitation: None,
            enrolled_as: Profile::Administrator,
            grants: vec![held.id()],
        });
    }

    fn enroll(&mut self, held: &Held, body: &Enroll) {
        let invitation = Some(body.invitation);
        let first = Device { id: body.device, label: body.label, added: held.id(), invitation };
        // A demotion in effect also holds against a second Enroll of the same person.
        let grants = body.profile == Profile::Administrator && !self.demoted.contains(&body.user);
        if body.kind == Kind::User {
            self.admitted.insert((held.device(), body.invitation));
        }
        self.insert(User {
            id: body.user,
            profile: body.profile,
            key: body.user_key,
            enrolled: held.id(),
            enrolled_at: held.certificate.certificate().time,
            enrolled_by: held.author,
            grant: held.id(),
            name: body.name,
            email: body.email,
            devices: vec![first],
            revoked: self.revoked.get(&body.user).copied(),
            invitation: Some((body.invitation, body.kind)),
            enrolled_as: body.profile,
            grants: grants.then_some(held.id()).into_iter().collect(),
        });
    }

    fn insert(&mut self, mut user: User) {
        user.settle();
        self.roster.owners.extend(user.devices.iter().map(|device| (device.id, user.id)));
        self.roster.users.insert(user.id, user);
    }

    fn add_device(&mut self, held: &Held, body: &AddDevice) {
        let Some(user) = self.roster.users.get_mut(&held.author) else { return };
        self.roster.owners.insert(body.device, user.id);
        let invitation = Some(body.invitation);
        user.devices.push(Device { id: body.device, label: body.label, added: held.id(), invitation });
    }

    fn promote(&mut self, grant: CertificateId, user: &UserId) {
        if let Some(user) = self.roster.users.get_mut(user) {
            user.grants.push(grant);
            user.settle();
        }
    }

    /// Takes away all grants so far: what comes after in causal order and is concurrent is void by a
    /// rule of its own.
    fn demote(&mut self, user: &UserId) {
        self.demoted.insert(*user);
        if let Some(user) = self.roster.users.get_mut(user) {
            user.grants.clear();
            user.settle();
        }
    }
}

/// Questions.
impl Resolution {
    /// What became of this certificate; none where it isn't in the set.
    pub(super) fn standing(&self, id: &CertificateId) -> Option<&Standing> {
        self.standings.get(id)
    }

    /// Whether it is in the set and counts.
    pub(super) fn counts(&self, id: &CertificateId) -> bool {
        self.standing(id).is_some_and(Standing::is_effective)
    }

    /// The ends of this device's chain, with their places on it, the longest first.
    pub(super) fn chain_ends(&self, device: &DeviceId) -> impl Iterator<Item = (u64, CertificateId)> {
        self.ends.get(device).into_iter().flatten().map(|(seq, id)| (seq.0, *id))
    }

    /// The cut that a removal of this user has to have (R1.8).
    pub(super) fn cut(&self, user: &UserId) -> Cut {
        let mut ends = Vec::new();
        for device in self.roster.user(user).iter().flat_map(|user| &user.devices) {
            let named = self.chain_ends(&device.id).take(limits::ENDS_PER_CUT);
            ends.extend(named.map(|(_, end)| ChainEnd { device: device.id, end }));
        }
        ends.sort_unstable();
        Cut(ends)
    }

    /// Whether this invitation of this device admitted its guest.
    pub(super) fn admitted(&self, host: DeviceId, invitation: InvitationId) -> bool {
        self.admitted.contains(&(host, invitation))
    }

    /// Whether a Revoke of this user is in effect, even where they aren't in.
    pub(super) fn is_revoked(&self, user: &UserId) -> bool {
        self.revoked.contains_key(user)
    }

    /// Author and target of a removal in the set.
    pub(super) fn removal(&self, id: &CertificateId) -> Option<(UserId, UserId)> {
        self.removals.get(id).copied()
    }

    /// Whether this user acknowledged that removal.
    pub(super) fn acknowledged(&self, user: UserId, removal: CertificateId) -> bool {
        self.acknowledged.contains(&(user, removal))
    }

    /// Whether it is an Enroll in the set that counts nothing.
    pub(super) fn is_void_enroll(&self, id: &CertificateId) -> bool {
        self.enrols.contains(id) && !self.counts(id)
    }
}
