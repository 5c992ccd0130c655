//! The resolved roster (R5): what the certificates add up to, as it is read. Nothing of it is kept: an entry is drawn up
//! from the standings and the certificates that it rests on, in a microsecond, when somebody asks.

use super::body::{Body, Found, setting};
use super::graph::Graph;
use super::lineage::Ix;
use super::people::UserIx;
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

/// Who is in, with which profile and which devices: read off what is held, when it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Roster<'a> {
    graph: &'a Graph,
    state: &'a State,
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

impl<'a> Roster<'a> {
    pub(super) fn new(graph: &'a Graph, state: &'a State) -> Self {
        Self { graph, state }
    }

    /// Of which organization.
    #[must_use]
    pub fn organization(&self) -> OrganizationId {
        self.graph.organization
    }

    /// Who founded it; none before the founding certificate is held.
    #[must_use]
    pub fn founder(&self) -> Option<UserId> {
        self.found().map(|found| found.user)
    }

    /// Seal of the organization's name.
    #[must_use]
    pub fn organization_name(&self) -> Option<Seal> {
        self.found().map(|found| found.organization_name)
    }

    fn found(&self) -> Option<Found> {
        match self.state.counts(0).then(|| self.graph.body(0))? {
            Body::Found(found) => Some(found),
            _ => None,
        }
    }

    /// Everybody, revoked or not, in the order of their ids.
    pub fn users(&self) -> impl Iterator<Item = User> + use<'a> {
        let roster = *self;
        roster.sorted(roster.graph.people.everybody()).into_iter().filter_map(move |user| roster.entry(user))
    }

    /// How many are active.
    #[must_use]
    pub fn count_active(&self) -> usize {
        self.graph.people.everybody().filter(|user| self.state.is_active(self.graph, *user)).count()
    }

    /// The devices of everybody active, in the order of their users' ids.
    pub fn active_devices(&self) -> impl Iterator<Item = DeviceId> + use<'a> {
        let roster = *self;
        let active = self.graph.people.everybody().filter(|user| self.state.is_active(self.graph, *user));
        let introductions =
            self.sorted(active).into_iter().flat_map(move |user| roster.state.devices(roster.graph, user));
        introductions.filter_map(move |introduction| roster.graph.body(introduction).lets_in())
    }

    fn sorted(&self, users: impl Iterator<Item = UserIx>) -> Vec<UserIx> {
        let mut sorted: Vec<UserIx> = users.collect();
        sorted.sort_unstable_by_key(|user| self.graph.person(*user).id);
        sorted
    }

    /// One user.
    #[must_use]
    pub fn user(&self, id: &UserId) -> Option<User> {
        self.entry(self.graph.user(id)?)
    }

    /// The user whose device this is.
    #[must_use]
    pub fn user_of(&self, device: &DeviceId) -> Option<User> {
        self.entry(self.owner(device)?)
    }

    /// Whether it is a device of somebody active.
    #[must_use]
    pub fn is_active(&self, device: &DeviceId) -> bool {
        self.owner(device).is_some_and(|user| self.state.is_active(self.graph, user))
    }

    fn owner(&self, device: &DeviceId) -> Option<UserIx> {
        self.state.introduction(self.graph, device).map(|introduction| self.graph.owner(introduction))
    }

    /// One device.
    #[must_use]
    pub fn device(&self, id: &DeviceId) -> Option<Device> {
        self.user_of(id)?.devices.into_iter().find(|device| device.id == *id)
    }

    /// Everybody active with profile Administrator, in the order of their ids.
    pub fn active_administrators(&self) -> impl Iterator<Item = User> + use<'a> {
        let roster = *self;
        let administrators = self.sorted(self.graph.administrators.iter().copied()).into_iter();
        let active = administrators.filter(move |it| roster.state.is_active_administrator(roster.graph, *it));
        active.filter_map(move |user| roster.entry(user))
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
        self.setting(key).and_then(|value| codec::decode(&value).ok()).unwrap_or_default()
    }

    /// Of the settings of one key, the last in causal order that counts (R4.9).
    fn setting(&self, key: u16) -> Option<Vec<u8>> {
        let counting: Vec<Ix> =
            self.graph.settings.iter().copied().filter(|ix| self.state.counts(*ix)).collect();
        self.graph.sorted(&counting).into_iter().rev().find_map(|ix| match self.graph.body(ix) {
            Body::Setting(body) if body.key == key => Some(body.value),
            _ => None,
        })
    }

    /// The seal in this roster that `opening` opens, if there is one (R3.4).
    #[must_use]
    pub fn opened_by(&self, opening: &Opening) -> Option<Seal> {
        let user = self.user(&opening.user)?;
        let founds = self.founder() == Some(user.id);
        let seals = match opening.field {
            Field::OrganizationName => self.organization_name().filter(|_| founds).into_iter().collect(),
            Field::Name => vec![user.name],
            Field::Email => vec![user.email],
            Field::Label => user.devices.iter().map(|device| device.label).collect(),
        };
        // What stands in Found was sealed before the organization had an id.
        let organizations = [Some(self.organization()), founds.then_some(OrganizationId::NONE)];
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
        rights::may_administer(self.user(author).as_ref().map(User::rights))
    }

    /// Whether `author` may revoke `target` (R2.7).
    ///
    /// # Errors
    /// Why not.
    pub fn may_revoke(&self, author: &UserId, target: &UserId) -> Result<(), Refused> {
        self.may_administer(author)?;
        rights::may_change(author, self.user(target).as_ref().map(User::rights)).map(|_| ())
    }

    /// Whether `author` may give `target` that profile (R2.6).
    ///
    /// # Errors
    /// Why not.
    pub fn may_set_profile(&self, author: &UserId, target: &UserId, profile: Profile) -> Result<(), Refused> {
        self.may_administer(author)?;
        rights::may_set_profile(author, self.user(target).as_ref().map(User::rights), profile).map(|_| ())
    }
}

