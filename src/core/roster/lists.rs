//! What each certificate has of different length, all behind one another: its body, and short lists of numbers, each of
//! which costs its numbers and four bytes.

use super::lineage::Ix;

/// Which list of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// Its parents, in the order of their ids.
    Parents,
    /// The certificates that its body names: the ends of a removal's cut, the removals that an Acknowledge is about, the
    /// Enroll of an Adopt.
    Names,
    /// Of a removal and an Enroll: the users who are asked (R4.2), the most senior first.
    Witnesses,
    /// Enrolls that its author witnesses and builds on here for the first time (R4.3).
    BuildsOn,
    /// Of a promotion: the removals of its target that its author had seen; of a removal: the promotions.
    After,
}

/// How many lists each certificate has.
const LISTS: usize = 5;

/// The bodies of all certificates, as they came, in the order of arrival.
#[derive(Debug, Clone, Default)]
pub(super) struct Bodies {
    ends: Vec<usize>,
    bytes: Vec<u8>,
}

impl Bodies {
    pub(super) fn push(&mut self, body: &[u8]) {
        self.bytes.extend_from_slice(body);
        self.ends.push(self.bytes.len());
    }

    /// Forgets the last one.
    pub(super) fn pop(&mut self) {
        self.ends.pop();
        self.bytes.truncate(self.ends.last().copied().unwrap_or_default());
    }

    pub(super) fn get(&self, ix: Ix) -> &[u8] {
        let begin = (ix as usize).checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[begin..self.ends[ix as usize]]
    }
}

/// The lists of all certificates, in the order of arrival.
#[derive(Debug, Clone, Default)]
pub(super) struct Lists {
    /// Where each certificate's lists end.
    ends: Vec<[u32; LISTS]>,
    numbers: Vec<u32>,
}

impl Lists {
    pub(super) fn reserve(&mut self, more: usize) {
        self.ends.reserve(more);
    }

    /// The lists of the next certificate, in the order of [`List`].
    pub(super) fn push(&mut self, lists: [&[u32]; LISTS]) {
        let ends = lists.map(|list| {
            self.numbers.extend_from_slice(list);
            u32::try_from(self.numbers.len()).unwrap_or(u32::MAX)
        });
        self.ends.push(ends);
    }

    /// Forgets those of the last certificate.
    pub(super) fn pop(&mut self) {
        self.ends.pop();
        self.numbers.truncate(self.ends.last().map_or(0, |ends| ends[LISTS - 1] as usize));
    }

    /// One list of one certificate.
    pub(super) fn get(&self, ix: Ix, list: List) -> &[u32] {
        let (ix, list) = (ix as usize, list as usize);
        let begin = match (ix, list) {
            (0, 0) => 0,
            (_, 0) => self.ends[ix - 1][LISTS - 1],
            _ => self.ends[ix][list - 1],
        };
        &self.numbers[begin as usize..self.ends[ix][list] as usize]
    }
}
