//! Sessions.

use super::invitations::state;
use super::table::Table;
use super::{fields, id, when, when_in_list};
use crate::control::data::{Moment, SessionAnswer, shown};

/// One session, with its link where it was just opened.
pub(in crate::cli) fn one(session: &SessionAnswer, now: Moment) -> String {
    let mut pairs = vec![
        ("session", session.invitation_id.to_string()),
        ("on the network", session.lan_id.to_string()),
        ("state", state(session.state).to_owned()),
        ("profile", profile(session)),
        ("seats", format!("{} of {} taken", session.taken, session.seats)),
        ("waiting", session.waiting.to_string()),
        ("expires", when(session.expires_at, now)),
        ("your name", if session.show_name { "shown" } else { "not shown" }.to_owned()),
    ];
    if let Some(link) = session.link.as_deref() {
        pairs.push(("link", shown(link)));
    }
    fields(&pairs)
}

/// `muster session list`
pub(in crate::cli) fn list(sessions: &[SessionAnswer], now: Moment, verbose: bool) -> String {
    if sessions.is_empty() {
        return String::new();
    }
    let mut table = Table::new(["ID", "ON THE NETWORK", "STATE", "PROFILE", "SEATS", "WAITING", "EXPIRES"]);
    for session in sessions {
        table.row([
            id(session.invitation_id, verbose),
            id(session.lan_id, verbose),
            state(session.state).to_owned(),
            profile(session),
            format!("{}/{}", session.taken, session.seats),
            session.waiting.to_string(),
            when_in_list(session.expires_at, now, verbose),
        ]);
    }
    table.to_string()
}

fn profile(session: &SessionAnswer) -> String {
    session.profile.map_or_else(|| "asked each time".to_owned(), |profile| profile.to_string())
}
