//! What is held, as a graph: every certificate with what its own past says of it, which is for ever, and lists of who
//! did what. No standing is in here: what counts is a `State` over a part of the graph.
//!
//! Certificates are numbered as they arrive, so that ancestors have the smaller numbers and every walk is a loop.
//! What is compared, sorted or shown never depends on these numbers. How one is taken in, and the last one
//! taken back, is in `intake`.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, RangeBounds};

use hashbrown::HashMap;
use smallvec::SmallVec;

use super::act::Act;
use super::body::Body;
use super::certificate::{Certificate, VERSION, VerifiedCertificate};
use super::held::{Node, Prize};
use super::lineage::{Ix, Lineage};
use super::lists::{Bodies, List, Lists};
use super::numbers::{Key, Numbers};
use super::people::{DeviceIx, Devices, Few, People, Person, UserIx};
use super::reconcile::Place;
use crate::core::primitives::ids::{CertificateId, DeviceId, InvitationId, OrganizationId, UserId};

/// A host's device, and an invitation of its.
pub(super) type Spent = (DeviceIx, InvitationId);

impl Key for Spent {
    type Part = (DeviceIx, u128);

    /// All of it: who invites chooses the invitation's id.
    fn part(&self) -> Self::Part {
        (self.0, u128::from_le_bytes(self.1.0))
    }
}

#[derive(Debug, Clone)]
pub(super) struct Graph {
    pub(super) organization: OrganizationId,
    pub(super) nodes: Vec<Node>,
    pub(super) bodies: Bodies,
    pub(super) lists: Lists,
    /// In causal order.
    pub(super) order: Vec<Ix>,
    pub(super) people: People,
    pub(super) devices: Devices,
    /// Who falls with whom: what each lets in, and what is done under it.
    pub(super) dependents: HashMap<Ix, Vec<Ix>>,
    pub(super) removals: Vec<Ix>,
    pub(super) enrolments: Vec<Ix>,
    pub(super) settings: Vec<Ix>,
    pub(super) adopts: Vec<Ix>,
    /// Whom any certificate makes an Administrator, counting or not.
    pub(super) administrators: BTreeSet<UserIx>,
    /// The certificates that acknowledge a removal.
    pub(super) acknowledgements: HashMap<Ix, Vec<Ix>>,
    /// What more certificates compete for than can have it.
    pub(super) contested: BTreeSet<Prize>,
    /// By host's device and invitation of kind User: the first Enroll upon it, and those that came later.
    pub(super) spent: Numbers,
    pub(super) spent_again: BTreeMap<Spent, Vec<Ix>>,
    pub(super) index: Numbers,
    /// Along each device's own chain, and along the grants that were acted under.
    pub(super) chains: Lineage,
    pub(super) grants: Lineage,
}

impl Graph {
    pub(super) fn new(organization: OrganizationId) -> Self {
        Self {
            organization,
            nodes: Vec::new(),
            bodies: Bodies::default(),
            lists: Lists::default(),
            order: Vec::new(),
            people: People::default(),
            devices: Devices::default(),
            dependents: HashMap::new(),
            removals: Vec::new(),
            enrolments: Vec::new(),
            settings: Vec::new(),
            adopts: Vec::new(),
            administrators: BTreeSet::new(),
            acknowledgements: HashMap::new(),
            contested: BTreeSet::new(),
            spent: Numbers::default(),
            spent_again: BTreeMap::new(),
            index: Numbers::default(),
            chains: Lineage::default(),
            grants: Lineage::default(),
        }
    }
}

/// One certificate.
impl Graph {
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn ix(&self, id: &CertificateId) -> Option<Ix> {
        self.index.find(id, |ix| self.id(ix))
    }

    /// The numbers of those of them that are held.
    pub(super) fn all(&self, ids: &[CertificateId]) -> SmallVec<[Ix; 16]> {
        ids.iter().filter_map(|id| self.ix(id)).collect()
    }

    pub(super) fn node(&self, ix: Ix) -> &Node {
        &self.nodes[ix as usize]
    }

    pub(super) fn id(&self, ix: Ix) -> CertificateId {
        self.node(ix).id
    }

    pub(super) fn author(&self, ix: Ix) -> UserIx {
        self.node(ix).author
    }

    pub(super) fn parents(&self, ix: Ix) -> &[Ix] {
        self.lists.get(ix, List::Parents)
    }

    /// The certificates that its body names.
    pub(super) fn names(&self, ix: Ix) -> &[Ix] {
        self.lists.get(ix, List::Names)
    }

