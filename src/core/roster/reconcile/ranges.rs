//! Ranges: the whole order in pieces, each with a fingerprint. Pieces that differ are cut in sixteen until they are
//! small enough to list. The idea is range-based set reconciliation (Aljoscha Meyer), as negentropy uses it.

use std::collections::BTreeSet;
use std::ops::Bound;

use serde::{Deserialize, Serialize};

use super::{BreaksTheRules, Heard, Place, Reconciling, Word};
use crate::core::primitives::digest::{derive, label};
use crate::core::primitives::ids::CertificateId;
use crate::core::primitives::limits;
use crate::core::roster::history::History;

/// A range of at most so many certificates is listed.
const LISTED: usize = 32;

/// Into how many parts a larger one is cut.
const PARTS: usize = 16;

/// Ranges in one word.
const RANGES: usize = 512;

/// Where every order ends.
const END: Place = (u64::MAX, CertificateId([0xff; 32]));

/// All that one says of a part of the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// It ends before this place, and begins where the one before it ended.
    pub end: Place,
    /// What is said of it.
    pub what: What,
}

/// What is said of a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// Nothing more.
    Settled,
    /// Over the certificates held in it: equal where both hold the same.
    Print([u8; 16]),
    /// All that are held in it.
    Ids(Vec<CertificateId>),
    /// These of yours aren't held here.
    Wanted(Vec<CertificateId>),
}

impl What {
    fn asks(&self) -> bool {
        matches!(self, Self::Print(_) | Self::Ids(_))
    }
}

/// The first word of ranges.
pub(super) fn whole(history: &History) -> Vec<Range> {
    let mut answer = Answer::default();
    answer.split(history, Bound::Unbounded, END);
    answer.ranges
}

impl Reconciling {
    pub(super) fn hear_ranges(
        &mut self,
        ranges: &[Range],
        history: &History,
    ) -> Result<Heard, BreaksTheRules> {
        check(ranges)?;
        let mut answer = Answer { unanswered: ranges.len(), ..Answer::default() };
        let mut from = Bound::Unbounded;
        for Range { end, what } in ranges {
            answer.unanswered -= 1;
            match what {
                What::Settled => answer.settled(*end),
                What::Print(print) if *print == print_of(history, from, *end) => answer.settled(*end),
                What::Print(_) => answer.split(history, from, *end),
                What::Ids(theirs) => {
                    let theirs: BTreeSet<CertificateId> = theirs.iter().copied().collect();
                    let mine = history.places((from, Bound::Excluded(*end)));
                    self.missing.extend(mine.filter(|(_, id)| !theirs.contains(id)));
                    let wanted: Vec<_> = theirs.into_iter().filter(|id| !history.contains(id)).collect();
                    answer.wanted(*end, wanted);
                }
                What::Wanted(ids) => {
                    self.missing.extend(ids.iter().filter_map(|id| history.place_of(id)));
                    answer.settled(*end);
                }
            }
            from = Bound::Included(*end);
        }
        let goes_on = ranges.iter().any(|range| range.what.asks());
        self.in_ranges = answer.ranges.iter().any(|range| range.what.asks());
        let say = goes_on.then_some(Word::Ranges(answer.ranges));
        let lacking = (!self.in_ranges).then(|| self.found_missing());
        Ok(Heard { say, lacking })
    }

    /// All that ranges have shown to be missing there, unless the walk came to know it meanwhile.
    fn found_missing(&mut self) -> Vec<CertificateId> {
        let missing = std::mem::take(&mut self.missing);
        match std::mem::replace(&mut self.is_known, true) {
            true => Vec::new(),
            false => missing.into_iter().map(|(_, id)| id).collect(),
        }
    }
}

/// Bounded, and each range after the one before it.
fn check(ranges: &[Range]) -> Result<(), BreaksTheRules> {
    let listed: usize = ranges
        .iter()
        .map(|range| match &range.what {
            What::Ids(ids) | What::Wanted(ids) => ids.len(),
            What::Settled | What::Print(_) => 0,
        })
        .sum();
    let ascend = ranges.windows(2).all(|pair| pair[0].end < pair[1].end);
    if ranges.len() > RANGES || listed > limits::LISTED_IDS || !ascend {
        return Err(BreaksTheRules);
    }
    Ok(())
}

/// The sum of all ids, which doesn't depend on how they are grouped, with their number, under a digest.
fn print_of(history: &History, from: Bound<Place>, end: Place) -> [u8; 16] {
    let mut sum = [0_u64; 4];
    let mut count = 0_u64;
    for (_, id) in history.places((from, Bound::Excluded(end))) {
        for (word, bytes) in sum.iter_mut().zip(id.0.chunks_exact(8)) {
            *word = word.wrapping_add(bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)));
        }
        count += 1;
    }
    let words = sum.iter().chain([&count]).flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let whole = derive(label::RANGE, &[&words]);
    let mut print = [0; 16];
    print.copy_from_slice(&whole[..16]);
    print
}

/// A word in the making: it holds no more than a word may, and what is left over stays one range for the next round.
#[derive(Default)]
struct Answer {
    ranges: Vec<Range>,
    /// Ids in lists of its own; those that are wanted are as few as the other listed.
    listed: usize,
    /// Ranges of the other's word that come after this one: each takes one more at least.
    unanswered: usize,
}

impl Answer {
    /// Settled ranges that follow each other are one.
    fn settled(&mut self, end: Place) {
        match self.ranges.last_mut() {
            Some(last) if last.what == What::Settled => last.end = end,
            _ => self.ranges.push(Range { end, what: What::Settled }),
        }
    }

    fn wanted(&mut self, end: Place, ids: Vec<CertificateId>) {
        if ids.is_empty() {
            return self.settled(end);
        }
        self.ranges.push(Range { end, what: What::Wanted(ids) });
    }

    /// Lists a range, or cuts it; where the word is full, says its fingerprint again.
    fn split(&mut self, history: &History, from: Bound<Place>, end: Place) {
        let inner: Vec<Place> = history.places((from, Bound::Excluded(end))).collect();
        let is_full = self.ranges.len() + PARTS + self.unanswered > RANGES
            || self.listed + LISTED > limits::LISTED_IDS / 2;
        if is_full {
            let print = print_of(history, from, end);
            self.ranges.push(Range { end, what: What::Print(print) });
        } else if inner.len() <= LISTED {
            self.listed += inner.len();
            self.ranges.push(Range { end, what: What::Ids(inner.into_iter().map(|(_, id)| id).collect()) });
        } else {
            let mut from = from;
            for part in 1..=PARTS {
                let until = if part == PARTS { end } else { inner[inner.len() * part / PARTS] };
                let print = print_of(history, from, until);
                self.ranges.push(Range { end: until, what: What::Print(print) });
                from = Bound::Included(until);
            }
        }
    }
}
