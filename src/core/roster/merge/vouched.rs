//! Vouched (R4.3).

use crate::core::roster::graph::Graph;
use crate::core::roster::lineage::Ix;
use crate::core::roster::people::{Built, UserIx};
use crate::core::roster::state::State;

/// R4.3: the founder is vouched. Any other user is when more than half of the witnesses of their Enroll have built on
/// it. An Enroll by the founder that has no witness is vouched as it stands, anybody else's never: so that an
/// Administrator can't make witnesses alone.
pub(super) fn is_vouched(graph: &Graph, state: &State, enrolment: Ix) -> bool {
    let node = graph.node(enrolment);
    if node.introduction().is_none() {
        return true;
    }
    let witnesses = graph.witnesses(enrolment);
    if witnesses.is_empty() {
        return node.author == graph.founder();
    }
    if graph.people.built(graph.owner(enrolment)).len() * 2 <= witnesses.len() {
        return false;
    }
    let built: Built = graph.built(enrolment).filter(|by| state.holds(*by)).collect();
    let did = |witness: &&UserIx| built.iter().any(|by| graph.author(*by) == **witness);
    witnesses.iter().filter(did).count() * 2 > witnesses.len()
}
