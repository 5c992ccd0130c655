//! The pass (R4.6).

use std::cmp::Ordering;
use std::cmp::Reverse;

use super::rank::by_rank;
use super::{reach, rest, settled};
use crate::core::roster::graph::Graph;
use crate::core::roster::lineage::Ix;
use crate::core::roster::refused::Void;
use crate::core::roster::state::State;

/// R4.6: the settled removals and the others, each list in its order: of settled ones, more acknowledgements first;
/// then the author's rank, then the author's chain, and the id only between forks.
pub(super) fn order(graph: &Graph, state: &State) -> (Vec<Ix>, Vec<Ix>) {
    let (mut settled, mut unsettled): (Vec<Ix>, Vec<Ix>) =
        state.fates.keys().copied().partition(|removal| state.is_settled(*removal));
    settled.sort_unstable_by(|one, other| in_order(graph, state, *one, *other));
    unsettled.sort_unstable_by(|one, other| in_order(graph, state, *one, *other));
    (settled, unsettled)
}

/// The one order of removals.
pub(super) fn in_order(graph: &Graph, state: &State, one: Ix, other: Ix) -> Ordering {
    let settling = |removal: Ix| {
        let settling = state.fates.get(&removal).map(|fate| fate.settling).unwrap_or_default();
        (!settling.settled, Reverse(if settling.settled { settling.acknowledged } else { 0 }))
    };
    settling(one).cmp(&settling(other)).then_with(|| by_rank(graph, one, other))
}

/// Takes the settled removals in order. Whose acknowledgements lie beyond the cuts of those before it is settled no
/// more, and comes among the others: `unsettled` is given with it.
pub(super) fn take_settled(
    graph: &Graph,
    state: &mut State,
    settled: &[Ix],
    mut unsettled: Vec<Ix>,
) -> Vec<Ix> {
    for removal in settled {
        if settled::outlasts_those_in_effect(graph, state, *removal) {
            take(graph, state, &[*removal]);
        } else {
            state.fates.entry(*removal).or_default().settling.settled = false;
            unsettled.push(*removal);
        }
    }
    unsettled.sort_unstable_by(|one, other| in_order(graph, state, *one, *other));
    unsettled
}

/// Takes these removals in order. What takes effect puts its cut in effect at once, and stays in effect,
/// whatever befalls its author by a later one: that is what the order is for.
pub(super) fn take(graph: &Graph, state: &mut State, removals: &[Ix]) {
    for removal in removals {
        let void = why_not(graph, state, *removal).or_else(|| take_effect(graph, state, *removal));
        let fate = state.fates.entry(*removal).or_default();
        (fate.decided, fate.void) = (true, void);
    }
}

/// R4.6: (a) its author's Enroll and grant count, (b) it lies within every cut in effect on its author, and (c) if it
/// is a Revoke and isn't settled, no settled Revoke of the same target is in effect.
fn why_not(graph: &Graph, state: &State, removal: Ix) -> Option<Void> {
    let node = graph.node(removal);
    let fell = |pillar: Option<Ix>| pillar.is_some_and(|pillar| !state.counts(pillar));
    if fell(node.introduction()) {
        return Some(Void::AuthorNotIn);
    }
    if fell(graph.grant(removal)) {
        return Some(Void::GrantNotCounting);
    }
    if let Some(by) = state.beyond.get(&removal) {
        return Some(Void::BeyondCut(graph.id(*by)));
    }
    let before = *state.revoked.get(&node.target()?)?;
    let comes_too_late = node.is_revoke() && state.is_settled(before) && !state.is_settled(removal);
    comes_too_late.then_some(Void::TargetRevoked)
}

/// R4.6 (d): what would leave no active Administrator is taken back.
fn take_effect(graph: &Graph, state: &mut State, removal: Ix) -> Option<Void> {
    let node = graph.node(removal);
    let target = node.target()?;
    let fate = state.fates.entry(removal).or_default();
    (fate.decided, fate.void) = (true, None);
    state.counts[removal as usize] = true;
    let first_revoke = node.is_revoke() && !state.revoked.contains_key(&target);
    if first_revoke {
        state.revoked.insert(target, removal);
    }
    let reached = reach::reached(graph, state, removal);
    if !reached.is_empty() {
        state.reaching.insert(removal);
    }
    let fell = rest::strike(graph, state, removal, &reached);
    if an_administrator_remains(graph, state, removal) {
        return None;
    }
    state.counts[removal as usize] = false;
    state.fates.entry(removal).or_default().void = Some(Void::LastAdministrator);
    state.reaching.remove(&removal);
    if first_revoke {
        state.revoked.remove(&target);
    }
    rest::take_back(graph, state, &reached, fell);
    Some(Void::LastAdministrator)
}

fn an_administrator_remains(graph: &Graph, state: &State, removal: Ix) -> bool {
    // The author nearly always does.
    state.is_active_administrator(graph, graph.author(removal))
        || graph.administrators.iter().any(|user| state.is_active_administrator(graph, *user))
}
