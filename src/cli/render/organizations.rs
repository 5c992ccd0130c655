//! Organizations, and the status of the daemon.

use console::style;

use super::table::Table;
use super::{fields, id, or_dash, when_in_list};
use crate::control::StatusReport;
use crate::control::data::{
    Moment, OrganizationAnswer, PointAnswer, PointSource, UserState, WaitingAnswer, shown,
};

/// `muster status`
pub(in crate::cli) fn status(report: &StatusReport, now: Moment, verbose: bool) -> String {
    let mut text = format!("musterd {}\n", shown(&report.version));
    for organization in &report.organizations {
        text.push('\n');
        text.push_str(&one(organization, verbose));
    }
    if !report.waiting.is_empty() {
        text.push('\n');
        text.push_str(&waiting(&report.waiting, now, verbose));
    }
    if !report.notes.is_empty() {
        text.push('\n');
    }
    for note in &report.notes {
        text.push_str(&format!("{} {}\n", style("note:").yellow(), shown(note)));
    }
    text
}

/// One organization, as this device sees it.
pub(in crate::cli) fn one(organization: &OrganizationAnswer, verbose: bool) -> String {
    let addresses: Vec<_> =
        organization.addresses.iter().map(|address| shown(&address.to_string())).collect();
    let addresses = if addresses.is_empty() { "none yet".to_owned() } else { addresses.join(", ") };
    let mut text = format!("{}\n", style(name(organization)).bold());
    text.push_str(&fields(&[
        ("  id", organization.organization_id.to_string()),
        ("  user", id(organization.user_id, verbose)),
        ("  device", id(organization.device_id, verbose)),
        ("  peer id", shown(&organization.peer_id)),
        ("  addresses", addresses),
        ("  profile", organization.profile.to_string()),
        ("  state", state(organization.state).to_owned()),
        ("  users", format!("{} active, {} connected", organization.users, organization.connected)),
        ("  roster", id(&organization.roster_digest, verbose)),
    ]));
    for advice in &organization.advice {
        text.push_str(&format!("  {} {}\n", style("note:").yellow(), shown(advice)));
    }
    text
}

/// `muster org list`
pub(in crate::cli) fn list(organizations: &[OrganizationAnswer], verbose: bool) -> String {
    if organizations.is_empty() {
        return String::new();
    }
    let mut table = Table::new(["ORGANIZATION", "ID", "PROFILE", "STATE", "USERS", "CONNECTED"]);
    for organization in organizations {
        table.row([
            name(organization),
            id(organization.organization_id, verbose),
            organization.profile.to_string(),
            state(organization.state).to_owned(),
            organization.users.to_string(),
            organization.connected.to_string(),
        ]);
    }
    table.to_string()
}

/// `muster org forget`
pub(in crate::cli) fn forgotten(organization: &OrganizationAnswer) -> String {
    format!("Forgotten: {} ({})\n", name(organization), organization.organization_id)
}

/// `muster org rendezvous`
pub(in crate::cli) fn points(points: &[PointAnswer]) -> String {
    if points.is_empty() {
        return String::new();
    }
    let any_problem = points.iter().any(|point| point.problem.is_some());
    let mut table = if any_problem {
        Table::new(["RENDEZVOUS POINT", "KNOWN FROM", "PROBLEM"])
    } else {
        Table::new(["RENDEZVOUS POINT", "KNOWN FROM"])
    };
    for point in points {
        let source = match point.source {
            PointSource::Organization => "the organization",
            PointSource::Configuration => "musterd.toml",
            PointSource::Invitation => "the invitation",
        };
        let (address, source) = (shown(&point.address.to_string()), source.to_owned());
        match point.problem.as_deref() {
            Some(problem) => table.row([address, source, shown(problem)]),
            None => table.row([address, source]),
        }
    }
    table.to_string()
}

/// What it is called, where that is known.
pub(in crate::cli) fn name(organization: &OrganizationAnswer) -> String {
    match organization.name.as_deref() {
        Some(name) => shown(name),
        None => format!("organization {}", organization.organization_id.short()),
    }
}

pub(super) fn state(state: UserState) -> &'static str {
    match state {
        UserState::Active => "active",
        UserState::Revoked => "revoked",
    }
}

fn waiting(waiting: &[WaitingAnswer], now: Moment, verbose: bool) -> String {
    let mut table = Table::new(["WAITING", "INVITATION", "GUESTS", "SINCE"]);
    for entry in waiting {
        table.row([
            or_dash(entry.email.as_deref()),
            id(entry.invitation_id, verbose),
            entry.guests.to_string(),
            when_in_list(entry.since, now, verbose),
        ]);
    }
    table.to_string()
}
