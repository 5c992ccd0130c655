//! The history: all certificates that are held, as a graph, and the roster they add up to.
//!
//! Nothing that its own past allows is ever left out or taken away: what counts nothing today can count
//! tomorrow. All walks are loops: a chain of a hundred thousand certificates is walked like one of ten.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::certificate::VerifiedCertificate;
use super::graph::Graph;
use super::held::Facts;
use super::lineage::Ix;
use super::merge::{self, Dispute, Pins};
use super::refused::{Refused, Standing};
use super::resolved::Roster;
use super::standings::{self, Restanding};
use super::state::State;
use super::verdict::{self, Past};
use crate::core::primitives::ids::{CertificateId, OrganizationId, UserId};

/// As many resolved pasts are kept beside what is live: who acts without knowing everything mostly goes on where they
/// were, so that the next of theirs costs its own size.
const BRANCHES: usize = 4;

/// Up to so many certificates, debug builds resolve everything again after each; above, now and then.
const CHECKED_EACH_TIME: usize = 200;

/// A causally closed set of certificates of one organization.
#[derive(Debug, Clone)]
pub struct History {
    pub(super) graph: Graph,
    /// All that is held, resolved.
    pub(super) live: State,
    roster: Roster,
    /// The setting in force under each key.
    settings: BTreeMap<u16, Ix>,
    branches: Vec<State>,
    pins: Pins,
    /// Of what is pinned, what holds by all that is held.
    kept: BTreeSet<CertificateId>,
    pub(super) restanding: Restanding,
    gone_through: u64,
}

/// What adding a certificate came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is held from here on.
    New(CertificateId),
    /// It was held already.
    Known,
}

/// Why a certificate isn't held.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAdded {
    /// These of its parents aren't held: it can be added once they are.
    #[error("{} of its parents are missing", .0.len())]
    MissingParents(Vec<CertificateId>),
    /// Its own past forbids it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It would undo what this device has seen for itself: set aside, and shown to Administrators.
    #[error("it would undo what this device has seen settled")]
    Disputed(Box<Dispute>),
}

impl History {
    /// The history of which nothing is held.
    #[must_use]
    pub fn new(organization: OrganizationId) -> Self {
        Self {
            graph: Graph::new(organization),
            live: State::default(),
            roster: Roster::empty(organization),
            settings: BTreeMap::new(),
            branches: Vec::new(),
            pins: Pins::default(),
            kept: BTreeSet::new(),
            restanding: Restanding::default(),
            gone_through: 0,
        }
    }

    /// Of which organization.
    #[must_use]
    pub fn organization(&self) -> OrganizationId {
        self.graph.organization
    }

    /// Holds a certificate, if its own past allows it.
    ///
    /// # Errors
    /// Why it isn't held.
    pub fn add(&mut self, certificate: VerifiedCertificate) -> Result<Added, NotAdded> {
        let id = certificate.id();
        if self.contains(&id) {
            return Ok(Added::Known);
        }
        let parents = &certificate.certificate().parents;
        let missing: Vec<_> = parents.iter().filter(|parent| !self.contains(parent)).copied().collect();
        if !missing.is_empty() {
            return Err(NotAdded::MissingParents(missing));
        }
        let (facts, branch) = self.judge_and_branch(&certificate)?;
        let ix = self.graph.push(certificate, facts);
        branch.into_iter().for_each(|branch| self.go_on(branch, ix));
        self.bring_up_to_date(ix)?;
        Ok(Added::New(id))
    }

    /// Brings all that is live up to date with the last certificate.
    fn bring_up_to_date(&mut self, ix: Ix) -> Result<(), NotAdded> {
        let near = standings::near(&self.graph, ix);
        let before: Vec<_> = near.iter().map(|it| standings::seen(&self.graph, &self.live, *it)).collect();
        if merge::take_in(&self.graph, &mut self.live, ix) {
            self.refresh(&[ix]);
            self.note_restanding(&near, &before);
            let often = self.len() <= CHECKED_EACH_TIME || self.len().is_multiple_of(1024);
            debug_assert!(!often || self.is_consistent(), "the live state is the one resolved from nothing");
            return Ok(());
        }
        self.goes_through_all();
        let resolved = merge::resolve(&self.graph, vec![true; self.graph.len()]);
        if let Some(dispute) = self.pins.dispute(&self.graph, &self.kept, &resolved, ix) {
            return Err(self.set_aside(dispute));
        }
        let changed = changed(&self.live, &resolved, ix);
        let all: Vec<Ix> = (0..ix).filter(|it| !near.contains(it)).collect();
        let seen = all.iter().map(|it| standings::seen(&self.graph, &self.live, *it)).collect::<Vec<_>>();
        self.live = resolved;
        self.note_restanding(&near, &before);
        self.note_restanding(&all, &seen);
        self.kept = self.pins.kept(&self.graph, &self.live);
        self.refresh(&changed);
        Ok(())
    }

