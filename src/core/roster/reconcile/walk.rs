//! The walk: from the heads back to what both hold. It ends in two rounds for histories that parted lately.

use super::{BreaksTheRules, FINER, Heard, Holds, Reconciling, WASTE, Word, ranges};
use crate::core::primitives::digest::{derive, label};
use crate::core::primitives::ids::CertificateId;
use crate::core::primitives::limits;
use crate::core::roster::history::History;

/// Heads that a first word names.
const HEADS: usize = 32;

/// Certificates of one gap that are listed.
const STEPS: usize = 16;

impl Holds {
    /// The heads, and of the rest the last, the third last, the seventh last, … down to the founding certificate.
    #[must_use]
    pub fn of(history: &History) -> Self {
        let heads = history.heads();
        let mut past = Vec::new();
        let mut wanted = 0;
        for (back, (_, id)) in history.places(..).rev().enumerate() {
            if back == wanted || back + 1 == history.len() {
                wanted = back * 2 + 1;
                past.push(id);
            }
        }
        let named = heads.iter().take(HEADS).copied().collect();
        let digest = digest_of(history);
        Self { digest, count: history.len() as u64, heads: named, are_all: heads.len() <= HEADS, past }
    }

    /// Whether all of this history is held, and nothing else.
    #[must_use]
    pub fn are_of(&self, history: &History) -> bool {
        self.digest == digest_of(history)
    }
}

/// Equal for two who hold the same: what is held is the heads and their ancestors.
fn digest_of(history: &History) -> [u8; 32] {
    derive(label::HEADS, &history.heads().iter().map(|id| &id.0[..]).collect::<Vec<_>>())
}

/// Some of what lies between two certificates in the order, the ends left out.
pub(super) fn between(
    history: &History,
    held: CertificateId,
    missing: CertificateId,
) -> Result<Heard, BreaksTheRules> {
    let (Some(low), Some(high)) = (history.place_of(&held), history.place_of(&missing)) else {
        return Err(BreaksTheRules);
    };
    if low >= high {
        return Err(BreaksTheRules);
    }
    let inner: Vec<CertificateId> = history.places(low..high).skip(1).map(|(_, id)| id).collect();
    let step = inner.len().div_ceil(STEPS).max(1);
    let list = inner.into_iter().rev().step_by(step).collect();
    Ok(Heard { say: Some(Word::Finer(list)), lacking: None })
}

impl Reconciling {
    pub(super) fn hear_holds(&mut self, holds: Holds, history: &History) -> Result<Heard, BreaksTheRules> {
        if holds.heads.len() > HEADS || holds.past.len() > u64::BITS as usize + 1 {
            return Err(BreaksTheRules);
        }
        self.begin_again(holds.count);
        if holds.are_of(history) {
            return Ok(self.knows(Vec::new()));
        }
        self.known = holds.heads.iter().filter(|id| history.contains(id)).copied().collect();
        if holds.are_all && self.known.len() == holds.heads.len() {
            // All that the other holds is held here, and nothing else is an ancestor of its heads.
            return Ok(self.knows(history.lacking(&self.known)));
        }
        self.narrow(&holds.past, None, history)
    }

    /// A fresh word of what the other holds. What is under way goes on: questions that were asked are answered yet,
    /// and ranges that are compared show what they show.
    fn begin_again(&mut self, count: u64) {
        let (unanswered, in_ranges) = (self.unanswered, self.in_ranges);
        let missing = std::mem::take(&mut self.missing);
        *self = Self { count, unanswered, in_ranges, missing, ..Self::new(self.opened) };
    }

    pub(super) fn hear_finer(
        &mut self,
        list: &[CertificateId],
        history: &History,
    ) -> Result<Heard, BreaksTheRules> {
        self.unanswered = self.unanswered.checked_sub(1).ok_or(BreaksTheRules)?;
        if list.len() > STEPS {
            return Err(BreaksTheRules);
        }
        let Some((held, missing)) = self.gap.take_if(|_| self.unanswered == 0) else {
            return Ok(Heard::default());
        };
        let within: Vec<CertificateId> =
            [missing].into_iter().chain(list.iter().copied()).chain([held]).collect();
        self.narrow(&within, Some(list.len()), history)
    }

    /// Asks for what lies in the gap between the newest certificate of the list that is held here and the one
    /// before it; or knows enough.
    fn narrow(
        &mut self,
        list: &[CertificateId],
        finer: Option<usize>,
        history: &History,
    ) -> Result<Heard, BreaksTheRules> {
        let at = list.iter().position(|id| history.contains(id));
        self.known.extend(at.map(|at| list[at]));
        let gap = at.and_then(|at| Some((list[at], *list.get(at.checked_sub(1)?)?)));
        let is_fine = finer.is_some_and(|listed| listed < STEPS) || self.finer >= FINER;
        let lacking = history.lacking(&self.known);
        match gap.filter(|_| !is_fine && lacking.len() > STEPS) {
            Some((held, missing)) => {
                self.finer += 1;
                self.gap = Some((held, missing));
                self.unanswered += 1;
                Ok(Heard { say: Some(Word::Between(held, missing)), lacking: None })
            }
            None => Ok(self.conclude(lacking, history)),
        }
    }

    /// What the other lacks at most is this. If that is far more than it can lack, ranges find out.
    fn conclude(&mut self, lacking: Vec<CertificateId>, history: &History) -> Heard {
        let surely = history.len().saturating_sub(usize::try_from(self.count).unwrap_or(usize::MAX));
        match lacking.len() <= WASTE + 2 * surely {
            true => self.knows(lacking),
            false if self.opened => self.compare(history),
            false => Heard { say: Some(Word::Compare), lacking: None },
        }
    }

    fn knows(&mut self, lacking: Vec<CertificateId>) -> Heard {
        self.is_known = true;
        Heard { say: None, lacking: Some(lacking) }
    }

    /// Begins to compare by ranges, if that is this side's part and isn't under way.
    pub(super) fn compare(&mut self, history: &History) -> Heard {
        let begins = self.opened && !std::mem::replace(&mut self.in_ranges, true);
        Heard { say: begins.then(|| Word::Ranges(ranges::whole(history))), lacking: None }
    }
}

const _: () = assert!(HEADS + (u64::BITS as usize) < limits::LISTED_IDS, "a first word fits one frame");