/// How an entry is drawn up.
impl Roster<'_> {
    fn entry(&self, user: UserIx) -> Option<User> {
        let (graph, state) = (self.graph, self.state);
        let enrolment = state.enrolment(graph, user)?;
        let node = graph.node(enrolment);
        let (key, name, email, invitation) = match graph.body(enrolment) {
            Body::Found(body) => (body.user_key, body.name, body.email, None),
            Body::Enroll(body) => (body.user_key, body.name, body.email, Some((body.invitation, body.kind))),
            _ => return None,
        };
        let devices = state.devices(graph, user).into_iter().filter_map(|ix| device(graph, ix)).collect();
        Some(User {
            id: graph.person(user).id,
            profile: state.profile(graph, user)?,
            key,
            enrolled: node.id,
            enrolled_at: node.time,
            enrolled_by: graph.person(node.author).id,
            grant: graph.id(state.acts_under(graph, user)?),
            name,
            email,
            devices,
            revoked: state.revoked.get(&user).map(|revoke| graph.id(*revoke)),
            invitation,
        })
    }
}

/// Equal where they say the same to whoever reads them.
impl PartialEq for Roster<'_> {
    fn eq(&self, other: &Self) -> bool {
        let settings = [setting::RENDEZVOUS_POINTS, setting::RELAYS];
        self.organization() == other.organization()
            && self.found() == other.found()
            && settings.into_iter().all(|key| self.setting(key) == other.setting(key))
            && self.users().eq(other.users())
    }
}

impl Eq for Roster<'_> {}

fn device(graph: &Graph, introduction: Ix) -> Option<Device> {
    let (id, label, invitation) = match graph.body(introduction) {
        Body::Found(body) => (body.device, body.label, None),
        Body::Enroll(body) => (body.device, body.label, Some(body.invitation)),
        Body::AddDevice(body) => (body.device, body.label, Some(body.invitation)),
        _ => return None,
    };
    Some(Device { id, label, added: graph.id(introduction), invitation })
}