    /// Notes which of these stand otherwise than before.
    fn note_restanding(&mut self, these: &[Ix], before: &[standings::Seen]) {
        for (ix, before) in these.iter().zip(before) {
            if standings::seen(&self.graph, &self.live, *ix) != *before {
                self.restanding.note(self.graph.id(*ix));
            }
        }
    }

    fn set_aside(&mut self, dispute: Dispute) -> NotAdded {
        self.graph.pop();
        self.branches.clear();
        self.goes_through_all();
        self.live = merge::resolve(&self.graph, vec![true; self.graph.len()]);
        NotAdded::Disputed(Box::new(dispute))
    }

    /// Draws up what people read again, where these bear on it.
    fn refresh(&mut self, changed: &[Ix]) {
        let (graph, live) = (&self.graph, &self.live);
        let users: BTreeSet<_> = changed.iter().filter_map(|ix| graph.changes(*ix)).collect();
        users.into_iter().for_each(|user| self.roster.refresh(graph, live, user));
        match changed {
            [only] if live.counts(*only) => {
                let Some(key) = graph.setting(*only) else { return };
                let before = self.settings.get(&key).map(|ix| graph.node(*ix).place());
                if before < Some(graph.node(*only).place()) {
                    self.settings.insert(key, *only);
                }
            }
            _ if changed.iter().any(|ix| graph.setting(*ix).is_some()) => {
                self.settings = in_force(graph, live)
            }
            _ => return,
        }
        self.roster.set(graph, &self.settings);
    }

    /// The verdict in its own past, all of which is held.
    pub(super) fn judge(&self, certificate: &VerifiedCertificate) -> Result<Facts, Refused> {
        self.its_generation_is_right(certificate)?;
        let past = self.past(&certificate.certificate().parents)?;
        verdict::judge(certificate, Past { graph: &self.graph, state: &past })
    }

    /// The verdict, and the past it was given by, where that isn't all that is held.
    fn judge_and_branch(
        &mut self,
        certificate: &VerifiedCertificate,
    ) -> Result<(Facts, Option<State>), Refused> {
        self.its_generation_is_right(certificate)?;
        let parents = &certificate.certificate().parents;
        if self.at_hand(parents).is_none() {
            self.goes_through_all();
        }
        let (facts, computed) = {
            let past = self.past(parents)?;
            let facts = verdict::judge(certificate, Past { graph: &self.graph, state: &past })?;
            (facts, if let Cow::Owned(state) = past { Some(state) } else { None })
        };
        let at = self.branches.iter().position(|branch| branch.heads.iter().eq(parents));
        Ok((facts, computed.or_else(|| at.map(|at| self.branches.remove(at)))))
    }

    fn its_generation_is_right(&self, certificate: &VerifiedCertificate) -> Result<(), Refused> {
        let it = certificate.certificate();
        let highest = it.parents.iter().filter_map(|parent| self.generation_of(parent)).max();
        match highest.is_none_or(|highest| highest.checked_add(1) == Some(it.generation)) {
            true => Ok(()),
            false => Err(Refused::WrongGeneration),
        }
    }

    /// Follows a certificate on the branch that it stands on.
    fn go_on(&mut self, mut branch: State, ix: Ix) {
        if !merge::take_in(&self.graph, &mut branch, ix) {
            let mut held = branch.held;
            held.resize(self.graph.len(), false);
            held[ix as usize] = true;
            self.goes_through_all();
            branch = merge::resolve(&self.graph, held);
        }
        self.branches.truncate(BRANCHES - 1);
        self.branches.insert(0, branch);
    }

    fn at_hand(&self, parents: &[CertificateId]) -> Option<&State> {
        let mut known = std::iter::once(&self.live).chain(&self.branches);
        known.find(|state| state.heads.iter().eq(parents))
    }

    fn goes_through_all(&mut self) {
        self.gone_through += self.len() as u64;
    }

    /// The closure of these parents, resolved: where they are all heads, that is what is live.
    pub(super) fn past(&self, parents: &[CertificateId]) -> Result<Cow<'_, State>, Refused> {
        if let Some(state) = self.at_hand(parents) {
            return Ok(Cow::Borrowed(state));
        }
        let parents: Vec<Ix> = parents.iter().filter_map(|parent| self.graph.ix(parent)).collect();
        let closure = self.graph.closure(&parents);
        let in_the_closure = self.graph.nodes.iter().zip(&closure).filter(|(_, is_in)| **is_in);
        if in_the_closure.flat_map(|(node, _)| &node.parents).any(|inner| parents.contains(inner)) {
            return Err(Refused::ParentsNotHeads);
        }
        Ok(Cow::Owned(merge::resolve(&self.graph, closure)))
    }
}

/// What stands otherwise in `after`, and the last one.
fn changed(before: &State, after: &State, last: Ix) -> Vec<Ix> {
    let differs =
        |ix: &Ix| before.counts(*ix) != after.counts(*ix) || before.in_effect(*ix) != after.in_effect(*ix);
    (0..last).filter(differs).chain([last]).collect()
}

