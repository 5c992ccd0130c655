//! What people are told of certificates that are held: which removals there are, whose chain forked, and which
//! earlier certificates stand otherwise since somebody last asked.

use super::act::Act;
use super::graph::Graph;
use super::history::History;
use super::lineage::Ix;
use super::state::State;
use crate::core::primitives::ids::{CertificateId, DeviceId};
use crate::core::primitives::limits;

/// Earlier certificates that stand otherwise since they were last asked for.
#[derive(Debug, Clone, Default)]
pub struct Restanding {
    /// The first of them.
    pub ids: Vec<CertificateId>,
    /// How many more there are.
    pub more: usize,
}

impl Restanding {
    pub(super) fn note(&mut self, id: CertificateId) {
        if self.ids.contains(&id) {
            return;
        }
        match self.ids.len() < limits::RESTANDING {
            true => self.ids.push(id),
            false => self.more += 1,
        }
    }
}

/// What a person sees of a standing: whether it counts, and whether that is settled.
pub(super) type Seen = (bool, bool);

/// The standing of one certificate, as people see it.
pub(super) fn seen(graph: &Graph, state: &State, ix: Ix) -> Seen {
    let counts = match graph.node(ix).act {
        Act::Promotion | Act::Demotion | Act::Revoke => state.standing(graph, ix).is_effective(),
        _ => state.counts(ix),
    };
    (counts, state.is_settled(ix))
}

/// Of the earlier certificates, those whose standing the last one may change at no more than its own cost (R4.13): the
/// removals that it acknowledges, or that somebody made whom it vouches for; the promotions that it takes the worth of.
pub(super) fn near(graph: &Graph, last: Ix) -> Vec<Ix> {
    let node = graph.node(last);
    let mut near = graph.acknowledges(last).to_vec();
    for enrol in graph.builds_on(last) {
        near.extend(&graph.person(graph.owner(*enrol)).deeds().removing);
    }
    if let Some(target) = node.target().filter(|_| node.is_removal()) {
        near.extend(&graph.person(target).deeds().promotions);
    }
    near.retain(|ix| *ix != last);
    near
}

impl History {
    /// All removals that are held, whatever became of them.
    pub fn removals(&self) -> impl Iterator<Item = CertificateId> {
        self.live.fates.keys().map(|ix| self.graph.id(*ix))
    }

    /// Devices that signed two certificates at one place of their chain, with the first such pair.
    #[must_use]
    pub fn forked(&self) -> Vec<(DeviceId, CertificateId, CertificateId)> {
        let mut found: Vec<(DeviceId, CertificateId, CertificateId)> = Vec::new();
        for (one, other) in self.graph.forks() {
            let device = self.graph.devices.get(self.graph.node(one).device);
            if found.len() < limits::DISPUTES && !found.iter().any(|(known, ..)| *known == device) {
                found.push((device, self.graph.id(one), self.graph.id(other)));
            }
        }
        found
    }

    /// Earlier certificates whose standing is another one since this was last asked.
    pub fn take_restanding(&mut self) -> Restanding {
        std::mem::take(&mut self.restanding)
    }
}
