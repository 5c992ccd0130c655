//! Reconciling: two devices find out which certificates each holds and the other doesn't, and say little more than that
//! (docs/spec/wire.md, W5).
//!
//! ```text
//!  Holds ─────▶  heads, and a list that thins out into the past     the same heads: in step
//!  Between ◀───  the newest you list that I hold is this one        what lies between it and the next?
//!  Finer ─────▶  sixteen of those                                   … then what the other lacks is known
//!
//!  Compare, Ranges ◀──▶   where histories parted long ago and in many places: fingerprints of ranges of the whole
//!                order, halved and halved again until the differences stand alone
//! ```
//!
//! What is held is causally closed: who holds a certificate holds its ancestors. So a list of a few ids says
//! much, and whatever isn't an ancestor of an id that the other holds is sent, at worst a little too much. Both
//! directions run at the same time, each by itself. Nothing is believed that could do harm: who lies about what
//! it holds gets too much or too little.
//!
//! Not here: streams, the certificates themselves and their batches, who may hear anything.

mod ranges;
mod walk;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::history::History;
use crate::core::primitives::ids::CertificateId;

pub use ranges::{Range, What};

/// A place in the order of a history: the generation, then the id.
pub type Place = (u64, CertificateId);

/// Certificates that may be sent though the other perhaps holds them, because to find out would cost as much.
const WASTE: usize = 256;

/// Times that a list is made finer before it counts as fine enough.
const FINER: u32 = 4;

/// What the two sides say to each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    /// What one holds.
    Holds(Holds),
    /// Of what you hold, list some that lie between these two: the first is held here, the second isn't.
    Between(CertificateId, CertificateId),
    /// The answer: from the newest to the oldest; empty where nothing lies between.
    Finer(Vec<CertificateId>),
    /// Let us compare by ranges: you begin. Only the side that opened the stream does, so that there is one such
    /// exchange and not two that cross.
    Compare,
    /// Ranges that follow each other, of the whole order.
    Ranges(Vec<Range>),
}

/// What a device says first of what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holds {
    /// Over all heads: equal for two devices that hold the same.
    pub digest: [u8; 32],
    /// How many certificates.
    pub count: u64,
    /// All the heads, if they are few; else the first of them.
    pub heads: Vec<CertificateId>,
    /// Whether those are all.
    pub are_all: bool,
    /// Ever fewer of the rest, from the newest to the oldest, the founding certificate last.
    pub past: Vec<CertificateId>,
}

/// What one has to do after a word.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// To be said in return.
    pub say: Option<Word>,
    /// What the other lacks, ancestors first; none while that isn't known yet.
    pub lacking: Option<Vec<CertificateId>>,
}

/// The word breaks the rules: too long, out of order, or an answer that nobody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a word that breaks the rules of reconciling")]
pub struct BreaksTheRules;

/// Where one side is.
#[derive(Debug)]
pub struct Reconciling {
    /// Whether this side opened the stream.
    opened: bool,
    /// What the other is known to hold, from its last list on.
    known: Vec<CertificateId>,
    /// How many the other said to hold.
    count: u64,
    /// The gap that was asked about, and how often it was made finer.
    gap: Option<(CertificateId, CertificateId)>,
    finer: u32,
    /// Questions about gaps that the other hasn't answered. It answers in order, so all but the last are about gaps that
    /// a later word of what it holds has made old.
    unanswered: u32,
    /// Whether what the other lacks is known since its last list.
    is_known: bool,
    /// What ranges have shown that the other lacks.
    missing: BTreeSet<Place>,
    /// Whether ranges are being compared.
    in_ranges: bool,
}

impl Reconciling {
    /// Before the first word; `opened` is whether this side opened the stream.
    #[must_use]
    pub fn new(opened: bool) -> Self {
        Self {
            opened,
            known: Vec::new(),
            count: 0,
            gap: None,
            finer: 0,
            unanswered: 0,
            is_known: false,
            missing: BTreeSet::new(),
            in_ranges: false,
        }
    }

    /// Whether it is known what the other lacks of what was held here at its last list.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.is_known
    }

    /// What a device says first.
    #[must_use]
    pub fn holds(history: &History) -> Word {
        Word::Holds(Holds::of(history))
    }

    /// Takes in one word.
    ///
    /// # Errors
    /// [`BreaksTheRules`]: who says such a thing isn't listened to any longer.
    pub fn hear(&mut self, word: Word, history: &History) -> Result<Heard, BreaksTheRules> {
        match word {
            Word::Holds(holds) => self.hear_holds(holds, history),
            Word::Between(held, missing) => walk::between(history, held, missing),
            Word::Finer(list) => self.hear_finer(&list, history),
            Word::Compare => Ok(self.compare(history)),
            Word::Ranges(list) => self.hear_ranges(&list, history),
        }
    }
}
