//! Pauses that grow with each failure, never quite equal, so that devices that lost each other don't all
//! come back at the same moment.

use std::time::Duration;

/// A growing pause.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    /// Grows from `first` to `longest`.
    pub(super) const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first }
    }

    /// How long to wait after one more failure: between three and five quarters of what is due.
    pub(super) fn pause(&mut self) -> Duration {
        let due = self.next;
        self.next = (due * 2).min(self.longest);
        due.mul_f64(0.75 + 0.5 * chance())
    }

    /// It worked: the next failure is a first one.
    pub(super) fn reset(&mut self) {
        self.next = self.first;
    }
}

/// A number from 0 to 1; a half where the system has no entropy, since only evenness is at stake.
fn chance() -> f64 {
    getrandom::u32().map_or(0.5, |bits| f64::from(bits) / f64::from(u32::MAX))
}
