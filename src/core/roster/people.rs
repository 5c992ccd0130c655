//! Users and devices by number, and all that names a user.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::lineage::Ix;
use super::numbers::{Maybe, Numbers};
use crate::core::primitives::ids::{DeviceId, UserId};
use crate::core::primitives::limits;

/// A user's number.
pub(super) type UserIx = u32;

/// A device's number.
pub(super) type DeviceIx = u32;

/// A list of certificates that nearly always holds one.
pub(super) type Few = SmallVec<[Ix; 4]>;

/// Such a list for each of many: the first of each, and a list of its own for whoever has more.
#[derive(Debug, Clone, Default)]
struct Firsts {
    firsts: Vec<Maybe>,
    later: BTreeMap<u32, Vec<Ix>>,
}

impl Firsts {
    fn get(&self, of: u32) -> impl Iterator<Item = Ix> {
        let first = self.firsts.get(of as usize).and_then(|first| first.get());
        first.into_iter().chain(self.later(of).iter().copied())
    }

    fn is_alone(&self, of: u32) -> bool {
        self.later(of).is_empty()
    }

    fn later(&self, of: u32) -> &[Ix] {
        // Nearly always nobody has more than one.
        match self.later.is_empty() {
            true => &[],
            false => self.later.get(&of).map(Vec::as_slice).unwrap_or_default(),
        }
    }

    /// Gives how many there are with it.
    fn push(&mut self, of: u32, ix: Ix) -> usize {
        if self.firsts.len() <= of as usize {
            self.firsts.resize(of as usize + 1, Maybe::NONE);
        }
        match &mut self.firsts[of as usize] {
            none if *none == Maybe::NONE => {
                *none = Some(ix).into();
                1
            }
            _ => {
                let later = self.later.entry(of).or_default();
                later.push(ix);
                later.len() + 1
            }
        }
    }

    /// Takes off the last certificate that came.
    fn forget(&mut self, of: u32, last: Ix) {
        if let Some(later) = self.later.get_mut(&of) {
            later.pop_if(|ix| *ix == last);
        }
        if let Some(first) = self.firsts.get_mut(of as usize).filter(|first| first.get() == Some(last)) {
            *first = Maybe::NONE;
        }
    }
}

/// All that names one user, in the order of arrival.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) id: UserId,
    /// Most users never do a thing, and nothing befalls them.
    deeds: Option<Box<Deeds>>,
}

/// What a user did, and what was done to them.
#[derive(Debug, Clone, Default)]
pub(super) struct Deeds {
    /// Their own AddDevices.
    pub(super) additions: Vec<Ix>,
    pub(super) promotions: Vec<Ix>,
    /// Revokes and demotions of theirs.
    pub(super) removals: Vec<Ix>,
    /// All that their devices signed.
    pub(super) acts: Vec<Ix>,
    /// Removals that they signed.
    pub(super) removing: Vec<Ix>,
}

impl Deeds {
    const NONE: Self = Self {
        additions: Vec::new(),
        promotions: Vec::new(),
        removals: Vec::new(),
        acts: Vec::new(),
        removing: Vec::new(),
    };
}

impl Person {
    pub(super) fn deeds(&self) -> &Deeds {
        self.deeds.as_deref().unwrap_or(const { &Deeds::NONE })
    }

    pub(super) fn deeds_mut(&mut self) -> &mut Deeds {
        self.deeds.get_or_insert_default()
    }

    fn forget(&mut self, last: Ix) {
        let Some(Deeds { additions, promotions, removals, acts, removing }) = self.deeds.as_deref_mut()
        else {
            return;
        };
        for list in [additions, promotions, removals, acts, removing] {
            list.pop_if(|ix| *ix == last);
        }
    }
}

/// All users whom any certificate names, in the order of arrival.
#[derive(Debug, Clone, Default)]
pub(super) struct People {
    all: Vec<Person>,
    /// Of each the Founds and Enrolls.
    enrolments: Firsts,
    /// The certificates by which witnesses of theirs built on them.
    built: Vec<Built>,
    numbers: Numbers,
}

