//! Invitations.

use console::style;

use super::table::Table;
use super::{fields, id, or_dash, when, when_in_list};
use crate::control::data::{InvitationAnswer, InvitationState, InvitedAnswer, Kind, Moment, shown};

/// What was made: each link on a line of its own, to be copied.
pub(in crate::cli) fn made(made: &[InvitedAnswer], now: Moment) -> String {
    made.iter().fold(String::new(), |mut text, entry| {
        let whom = entry.email.as_deref().map_or_else(|| "a device of your own".to_owned(), shown);
        text.push_str(&format!("{}, expires {}\n", style(whom).bold(), when(entry.expires_at, now)));
        text.push_str(&format!("  {}\n", shown(&entry.link)));
        if let Some(error) = &entry.error {
            text.push_str(&format!("  {} {}\n", style("error:").red(), shown(error)));
        }
        text
    })
}

/// `muster invite list`
pub(in crate::cli) fn list(invitations: &[InvitationAnswer], now: Moment, verbose: bool) -> String {
    if invitations.is_empty() {
        return String::new();
    }
    let mut table = Table::new(["ID", "FOR", "STATE", "WAITING", "EXPIRES"]);
    for entry in invitations {
        table.row([
            id(entry.invitation_id, verbose),
            whom(entry),
            state(entry.state).to_owned(),
            entry.waiting.to_string(),
            when_in_list(entry.expires_at, now, verbose),
        ]);
    }
    table.to_string()
}

/// `muster invite show`
pub(in crate::cli) fn one(entry: &InvitationAnswer, now: Moment) -> String {
    let mut pairs = vec![
        ("invitation", entry.invitation_id.to_string()),
        ("for", whom(entry)),
        ("state", state(entry.state).to_owned()),
        ("made by", format!("user {}", entry.created_by.short())),
        ("made", when(entry.created_at, now)),
        ("expires", when(entry.expires_at, now)),
        ("waiting", entry.waiting.to_string()),
        ("attempts", entry.attempts.to_string()),
    ];
    if let Some(ended) = entry.ended_at {
        pairs.push(("ended", when(ended, now)));
    }
    if let Some(user) = entry.ended_by {
        pairs.push(("ended by", format!("user {}", user.short())));
    }
    if let Some(link) = entry.link.as_deref() {
        pairs.push(("link", shown(link)));
    }
    fields(&pairs)
}

fn whom(entry: &InvitationAnswer) -> String {
    match entry.kind {
        Kind::User => or_dash(entry.email.as_deref()),
        Kind::Device => "a device of your own".to_owned(),
        Kind::Session => "a session".to_owned(),
    }
}

pub(super) fn state(state: InvitationState) -> &'static str {
    match state {
        InvitationState::Pending => "pending",
        InvitationState::Ready => "ready",
        InvitationState::Greeting => "greeting",
        InvitationState::Finished => "finished",
        InvitationState::Cancelled => "cancelled",
        InvitationState::Expired => "expired",
    }
}
