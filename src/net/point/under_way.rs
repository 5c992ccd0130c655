//! Answers that whoever asked hasn't taken yet. Each lies in memory until then; who asks for much and takes it byte by
//! byte fills its own share, and nobody else's.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use libp2p::PeerId;

use super::registry::Who;
use crate::core::primitives::limits;

/// All answers that are on their way, by the bytes that they hold. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct UnderWay(Arc<Mutex<Weights>>);

#[derive(Debug, Default)]
struct Weights {
    in_all: usize,
    of: BTreeMap<Whose, usize>,
}

/// Who has a share: an address with all its keys or, where that doesn't count, one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    From(IpAddr),
    Named(PeerId),
}

/// One answer's part of a share; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Part {
    of: UnderWay,
    whose: Whose,
    bytes: usize,
}

impl UnderWay {
    /// Room for an answer of so many bytes; none, where its reader, or all of them, have enough to take.
    pub(super) fn take(&self, who: Who, bytes: usize) -> Option<Part> {
        let whose = who.from.map_or(Whose::Named(who.peer), Whose::From);
        let mut weights = self.weights();
        let so_far = weights.of.get(&whose).copied().unwrap_or_default();
        let fits =
            so_far + bytes <= limits::ANSWERS_OF_ONE && weights.in_all + bytes <= limits::ANSWERS_IN_ALL;
        if !fits {
            return None;
        }
        weights.in_all += bytes;
        weights.of.insert(whose, so_far + bytes);
        Some(Part { of: self.clone(), whose, bytes })
    }

    fn weights(&self) -> MutexGuard<'_, Weights> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut weights = self.of.weights();
        weights.in_all -= self.bytes;
        let left = weights.of.get(&self.whose).copied().unwrap_or_default() - self.bytes;
        match left {
            0 => weights.of.remove(&self.whose),
            left => weights.of.insert(self.whose, left),
        };
    }
}
