//! From an id to the number of what it names. Ids are long and names many: each lies where it is used, once, and here is the
//! number alone, some eight bytes.
//!
//! Nothing ever walks through the table, so that its order, another one in each run, can decide nothing.

use std::hash::{BuildHasher, Hash, RandomState};

use hashbrown::HashTable;

use crate::core::primitives::ids::{CertificateId, DeviceId, UserId};

/// A number that may be missing, in four bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Maybe(u32);

impl Maybe {
    pub(super) const NONE: Self = Self(u32::MAX);

    pub(super) fn get(self) -> Option<u32> {
        Some(self.0).filter(|_| self != Self::NONE)
    }
}

impl From<Option<u32>> for Maybe {
    fn from(number: Option<u32>) -> Self {
        number.map_or(Self::NONE, Self)
    }
}

/// What numbers are found by.
pub(super) trait Key: PartialEq {
    /// What is hashed of it.
    type Part: Hash;

    /// As much of it as nobody finds alike in two.
    fn part(&self) -> Self::Part;
}

macro_rules! begins {
    ($($id:ident),*) => {$(
        impl Key for $id {
            type Part = u128;

            /// Of digests and public keys sixteen bytes.
            fn part(&self) -> u128 {
                self.0.first_chunk().map_or(0, |first| u128::from_le_bytes(*first))
            }
        }
    )*};
}

begins!(CertificateId, DeviceId, UserId);

/// The numbers of what has an id, found by it. Whoever asks says which id a number has.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbers {
    table: HashTable<u32>,
    seeded: RandomState,
}

impl Numbers {
    /// The number of what has this id.
    pub(super) fn find<K: Key>(&self, id: &K, id_of: impl Fn(u32) -> K) -> Option<u32> {
        self.table.find(self.seeded.hash_one(id.part()), |number| id_of(*number) == *id).copied()
    }

    /// Notes the number of this, which wasn't here before.
    pub(super) fn note<K: Key>(&mut self, number: u32, id: &K, id_of: impl Fn(u32) -> K) {
        let hash = |number: &u32| self.seeded.hash_one(id_of(*number).part());
        self.table.insert_unique(self.seeded.hash_one(id.part()), number, hash);
    }

    /// Makes room for so many more.
    pub(super) fn reserve<K: Key>(&mut self, more: usize, id_of: impl Fn(u32) -> K) {
        self.table.reserve(more, |number| self.seeded.hash_one(id_of(*number).part()));
    }

    /// Forgets it.
    pub(super) fn forget<K: Key>(&mut self, number: u32, id: &K) {
        if let Ok(found) = self.table.find_entry(self.seeded.hash_one(id.part()), |it| *it == number) {
            found.remove();
        }
    }
}
