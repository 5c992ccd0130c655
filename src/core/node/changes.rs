//! What changed lately in the log, for who follows it. A revision is a digest over the heads, so it says exactly what was
//! held; what came after one that isn't remembered, or was of an earlier run, nobody here knows.

use std::collections::{BTreeSet, VecDeque};

use crate::core::primitives::ids::CertificateId;
use crate::core::primitives::limits;

/// What was held.
pub type Revision = [u8; 32];

/// The latest changes, from the first question about changes on.
#[derive(Debug)]
pub struct Changes {
    /// What was held before the first of them.
    before: Revision,
    /// What was held after each, and which lines of the log are others by it.
    steps: VecDeque<(Revision, Vec<CertificateId>)>,
}

impl Changes {
    /// Before any change.
    #[must_use]
    pub fn after(revision: Revision) -> Self {
        Self { before: revision, steps: VecDeque::new() }
    }

    /// Remembers a change; the oldest are forgotten where there are too many.
    pub fn note(&mut self, now: Revision, changed: Vec<CertificateId>) {
        self.steps.push_back((now, changed));
        while self.held() > limits::LOG_CHANGES
            && let Some((revision, _)) = self.steps.pop_front()
        {
            self.before = revision;
        }
    }

    /// What changed after that revision, each once; none where that isn't known.
    #[must_use]
    pub fn since(&self, revision: &Revision) -> Option<Vec<CertificateId>> {
        let place = self.steps.iter().rposition(|(after, _)| after == revision).map(|at| at + 1);
        let from = place.or_else(|| (self.before == *revision).then_some(0))?;
        let mut seen = BTreeSet::new();
        let changed = self.steps.range(from..).flat_map(|(_, ids)| ids);
        Some(changed.filter(|id| seen.insert(**id)).copied().collect())
    }

    /// How many lines are remembered; each change has one at least.
    #[must_use]
    pub fn held(&self) -> usize {
        self.steps.iter().map(|(_, ids)| ids.len().max(1)).sum()
    }
}
