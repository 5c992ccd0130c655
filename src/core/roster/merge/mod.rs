//! The merge: what a set of certificates adds up to, those included that didn't know of each other (R4). A function of
//! the set. One file for each rule, in the order of docs/spec/roster.md, and each function quotes its paragraph.
//!
//! ```text
//!  rank           R4.1   who is senior, by the chain of grants alone: nothing done later changes it
//!  witnesses      R4.2   whom a removal asks, fixed for ever by its own past
//!  vouched        R4.3   witnesses whom others let in too
//!  acknowledging  R4.4   what a device owes: "I have seen this removal", and building on an Enroll
//!  settled        R4.5   more than half of the witnesses, without those who were removed themselves
//!  pass           R4.6   removals, settled ones and seniors first, each under the cuts before it
//!  reach          R4.7   what a cut voids, and what the witnesses save from it
//!  rest           R4.8   everything else, in causal order; nothing holds itself up
//!  registers      R4.9   what only one can have        adoption  R4.10  what counts again
//!  kept           R4.11  how much is kept of what lies beyond a cut
//!  pins           R4.12  what this device has seen for itself, against histories forked at the root
//!  later          R4.13  one certificate more, at its own cost where nothing is at stake
//! ```
//!
//! That everything is kept is [`History::add`](super::History::add). Not here: the verdict in a certificate's
//! own past (`verdict`), and what people read (`resolved`).

mod acknowledging;
mod adoption;
mod kept;
mod later;
mod pass;
mod pins;
mod rank;
mod reach;
mod registers;
mod rest;
mod settled;
mod vouched;
mod witnesses;

use super::graph::Graph;
use super::state::State;

pub use acknowledging::Owed;
pub(super) use acknowledging::new_vouchers;
pub(super) use later::take_in;
pub use pins::{Dispute, Pins};
pub(super) use witnesses::of_the_next;

/// Resolves a causally closed set.
pub(super) fn resolve(graph: &Graph, held: Vec<bool>) -> State {
    let mut state = State::of(graph, held);
    settled::count_acknowledgements(graph, &mut state);
    rest::decide(graph, &mut state);
    let (settled, unsettled) = pass::order(graph, &state);
    let unsettled = pass::take_settled(graph, &mut state, &settled, unsettled);
    // At this moment settled removals are the only ones.
    state.electorate = witnesses::electorate(graph, &state);
    pass::take(graph, &mut state, &unsettled);
    if !graph.contested.is_empty() || !graph.adopts.is_empty() {
        // Who lost to whom is told by the cuts that are in effect in the end.
        rest::decide(graph, &mut state);
    }
    state.crowd = witnesses::crowd(graph, &state);
    acknowledging::note_what_is_owed(graph, &mut state);
    state
}
