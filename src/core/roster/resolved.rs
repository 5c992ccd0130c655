//! The resolved roster (R5): what the certificates add up to. Plain data, to be read.

use std::collections::BTreeMap;

use super::body::{Body, setting};
use super::graph::Graph;
use super::held::UserIx;
use super::lineage::Ix;
use super::profile::Profile;
use super::refused::Refused;
use super::rights::{self, Rights};
use super::seal::{Field, Opening};
use super::state::State;
use crate::core::primitives::address::Address;
use crate::core::primitives::codec;
use crate::core::primitives::digest::{derive, label};
use crate::core::primitives::ids::{
    CertificateId, DeviceId, InvitationId, OrganizationId, Seal, UserId, UserKey,
};
use crate::core::primitives::kind::Kind;
use crate::core::primitives::time::Moment;

/// Who is in, with which profile and which devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    pub(super) organization: OrganizationId,
    pub(super) founder: Option<UserId>,
    pub(super) name: Option<Seal>,
    pub(super) users: BTreeMap<UserId, User>,
    pub(super) owners: BTreeMap<DeviceId, UserId>,
    pub(super) settings: BTreeMap<u16, Vec<u8>>,
}

/// One person, active or revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Derived from their first device.
    pub id: UserId,
    /// What they may do; of a revoked user, what they might.
    pub profile: Profile,
    /// Their user key.
    pub key: UserKey,
    /// The Enroll or Found by which they are in.
    pub enrolled: CertificateId,
    /// When, by the clock of who enrolled them.
    pub enrolled_at: Moment,
    /// By whom; the founder by themselves.
    pub enrolled_by: UserId,
    /// What they act under: what made them Administrator, or `enrolled`.
    pub grant: CertificateId,
    /// Seal of their name.
    pub name: Seal,
    /// Seal of their email.
    pub email: Seal,
    /// In the order in which they came in: at least one.
    pub devices: Vec<Device>,
    /// The Revoke that is in effect on them.
    pub revoked: Option<CertificateId>,
    /// The invitation they came by; the founder came by none.
    pub invitation: Option<(InvitationId, Kind)>,
}

/// One device of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its key.
    pub id: DeviceId,
    /// Seal of its label.
    pub label: Seal,
    /// The certificate that let it in.
    pub added: CertificateId,
    /// The invitation it came by; the founder's first came by none.
    pub invitation: Option<InvitationId>,
}

impl User {
    /// Whether they are in: not revoked.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.revoked.is_none()
    }

    /// Whether they are in, with that profile.
    #[must_use]
    pub fn is_active_administrator(&self) -> bool {
        self.is_active() && self.profile == Profile::Administrator
    }

    fn rights(&self) -> Rights {
        Rights { id: self.id, profile: self.profile, active: self.is_active() }
    }
}

impl Roster {
    /// The roster before anything is known of it.
    pub(super) fn empty(organization: OrganizationId) -> Self {
        Self {
            organization,
            founder: None,
            name: None,
            users: BTreeMap::new(),
            owners: BTreeMap::new(),
            settings: BTreeMap::new(),
        }
    }

    /// Of which organization.
    #[must_use]
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// Who founded it; none before the founding certificate is held.
    #[must_use]
    pub fn founder(&self) -> Option<UserId> {
        self.founder
    }

    /// Seal of the organization's name.
    #[must_use]
    pub fn organization_name(&self) -> Option<Seal> {
        self.name
    }

    /// Everybody, revoked or not, in the order of their ids.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// One user.
    #[must_use]
    pub fn user(&self, id: &UserId) -> Option<&User> {
        self.users.get(id)
    }

    /// The user whose device this is.
    #[must_use]
    pub fn user_of(&self, device: &DeviceId) -> Option<&User> {
        self.users.get(self.owners.get(device)?)
    }

    /// One device.
    #[must_use]
    pub fn device(&self, id: &DeviceId) -> Option<&Device> {
        self.user_of(id)?.devices.iter().find(|device| device.id == *id)
    }

    /// Everybody active with profile Administrator.
    pub fn active_administrators(&self) -> impl Iterator<Item = &User> {
        self.users().filter(|user| user.is_active_administrator())
    }

    /// The organization's rendezvous points.
    #[must_use]
    pub fn rendezvous_points(&self) -> Vec<Address> {
        self.addresses(setting::RENDEZVOUS_POINTS)
    }

    /// The organization's relays.
    #[must_use]
    pub fn relays(&self) -> Vec<Address> {
        self.addresses(setting::RELAYS)
    }

    /// A value that isn't a list of addresses is none.
    fn addresses(&self, key: u16) -> Vec<Address> {
        self.settings.get(&key).and_then(|value| codec::decode(value).ok()).unwrap_or_default()
    }

