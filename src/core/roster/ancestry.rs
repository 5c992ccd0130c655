//! Who comes before whom, for those who bring each other up to date: places in the one causal order, ancestors, and
//! what somebody lacks.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeBounds;

use super::history::History;
use super::lineage::Ix;
use super::reconcile::Place;
use crate::core::primitives::ids::CertificateId;

impl History {
    /// These and all their ancestors; ids that aren't held are left out.
    #[must_use]
    pub fn with_ancestors(&self, ids: &[CertificateId]) -> BTreeSet<CertificateId> {
        let ids: Vec<Ix> = ids.iter().filter_map(|id| self.graph.ix(id)).collect();
        let closure = self.graph.closure(&ids);
        let held = self.graph.nodes.iter().zip(closure);
        held.filter(|(_, is_in)| *is_in).map(|(node, _)| node.id).collect()
    }

    /// Those of these that none of the others has in its past, sorted.
    #[must_use]
    pub fn heads_among(&self, ids: &[CertificateId]) -> Vec<CertificateId> {
        let ids: Vec<Ix> = ids.iter().filter_map(|id| self.graph.ix(id)).collect();
        let parents = ids.iter().flat_map(|ix| self.graph.parents(*ix)).copied().collect::<Vec<_>>();
        let behind = self.graph.closure(&parents);
        let heads = ids.iter().filter(|ix| !behind[**ix as usize]).map(|ix| self.graph.id(*ix));
        heads.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// What is held and is neither one of `known` nor an ancestor of one, ancestors first. Ids that aren't held count
    /// nothing. Costs what lies between the heads and `known`, and not the whole history.
    #[must_use]
    pub fn lacking(&self, known: &[CertificateId]) -> Vec<CertificateId> {
        // Whether the other holds it, of what lies on the rim of the walk; children come before their parents.
        let mut rim: BTreeMap<Place, bool> = BTreeMap::new();
        rim.extend(self.live.heads.iter().filter_map(|id| self.place_of(id)).map(|place| (place, false)));
        rim.extend(known.iter().filter_map(|id| self.place_of(id)).map(|place| (place, true)));
        let mut open = rim.values().filter(|theirs| !**theirs).count();
        let mut lacking = Vec::new();
        while open > 0
            && let Some((place, theirs)) = rim.pop_last()
        {
            if !theirs {
                open -= 1;
                lacking.push(place.1);
            }
            for parent in self.parents_of(&place) {
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
        self.graph.within(range).iter().map(|ix| self.graph.node(*ix).place())
    }

    /// The place of one that is held.
    pub(super) fn place_of(&self, id: &CertificateId) -> Option<Place> {
        self.graph.ix(id).map(|ix| self.graph.node(ix).place())
    }

    fn parents_of(&self, place: &Place) -> impl Iterator<Item = Place> {
        let parents = self.graph.ix(&place.1).map(|ix| self.graph.parents(ix));
        parents.unwrap_or_default().iter().map(|ix| self.graph.node(*ix).place())
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
        of: &[CertificateId],
        within: &BTreeSet<CertificateId>,
    ) -> Vec<CertificateId> {
        let mut found = BTreeSet::new();
        let mut waiting: Vec<Place> = of.iter().filter_map(|id| self.place_of(id)).collect();
        while let Some(place) = waiting.pop() {
            if within.contains(&place.1) && found.insert(place) {
                waiting.extend(self.parents_of(&place));
            }
        }
        found.into_iter().map(|(_, id)| id).collect()
    }
}
