//! What is kept (R4.11): everything, but of what lies beyond the cut of a Revoke no more than a device cares to keep.

use std::collections::BTreeSet;

use super::reach;
use crate::core::primitives::ids::{CertificateId, DeviceId};
use crate::core::roster::graph::Graph;
use crate::core::roster::history::History;
use crate::core::roster::lineage::Ix;
use crate::core::roster::state::State;

impl History {
    /// R4.11: the removal in effect beyond whose cut lies all that this device signs and that isn't held; none of whoever
    /// is in. What lies within a cut is in the past of the removal, and so is held.
    #[must_use]
    pub fn put_out_by(&self, device: &DeviceId) -> Option<CertificateId> {
        put_out_by(&self.graph, &self.live, device).map(|removal| self.graph.id(removal))
    }

    /// R4.11: how many certificates are held that lie beyond this removal's cut and count nothing: by its target, and by
    /// everybody whom these let in.
    #[must_use]
    pub fn held_beyond(&self, removal: &CertificateId) -> usize {
        self.graph.ix(removal).map_or(0, |removal| held_beyond(&self.graph, &self.live, removal))
    }
}

/// The cut that reached what let the device in, or its user, or whoever let these in.
fn put_out_by(graph: &Graph, state: &State, device: &DeviceId) -> Option<Ix> {
    let counting = state.introduction(graph, device);
    let mut introduction = counting.or_else(|| graph.introductions(device).next())?;
    loop {
        let revoke = || state.revoked.get(&graph.owner(introduction));
        if let Some(removal) = state.beyond.get(&introduction).or_else(revoke) {
            return Some(*removal);
        }
        if state.counts(introduction) {
            return None;
        }
        introduction = graph.node(introduction).introduction()?;
    }
}

fn held_beyond(graph: &Graph, state: &State, removal: Ix) -> usize {
    let Some(target) = graph.node(removal).target() else { return 0 };
    let (mut theirs, mut following, mut held) = (BTreeSet::from([target]), vec![target], 0);
    while let Some(user) = following.pop() {
        let beyond = |act: &Ix| user != target || reach::reaches(graph, removal, *act);
        let acts = graph.person(user).deeds().acts.iter().copied();
        for act in acts.filter(|act| state.holds(*act) && !state.counts(*act)).filter(beyond) {
            held += 1;
            let guest = graph.node(act).target().filter(|_| graph.node(act).act.enrolled_as().is_some());
            following.extend(guest.filter(|it| state.enrolment(graph, *it).is_none() && theirs.insert(*it)));
        }
    }
    held
}
