//! Acknowledging (R4.4): the daemon's duty, never a person's.

use std::collections::BTreeSet;

use crate::core::primitives::ids::{CertificateId, DeviceId};
use crate::core::primitives::limits;
use crate::core::roster::authoring::AsOf;
use crate::core::roster::body::{Acknowledge, Body};
use crate::core::roster::graph::Graph;
use crate::core::roster::history::History;
use crate::core::roster::lineage::Ix;
use crate::core::roster::people::UserIx;
use crate::core::roster::state::State;

/// What a device owes the others. Nothing that is void in its view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owed {
    /// Removals in effect that its user witnesses: to be acknowledged at once.
    pub removals: Vec<CertificateId>,
    /// Enrolls that count, that its user witnesses, and that it hasn't built on: whatever it signs next does, be it an
    /// Acknowledge that names nothing; before a removal of its own, and within a day at the latest.
    pub enrols: Vec<CertificateId>,
}

impl Owed {
    /// Whether nothing is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.removals.is_empty() && self.enrols.is_empty()
    }

    /// What the device has to sign: the removals in one certificate, which builds on the Enrolls as well.
    #[must_use]
    pub fn body(&self) -> Body {
        Body::Acknowledge(Acknowledge { removals: self.removals.clone() })
    }
}

impl History {
    /// R4.4: what this device has to acknowledge, by all that is held. Sign it with
    /// `history.author(key, owed.body(), now)`, and ask again: a certificate holds only so much.
    #[must_use]
    pub fn owed(&self, device: &DeviceId) -> Owed {
        owed(&self.graph, &self.live, device)
    }
}

impl AsOf<'_> {
    /// R4.4: what this device had to acknowledge by then.
    #[must_use]
    pub fn owed(&self, device: &DeviceId) -> Owed {
        owed(self.graph, &self.past, device)
    }
}

fn owed(graph: &Graph, state: &State, device: &DeviceId) -> Owed {
    let user = state.introduction(graph, device).map(|introduction| graph.owner(introduction));
    let Some(user) = user.filter(|user| state.is_active(graph, *user)) else { return Owed::default() };
    let ids = |list: Option<&BTreeSet<Ix>>| {
        let list: Vec<Ix> = list.into_iter().flatten().copied().collect();
        let first = graph.sorted(&list).into_iter().take(limits::ACKNOWLEDGED);
        let mut ids: Vec<CertificateId> = first.map(|ix| graph.id(ix)).collect();
        ids.sort_unstable();
        ids
    };
    Owed { removals: ids(state.unacknowledged.get(&user)), enrols: ids(state.unbuilt.get(&user)) }
}

/// R4.3: the Enrolls of which this user is a witness and which the next certificate builds on for the first time.
pub(in crate::core::roster) fn new_vouchers(past: &State, author: UserIx) -> Vec<Ix> {
    past.unbuilt.get(&author).into_iter().flatten().copied().collect()
}

/// Draws up who owes what.
pub(super) fn note_what_is_owed(graph: &Graph, state: &mut State) {
    state.unbuilt.clear();
    state.unacknowledged.clear();
    for enrol in &graph.enrolments {
        if state.counts(*enrol) {
            ask_to_build_on(graph, state, *enrol);
        }
    }
    for removal in &graph.removals {
        if state.in_effect(*removal) {
            ask_to_acknowledge(graph, state, *removal);
        }
    }
}

/// The last certificate, an Enroll, waits for all its witnesses: nobody has built on it.
pub(super) fn ask_all_to_build_on(graph: &Graph, state: &mut State, enrol: Ix) {
    for witness in graph.witnesses(enrol) {
        state.unbuilt.entry(*witness).or_default().insert(enrol);
    }
}

/// An Enroll that counts waits for its witnesses.
pub(super) fn ask_to_build_on(graph: &Graph, state: &mut State, enrol: Ix) {
    for witness in graph.witnesses(enrol) {
        let did = |by: Ix| graph.author(by) == *witness && state.holds(by);
        if !graph.built(enrol).any(did) {
            state.unbuilt.entry(*witness).or_default().insert(enrol);
        }
    }
}

/// A removal in effect waits for its witnesses.
pub(super) fn ask_to_acknowledge(graph: &Graph, state: &mut State, removal: Ix) {
    for witness in graph.witnesses(removal) {
        if !state.acknowledged(graph, *witness, removal) {
            state.unacknowledged.entry(*witness).or_default().insert(removal);
        }
    }
}

/// What this certificate did of what its author owed.
pub(super) fn strike_off(graph: &Graph, state: &mut State, ix: Ix) {
    let author = graph.author(ix);
    let done =
        [(&mut state.unbuilt, graph.builds_on(ix)), (&mut state.unacknowledged, graph.acknowledges(ix))];
    for (owed, done) in done {
        if let Some(of_the_author) = owed.get_mut(&author) {
            done.iter().for_each(|ix| {
                of_the_author.remove(ix);
            });
            if of_the_author.is_empty() {
                owed.remove(&author);
            }
        }
    }
}
