//! The history: all certificates that are held, as a graph, and the roster they add up to.
//!
//! Nothing that its own past allows is ever left out or taken away: what counts nothing today can count
//! tomorrow. All walks are loops: a chain of a hundred thousand certificates is walked like one of ten.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::RangeBounds;

use super::certificate::VerifiedCertificate;
use super::merge;
use super::reconcile::Place;
use super::refused::{Refused, Standing};
use super::resolution::{Held, Resolution};
use super::resolved::Roster;
use super::verdict;
use crate::core::primitives::ids::{CertificateId, OrganizationId, UserId};

/// A causally closed set of certificates of one organization.
#[derive(Debug, Clone)]
pub struct History {
    pub(super) organization: OrganizationId,
    /// In causal order: by generation, then by id.
    held: BTreeMap<(u64, CertificateId), Held>,
    generations: HashMap<CertificateId, u64>,
    heads: BTreeSet<CertificateId>,
    /// All that is held, resolved.
    pub(super) live: Resolution,
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
}

impl History {
    /// The history of which nothing is held.
    #[must_use]
    pub fn new(organization: OrganizationId) -> Self {
        Self {
            organization,
            held: BTreeMap::new(),
            generations: HashMap::new(),
            heads: BTreeSet::new(),
            live: Resolution::empty(organization),
        }
    }

    /// Of which organization.
    #[must_use]
    pub fn organization(&self) -> OrganizationId {
        self.organization
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
        let at_head = self.are_all_heads(parents);
        let held = self.judge(certificate)?;
        let extends = at_head && !self.live.reaches_back(&held);
        if extends {
            self.live.take_at_head(&held);
        }
        self.insert(held);
        if !extends {
            self.live = merge::resolve(self.organization, self.held.values());
        }
        Ok(Added::New(id))
    }

    /// The verdict in its own past, all of which is held.
    pub(super) fn judge(&self, certificate: VerifiedCertificate) -> Result<Held, Refused> {
        let it = certificate.certificate();
        let highest = it.parents.iter().filter_map(|parent| self.generations.get(parent)).max();
        if highest.is_some_and(|highest| highest.checked_add(1) != Some(it.generation)) {
            return Err(Refused::WrongGeneration);
        }
        let past = self.past(&it.parents)?;
        verdict::judge(certificate, &past)
    }

    /// The closure of these parents, resolved: where they are all heads, that is what is live.
    pub(super) fn past(&self, parents: &[CertificateId]) -> Result<Cow<'_, Resolution>, Refused> {
        if self.are_all_heads(parents) {
            return Ok(Cow::Borrowed(&self.live));
        }
        let closure = self.with_ancestors(parents);
        let inner: BTreeSet<_> = closure.iter().filter_map(|id| self.held(id)).flat_map(parents_of).collect();
        if parents.iter().any(|parent| inner.contains(parent)) {
            return Err(Refused::ParentsNotHeads);
        }
        let held = self.held.values().filter(|held| closure.contains(&held.id()));
        Ok(Cow::Owned(merge::resolve(self.organization, held)))
    }

    fn are_all_heads(&self, parents: &[CertificateId]) -> bool {
        self.heads.iter().eq(parents)
    }

    fn insert(&mut self, held: Held) {
        let certificate = held.certificate.certificate();
        for parent in &certificate.parents {
            self.heads.remove(parent);
        }
        self.heads.insert(held.id());
        self.generations.insert(held.id(), certificate.generation);
        self.held.insert((certificate.generation, held.id()), held);
    }

    fn held(&self, id: &CertificateId) -> Option<&Held> {
        self.held.get(&(*self.generations.get(id)?, *id))
    }
}

fn parents_of(held: &Held) -> &[CertificateId] {
    &held.certificate.certificate().parents
}

/// What is held.
impl History {
    /// One certificate.
    #[must_use]
    pub fn get(&self, id: &CertificateId) -> Option<&VerifiedCertificate> {
        self.held(id).map(|held| &held.certificate)
    }

    /// The user whose device signed it, as its own past has it.
    #[must_use]
    pub fn author_of(&self, id: &CertificateId) -> Option<UserId> {
        self.held(id).map(|held| held.author)
    }

    /// Whether it is held.
    #[must_use]
    pub fn contains(&self, id: &CertificateId) -> bool {
        self.generations.contains_key(id)
    }

    /// How many are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Those that are nobody's parents, sorted.
    #[must_use]
    pub fn heads(&self) -> Vec<CertificateId> {
        self.heads.iter().copied().collect()
    }

