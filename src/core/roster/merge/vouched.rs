//! Vouched (R4.3).

use std::collections::BTreeSet;

use crate::core::roster::graph::Graph;
use crate::core::roster::lineage::Ix;
use crate::core::roster::state::State;

/// R4.3: the founder is vouched. Any other user is when more than half of the witnesses of their Enroll have built on
/// it. An Enroll by the founder that has no witness is vouched as it stands, anybody else's never: so that an
/// Administrator can't make witnesses alone.
pub(super) fn is_vouched(graph: &Graph, state: &State, enrolment: Ix) -> bool {
    let node = graph.node(enrolment);
    if node.facts.introduction.is_none() {
        return true;
    }
    let witnesses = &node.facts.witnesses;
    if witnesses.is_empty() {
        return node.facts.author == graph.founder();
    }
    let built = graph.built(enrolment).iter().filter(|(_, by)| state.holds(*by));
    let built: BTreeSet<_> = built.map(|(witness, _)| witness).collect();
    built.len() * 2 > witnesses.len()
}
