//! Events: one line each.

use super::{exact, id, or_dash, word};
use crate::control::data::{DeviceId, Event, Happening, InvitationId, UserId, shown};

/// `2026-07-30 09:15:00Z  guest waits: ticket 17 at invitation 3fa2b1c0 for bob@example.org, 1 in all`
pub(in crate::cli) fn line(event: &Event, verbose: bool) -> String {
    format!("{}  {}", exact(event.at), what(&event.what, verbose))
}

fn what(what: &Happening, verbose: bool) -> String {
    let at = |invitation: &InvitationId| format!("invitation {}", id(invitation, verbose));
    let user = |user: &UserId| format!("user {}", id(user, verbose));
    let device = |device: &DeviceId| format!("device {}", id(device, verbose));
    match what {
        Happening::GuestWaiting { invitation_id, email, ticket, guests } => {
            let (ticket, whom) = (shown(ticket), or_dash(email.as_deref()));
            format!("guest waits: ticket {ticket} at {} for {whom}, {guests} in all", at(invitation_id))
        }
        Happening::GuestLeft { invitation_id, ticket, guests } => {
            format!("guest left: ticket {} at {}, {guests} in all", shown(ticket), at(invitation_id))
        }
        Happening::GreetingStarted { invitation_id, ticket } => {
            format!("greeting started: ticket {} at {}", shown(ticket), at(invitation_id))
        }
        Happening::GreetingEnded { invitation_id, ticket, reason, .. } => {
            let how = reason.map_or_else(|| "they are in".to_owned(), |reason| word(&reason));
            format!("greeting ended: ticket {} at {}: {how}", shown(ticket), at(invitation_id))
        }
        Happening::UserEnrolled { user_id, profile, .. } => {
            format!("enrolled: {} as {profile}", user(user_id))
        }
        Happening::DeviceAdded { user_id, device_id, .. } => {
            format!("device added: {} of {}", device(device_id), user(user_id))
        }
        Happening::ProfileChanged { user_id, profile, .. } => {
            format!("profile changed: {} is {profile}", user(user_id))
        }
        Happening::UserRevoked { user_id, .. } => format!("revoked: {}", user(user_id)),
        Happening::InvitationCreated { invitation_id, email, .. } => {
            format!("{} was made for {}", at(invitation_id), or_dash(email.as_deref()))
        }
        Happening::InvitationFinished { invitation_id } => format!("{} did its work", at(invitation_id)),
        Happening::InvitationCancelled { invitation_id } => format!("{} was cancelled", at(invitation_id)),
        Happening::InvitationExpired { invitation_id } => format!("{} expired", at(invitation_id)),
        Happening::SessionOpened { invitation_id, seats, .. } => {
            format!("session opened: {}, {seats} seats", at(invitation_id))
        }
        Happening::SessionClosed { invitation_id, why } => {
            format!("session closed: {}: {}", at(invitation_id), word(why))
        }
        Happening::CertificateVoid { certificate_id, reason, kind, .. } => {
            format!("void: {} {}: {}", shown(kind), id(certificate_id, verbose), shown(reason))
        }
        Happening::LogChanged => "the log changed".to_owned(),
        Happening::MemberConnected { user_id, device_id } => {
            format!("connected: {} of {}", device(device_id), user(user_id))
        }
        Happening::MemberDisconnected { user_id, device_id } => {
            format!("disconnected: {} of {}", device(device_id), user(user_id))
        }
        Happening::Lagged { missed } => format!("lagged: {missed} events were missed"),
    }
}
