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
    /// What is pinned and holds in this set.
    pub(in crate::core::roster) fn kept(&self, graph: &Graph, state: &State) -> BTreeSet<CertificateId> {
        let settled = |ix: Ix| state.in_effect(ix) && state.is_settled(ix);
        let removals = self.settled.iter().filter(|id| graph.ix(id).is_some_and(settled));
        let enrolment = self.enrolment.iter().filter(|id| graph.ix(id).is_some_and(|ix| state.counts(ix)));
        removals.chain(enrolment).copied().collect()
    }

    /// R4.12: what held `before` of what is pinned, and doesn't in `after`. That a user's own Enroll falls by a
    /// removal that is settled is no dispute: that is how people leave.
    pub(in crate::core::roster) fn undone(
        &self,
        graph: &Graph,
        before: &BTreeSet<CertificateId>,
        after: &State,
    ) -> Vec<CertificateId> {
        let left_rightly = |id: &CertificateId| {
            let by = graph.ix(id).and_then(|ix| after.beyond.get(&ix));
            self.enrolment == Some(*id) && by.is_some_and(|removal| after.is_settled(*removal))
        };
        let undone = before.difference(&self.kept(graph, after)).copied().collect::<Vec<_>>();
        undone.into_iter().filter(|id| !left_rightly(id)).collect()
    }
}

/// A fork that leads to this certificate: of its ancestors and itself, the first with a sibling on its own chain.
pub(in crate::core::roster) fn fork_below(graph: &Graph, ix: Ix) -> Option<(CertificateId, CertificateId)> {
    let past = graph.closure(&[ix]);
    graph.forks().find(|(one, other)| past[*one as usize] != past[*other as usize]).map(|(one, other)| {
        let (mut one, mut other) = (graph.id(one), graph.id(other));
        if other < one {
            std::mem::swap(&mut one, &mut other);
        }
        (one, other)
    })
}