    /// The removals that an Acknowledge is about.
    pub(super) fn acknowledges(&self, ix: Ix) -> &[Ix] {
        if self.node(ix).act == Act::Acknowledge { self.names(ix) } else { &[] }
    }

    pub(super) fn witnesses(&self, ix: Ix) -> &[UserIx] {
        self.lists.get(ix, List::Witnesses)
    }

    pub(super) fn builds_on(&self, ix: Ix) -> &[Ix] {
        self.lists.get(ix, List::BuildsOn)
    }

    /// Of a promotion: the removals of its target that its author had seen; of a removal: the promotions.
    pub(super) fn after(&self, ix: Ix) -> &[Ix] {
        self.lists.get(ix, List::After)
    }

    /// The one before on its device's chain.
    pub(super) fn prev(&self, ix: Ix) -> Option<Ix> {
        self.chains.above(ix)
    }

    /// The grant acted under, where the act needs an Administrator.
    pub(super) fn grant(&self, ix: Ix) -> Option<Ix> {
        self.grants.above(ix).filter(|_| self.node(ix).act.needs_administrator())
    }

    /// What it says, read again.
    pub(super) fn body(&self, ix: Ix) -> Body {
        let node = self.node(ix);
        Body::read_again(node.kind, self.bodies.get(ix))
    }

    /// The certificate as it came.
    pub(super) fn certificate(&self, ix: Ix) -> VerifiedCertificate {
        let node = self.node(ix);
        let id_of = |at: Option<Ix>| at.map_or(CertificateId::NONE, |at| self.id(at));
        let founds = node.act == Act::Found;
        let certificate = Certificate {
            version: VERSION,
            organization: if founds { OrganizationId::NONE } else { self.organization },
            device: self.devices.get(node.device),
            seq: u64::from(node.seq),
            prev: id_of(self.prev(ix)),
            auth: id_of(self.grants.above(ix)),
            parents: self.parents(ix).iter().map(|parent| self.id(*parent)).collect(),
            generation: u64::from(node.generation),
            time: node.time,
            kind: node.kind,
            body: self.bodies.get(ix).to_vec(),
        };
        VerifiedCertificate::held(certificate, node.signature, node.id)
    }
}

/// Users and devices.
impl Graph {
    pub(super) fn user(&self, id: &UserId) -> Option<UserIx> {
        self.people.find(id)
    }

    pub(super) fn person(&self, user: UserIx) -> &Person {
        self.people.get(user)
    }

    /// Who signed the founding certificate, which is the first to arrive.
    pub(super) fn founder(&self) -> UserIx {
        0
    }

    /// What let this device in, whether or not it counts.
    pub(super) fn introductions(&self, device: &DeviceId) -> impl Iterator<Item = Ix> {
        self.devices.find(device).into_iter().flat_map(|device| self.devices.introductions(device))
    }

    /// The user that comes in, or gets a device, by a Found, Enroll or AddDevice.
    pub(super) fn owner(&self, introduction: Ix) -> UserIx {
        let node = self.node(introduction);
        node.target().unwrap_or(node.author)
    }
}

/// Questions about what is held.
impl Graph {
    /// What this certificate competes for.
    pub(super) fn prizes(&self, ix: Ix) -> SmallVec<[Prize; 2]> {
        self.prizes_in(ix, &self.body(ix))
    }

    /// Whether it competes for something that more do than can have it.
    pub(super) fn is_contested(&self, ix: Ix) -> bool {
        !self.contested.is_empty() && self.prizes(ix).iter().any(|prize| self.contested.contains(prize))
    }

    pub(super) fn competitors(&self, prize: &Prize) -> Few {
        match prize {
            Prize::Device(device) => self.devices.introductions(*device).collect(),
            Prize::Devices(user) => self.person(*user).deeds().additions.as_slice().into(),
            Prize::Invitation(host, invitation) => {
                let key = (*host, *invitation);
                let later = self.spent_again.get(&key).into_iter().flatten();
                self.first_spent(&key).into_iter().chain(later.copied()).collect()
            }
        }
    }

    pub(super) fn first_spent(&self, key: &Spent) -> Option<Ix> {
        self.spent.find(key, |enrol| self.spends(enrol))
    }

    /// The host's device of an Enroll, and the invitation.
    pub(super) fn spends(&self, enrol: Ix) -> Spent {
        let invitation = match self.body(enrol) {
            Body::Enroll(body) => body.invitation,
            _ => InvitationId([0; 16]),
        };
        (self.node(enrol).device, invitation)
    }

