//! What two who bring each other up to date ask of a history.

use std::collections::BTreeSet;

use super::history::History;
use super::lineage::Ix;
use crate::core::primitives::ids::CertificateId;

/// How many certificates [`History::sample`] names at most.
pub const SAMPLE: usize = 64;

/// For those who bring each other up to date.
impl History {
    /// These and all their ancestors; ids that aren't held are left out.
    #[must_use]
    pub fn with_ancestors(&self, ids: &[CertificateId]) -> BTreeSet<CertificateId> {
        let ids: Vec<Ix> = ids.iter().filter_map(|id| self.graph.ix(id)).collect();
        let closure = self.graph.closure(&ids);
        let held = self.graph.nodes.iter().zip(closure);
        held.filter(|(_, is_in)| *is_in).map(|(node, _)| node.id()).collect()
    }

    /// Those of these that none of the others has in its past, sorted.
    #[must_use]
    pub fn heads_among(&self, ids: &[CertificateId]) -> Vec<CertificateId> {
        let ids: Vec<Ix> = ids.iter().filter_map(|id| self.graph.ix(id)).collect();
        let parents = ids.iter().flat_map(|ix| &self.graph.node(*ix).parents).copied().collect::<Vec<_>>();
        let behind = self.graph.closure(&parents);
        let heads = ids.iter().filter(|ix| !behind[**ix as usize]).map(|ix| self.graph.id(*ix));
        heads.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// What is held and is neither one of `known` nor an ancestor of one, ancestors first.
    #[must_use]
    pub fn lacking(&self, known: &[CertificateId]) -> Vec<CertificateId> {
        if self.live.heads.iter().all(|head| known.contains(head)) {
            return Vec::new();
        }
        let known: Vec<Ix> = known.iter().filter_map(|id| self.graph.ix(id)).collect();
        let closure = self.graph.closure(&known);
        let lacking = self.graph.order.iter().filter(|(_, ix)| !closure[**ix as usize]);
        lacking.map(|((_, id), _)| *id).collect()
    }

    /// The heads, then ever fewer of what lies further back, down to the founding certificate: enough for
    /// somebody else to see where both histories part.
    #[must_use]
    pub fn sample(&self) -> Vec<CertificateId> {
        let mut sample: Vec<_> = self.live.heads.iter().take(SAMPLE / 2).copied().collect();
        let mut wanted = 0;
        for (back, (_, id)) in self.graph.order.keys().rev().enumerate() {
            if back != wanted && back + 1 != self.len() {
                continue;
            }
            wanted = back * 2 + 1;
            if !sample.contains(id) && sample.len() < SAMPLE {
                sample.push(*id);
            }
        }
        sample
    }
}
