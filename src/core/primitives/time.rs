//! Time as it is handed to the core: milliseconds since 1970 in UTC, as the device's clock has them.
//! It is shown and it ends things that expire; it never decides between two certificates.

use std::{fmt, ops::Add, time::Duration};

use serde::{Deserialize, Serialize};

/// A point in time, in milliseconds since 1970-01-01 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(pub u64);

impl Moment {
    /// The time that has passed since `earlier`; nothing, if it is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Whole days since 1970.
    #[must_use]
    pub fn day(self) -> u64 {
        self.0 / (24 * 3600 * 1000)
    }

    /// The day in words, as people say it: `3 May 2026`.
    #[must_use]
    pub fn day_in_words(self) -> String {
        let seconds = i64::try_from(self.0 / 1000).unwrap_or(i64::MAX);
        match jiff::Timestamp::from_second(seconds) {
            Ok(time) => time.strftime("%-d %B %Y").to_string(),
            Err(_) => "a day after the year 9999".to_owned(),
        }
    }
}

impl Add<Duration> for Moment {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }
}

impl fmt::Display for Moment {
    /// RFC 3339 in UTC, to the second. What a peer claims beyond the year 9999 is shown as such.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.0 / 1000).unwrap_or(i64::MAX);
        match jiff::Timestamp::from_second(seconds) {
            Ok(time) => f.pad(&time.to_string()),
            Err(_) => f.pad("9999-12-31T23:59:59Z"),
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
            let time: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
            Ok(Self(u64::try_from(time.as_millisecond()).unwrap_or(0)))
        } else {
            u64::deserialize(deserializer).map(Self)
        }
    }
}
