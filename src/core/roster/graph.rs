//! What is held, as a graph: every certificate with what its own past says of it, which is for ever, and lists of who
//! did what. No standing is in here: what counts is a `State` over a part of the graph.
//!
//! Certificates are numbered as they arrive, so that ancestors have the smaller numbers and every walk is a loop.
//! What is compared, sorted or shown never depends on these numbers.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::body::Body;
use super::certificate::VerifiedCertificate;
use super::held::{Facts, Node, Prize, UserIx, prizes};
use super::lineage::{Ix, Lineage};
use crate::core::primitives::ids::{CertificateId, DeviceId, OrganizationId, UserId};

/// All that names one user, in the order of arrival.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) id: UserId,
    /// Founds and Enrolls.
    pub(super) enrolments: Vec<Ix>,
    /// Their own AddDevices.
    pub(super) additions: Vec<Ix>,
    pub(super) promotions: Vec<Ix>,
    /// Revokes and demotions of theirs.
    pub(super) removals: Vec<Ix>,
    /// All that their devices signed.
    pub(super) acts: Vec<Ix>,
    /// Removals that they signed.
    pub(super) removing: Vec<Ix>,
}

#[derive(Debug, Clone)]
pub(super) struct Graph {
    pub(super) organization: OrganizationId,
    pub(super) nodes: Vec<Node>,
    /// In causal order (R4.0): by generation, then by id.
    pub(super) order: BTreeMap<(u64, CertificateId), Ix>,
    pub(super) people: Vec<Person>,
    /// Who falls with whom: what each lets in, and what is done under it.
    pub(super) dependents: Vec<Vec<Ix>>,
    pub(super) removals: Vec<Ix>,
    pub(super) enrolments: Vec<Ix>,
    pub(super) settings: Vec<Ix>,
    pub(super) adopts: Vec<Ix>,
    /// Whom any certificate makes an Administrator, counting or not.
    pub(super) administrators: BTreeSet<UserIx>,
    /// Who acknowledged a removal, and by which certificate.
    acknowledgements: HashMap<Ix, Vec<(UserIx, Ix)>>,
    /// Who built on an Enroll that they witness, and by which certificate.
    built: HashMap<Ix, Vec<(UserIx, Ix)>>,
    /// What more certificates compete for than can have it.
    pub(super) contested: BTreeSet<Prize>,
    competitors: BTreeMap<Prize, Vec<Ix>>,
    index: HashMap<CertificateId, Ix>,
    users: HashMap<UserId, UserIx>,
    chains: Lineage,
    grants: Lineage,
}

impl Graph {
    pub(super) fn new(organization: OrganizationId) -> Self {
        Self {
            organization,
            nodes: Vec::new(),
            order: BTreeMap::new(),
            people: Vec::new(),
            dependents: Vec::new(),
            removals: Vec::new(),
            enrolments: Vec::new(),
            settings: Vec::new(),
            adopts: Vec::new(),
            administrators: BTreeSet::new(),
            acknowledgements: HashMap::new(),
            built: HashMap::new(),
            contested: BTreeSet::new(),
            competitors: BTreeMap::new(),
            index: HashMap::new(),
            users: HashMap::new(),
            chains: Lineage::default(),
            grants: Lineage::default(),
        }
    }

    /// Takes in a certificate that was judged. Its parents are held.
    pub(super) fn push(&mut self, certificate: VerifiedCertificate, mut facts: Facts) -> Ix {
        let ix = Ix::try_from(self.nodes.len()).unwrap_or(Ix::MAX);
        let it = certificate.certificate();
        if let Body::Found(body) = certificate.body() {
            facts.author = self.user_or_new(body.user);
        }
        let auth = self.ix(&it.auth);
        let node = Node {
            prev: self.ix(&it.prev),
            grant: auth.filter(|_| certificate.body().needs_administrator()),
            parents: it.parents.iter().filter_map(|parent| self.ix(parent)).collect(),
            target: self.target(certificate.body()),
            cut: self.ends(certificate.body()),
            facts,
            certificate,
        };
        self.chains.push(node.prev);
        self.grants.push(auth);
        self.dependents.push(Vec::new());
        for pillar in [node.facts.introduction, node.grant].into_iter().flatten() {
            self.dependents[pillar as usize].push(ix);
        }
        self.index.insert(node.id(), ix);
        self.order.insert(node.place(), ix);
        self.list(ix, &node);
        self.nodes.push(node);
        ix
    }

