//! Events: one line each.

use super::{exact, id, or_dash};
use crate::control::data::{Event, Happening, InvitationId, shown};

/// `2026-07-30 09:15:00Z  guest waits: ticket 17 at invitation 3fa2b1c0 for bob@example.org, 1 in all`
pub(in crate::cli) fn line(event: &Event, verbose: bool) -> String {
    format!("{}  {}", exact(event.at), what(&event.what, verbose))
}

fn what(what: &Happening, verbose: bool) -> String {
    let at = |invitation: &InvitationId| format!("invitation {}", id(invitation, verbose));
    match what {
        Happening::GuestWaiting { invitation_id, email, ticket, guests } => format!(
            "guest waits: ticket {} at {} for {}, {guests} in all",
            shown(ticket),
            at(invitation_id),
            or_dash(email.as_deref())
        ),
        Happening::GuestLeft { invitation_id, ticket, guests } => {
            format!("guest left: ticket {} at {}, {guests} in all", shown(ticket), at(invitation_id))
        }
        Happening::GreetingStarted { invitation_id, ticket } => {
            format!("greeting started: ticket {} at {}", shown(ticket), at(invitation_id))
        }
        Happening::GreetingEnded { invitation_id, ticket, reason, .. } => {
            let how = match reason {
                Some(reason) => format!("without trust ({reason:?})"),
                None => "with a new member".to_owned(),
            };
            format!("greeting ended {how}: ticket {} at {}", shown(ticket), at(invitation_id))
        }
        Happening::InvitationCreated { invitation_id, email, .. } => {
            format!("invitation made: {} for {}", at(invitation_id), or_dash(email.as_deref()))
        }
        Happening::InvitationFinished { invitation_id } => format!("{} did its work", at(invitation_id)),
        Happening::InvitationCancelled { invitation_id } => format!("{} was cancelled", at(invitation_id)),
        Happening::InvitationExpired { invitation_id } => format!("{} expired", at(invitation_id)),
        Happening::Lagged { missed } => format!("lagged: {missed} events were missed"),
        members => of_members(members, verbose),
    }
}

fn of_members(what: &Happening, verbose: bool) -> String {
    match what {
        Happening::UserEnrolled { user_id, profile, .. } => {
            format!("enrolled: user {} as {profile}", id(user_id, verbose))
        }
        Happening::DeviceAdded { user_id, device_id, .. } => {
            format!("device added: {} of user {}", id(device_id, verbose), id(user_id, verbose))
        }
        Happening::ProfileChanged { user_id, profile, .. } => {
            format!("profile changed: user {} is {profile}", id(user_id, verbose))
        }
        Happening::UserRevoked { user_id, .. } => format!("revoked: user {}", id(user_id, verbose)),
        Happening::CertificateVoid { certificate_id, reason } => {
            format!("void: certificate {}: {}", id(certificate_id, verbose), shown(reason))
        }
        Happening::MemberConnected { user_id, device_id } => {
            format!("connected: device {} of user {}", id(device_id, verbose), id(user_id, verbose))
        }
        Happening::MemberDisconnected { user_id, device_id } => {
            format!("disconnected: device {} of user {}", id(device_id, verbose), id(user_id, verbose))
        }
        other => format!("{other:?}"),
    }
}
