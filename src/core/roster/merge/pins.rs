//! Pins (R4.12): what this device has seen for itself.
//!
//! No function of the set can tell two histories apart that a founder forked at the root. So a device remembers what
//! let it in and which removals it saw settled, and doesn't take in what would undo that.

use std::collections::BTreeSet;

use crate::core::primitives::ids::CertificateId;
use crate::core::roster::graph::Graph;
use crate::core::roster::lineage::Ix;
use crate::core::roster::state::State;

/// What a device has seen, durably.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pins {
    /// What let its user in.
    pub enrolment: Option<CertificateId>,
    /// The removals that it has seen settled and in effect.
    pub settled: BTreeSet<CertificateId>,
}

/// A certificate that would undo what is pinned. It is set aside and shown, never merged silently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// The certificate.
    pub certificate: CertificateId,
    /// What it would undo.
    pub undoes: Vec<CertificateId>,
    /// Two certificates at one place of one chain, which one device signed: the proof that it forked, if one
    /// did that leads here.
    pub proof: Option<(CertificateId, CertificateId)>,
}

impl Pins {
    /// What is pinned and holds in this set: an Enroll that counts, a removal that is in effect. That its acknowledgements are
    /// fewer than they were, because somebody who gave one was removed, undoes nothing yet.
    pub(in crate::core::roster) fn kept(&self, graph: &Graph, state: &State) -> BTreeSet<CertificateId> {
        let removals = self.settled.iter().filter(|id| graph.ix(id).is_some_and(|ix| state.in_effect(ix)));
        let enrolment = self.enrolment.iter().filter(|id| graph.ix(id).is_some_and(|ix| state.counts(ix)));
        removals.chain(enrolment).copied().collect()
    }

    /// R4.12: the dispute, if with the last certificate something pinned that held `before` doesn't hold in `after`. That a
    /// user's own Enroll falls is none, unless with a proof that somebody forked: it is how people leave.
    pub(in crate::core::roster) fn dispute(
        &self,
        graph: &Graph,
        before: &BTreeSet<CertificateId>,
        after: &State,
        last: Ix,
    ) -> Option<Dispute> {
        let kept = self.kept(graph, after);
        let mut undoes: Vec<CertificateId> = before.difference(&kept).copied().collect();
        if undoes.is_empty() {
            return None;
        }
        let one_way = fork_below(graph, last, |one, other| one != other);
        undoes.retain(|id| self.enrolment != Some(*id) || one_way.is_some());
        if undoes.is_empty() {
            return None;
        }
        // Whoever forked may build on both ways, and is shown all the same.
        let proof = one_way.or_else(|| fork_below(graph, last, |one, other| one && other));
        Some(Dispute { certificate: graph.id(last), undoes, proof })
    }
}

/// A fork that leads to this certificate: the first of which its past has so much.
fn fork_below(
    graph: &Graph,
    ix: Ix,
    has: impl Fn(bool, bool) -> bool,
) -> Option<(CertificateId, CertificateId)> {
    let past = graph.closure(&[ix]);
    graph.forks().find(|(one, other)| has(past[*one as usize], past[*other as usize])).map(|(one, other)| {
        let (mut one, mut other) = (graph.id(one), graph.id(other));
        if other < one {
            std::mem::swap(&mut one, &mut other);
        }
        (one, other)
    })
}
