//! The steps of a conversation, for a person.

use console::style;

use super::table::Table;
use super::{fields, id, or_dash, when_in_list};
use crate::control::data::{FoundSession, Kind, Moment, Profile, Side, Step, UserId, WaitingGuest, shown};

/// Who is awaited.
pub(in crate::cli) fn waiting(awaited: Side, place: Option<u32>, ticket: Option<&str>) -> String {
    let whom = match awaited {
        Side::Host => "Waiting for your host",
        Side::Guest => "Waiting for your guest",
        Side::Network => "Waiting for the network",
    };
    match (place, ticket) {
        (Some(place), Some(ticket)) => format!("{whom}: place {place}, ticket {}", shown(ticket)),
        (Some(place), None) => format!("{whom}: place {place}"),
        _ => format!("{whom} …"),
    }
}

/// What an answer leaves to wait for; nothing where the next step comes at once.
pub(in crate::cli) fn awaited_after(step: &Step, side: Side) -> Option<&'static str> {
    match (step, side) {
        (Step::EnterCode { .. }, Side::Host) => Some("Waiting for your guest to say who they are …"),
        (Step::Details { .. }, _) => Some("Waiting for your host to let you in …"),
        (Step::Confirm { .. }, _) => Some("Handing over …"),
        _ => None,
    }
}

/// A code in large letters.
pub(in crate::cli) fn boxed(code: &str) -> String {
    let spaced: Vec<_> = code.chars().map(String::from).collect();
    let spaced = format!("   {}   ", spaced.join("  "));
    let edge = "─".repeat(console::measure_text_width(&spaced));
    format!("\n    ╭{edge}╮\n    │{}│\n    ╰{edge}╯\n\n", style(spaced).bold())
}

/// What stands above them. Several on one invitation mean that more people have its link than it was made for.
pub(in crate::cli) fn several(guests: &[WaitingGuest]) -> &'static str {
    let one_link = guests.windows(2).all(|pair| pair[0].invitation_id == pair[1].invitation_id);
    if one_link {
        "Several guests wait with one link; only the codes will tell who is yours:"
    } else {
        "Several guests wait:"
    }
}

/// The sessions that a guest found, to choose one.
pub(in crate::cli) fn sessions(sessions: &[FoundSession]) -> String {
    let mut table = Table::new(["SESSION", "ORGANIZATION", "HOST", "WAITING", "AT"]);
    for one in sessions {
        table.row([
            id(one.session, false),
            shown(&one.organization),
            or_dash(one.host.as_deref()),
            one.waiting.to_string(),
            shown(&one.address),
        ]);
    }
    table.to_string()
}

/// The one session that there is.
pub(in crate::cli) fn joins_session(sessions: &[FoundSession]) -> String {
    sessions.iter().fold(String::new(), |text, one| {
        let host = one.host.as_deref().map_or_else(String::new, |host| format!(" of {}", shown(host)));
        let (organization, waiting) = (shown(&one.organization), one.waiting);
        text + &format!(
            "A session{host} says that it is {organization}'s; {waiting} wait. Only the codes will tell.\n"
        )
    })
}

/// The guests that wait, to choose one.
pub(in crate::cli) fn guests(guests: &[WaitingGuest], now: Moment) -> String {
    let mut table = Table::new(["TICKET", "INVITED", "FROM", "SINCE"]);
    for guest in guests {
        table.row([
            shown(&guest.ticket),
            or_dash(guest.email.as_deref()),
            shown(&guest.address),
            when_in_list(guest.since, now, false),
        ]);
    }
    table.to_string()
}

/// What a join is about, before anything is sent.
pub(in crate::cli) fn about(kind: Kind, organization: Option<&str>, user: Option<&str>) -> String {
    let organization = organization.map_or_else(|| "the organization".to_owned(), shown);
    match kind {
        Kind::User => format!("You are joining {organization} as a new person."),
        Kind::Session => format!("You are joining {organization} as a new person, in a session."),
        Kind::Device => {
            let user = user.map_or_else(|| "the user who made the invitation".to_owned(), shown);
            format!(
                "This machine is to become a device of {user} in {organization}: \
                 whatever is theirs will be here, and what is done here is done in their name."
            )
        }
    }
}

/// Whom the host is about to let in.
pub(in crate::cli) fn guest(
    name: Option<&str>,
    email: Option<&str>,
    invited: Option<&str>,
    device: &str,
) -> String {
    let mut pairs = Vec::new();
    if name.is_some() || email.is_some() {
        pairs.push(("name", or_dash(name)));
        pairs.push(("email", or_dash(email)));
    }
    if let Some(invited) = invited {
        pairs.push(("invited", shown(invited)));
    }
    pairs.push(("device", shown(device)));
    format!("Your guest says:\n{}", fields(&pairs))
}

/// They are in.
pub(in crate::cli) fn done(side: Side, user: UserId, profile: Profile, organization: Option<&str>) -> String {
    let organization = organization.map_or_else(|| "the organization".to_owned(), shown);
    let who = if side == Side::Host { "They are" } else { "You are" };
    format!("{who} in: user {} of {organization}, profile {profile}", user.short())
}
