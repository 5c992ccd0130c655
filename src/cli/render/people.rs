//! Users, their devices, and what became of changes to them.

use super::organizations::state;
use super::table::Table;
use super::{fields, id, or_dash, user_label, when, when_in_list};
use crate::control::data::{ChangeAnswer, ChangeResult, DeviceAnswer, Moment, UserAnswer, shown};

/// `muster user list`
pub(in crate::cli) fn users(users: &[UserAnswer], now: Moment, verbose: bool) -> String {
    let mut table = Table::new(["USER", "ID", "PROFILE", "STATE", "DEVICES", "ENROLLED"]);
    for user in users {
        table.row([
            user_label(user.name.as_deref(), user.email.as_deref(), user.user_id),
            id(user.user_id, verbose),
            user.profile.to_string(),
            state(user.state).to_owned(),
            user.devices.len().to_string(),
            when_in_list(user.enrolled_at, now, verbose),
        ]);
    }
    table.to_string()
}

/// `muster user show`
pub(in crate::cli) fn user(user: &UserAnswer, now: Moment, verbose: bool) -> String {
    let mut text = fields(&[
        ("user", user_label(user.name.as_deref(), user.email.as_deref(), user.user_id)),
        ("id", user.user_id.to_string()),
        ("profile", user.profile.to_string()),
        ("state", state(user.state).to_owned()),
        ("enrolled", when(user.enrolled_at, now)),
        ("by", format!("user {}", user.enrolled_by.short())),
    ]);
    text.push('\n');
    text.push_str(&devices(&user.devices, verbose));
    text
}

/// `muster device list`
pub(in crate::cli) fn devices(devices: &[DeviceAnswer], verbose: bool) -> String {
    let mut table = Table::new(["DEVICE", "ID", "USER", "CONNECTED"]);
    for device in devices {
        let label = device.label.as_deref();
        table.row([
            label.map_or_else(|| format!("device {}", device.device_id.short()), shown),
            id(device.device_id, verbose),
            id(device.user_id, verbose),
            if device.connected { "yes" } else { "no" }.to_owned(),
        ]);
    }
    table.to_string()
}

/// What became of each user that was named.
pub(in crate::cli) fn changes(changes: &[ChangeAnswer], verbose: bool) -> String {
    let mut table = Table::new(["NAMED", "USER", "RESULT", "WHY"]);
    for change in changes {
        table.row([
            named(change, verbose),
            change.user_id.map_or_else(|| "-".to_owned(), |user| id(user, verbose)),
            result(change.result).to_owned(),
            or_dash(change.reason.as_deref()),
        ]);
    }
    table.to_string()
}

/// As it was given; but who was named by the whole id by their email.
pub(in crate::cli) fn named(change: &ChangeAnswer, verbose: bool) -> String {
    match (change.user_id, change.email.as_deref()) {
        (Some(user), Some(email)) if change.user == user.to_string() && !verbose => shown(email),
        _ => shown(&change.user),
    }
}

/// Administrators whom somebody made such who is to be revoked.
pub(in crate::cli) fn appointed(users: &[UserAnswer]) -> String {
    let mut table = Table::plain();
    for user in users {
        table.row([format!("  {}", who(user)), id(user.user_id, false)]);
    }
    format!("Administrators because of them:\n{table}")
}

/// The same in a line: `Bob <bob@example.org> and Cyd <cyd@example.org>, Administrators because of them, are`
pub(in crate::cli) fn appointed_in_a_line(users: &[UserAnswer]) -> String {
    let names: Vec<String> = users.iter().map(who).collect();
    match users {
        [_] => format!("{}, Administrator because of them, is", names.join("")),
        _ => format!("{}, Administrators because of them, are", names.join(" and ")),
    }
}

/// Somebody, by name where it may be seen.
pub(in crate::cli) fn who(user: &UserAnswer) -> String {
    user_label(user.name.as_deref(), user.email.as_deref(), user.user_id)
}

fn result(result: ChangeResult) -> &'static str {
    match result {
        ChangeResult::Changed => "changed",
        ChangeResult::Unchanged => "unchanged",
        ChangeResult::Refused => "refused",
        ChangeResult::NotFound => "not found",
    }
}