/// The certificates that build on one user's Enrolls.
pub(super) type Built = SmallVec<[Ix; limits::WITNESSES]>;

impl People {
    pub(super) fn find(&self, id: &UserId) -> Option<UserIx> {
        self.numbers.find(id, |user| self.get(user).id)
    }

    pub(super) fn find_or_add(&mut self, id: UserId) -> UserIx {
        self.find(&id).unwrap_or_else(|| {
            let next = self.everybody().end;
            self.all.push(Person { id, deeds: None });
            self.built.push(Built::new());
            self.numbers.note(next, &id, |user| self.all[user as usize].id);
            next
        })
    }

    pub(super) fn get(&self, user: UserIx) -> &Person {
        &self.all[user as usize]
    }

    pub(super) fn get_mut(&mut self, user: UserIx) -> &mut Person {
        &mut self.all[user as usize]
    }

    pub(super) fn reserve(&mut self, more: usize) {
        self.all.reserve(more);
        self.built.reserve(more);
        self.enrolments.firsts.reserve(more);
        self.numbers.reserve(more, |user| self.all[user as usize].id);
    }

    /// Founds and Enrolls of this user.
    pub(super) fn enrolments(&self, user: UserIx) -> impl Iterator<Item = Ix> {
        self.enrolments.get(user)
    }

    /// Whether no more than one certificate enrols this user.
    pub(super) fn is_enrolled_once(&self, user: UserIx) -> bool {
        self.enrolments.is_alone(user)
    }

    pub(super) fn enrol(&mut self, user: UserIx, enrol: Ix) {
        self.enrolments.push(user, enrol);
    }

    pub(super) fn built(&self, user: UserIx) -> &[Ix] {
        &self.built[user as usize]
    }

    pub(super) fn built_mut(&mut self, user: UserIx) -> &mut Built {
        &mut self.built[user as usize]
    }

    /// Forgets the last certificate that came, which named this user.
    pub(super) fn forget(&mut self, user: UserIx, last: Ix) {
        self.enrolments.forget(user, last);
        self.get_mut(user).forget(last);
    }

    pub(super) fn everybody(&self) -> std::ops::Range<UserIx> {
        0..UserIx::try_from(self.all.len()).unwrap_or(UserIx::MAX)
    }
}

/// All devices that any certificate lets in, in the order of arrival.
#[derive(Debug, Clone, Default)]
pub(super) struct Devices {
    all: Vec<DeviceId>,
    /// What let each in, whether or not it counts.
    introductions: Firsts,
    numbers: Numbers,
}

impl Devices {
    pub(super) fn find(&self, id: &DeviceId) -> Option<DeviceIx> {
        self.numbers.find(id, |device| self.get(device))
    }

    pub(super) fn find_or_add(&mut self, id: DeviceId) -> DeviceIx {
        self.find(&id).unwrap_or_else(|| {
            let next = DeviceIx::try_from(self.all.len()).unwrap_or(DeviceIx::MAX);
            self.all.push(id);
            self.numbers.note(next, &id, |device| self.all[device as usize]);
            next
        })
    }

    pub(super) fn get(&self, device: DeviceIx) -> DeviceId {
        self.all[device as usize]
    }

    pub(super) fn introductions(&self, device: DeviceIx) -> impl Iterator<Item = Ix> {
        self.introductions.get(device)
    }

    /// Gives how many have let it in, with this one.
    pub(super) fn introduce(&mut self, device: DeviceIx, introduction: Ix) -> usize {
        self.introductions.push(device, introduction)
    }

    pub(super) fn reserve(&mut self, more: usize) {
        self.all.reserve(more);
        self.introductions.firsts.reserve(more);
        self.numbers.reserve(more, |device| self.all[device as usize]);
    }

    pub(super) fn forget(&mut self, device: DeviceIx, last: Ix) {
        self.introductions.forget(device, last);
    }
}