    fn target(&mut self, body: &Body) -> Option<UserIx> {
        match body {
            Body::Found(body) => Some(self.user_or_new(body.user)),
            Body::Enroll(body) => Some(self.user_or_new(body.user)),
            Body::SetProfile(body) => Some(self.user_or_new(body.user)),
            Body::Revoke(body) => Some(self.user_or_new(body.user)),
            _ => None,
        }
    }

    fn ends(&self, body: &Body) -> Box<[Ix]> {
        let named = body.removal().into_iter().flat_map(|(_, cut)| &cut.0);
        named.filter_map(|end| self.ix(&end.end)).collect()
    }

    fn list(&mut self, ix: Ix, node: &Node) {
        let author = node.facts.author;
        self.person_mut(author).acts.push(ix);
        for enrol in &node.facts.builds_on {
            self.built.entry(*enrol).or_default().push((author, ix));
        }
        if let (true, Some(target)) = (node.is_removal(), node.target) {
            self.removals.push(ix);
            self.person_mut(author).removing.push(ix);
            self.person_mut(target).removals.push(ix);
        }
        for prize in prizes(node) {
            let competitors = self.competitors.entry(prize).or_default();
            competitors.push(ix);
            if competitors.len() > prize.places() {
                self.contested.insert(prize);
            }
        }
        if let Some(target) = node.target.filter(|_| node.is_grant()) {
            self.administrators.insert(target);
        }
        match (node.body(), node.target) {
            (Body::Found(_) | Body::Enroll(_), Some(target)) => {
                self.enrolments.push(ix);
                self.person_mut(target).enrolments.push(ix);
            }
            (Body::SetProfile(body), Some(target)) if body.cut.is_none() => {
                self.person_mut(target).promotions.push(ix);
            }
            (Body::AddDevice(_), _) => self.person_mut(author).additions.push(ix),
            (Body::Setting(_), _) => self.settings.push(ix),
            (Body::Adopt(_), _) => self.adopts.push(ix),
            (Body::Acknowledge(body), _) => {
                let named: Vec<_> = body.removals.iter().filter_map(|removal| self.ix(removal)).collect();
                for removal in named {
                    self.acknowledgements.entry(removal).or_default().push((author, ix));
                }
            }
            _ => {}
        }
    }

    /// Takes back the last one.
    pub(super) fn pop(&mut self) {
        let Some(node) = self.nodes.pop() else { return };
        let last = Ix::try_from(self.nodes.len()).unwrap_or(Ix::MAX);
        self.chains.pop();
        self.grants.pop();
        self.dependents.pop();
        let drop_last = |list: &mut Vec<Ix>| {
            list.pop_if(|ix| *ix == last);
        };
        for pillar in [node.facts.introduction, node.grant].into_iter().flatten() {
            drop_last(&mut self.dependents[pillar as usize]);
        }
        self.index.remove(&node.id());
        self.order.remove(&node.place());
        for user in [Some(node.facts.author), node.target].into_iter().flatten() {
            let person = self.person_mut(user);
            let Person { enrolments, additions, promotions, removals, acts, removing, .. } = person;
            [enrolments, additions, promotions, removals, acts, removing].into_iter().for_each(drop_last);
        }
        [&mut self.removals, &mut self.enrolments, &mut self.settings, &mut self.adopts]
            .into_iter()
            .for_each(drop_last);
        let drop_pair = |list: &mut Vec<(UserIx, Ix)>| list.retain(|(_, ix)| *ix != last);
        for enrol in &node.facts.builds_on {
            self.built.get_mut(enrol).into_iter().for_each(drop_pair);
        }
        if let Body::Acknowledge(body) = node.body() {
            for removal in body.removals.iter().filter_map(|removal| self.index.get(removal)) {
                self.acknowledgements.get_mut(removal).into_iter().for_each(drop_pair);
            }
        }
        for prize in prizes(&node) {
            self.competitors.get_mut(&prize).into_iter().for_each(drop_last);
            if self.competitors(&prize).len() <= prize.places() {
                self.contested.remove(&prize);
            }
        }
    }

    fn person_mut(&mut self, user: UserIx) -> &mut Person {
        &mut self.people[user as usize]
    }

