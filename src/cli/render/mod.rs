//! Text for people: aligned tables, times that can be read at a glance and are exact, short ids.
//!
//! Everything that a peer may have supplied goes through [`shown`] here; nothing else prints it.

pub(super) mod certificates;
pub(super) mod happenings;
pub(super) mod invitations;
pub(super) mod organizations;
pub(super) mod people;
pub(super) mod sessions;
pub(super) mod steps;
mod table;

use std::fmt::Display;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use console::style;
use serde::Serialize;

use self::table::Table;
use crate::control::data::{Moment, UserId, shown};

/// The clock of this machine.
pub(super) fn now() -> Moment {
    Moment(0) + SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A moment, exactly and as people say it: `2026-07-30 09:15:00Z (in 7 days)`.
fn when(moment: Moment, now: Moment) -> String {
    format!("{} ({})", exact(moment), relative(moment, now))
}

/// A moment in a list, which must fit the width of a terminal: `in 7 days`, and exactly where more was asked for.
fn when_in_list(moment: Moment, now: Moment, verbose: bool) -> String {
    if verbose { when(moment, now) } else { relative(moment, now) }
}

fn relative(moment: Moment, now: Moment) -> String {
    let ahead = moment.since(now);
    if ahead > Duration::ZERO {
        return format!("in {}", span(ahead));
    }
    match now.since(moment) {
        past if past < Duration::from_secs(1) => "now".to_owned(),
        past => format!("{} ago", span(past)),
    }
}

/// A moment in UTC, to the second: `2026-07-30 09:15:00Z`.
fn exact(moment: Moment) -> String {
    moment.to_string().replacen('T', " ", 1)
}

/// A span in its largest unit, rounded: a week that began a moment ago is 7 days, not 6.
fn span(span: Duration) -> String {
    const UNITS: [(u64, &str); 4] = [(24 * 3600, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let seconds = span.as_secs().max(1);
    let nearly = |(length, _): &(u64, &str)| seconds * 10 >= length * 9;
    let (length, name) = UNITS.into_iter().find(nearly).unwrap_or((1, "second"));
    let count = ((seconds + length / 2) / length).max(1);
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

/// An id: in full, or its first eight digits, by which it can be named as well.
fn id(id: impl Display, verbose: bool) -> String {
    let full = id.to_string();
    if verbose { full } else { full.chars().take(8).collect() }
}

/// Who a user is, for those who may know; else the short id, as `user 3fa2b1c0`.
fn user_label(name: Option<&str>, email: Option<&str>, user: UserId) -> String {
    match (name, email) {
        (Some(name), Some(email)) => format!("{} <{}>", shown(name), shown(email)),
        (Some(only), None) | (None, Some(only)) => shown(only),
        (None, None) => format!("user {}", user.short()),
    }
}

/// A value as the word that programs see.
fn word(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default().trim_matches('"').to_owned()
}

/// A text that may be missing.
fn or_dash(text: Option<&str>) -> String {
    text.map_or_else(|| "-".to_owned(), shown)
}

/// Lines of `name: value`, the values aligned.
fn fields(pairs: &[(&str, String)]) -> String {
    let mut table = Table::plain();
    for (name, value) in pairs {
        table.row([style(*name).dim().to_string(), value.clone()]);
    }
    table.to_string()
}
