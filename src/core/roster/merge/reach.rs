//! Reach of a cut (R4.7).

use std::collections::{BTreeMap, BTreeSet};

use crate::core::roster::graph::Graph;
use crate::core::roster::lineage::Ix;
use crate::core::roster::people::UserIx;
use crate::core::roster::state::State;

/// As many removals of one user are told apart when it is asked who knew of them.
const TOLD_APART: usize = 64;

/// R4.7: what a removal that takes effect voids: of a revoked user everything beyond the cut, of a demoted one what needed the
/// profile under grants that don't have the demotion in their past; but for what the witnesses of a settled one save.
/// A removal in effect is never undone.
pub(super) fn reached(graph: &Graph, state: &State, removal: Ix) -> Vec<Ix> {
    let Some(target) = graph.node(removal).target() else { return Vec::new() };
    let acts = graph.person(target).deeds().acts.iter().copied();
    let fresh = |act: &Ix| state.holds(*act) && !state.beyond.contains_key(act) && !state.in_effect(*act);
    let mut reached: Vec<Ix> = acts.filter(fresh).filter(|act| reaches(graph, removal, *act)).collect();
    if state.is_settled(removal) && !reached.is_empty() {
        let saved = saved(graph, state, removal, &reached);
        reached.retain(|act| !saved.contains(act));
    }
    reached
}

/// Whether this act of the target lies beyond the cut and is of the sort that the removal takes away.
pub(super) fn reaches(graph: &Graph, removal: Ix, act: Ix) -> bool {
    let taken_away = match (graph.node(removal).is_revoke(), graph.grant(act)) {
        (true, _) => true,
        (false, Some(grant)) => !graph.after(grant).contains(&removal),
        (false, None) => false,
    };
    taken_away && !graph.is_within(removal, act)
}

/// R4.7: what more than half of a settled removal's witnesses had built on before they knew of it: each by a certificate
/// that has the act in its past, and no removal of the same target but those that the act itself knew of.
fn saved(graph: &Graph, state: &State, removal: Ix, acts: &[Ix]) -> BTreeSet<Ix> {
    let witnesses = graph.witnesses(removal);
    let known = known_removals(graph, state, removal);
    let mut by_knowledge: BTreeMap<u64, Vec<Ix>> = BTreeMap::new();
    acts.iter().for_each(|act| by_knowledge.entry(known[*act as usize]).or_default().push(*act));
    let mut saved = BTreeSet::new();
    for (knowledge, acts) in by_knowledge {
        let mut builders: BTreeMap<Ix, usize> = BTreeMap::new();
        for witness in witnesses {
            let past = unknowing_past(graph, state, &known, *witness, knowledge);
            for act in acts.iter().filter(|act| past[**act as usize]) {
                *builders.entry(*act).or_default() += 1;
            }
        }
        let enough = builders.into_iter().filter(|(_, builders)| builders * 2 > witnesses.len());
        saved.extend(enough.map(|(act, _)| act));
    }
    saved
}

/// Of each certificate, which removals of the target are in its past: one bit each.
fn known_removals(graph: &Graph, state: &State, removal: Ix) -> Vec<u64> {
    let of_the_target =
        graph.node(removal).target().map(|target| graph.person(target).deeds().removals.as_slice());
    let held: Vec<Ix> = of_the_target.into_iter().flatten().copied().filter(|it| state.holds(*it)).collect();
    let mut told_apart = graph.sorted(&held);
    // The one in question is told apart in any case.
    told_apart.sort_by_key(|it| *it != removal);
    told_apart.truncate(TOLD_APART);
    let mut known = vec![0; graph.len()];
    for ix in 0..graph.next() {
        for parent in graph.parents(ix) {
            let itself = told_apart.iter().position(|it| it == parent).map_or(0, |bit| 1 << bit);
            known[ix as usize] |= known[*parent as usize] | itself;
        }
    }
    known
}

/// The past of all that this witness signed while knowing of no other removals than these.
fn unknowing_past(graph: &Graph, state: &State, known: &[u64], witness: UserIx, knowledge: u64) -> Vec<bool> {
    let acts = graph.person(witness).deeds().acts.iter().copied().filter(|act| state.holds(*act));
    let unknowing: Vec<Ix> = acts.filter(|act| known[*act as usize] & !knowledge == 0).collect();
    graph.closure(&unknowing)
}