    /// The seal in this roster that `opening` opens, if there is one (R3.4).
    #[must_use]
    pub fn opened_by(&self, opening: &Opening) -> Option<Seal> {
        let user = self.user(&opening.user)?;
        let founds = self.founder == Some(user.id);
        let seals = match opening.field {
            Field::OrganizationName => self.name.filter(|_| founds).into_iter().collect(),
            Field::Name => vec![user.name],
            Field::Email => vec![user.email],
            Field::Label => user.devices.iter().map(|device| device.label).collect(),
        };
        // What stands in Found was sealed before the organization had an id.
        let organizations = [Some(self.organization), founds.then_some(OrganizationId::NONE)];
        let opens = |seal: &Seal| {
            organizations.iter().flatten().any(|organization| opening.opens(*organization, seal))
        };
        seals.into_iter().find(opens)
    }

    /// A digest over users, profiles, states and devices (R5.2): equal where the rosters are.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut bytes = Vec::new();
        for user in self.users() {
            bytes.extend_from_slice(&user.id.0);
            bytes.push(user.profile as u8);
            bytes.push(u8::from(!user.is_active()));
            let mut devices: Vec<_> = user.devices.iter().map(|device| device.id).collect();
            devices.sort_unstable();
            bytes.extend_from_slice(&(devices.len() as u64).to_le_bytes());
            devices.iter().for_each(|device| bytes.extend_from_slice(&device.0));
        }
        derive(label::ROSTER, &[&bytes])
    }

    /// Whether `author` may do what takes an Administrator: invite, enrol, change settings (R2.2).
    ///
    /// # Errors
    /// Why not.
    pub fn may_administer(&self, author: &UserId) -> Result<(), Refused> {
        rights::may_administer(self.user(author).map(User::rights))
    }

    /// Whether `author` may revoke `target` (R2.7).
    ///
    /// # Errors
    /// Why not.
    pub fn may_revoke(&self, author: &UserId, target: &UserId) -> Result<(), Refused> {
        self.may_administer(author)?;
        rights::may_change(author, self.user(target).map(User::rights)).map(|_| ())
    }

    /// Whether `author` may give `target` that profile (R2.6).
    ///
    /// # Errors
    /// Why not.
    pub fn may_set_profile(&self, author: &UserId, target: &UserId, profile: Profile) -> Result<(), Refused> {
        self.may_administer(author)?;
        rights::may_set_profile(author, self.user(target).map(User::rights), profile).map(|_| ())
    }
}

/// How it is drawn up.
impl Roster {
    /// Draws up one user's entry again.
    pub(super) fn refresh(&mut self, graph: &Graph, state: &State, user: UserIx) {
        let id = graph.person(user).id;
        for device in self.users.remove(&id).into_iter().flat_map(|user| user.devices) {
            if self.owners.get(&device.id) == Some(&id) {
                self.owners.remove(&device.id);
            }
        }
        let Some(user) = entry(graph, state, user) else { return };
        self.owners.extend(user.devices.iter().map(|device| (device.id, id)));
        if let Body::Found(body) = graph.node(graph.ix(&user.enrolled).unwrap_or_default()).body() {
            self.founder = Some(body.user);
            self.name = Some(body.organization_name);
        }
        self.users.insert(id, user);
    }

    /// Takes over the settings in force.
    pub(super) fn set(&mut self, graph: &Graph, in_force: &BTreeMap<u16, Ix>) {
        if in_force.is_empty() && self.settings.is_empty() {
            return;
        }
        let values = in_force.values().filter_map(|ix| match graph.node(*ix).body() {
            Body::Setting(body) => Some((body.key, body.value.clone())),
            _ => None,
        });
        self.settings = values.collect();
    }
}

fn entry(graph: &Graph, state: &State, user: UserIx) -> Option<User> {
    let enrolment = state.enrolment(graph, user)?;
    let node = graph.node(enrolment);
    let (key, name, email, invitation) = match node.body() {
        Body::Found(body) => (body.user_key, body.name, body.email, None),
        Body::Enroll(body) => (body.user_key, body.name, body.email, Some((body.invitation, body.kind))),
        _ => return None,
    };
    let devices = state.devices(graph, user).into_iter().filter_map(|ix| device(graph, ix)).collect();
    Some(User {
        id: graph.person(user).id,
        profile: state.profile(graph, user)?,
        key,
        enrolled: node.id(),
        enrolled_at: node.certificate.certificate().time,
        enrolled_by: graph.person(node.facts.author).id,
        grant: graph.id(state.acts_under(graph, user)?),
        name,
        email,
        devices,
        revoked: state.revoked.get(&user).map(|revoke| graph.id(*revoke)),
        invitation,
    })
}

fn device(graph: &Graph, introduction: Ix) -> Option<Device> {
    let (id, label, invitation) = match graph.node(introduction).body() {
        Body::Found(body) => (body.device, body.label, None),
        Body::Enroll(body) => (body.device, body.label, Some(body.invitation)),
        Body::AddDevice(body) => (body.device, body.label, Some(body.invitation)),
        _ => return None,
    };
    Some(Device { id, label, added: graph.id(introduction), invitation })
}
