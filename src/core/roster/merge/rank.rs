//! Rank (R4.1).

use std::cmp::Ordering;

use crate::core::roster::graph::Graph;
use crate::core::roster::lineage::Ix;

/// R4.1: every grant has an immutable rank: the path of grants that leads to it, shorter before longer, then by each
/// one's place on its author's chain. Of two acts, the rank of what was acted under decides, then the author's chain:
/// which is to compare them as if they were grants themselves.
pub(super) fn by_rank(graph: &Graph, one: Ix, other: Ix) -> Ordering {
    if one == other {
        return Ordering::Equal;
    }
    let grants = graph.grants();
    grants.depth(one).cmp(&grants.depth(other)).then_with(|| {
        let (one, other) = grants.parting(one, other);
        graph.by_chain(one, other)
    })
}