/// Of the settings of one key, the last in causal order that counts (R4.9).
fn in_force(graph: &Graph, state: &State) -> BTreeMap<u16, Ix> {
    let counting: Vec<Ix> = graph.settings.iter().copied().filter(|ix| state.counts(*ix)).collect();
    let keyed = graph.sorted(&counting).into_iter().filter_map(|ix| Some((graph.setting(ix)?, ix)));
    keyed.collect()
}

/// What is held.
impl History {
    /// One certificate.
    #[must_use]
    pub fn get(&self, id: &CertificateId) -> Option<&VerifiedCertificate> {
        self.graph.ix(id).map(|ix| &self.graph.node(ix).certificate)
    }

    /// The user whose device signed it, as its own past has it.
    #[must_use]
    pub fn author_of(&self, id: &CertificateId) -> Option<UserId> {
        self.graph.ix(id).map(|ix| self.graph.person(self.graph.node(ix).facts.author).id)
    }

    /// Whether it is held.
    #[must_use]
    pub fn contains(&self, id: &CertificateId) -> bool {
        self.graph.ix(id).is_some()
    }

    /// How many are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.graph.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.graph.len() == 0
    }

    /// Those that are nobody's parents, sorted.
    #[must_use]
    pub fn heads(&self) -> Vec<CertificateId> {
        self.live.heads.iter().copied().collect()
    }

    /// The generation of one that is held.
    pub(super) fn generation_of(&self, id: &CertificateId) -> Option<u64> {
        self.get(id).map(|it| it.certificate().generation)
    }

    /// All of them, ancestors first: by generation, then by id.
    pub fn in_causal_order(&self) -> impl DoubleEndedIterator<Item = &VerifiedCertificate> {
        self.graph.order.values().map(|ix| &self.graph.node(*ix).certificate)
    }

    /// How many certificates verdicts and late removals have made this one go through again, beyond what each costs by
    /// itself (R4.13): it grows by all that is held where a past isn't at hand, or all is resolved again.
    #[must_use]
    pub fn gone_through(&self) -> u64 {
        self.gone_through
    }

    /// Who is in, by all that is held.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// What became of a certificate that is held.
    #[must_use]
    pub fn standing(&self, id: &CertificateId) -> Option<Standing> {
        self.graph.ix(id).map(|ix| self.live.standing(&self.graph, ix))
    }

    /// How far a removal that is held is acknowledged.
    #[must_use]
    pub fn acknowledged(&self, removal: &CertificateId) -> Option<Acknowledged> {
        let ix = self.graph.ix(removal)?;
        let settling = self.live.fates.get(&ix)?.settling;
        let named = |user: &u32| self.graph.person(*user).id;
        let node = self.graph.node(ix);
        let did = |user: &&u32| self.live.acknowledged(&self.graph, **user, ix);
        Some(Acknowledged {
            witnesses: node.facts.witnesses.iter().map(named).collect(),
            by: node.facts.witnesses.iter().filter(did).map(named).collect(),
            settled: settling.settled,
        })
    }

    /// Resolves all that is held again, from nothing. The result equals [`History::roster`], or there is a
    /// mistake in this program: it is what `muster roster verify` compares.
    #[must_use]
    pub fn resolved_again(&self) -> Roster {
        let state = merge::resolve(&self.graph, vec![true; self.graph.len()]);
        self.roster_of(&state)
    }

    fn roster_of(&self, state: &State) -> Roster {
        let graph = &self.graph;
        let mut roster = Roster::empty(graph.organization);
        let everybody = 0..u32::try_from(graph.people.len()).unwrap_or(u32::MAX);
        everybody.for_each(|user| roster.refresh(graph, state, user));
        roster.set(graph, &in_force(graph, state));
        roster
    }

    /// Whether resolving all that is held from nothing gives the very same roster and standings.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        let state = merge::resolve(&self.graph, vec![true; self.graph.len()]);
        state == self.live && self.roster_of(&state) == self.roster
    }
}

/// How far a removal is acknowledged, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// Who was asked, the most senior first.
    pub witnesses: Vec<UserId>,
    /// Who did.
    pub by: Vec<UserId>,
    /// Whether it is settled: whatever else arrives, it stands.
    pub settled: bool,
}

/// What this device has seen for itself.
impl History {
    /// What is pinned.
    #[must_use]
    pub fn pins(&self) -> &Pins {
        &self.pins
    }

    /// Pins what was read from the store.
    pub fn set_pins(&mut self, pins: Pins) {
        self.pins = pins;
        self.kept = self.pins.kept(&self.graph, &self.live);
    }

    /// Pins what let this user in, and every removal that is settled and in effect. Gives what is pinned that wasn't
    /// before: it has to be written down.
    pub fn pin(&mut self, user: &UserId) -> Vec<CertificateId> {
        let mut new = Vec::new();
        if self.pins.enrolment.is_none() {
            self.pins.enrolment = self.roster.user(user).map(|user| user.enrolled);
            new.extend(self.pins.enrolment);
        }
        for (removal, fate) in &self.live.fates {
            let id = self.graph.id(*removal);
            if fate.in_effect() && fate.settling.settled && self.pins.settled.insert(id) {
                new.push(id);
            }
        }
        self.kept.extend(&new);
        new
    }
}
