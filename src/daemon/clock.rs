//! The time that is handed to the core. It follows the wall clock forward, also over a suspended machine; where
//! that is set back, it goes on from where it was at its own pace, so that what is waited for still comes.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::core::primitives::time::Moment;

/// A clock that never runs backwards within this process.
#[derive(Debug)]
pub struct Clock {
    /// The last time that the wall clock was believed, by both clocks.
    believed: Mutex<(Moment, Instant)>,
}

impl Clock {
    /// A clock that begins with the wall clock's time.
    #[must_use]
    pub fn new() -> Self {
        Self { believed: Mutex::new((wall_clock(), Instant::now())) }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.reconcile(wall_clock(), Instant::now())
    }

    /// Now, given what the wall clock shows and what the clock that is never set shows.
    #[must_use]
    pub fn reconcile(&self, wall: Moment, steady: Instant) -> Moment {
        let mut believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner);
        let (moment, instant) = *believed;
        let expected = moment + steady.saturating_duration_since(instant);
        if wall < expected {
            return expected;
        }
        *believed = (wall, steady);
        wall
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

/// Before 1970 there was no Muster.
fn wall_clock() -> Moment {
    Moment(0) + SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO)
}