    fn user_or_new(&mut self, id: UserId) -> UserIx {
        let next = UserIx::try_from(self.people.len()).unwrap_or(UserIx::MAX);
        let user = *self.users.entry(id).or_insert(next);
        if user == next {
            self.people.push(Person {
                id,
                enrolments: Vec::new(),
                additions: Vec::new(),
                promotions: Vec::new(),
                removals: Vec::new(),
                acts: Vec::new(),
                removing: Vec::new(),
            });
        }
        user
    }
}

/// Questions about what is held.
impl Graph {
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn ix(&self, id: &CertificateId) -> Option<Ix> {
        self.index.get(id).copied()
    }

    pub(super) fn node(&self, ix: Ix) -> &Node {
        &self.nodes[ix as usize]
    }

    pub(super) fn id(&self, ix: Ix) -> CertificateId {
        self.node(ix).id()
    }

    pub(super) fn user(&self, id: &UserId) -> Option<UserIx> {
        self.users.get(id).copied()
    }

    pub(super) fn person(&self, user: UserIx) -> &Person {
        &self.people[user as usize]
    }

    /// Who signed the founding certificate, which is the first to arrive.
    pub(super) fn founder(&self) -> UserIx {
        0
    }

    pub(super) fn competitors(&self, prize: &Prize) -> &[Ix] {
        self.competitors.get(prize).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn acknowledgements(&self, removal: Ix) -> &[(UserIx, Ix)] {
        self.acknowledgements.get(&removal).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn built(&self, enrol: Ix) -> &[(UserIx, Ix)] {
        self.built.get(&enrol).map(Vec::as_slice).unwrap_or_default()
    }

    /// What let this device in, whether or not it counts.
    pub(super) fn introductions(&self, device: &DeviceId) -> &[Ix] {
        self.competitors(&Prize::Device(*device))
    }

    /// The user that comes in, or gets a device, by a Found, Enroll or AddDevice.
    pub(super) fn owner(&self, introduction: Ix) -> UserIx {
        let node = self.node(introduction);
        node.target.unwrap_or(node.facts.author)
    }

    /// The user whose entry in the roster this certificate bears on.
    pub(super) fn changes(&self, ix: Ix) -> Option<UserIx> {
        let node = self.node(ix);
        let adds = matches!(node.body(), Body::AddDevice(_));
        node.target.or_else(|| adds.then_some(node.facts.author))
    }

    /// The key of the setting that this certificate is about.
    pub(super) fn setting(&self, ix: Ix) -> Option<u16> {
        match self.node(ix).body() {
            Body::Setting(body) => Some(body.key),
            _ => None,
        }
    }

    /// In causal order.
    pub(super) fn sorted(&self, list: &[Ix]) -> Vec<Ix> {
        let mut sorted = list.to_vec();
        sorted.sort_unstable_by_key(|ix| self.node(*ix).place());
        sorted
    }

    /// Whether this lies within a removal's cut (R1.7): at one of the ends it names, or before one on its chain.
    pub(super) fn is_within(&self, removal: Ix, ix: Ix) -> bool {
        let device = self.node(ix).device();
        let leads = |end: &Ix| self.node(*end).device() == device && self.chains.leads(ix, *end);
        self.node(removal).cut.iter().any(leads)
    }

    /// Pairs at one place of one chain.
    pub(super) fn forks(&self) -> impl Iterator<Item = (Ix, Ix)> {
        let mut seen: HashMap<(DeviceId, u64), Ix> = HashMap::new();
        self.order.values().filter_map(move |ix| {
            let it = self.node(*ix).certificate.certificate();
            let other = *seen.entry((it.device, it.seq)).or_insert(*ix);
            (other != *ix).then_some((other, *ix))
        })
    }

    /// These and all their ancestors, by their numbers.
    pub(super) fn closure(&self, of: &[Ix]) -> Vec<bool> {
        let mut closure = vec![false; self.len()];
        of.iter().for_each(|ix| closure[*ix as usize] = true);
        for ix in (0..self.len()).rev().filter(|_| !of.is_empty()) {
            if closure[ix] {
                self.nodes[ix].parents.iter().for_each(|parent| closure[*parent as usize] = true);
            }
        }
        closure
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

    fn place_among_own(&self, ix: Ix) -> Vec<u64> {
        let mut place = vec![self.node(ix).certificate.certificate().seq];
        let mut introduction = self.node(ix).facts.introduction;
        while let Some(at) = introduction.filter(|at| matches!(self.node(*at).body(), Body::AddDevice(_))) {
            place.push(self.node(at).certificate.certificate().seq);
            introduction = self.node(at).facts.introduction;
        }
        place.reverse();
        place
    }
}