    pub(super) fn acknowledgements(&self, removal: Ix) -> &[Ix] {
        self.acknowledgements.get(&removal).map(Vec::as_slice).unwrap_or_default()
    }

    /// The certificates by which witnesses of an Enroll built on it.
    pub(super) fn built(&self, enrol: Ix) -> impl Iterator<Item = Ix> {
        let user = self.owner(enrol);
        let only = self.people.is_enrolled_once(user);
        let of_the_user = self.people.built(user).iter().copied();
        of_the_user.filter(move |by| only || self.builds_on(*by).contains(&enrol))
    }

    pub(super) fn dependents(&self, pillar: Ix) -> &[Ix] {
        self.dependents.get(&pillar).map(Vec::as_slice).unwrap_or_default()
    }

    /// In causal order.
    pub(super) fn sorted(&self, list: &[Ix]) -> Vec<Ix> {
        let mut sorted = list.to_vec();
        sorted.sort_unstable_by_key(|ix| self.node(*ix).place());
        sorted
    }

    /// What lies within a range of places, in causal order.
    pub(super) fn within(&self, range: impl RangeBounds<Place>) -> &[Ix] {
        let before = |edge: Bound<&Place>, its_own: bool| match edge {
            Bound::Unbounded => None,
            Bound::Included(edge) => Some(self.up_to(edge, !its_own)),
            Bound::Excluded(edge) => Some(self.up_to(edge, its_own)),
        };
        let from = before(range.start_bound(), true).unwrap_or(0);
        let until = before(range.end_bound(), false).unwrap_or(self.order.len());
        &self.order[from.min(until)..until]
    }

    /// How many come before this place; with it, if it is asked for.
    fn up_to(&self, place: &Place, with_it: bool) -> usize {
        self.order.partition_point(|ix| match self.node(*ix).place().cmp(place) {
            Ordering::Less => true,
            Ordering::Equal => with_it,
            Ordering::Greater => false,
        })
    }

    /// Whether this lies within a removal's cut (R1.7): at one of the ends it names, or before one on its chain.
    pub(super) fn is_within(&self, removal: Ix, ix: Ix) -> bool {
        let device = self.node(ix).device;
        let leads = |end: &Ix| self.node(*end).device == device && self.chains.leads(ix, *end);
        self.names(removal).iter().any(leads)
    }

    /// Pairs at one place of one chain.
    pub(super) fn forks(&self) -> impl Iterator<Item = (Ix, Ix)> {
        let mut seen: HashMap<(DeviceIx, u32), Ix> = HashMap::new();
        self.order.iter().filter_map(move |ix| {
            let node = self.node(*ix);
            let other = *seen.entry((node.device, node.seq)).or_insert(*ix);
            (other != *ix).then_some((other, *ix))
        })
    }

    /// These and all their ancestors, by their numbers.
    pub(super) fn closure(&self, of: &[Ix]) -> Vec<bool> {
        let mut closure = vec![false; self.len()];
        of.iter().for_each(|ix| closure[*ix as usize] = true);
        for ix in (0..self.next()).rev().filter(|_| !of.is_empty()) {
            if closure[ix as usize] {
                self.parents(ix).iter().for_each(|parent| closure[*parent as usize] = true);
            }
        }
        closure
    }

    /// The number of the next certificate: all that are held have smaller ones.
    pub(super) fn next(&self) -> Ix {
        Ix::try_from(self.nodes.len()).unwrap_or(Ix::MAX)
    }

    pub(super) fn grants(&self) -> &Lineage {
        &self.grants
    }

    /// Who comes first of two on one author's chains: a device's certificates after what let the device in, each
    /// chain by its own numbers; the id only separates forks.
    pub(super) fn by_chain(&self, one: Ix, other: Ix) -> Ordering {
        let place = |ix: Ix| self.place_among_own(ix);
        place(one).cmp(&place(other)).then_with(|| self.id(one).cmp(&self.id(other)))
    }

    fn place_among_own(&self, ix: Ix) -> SmallVec<[u32; 4]> {
        let mut place = SmallVec::from_slice(&[self.node(ix).seq]);
        let mut introduction = self.node(ix).introduction();
        while let Some(at) = introduction.filter(|at| self.node(*at).act == Act::AddDevice) {
            place.push(self.node(at).seq);
            introduction = self.node(at).introduction();
        }
        place.reverse();
        place
    }
}
