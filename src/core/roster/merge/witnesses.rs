//! Witnesses (R4.2).

use std::cmp::Ordering;

use super::rank::by_rank;
use super::vouched::is_vouched;
use crate::core::primitives::limits;
use crate::core::roster::graph::Graph;
use crate::core::roster::held::Witnesses;
use crate::core::roster::lineage::Ix;
use crate::core::roster::people::UserIx;
use crate::core::roster::profile::Profile;
use crate::core::roster::state::State;

/// How many of the most senior are kept at hand: enough for all witnesses and those who can't be among them, with a
/// margin, so that it is seldom drawn up again.
const AT_HAND: usize = 32;

/// R4.2: the witnesses of a removal or an Enroll are the up to seven most senior vouched users who are active in its
/// own past, other than its author and its target.
pub(in crate::core::roster) fn of_the_next(
    state: &State,
    author: UserIx,
    target: Option<UserIx>,
) -> Witnesses {
    let others = state.electorate.iter().filter(|user| **user != author && Some(**user) != target);
    others.copied().take(limits::WITNESSES).collect()
}

/// Of whom witnesses are taken: Administrators by rank, then Members by the path of their Enroll, never Externals.
/// Settled removals alone take anybody off, so that an unsettled one can't shrink the electorate.
pub(super) fn electorate(graph: &Graph, state: &State) -> Vec<UserIx> {
    let everybody = graph.people.everybody();
    let mut electors: Vec<Elector> = everybody.filter_map(|user| elector(graph, state, user)).collect();
    let by_seniority = |one: &Elector, other: &Elector| one.compare(graph, other);
    if electors.len() > AT_HAND {
        electors.select_nth_unstable_by(AT_HAND, by_seniority);
        electors.truncate(AT_HAND);
    }
    electors.sort_unstable_by(by_seniority);
    electors.into_iter().map(|elector| elector.user).collect()
}

/// How many Members and Administrators are active.
pub(super) fn crowd(graph: &Graph, state: &State) -> u32 {
    graph.people.everybody().map(|user| u32::from(is_of_the_crowd(graph, state, user))).sum()
}

pub(super) fn is_of_the_crowd(graph: &Graph, state: &State, user: UserIx) -> bool {
    let enrolled = state.enrolment(graph, user).and_then(|enrol| graph.node(enrol).act.enrolled_as());
    enrolled.is_some_and(|profile| profile != Profile::External) && !state.revoked.contains_key(&user)
}

/// Puts this user where they belong in the electorate, or takes them off.
pub(super) fn place_again(graph: &Graph, state: &mut State, user: UserIx) {
    let full = state.electorate.len() == AT_HAND;
    let was_in = state.electorate.iter().position(|elector| *elector == user);
    if let Some(at) = was_in {
        state.electorate.remove(at);
    }
    if full && was_in.is_some() {
        // Somebody who wasn't at hand may be next.
        state.electorate = electorate(graph, state);
        return;
    }
    let Some(placed) = elector(graph, state, user) else { return };
    let before = |other: &UserIx| {
        elector(graph, state, *other).is_some_and(|other| other.compare(graph, &placed) == Ordering::Less)
    };
    if full && state.electorate.last().is_some_and(before) {
        return;
    }
    let at = state.electorate.partition_point(before);
    state.electorate.insert(at, user);
    state.electorate.truncate(AT_HAND);
}

struct Elector {
    user: UserIx,
    is_member: bool,
    rank: Ix,
}

impl Elector {
    fn compare(&self, graph: &Graph, other: &Self) -> Ordering {
        self.is_member.cmp(&other.is_member).then_with(|| by_rank(graph, self.rank, other.rank))
    }
}

fn elector(graph: &Graph, state: &State, user: UserIx) -> Option<Elector> {
    let enrolment = state.enrolment(graph, user)?;
    let external = graph.node(enrolment).act.enrolled_as() == Some(Profile::External);
    let off = graph.person(user).deeds().removals.iter().any(|removal| {
        graph.node(*removal).is_revoke() && state.in_effect(*removal) && state.is_settled(*removal)
    });
    if external || off || !is_vouched(graph, state, enrolment) {
        return None;
    }
    let grant = state.grants(graph, user, true).first().copied();
    Some(Elector { user, is_member: grant.is_none(), rank: grant.unwrap_or(enrolment) })
}
