//! What rendezvous points are needed for, all wishes taken together.

use std::collections::BTreeSet;
use std::time::Duration;

use libp2p::PeerId;

use super::deed::Place;
use crate::core::primitives::{address::Address, limits};

/// What somebody wants to know of points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) namespace: String,
    pub(super) points: Vec<Address>,
    /// Neighbours are asked as well.
    pub(super) around: bool,
    /// How often.
    pub(super) every: Duration,
}

/// What points are used for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    pub(super) namespaces: BTreeSet<String>,
    pub(super) points: BTreeSet<Address>,
    pub(super) questions: Vec<Question>,
}

impl Needs {
    /// Whether we are to be registered there.
    pub(super) fn registers_at(&self, place: &Place) -> bool {
        let here = match place {
            Place::At(address) => self.points.contains(address),
            Place::Neighbour(_) => true,
        };
        here && !self.namespaces.is_empty()
    }

    /// What is to be asked there.
    pub(super) fn questions_for(&self, place: &Place) -> impl Iterator<Item = &Question> {
        self.questions.iter().filter(move |question| match place {
            Place::At(address) => question.points.contains(address),
            Place::Neighbour(_) => question.around,
        })
    }

    /// Which points that makes.
    pub(super) fn places(&self, neighbours: &BTreeSet<PeerId>) -> BTreeSet<Place> {
        let named = self.questions.iter().flat_map(|question| &question.points).chain(&self.points);
        let around = neighbours.iter().map(|peer| Place::Neighbour(*peer));
        let all = named.map(|address| Place::At(address.clone())).chain(around);
        all.filter(|place| self.registers_at(place) || self.questions_for(place).next().is_some())
            .take(limits::POINTS)
            .collect()
    }
}
