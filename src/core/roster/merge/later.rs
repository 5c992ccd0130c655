//! One certificate more (R4.13): what it costs where nothing is at stake, which is nearly always.

use std::collections::BTreeSet;

use super::{acknowledging, pass, reach, rest, settled, vouched, witnesses};
use crate::core::roster::act::Act;
use crate::core::roster::graph::Graph;
use crate::core::roster::lineage::Ix;
use crate::core::roster::people::UserIx;
use crate::core::roster::profile::Profile;
use crate::core::roster::state::State;

/// R4.13: takes the last certificate of the graph into a resolved set that holds its parents. Gives false where it
/// might change what became of others: then the set has to be resolved again, and nothing of `state` but the
/// count of acknowledgements has changed.
pub(in crate::core::roster) fn take_in(graph: &Graph, state: &mut State, ix: Ix) -> bool {
    let node = graph.node(ix);
    let at_head = state.heads.iter().copied().eq(graph.parents(ix).iter().map(|parent| graph.id(*parent)));
    let came_in_time = match node.is_removal() {
        true => {
            let changes_its_target_alone = at_head || stands_alone(graph, state, ix);
            !is_unruly(graph) && strikes_nothing(graph, state, ix) && changes_its_target_alone
        }
        false => !graph.is_contested(ix),
    };
    if !came_in_time || (!at_head && might_save(graph, state, ix)) {
        return false;
    }
    let cut_by = first_cut(graph, state, ix);
    let counts = node.is_removal() || (cut_by.is_none() && rest::stands(graph, state, ix));
    // Where an unsettled removal voids something, only the pass knows what counts without it.
    let mut reaching = state.reaching.iter().chain(&cut_by);
    let is_shaky = reaching.any(|removal| !state.is_settled(*removal));
    let moves = electors_that_move(graph, state, ix, counts || is_shaky);
    let adopts = counts && node.act == Act::Adopt;
    if adopts || moves.iter().any(|enrol| is_shaky || !(state.counts(*enrol) || *enrol == ix)) {
        return false;
    }
    state.hold(graph, ix);
    state.counts[ix as usize] = counts;
    if let Some(removal) = cut_by {
        state.beyond.insert(ix, removal);
        state.reaching.insert(removal);
    }
    acknowledging::strike_off(graph, state, ix);
    if node.is_removal() {
        remove(graph, state, ix);
    }
    if counts && node.act.enrolled_as().is_some() {
        enrol(graph, state, ix);
    }
    for enrol in &moves {
        // Nobody comes in or rises by not being vouched yet.
        if vouched::is_vouched(graph, state, *enrol) {
            witnesses::place_again(graph, state, graph.owner(*enrol));
        }
    }
    to_count_again(graph, ix, &moves).into_iter().all(|removal| settles_alone(graph, state, removal))
}

/// Removals, lost competitions and adoptions depend on each other where anything is contested or adopted.
fn is_unruly(graph: &Graph) -> bool {
    !graph.contested.is_empty() || !graph.adopts.is_empty()
}

/// Whether a removal that doesn't build on all that is held is in effect, and bears on no other: what it stands on counts,
/// nobody else removes its target, and its author is an Administrator who is in; so one remains, in whatever order
/// the removals are taken.
fn stands_alone(graph: &Graph, state: &State, removal: Ix) -> bool {
    let node = graph.node(removal);
    let Some(target) = node.target() else { return false };
    let others = graph.person(target).deeds().removals.iter().any(|it| *it != removal && state.holds(*it));
    !others
        && first_cut(graph, state, removal).is_none()
        && rest::stands(graph, state, removal)
        && state.is_active_administrator(graph, node.author)
}

/// Whether no act that is held lies beyond the cut: the case of who removes somebody and knows all that they did.
fn strikes_nothing(graph: &Graph, state: &State, removal: Ix) -> bool {
    let Some(target) = graph.node(removal).target() else { return true };
    let acts = &graph.person(target).deeds().acts;
    !acts.iter().any(|act| state.holds(*act) && reach::reaches(graph, removal, *act))
}

/// Whether its author is asked about something that the cut of a settled removal reached (R4.7).
fn might_save(graph: &Graph, state: &State, ix: Ix) -> bool {
    let author = graph.author(ix);
    state
        .reaching
        .iter()
        .any(|removal| state.is_settled(*removal) && graph.witnesses(*removal).contains(&author))
}

