//! Settled (R4.5): two counts, and no fixpoint.

use super::vouched::is_vouched;
use crate::core::roster::graph::Graph;
use crate::core::roster::lineage::Ix;
use crate::core::roster::people::UserIx;
use crate::core::roster::state::{Settling, State};

/// From so many active Members and Administrators on, one acknowledgement alone settles nothing.
const A_CROWD: u32 = 4;

/// Counts who acknowledged each removal of the set.
pub(super) fn count_acknowledgements(graph: &Graph, state: &mut State) {
    let removals: Vec<Ix> = graph.removals.iter().copied().filter(|it| state.holds(*it)).collect();
    for removal in &removals {
        state.fates.entry(*removal).or_default().settling = Settling::default();
    }
    for step in [claimed, firm, settled] {
        // A step asks for what the one before found of all.
        let found: Vec<Settling> = removals.iter().map(|it| step(graph, state, *it)).collect();
        for (removal, settling) in removals.iter().zip(found) {
            state.fates.entry(*removal).or_default().settling = settling;
        }
    }
}

/// The count for one removal, where what was found of all others stays.
pub(super) fn count_again(graph: &Graph, state: &mut State, removal: Ix) -> Settling {
    for step in [claimed, firm, settled] {
        let settling = step(graph, state, removal);
        state.fates.entry(removal).or_default().settling = settling;
    }
    state.fates.entry(removal).or_default().settling
}

/// R4.5: *claimed* when more than half of its witnesses acknowledged it (at least two, if four or more Members and
/// Administrators were active in its own past), and its author is vouched.
fn claimed(graph: &Graph, state: &State, removal: Ix) -> Settling {
    let acknowledged = acknowledgements(graph, state, removal, |_| false);
    let claimed = is_enough(graph, state, removal, acknowledged);
    Settling { claimed, acknowledged, ..Settling::default() }
}

/// R4.5: *firm* when it is still claimed without every acknowledgement beyond the cut of a claimed Revoke of the acknowledger.
fn firm(graph: &Graph, state: &State, removal: Ix) -> Settling {
    let before = settling(state, removal);
    let acknowledged = acknowledgements(graph, state, removal, |revoke| settling(state, revoke).claimed);
    Settling { firm: before.claimed && is_enough(graph, state, removal, acknowledged), ..before }
}

/// R4.5: *settled* when it is still claimed without every acknowledgement beyond the cut of a firm Revoke of the acknowledger.
fn settled(graph: &Graph, state: &State, removal: Ix) -> Settling {
    let before = settling(state, removal);
    let acknowledged = acknowledgements(graph, state, removal, |revoke| settling(state, revoke).firm);
    let settled = before.claimed && is_enough(graph, state, removal, acknowledged);
    Settling { settled, acknowledged, ..before }
}

/// R4.6: whether it is still claimed without every acknowledgement beyond the cut of a settled Revoke of the acknowledger
/// that is in effect: in the pass, of those before it in the order.
pub(super) fn outlasts_those_in_effect(graph: &Graph, state: &State, removal: Ix) -> bool {
    let in_effect = |revoke: Ix| state.is_settled(revoke) && state.in_effect(revoke);
    is_enough(graph, state, removal, acknowledgements(graph, state, removal, in_effect))
}

fn settling(state: &State, removal: Ix) -> Settling {
    state.fates.get(&removal).map(|fate| fate.settling).unwrap_or_default()
}

fn is_enough(graph: &Graph, state: &State, removal: Ix, acknowledged: usize) -> bool {
    let node = graph.node(removal);
    let least = if node.crowd >= A_CROWD { 2 } else { 1 };
    let author_is_vouched = node.enrolment().is_none_or(|enrol| is_vouched(graph, state, enrol));
    acknowledged >= least && acknowledged * 2 > graph.witnesses(removal).len() && author_is_vouched
}

/// How many witnesses acknowledged it within the cuts of those Revokes of theirs.
fn acknowledgements(graph: &Graph, state: &State, removal: Ix, cuts: impl Fn(Ix) -> bool) -> usize {
    let stands = |witness: UserIx, by: Ix| {
        let revokes = graph.person(witness).deeds().removals.iter().filter(|it| graph.node(**it).is_revoke());
        let mut cutting = revokes.filter(|it| state.holds(**it) && cuts(**it));
        state.holds(by) && cutting.all(|revoke| graph.is_within(*revoke, by))
    };
    let acknowledgements = graph.acknowledgements(removal);
    let did = |witness: &&UserIx| {
        acknowledgements.iter().any(|by| graph.author(*by) == **witness && stands(**witness, *by))
    };
    graph.witnesses(removal).iter().filter(did).count()
}