    /// The generation of one that is held.
    pub(super) fn generation_of(&self, id: &CertificateId) -> Option<u64> {
        self.generations.get(id).copied()
    }

    /// All of them, ancestors first: by generation, then by id.
    pub fn in_causal_order(&self) -> impl DoubleEndedIterator<Item = &VerifiedCertificate> {
        self.held.values().map(|held| &held.certificate)
    }

    /// Who is in, by all that is held.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.live.roster
    }

    /// What became of a certificate that is held.
    #[must_use]
    pub fn standing(&self, id: &CertificateId) -> Option<&Standing> {
        self.live.standing(id)
    }

    /// Resolves all that is held again, from nothing. The result equals [`History::roster`], or there is a
    /// mistake in this program: it is what `muster roster verify` compares.
    #[must_use]
    pub fn resolved_again(&self) -> Roster {
        merge::resolve(self.organization, self.held.values()).roster
    }

    /// Whether resolving all that is held from nothing gives the very same roster and standings.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        merge::resolve(self.organization, self.held.values()) == self.live
    }
}

/// For those who bring each other up to date.
impl History {
    /// These and all their ancestors; ids that aren't held are left out.
    #[must_use]
    pub fn with_ancestors(&self, ids: &[CertificateId]) -> BTreeSet<CertificateId> {
        let mut closure = BTreeSet::new();
        let mut waiting = ids.to_vec();
        while let Some(id) = waiting.pop() {
            let Some(held) = self.held(&id) else { continue };
            if closure.insert(id) {
                waiting.extend(parents_of(held).iter().filter(|parent| !closure.contains(*parent)));
            }
        }
        closure
    }

    /// What is held and is neither one of `known` nor an ancestor of one, ancestors first. Ids that aren't held count
    /// nothing. Costs what lies between the heads and `known`, and not the whole history.
    #[must_use]
    pub fn lacking(&self, known: &[CertificateId]) -> Vec<CertificateId> {
        // Whether the other holds it, of what lies on the rim of the walk; children come before their parents.
        let mut rim: BTreeMap<Place, bool> = BTreeMap::new();
        rim.extend(self.heads.iter().filter_map(|id| self.place_of(id)).map(|place| (place, false)));
        rim.extend(known.iter().filter_map(|id| self.place_of(id)).map(|place| (place, true)));
        let mut open = rim.values().filter(|theirs| !**theirs).count();
        let mut lacking = Vec::new();
        while open > 0
            && let Some(((_, id), theirs)) = rim.pop_last()
        {
            if !theirs {
                open -= 1;
                lacking.push(id);
            }
            let parents = self.held(&id).map(parents_of).unwrap_or_default();
            for parent in parents.iter().filter_map(|parent| self.place_of(parent)) {
                let before = rim.insert(parent, theirs || rim.get(&parent) == Some(&true));
                let is_theirs = rim[&parent];
                open += usize::from(before.is_none() && !is_theirs);
                open -= usize::from(before == Some(false) && is_theirs);
            }
        }
        lacking.reverse();
        lacking
    }

    /// The places of what is held, in causal order, within a range of places.
    pub(super) fn places(&self, range: impl RangeBounds<Place>) -> impl DoubleEndedIterator<Item = Place> {
        self.held.range(range).map(|(place, _)| *place)
    }

    /// The place of one that is held.
    pub(super) fn place_of(&self, id: &CertificateId) -> Option<Place> {
        Some((*self.generations.get(id)?, *id))
    }

    /// Those of `ids` that are held, ancestors first.
    #[must_use]
    pub fn in_order_of_ancestry(&self, ids: &[CertificateId]) -> Vec<CertificateId> {
        let places: BTreeSet<Place> = ids.iter().filter_map(|id| self.place_of(id)).collect();
        places.into_iter().map(|(_, id)| id).collect()
    }

    /// A certificate and its ancestors, as far as they are `within`, ancestors first. What lies within has to be
    /// all of the history beyond some point, so that no ancestor within lies behind one that isn't.
    #[must_use]
    pub fn ancestry_within(
        &self,
        of: Option<CertificateId>,
        within: &BTreeSet<CertificateId>,
    ) -> Vec<CertificateId> {
        let mut found = BTreeSet::new();
        let mut waiting: Vec<CertificateId> = of.into_iter().filter(|id| within.contains(id)).collect();
        while let Some(id) = waiting.pop() {
            let (Some(held), Some(place)) = (self.held(&id), self.place_of(&id)) else { continue };
            if found.insert(place) {
                waiting.extend(parents_of(held).iter().filter(|parent| within.contains(*parent)));
            }
        }
        found.into_iter().map(|(_, id)| id).collect()
    }
}
