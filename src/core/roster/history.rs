//! The history: all certificates that are held, as a graph, and the roster they add up to.
//!
//! Nothing that its own past allows is ever left out or taken away: what counts nothing today can count
//! tomorrow. All walks are loops: a chain of a hundred thousand certificates is walked like one of ten.

use std::borrow::Cow;
use std::collections::BTreeSet;

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
use crate::core::primitives::ids::{CertificateId, DeviceId, OrganizationId, UserId};

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
            branches: Vec::new(),
            pins: Pins::default(),
            kept: BTreeSet::new(),
            restanding: Restanding::default(),
            gone_through: 0,
        }
    }

    /// Makes room for so many certificates, where it is known how many come.
    pub fn reserve(&mut self, more: usize) {
        self.graph.reserve(more);
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
        let named = &certificate.certificate().parents;
        let parents = self.graph.all(named);
        if parents.len() < named.len() {
            let missing = named.iter().filter(|parent| !self.contains(parent));
            return Err(NotAdded::MissingParents(missing.copied().collect()));
        }
        let (facts, branch) = self.judge_and_branch(&certificate, &parents)?;
        let ix = self.graph.push(certificate, &parents, facts);
        branch.into_iter().for_each(|branch| self.go_on(branch, ix));
        self.bring_up_to_date(ix)?;
        Ok(Added::New(id))
    }

    /// Brings all that is live up to date with the last certificate.
    fn bring_up_to_date(&mut self, ix: Ix) -> Result<(), NotAdded> {
        let near = standings::near(&self.graph, ix);
        let before: Vec<_> = near.iter().map(|it| standings::seen(&self.graph, &self.live, *it)).collect();
        if merge::take_in(&self.graph, &mut self.live, ix) {
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
        let all: Vec<Ix> = (0..ix).filter(|it| !near.contains(it)).collect();
        let seen = all.iter().map(|it| standings::seen(&self.graph, &self.live, *it)).collect::<Vec<_>>();
        self.live = resolved;
        self.note_restanding(&near, &before);
        self.note_restanding(&all, &seen);
        self.kept = self.pins.kept(&self.graph, &self.live);
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

    /// The verdict in its own past, all of which is held.
    pub(super) fn judge(&self, certificate: &VerifiedCertificate) -> Result<Facts, Refused> {
        let parents = &certificate.certificate().parents;
        self.its_generation_is_right(certificate, &self.graph.all(parents))?;
        let past = self.past(parents)?;
        verdict::judge(certificate, Past { graph: &self.graph, state: &past })
    }

    /// The verdict, and the past it was given by, where that isn't all that is held.
    fn judge_and_branch(
        &mut self,
        certificate: &VerifiedCertificate,
        held: &[Ix],
    ) -> Result<(Facts, Option<State>), Refused> {
        self.its_generation_is_right(certificate, held)?;
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

    fn its_generation_is_right(
        &self,
        certificate: &VerifiedCertificate,
        parents: &[Ix],
    ) -> Result<(), Refused> {
        let generation = certificate.certificate().generation;
        let highest = parents.iter().map(|parent| self.graph.node(*parent).place().0).max();
        match highest.is_none_or(|highest| highest.checked_add(1) == Some(generation)) {
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
        let in_the_closure = (0..self.graph.next()).filter(|ix| closure[*ix as usize]);
        if in_the_closure.flat_map(|ix| self.graph.parents(ix)).any(|inner| parents.contains(inner)) {
            return Err(Refused::ParentsNotHeads);
        }
        Ok(Cow::Owned(merge::resolve(&self.graph, closure)))
    }
}

/// What is held.
impl History {
    /// One certificate.
    #[must_use]
    pub fn get(&self, id: &CertificateId) -> Option<VerifiedCertificate> {
        self.graph.ix(id).map(|ix| self.graph.certificate(ix))
    }

    /// The user whose device signed it, as its own past has it.
    #[must_use]
    pub fn author_of(&self, id: &CertificateId) -> Option<UserId> {
        self.graph.ix(id).map(|ix| self.graph.person(self.graph.author(ix)).id)
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

    /// All of them, ancestors first: by generation, then by id.
    pub fn in_causal_order(&self) -> impl DoubleEndedIterator<Item = VerifiedCertificate> {
        self.graph.order.iter().map(|ix| self.graph.certificate(*ix))
    }

    /// Their ids, in the same order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = CertificateId> {
        self.graph.order.iter().map(|ix| self.graph.id(*ix))
    }

    /// All that this device signed, in causal order.
    #[must_use]
    pub fn signed_by(&self, device: &DeviceId) -> Vec<CertificateId> {
        let Some(device) = self.graph.devices.find(device) else { return Vec::new() };
        let owners = self.graph.devices.introductions(device).map(|it| self.graph.owner(it));
        let owners: BTreeSet<_> = owners.collect();
        let acts = owners.into_iter().flat_map(|user| &self.graph.person(user).deeds().acts).copied();
        self.in_order(acts.filter(|act| self.graph.node(*act).device == device))
    }

    /// What let this device in, counting or not, in causal order.
    #[must_use]
    pub fn introductions(&self, device: &DeviceId) -> Vec<CertificateId> {
        self.in_order(self.graph.introductions(device))
    }

    fn in_order(&self, these: impl Iterator<Item = Ix>) -> Vec<CertificateId> {
        self.graph.sorted(&these.collect::<Vec<_>>()).into_iter().map(|ix| self.graph.id(ix)).collect()
    }

    /// How many certificates verdicts and late removals have made this one go through again, beyond what each costs by
    /// itself (R4.13): it grows by all that is held where a past isn't at hand, or all is resolved again.
    #[must_use]
    pub fn gone_through(&self) -> u64 {
        self.gone_through
    }

    /// Who is in, by all that is held.
    #[must_use]
    pub fn roster(&self) -> Roster<'_> {
        Roster::new(&self.graph, &self.live)
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
        let witnesses = self.graph.witnesses(ix);
        let did = |user: &&u32| self.live.acknowledged(&self.graph, **user, ix);
        Some(Acknowledged {
            witnesses: witnesses.iter().map(named).collect(),
            by: witnesses.iter().filter(did).map(named).collect(),
            settled: settling.settled,
        })
    }

    /// The certificates that acknowledge a removal, whether or not they count.
    #[must_use]
    pub fn acknowledgements(&self, removal: &CertificateId) -> Vec<CertificateId> {
        let removal = self.graph.ix(removal);
        let by = removal.map(|removal| self.graph.acknowledgements(removal)).unwrap_or_default();
        by.iter().map(|by| self.graph.id(*by)).collect()
    }

    /// Whether resolving all that is held from nothing gives the very same standings, which the roster is read off.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        let state = merge::resolve(&self.graph, vec![true; self.graph.len()]);
        state == self.live
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
            self.pins.enrolment = self.roster().user(user).map(|user| user.enrolled);
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