/// The first removal in effect, in the order of the pass, beyond whose cut it lies.
fn first_cut(graph: &Graph, state: &State, ix: Ix) -> Option<Ix> {
    let removals = graph.person(graph.author(ix)).deeds().removals.iter().copied();
    let cutting = removals.filter(|it| state.in_effect(*it) && reach::reaches(graph, *it, ix));
    cutting.min_by(|one, other| pass::in_order(graph, state, *one, *other))
}

/// The Enrolls of those whose place in the electorate it might change.
fn electors_that_move(graph: &Graph, state: &State, ix: Ix, may_count: bool) -> BTreeSet<Ix> {
    let node = graph.node(ix);
    let mut moves: BTreeSet<Ix> = BTreeSet::new();
    // Only with this one more is the count of who built on it reached; before, the set doesn't hold it.
    let votes = |enrol: &&Ix| !vouched::is_vouched(graph, state, **enrol);
    moves.extend(graph.builds_on(ix).iter().filter(votes));
    let is_grant = node.is_grant() && !node.is_removal();
    let enrolment = match node.act {
        Act::Found | Act::Enroll(..) => vouched::is_vouched(graph, state, ix).then_some(ix),
        _ => node.target().filter(|_| is_grant).and_then(|target| enrolment_held(graph, state, target)),
    };
    moves.extend(enrolment.filter(|_| may_count));
    moves
}

/// The Enroll by which the user is in, or would be if what is unsettled weren't.
fn enrolment_held(graph: &Graph, state: &State, user: UserIx) -> Option<Ix> {
    let held = || graph.people.enrolments(user).find(|enrol| state.holds(*enrol));
    state.enrolment(graph, user).or_else(held)
}

fn remove(graph: &Graph, state: &mut State, removal: Ix) {
    let node = graph.node(removal);
    let Some(target) = node.target() else { return };
    let was_of_the_crowd = witnesses::is_of_the_crowd(graph, state, target);
    let fate = state.fates.entry(removal).or_default();
    fate.decided = true;
    if node.is_revoke() {
        state.revoked.entry(target).or_insert(removal);
        state.crowd -= u32::from(was_of_the_crowd);
    }
    acknowledging::ask_to_acknowledge(graph, state, removal);
}

fn enrol(graph: &Graph, state: &mut State, enrol: Ix) {
    acknowledging::ask_all_to_build_on(graph, state, enrol);
    let node = graph.node(enrol);
    let external = node.act.enrolled_as() == Some(Profile::External);
    let revoked = node.target().is_some_and(|user| state.revoked.contains_key(&user));
    state.crowd += u32::from(!external && !revoked);
}

/// Removals whose acknowledgements it adds to: those it names, and those by who is vouched with it.
fn to_count_again(graph: &Graph, ix: Ix, vouched: &BTreeSet<Ix>) -> Vec<Ix> {
    let mut removals = graph.acknowledges(ix).to_vec();
    for enrol in vouched {
        removals.extend(
            graph.person(graph.owner(*enrol)).deeds().removing.iter().filter(|removal| **removal != ix),
        );
    }
    removals
}

/// Counts again, and gives false where the outcome might change the order of the pass in a way that matters.
fn settles_alone(graph: &Graph, state: &mut State, removal: Ix) -> bool {
    if !state.holds(removal) {
        return true;
    }
    let before = state.fates.get(&removal).map(|fate| fate.settling).unwrap_or_default();
    let after = settled::count_again(graph, state, removal);
    let flags =
        [before, after].map(|it| (it.claimed, it.firm, it.settled, it.settled.then_some(it.acknowledged)));
    if flags[0] == flags[1] {
        return true;
    }
    if after.settled && !settled::outlasts_those_in_effect(graph, state, removal) {
        return false;
    }
    let Some(target) = graph.node(removal).target() else { return true };
    let others = graph
        .person(target)
        .deeds()
        .removals
        .iter()
        .filter(|it| **it != removal && graph.node(**it).is_revoke());
    let alone = !others.clone().any(|other| state.holds(*other));
    let strikes_nothing = strikes_nothing(graph, state, removal);
    if !(state.in_effect(removal) && alone && strikes_nothing && !is_unruly(graph)) {
        return false;
    }
    let is_shaky = state.reaching.iter().any(|removal| !state.is_settled(*removal));
    if before.settled != after.settled {
        if is_shaky {
            return false;
        }
        witnesses::place_again(graph, state, target);
    }
    true
}
