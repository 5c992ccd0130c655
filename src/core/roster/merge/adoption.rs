//! Adoption (R4.10).

use super::rest;
use crate::core::roster::act::Act;
use crate::core::roster::graph::Graph;
use crate::core::roster::lineage::Ix;
use crate::core::roster::state::State;

/// R4.10: an Enroll that is void counts again, with the same id, keys and rank, while an Adopt of it counts. What lost
/// a register stays lost. The least fixpoint: an Adopt that only its own Enroll would hold up holds up nothing.
pub(super) fn revive(graph: &Graph, state: &mut State) {
    state.adopted.clear();
    let mut counting: Vec<Ix> = graph.adopts.iter().copied().filter(|adopt| state.counts(*adopt)).collect();
    while let Some(adopt) = counting.pop() {
        let Some(enrol) = target(graph, adopt) else { continue };
        if !state.holds(enrol) || state.counts(enrol) || state.lost.contains_key(&enrol) {
            continue;
        }
        state.adopted.insert(enrol);
        let mut rising = vec![enrol];
        while let Some(risen) = rising.pop() {
            state.counts[risen as usize] = true;
            if graph.node(risen).act == Act::Adopt {
                counting.push(risen);
            }
            let rises = |ix: &Ix| {
                state.holds(*ix)
                    && !state.counts(*ix)
                    && !graph.node(*ix).is_removal()
                    && rest::stands(graph, state, *ix)
            };
            rising.extend(graph.dependents(risen).iter().copied().filter(rises));
        }
    }
}

/// The Enroll that an Adopt is about.
pub(super) fn target(graph: &Graph, adopt: Ix) -> Option<Ix> {
    graph.names(adopt).first().copied().filter(|_| graph.node(adopt).act == Act::Adopt)
}
