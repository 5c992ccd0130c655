//! Users and devices by number, and all that names a user.

use smallvec::SmallVec;

use super::lineage::Ix;
use super::numbers::Numbers;
use crate::core::primitives::ids::{DeviceId, UserId};

/// A user's number.
pub(super) type UserIx = u32;

/// A device's number.
pub(super) type DeviceIx = u32;

/// A list of certificates that nearly always holds one.
pub(super) type Few = SmallVec<[Ix; 4]>;

/// All that names one user, in the order of arrival.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) id: UserId,
    /// Founds and Enrolls.
    pub(super) enrolments: Few,
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

    /// Forgets the last certificate that came.
    pub(super) fn forget(&mut self, last: Ix) {
        if self.enrolments.last() == Some(&last) {
            self.enrolments.pop();
        }
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
    numbers: Numbers,
}

impl People {
    pub(super) fn find(&self, id: &UserId) -> Option<UserIx> {
        self.numbers.find(id, |user| self.get(user).id)
    }

    pub(super) fn find_or_add(&mut self, id: UserId) -> UserIx {
        self.find(&id).unwrap_or_else(|| {
            let next = self.everybody().end;
            self.all.push(Person { id, enrolments: Few::new(), deeds: None });
            self.numbers.note(next, |user| self.all[user as usize].id);
            next
        })
    }

    pub(super) fn get(&self, user: UserIx) -> &Person {
        &self.all[user as usize]
    }

    pub(super) fn get_mut(&mut self, user: UserIx) -> &mut Person {
        &mut self.all[user as usize]
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
    introductions: Vec<Few>,
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
            self.introductions.push(Few::new());
            self.numbers.note(next, |device| self.all[device as usize]);
            next
        })
    }

    pub(super) fn get(&self, device: DeviceIx) -> DeviceId {
        self.all[device as usize]
    }

    pub(super) fn introductions(&self, device: DeviceIx) -> &[Ix] {
        &self.introductions[device as usize]
    }

    pub(super) fn introductions_mut(&mut self, device: DeviceIx) -> &mut Few {
        &mut self.introductions[device as usize]
    }
}
