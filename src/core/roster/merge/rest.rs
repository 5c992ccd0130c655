//! The rest (R4.8).

use super::{adoption, registers};
use crate::core::roster::act::Act;
use crate::core::roster::graph::Graph;
use crate::core::roster::lineage::Ix;
use crate::core::roster::refused::Void;
use crate::core::roster::state::State;
use std::collections::BTreeMap;

/// R4.8: everything but removals counts if its author's Enroll and, where needed, grant count, and it lies within the
/// cuts in effect. A loop in order of arrival, in which what holds something up always comes before it: so nothing
/// holds itself up.
pub(super) fn decide(graph: &Graph, state: &mut State) {
    state.lost.clear();
    sweep(graph, state);
    let lost = registers::losers(graph, state);
    if !lost.is_empty() {
        state.lost = lost;
        sweep(graph, state);
    }
}

fn sweep(graph: &Graph, state: &mut State) {
    for ix in 0..state.held.len() {
        let ix = Ix::try_from(ix).unwrap_or(Ix::MAX);
        state.counts[ix as usize] = match graph.node(ix).is_removal() {
            true => state.in_effect(ix),
            false => state.holds(ix) && stands(graph, state, ix),
        };
    }
    adoption::revive(graph, state);
}

/// Whether what holds it up counts, and nothing strikes it itself.
pub(super) fn stands(graph: &Graph, state: &State, ix: Ix) -> bool {
    let node = graph.node(ix);
    let unknown = node.act == Act::Unknown;
    let mut pillars = [node.introduction(), graph.grant(ix)].into_iter().flatten();
    let struck = state.beyond.contains_key(&ix) || state.lost.contains_key(&ix);
    !unknown && !struck && pillars.all(|pillar| state.counts(pillar))
}

/// What has to be undone where a removal is taken back.
pub(super) enum Fell {
    /// These fell, and nothing else changed.
    Only(Vec<Ix>),
    /// Somebody else won what one of them had competed for, or it was adopted.
    AllAnew,
}

/// Puts a removal's cut in effect: what lies beyond it is void, and what that held up falls.
pub(super) fn strike(graph: &Graph, state: &mut State, removal: Ix, reached: &[Ix]) -> Fell {
    state.beyond.extend(reached.iter().map(|act| (*act, removal)));
    let mut fallen: Vec<Ix> = reached.iter().copied().filter(|act| state.counts(*act)).collect();
    fallen.iter().for_each(|act| state.counts[*act as usize] = false);
    let mut next = 0;
    while let Some(&pillar) = fallen.get(next) {
        next += 1;
        for &held_up in graph.dependents(pillar) {
            if state.counts(held_up) && !state.in_effect(held_up) {
                state.counts[held_up as usize] = false;
                fallen.push(held_up);
            }
        }
    }
    if fallen.iter().any(|ix| is_at_stake(graph, state, *ix)) {
        decide(graph, state);
        return Fell::AllAnew;
    }
    Fell::Only(fallen)
}

/// Takes a removal's cut back.
pub(super) fn take_back(graph: &Graph, state: &mut State, reached: &[Ix], fell: Fell) {
    for act in reached {
        state.beyond.remove(act);
    }
    match fell {
        Fell::Only(fallen) => fallen.iter().for_each(|ix| state.counts[*ix as usize] = true),
        Fell::AllAnew => decide(graph, state),
    }
}

/// Whether more than this one's dependents change when it falls.
fn is_at_stake(graph: &Graph, state: &State, ix: Ix) -> bool {
    if graph.contested.is_empty() && graph.adopts.is_empty() {
        return false;
    }
    graph.node(ix).act == Act::Adopt
        || state.adopted.contains(&ix)
        || graph.adopts.iter().any(|adopt| adoption::target(graph, *adopt) == Some(ix))
        || graph.is_contested(ix)
}

/// Why each of these lost what it competed for.
pub(super) type Losers = BTreeMap<Ix, Void>;
