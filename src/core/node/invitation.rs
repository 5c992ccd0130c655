//! An invitation as its host keeps it: pending until it is finished, cancelled or expired, and then its keys for
//! another thirty days, so that whoever comes late with the link is told what became of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::request::InvitationState;
use crate::core::greeting::Reason;
use crate::core::greeting::invitation::InvitationKeys;
use crate::core::greeting::link::Link;
use crate::core::primitives::address::Address;
use crate::core::primitives::ids::{DeviceId, OrganizationId, UserId};
use crate::core::primitives::kind::Kind;
use crate::core::primitives::limits;
use crate::core::primitives::secret::Token;
use crate::core::primitives::text::Email;
use crate::core::primitives::time::Moment;

/// One invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Invitation {
    /// Derived from the token.
    pub(super) keys: InvitationKeys,
    /// Kept while it is pending, so that the same link can be shown again.
    pub(super) token: Option<Token>,
    pub(super) kind: Kind,
    /// Of a user invitation.
    pub(super) email: Option<Email>,
    pub(super) created_by: UserId,
    pub(super) created_at: Moment,
    pub(super) expires_at: Moment,
    /// Nonces that left, and when the last did.
    pub(super) attempts: u32,
    pub(super) last_attempt: Moment,
    pub(super) ended: Option<Ending>,
}

/// How an invitation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ending {
    pub(super) how: How,
    pub(super) at: Moment,
    /// Told to Administrators alone.
    pub(super) by: Option<UserId>,
}

/// The ways to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum How {
    /// It let this device in; whether that device has said that it knows.
    Finished { enrolled: DeviceId, acknowledged: bool },
    /// Taken back, or closed after too many attempts.
    Cancelled,
    /// Its time was up.
    Expired,
    /// All seats of the session are taken.
    Full,
}

impl Invitation {
    pub(super) fn is_pending(&self) -> bool {
        self.ended.is_none()
    }

    /// Ends it; the token is of no more use.
    pub(super) fn end(&mut self, how: How, at: Moment, by: Option<UserId>) {
        self.token = None;
        self.ended = Some(Ending { how, at, by });
    }

    /// The state as people see it, but for the guests that wait.
    pub(super) fn state(&self) -> InvitationState {
        match self.ended.map(|ending| ending.how) {
            None => InvitationState::Pending,
            Some(How::Finished { .. } | How::Full) => InvitationState::Finished,
            Some(How::Cancelled) => InvitationState::Cancelled,
            Some(How::Expired) => InvitationState::Expired,
        }
    }

    /// What a guest who comes too late is told.
    pub(super) fn closed_because(&self) -> Option<(Reason, Moment)> {
        let ending = self.ended?;
        let reason = match ending.how {
            How::Finished { .. } => Reason::InvitationFinished,
            How::Cancelled if self.kind == Kind::Session => Reason::SessionClosed,
            How::Cancelled => Reason::InvitationCancelled,
            How::Full => Reason::NoSeats,
            How::Expired => Reason::InvitationExpired,
        };
        Some((reason, ending.at))
    }

    /// The device that this invitation let in and that hasn't said yet that it knows.
    pub(super) fn unacknowledged(&self) -> Option<DeviceId> {
        match self.ended?.how {
            How::Finished { enrolled, acknowledged: false } => Some(enrolled),
            _ => None,
        }
    }

    /// When the next attempt may begin: at once after the first few, then after a pause that doubles.
    pub(super) fn next_attempt(&self) -> Moment {
        self.last_attempt + pause_after(self.attempts)
    }

    /// The link, while it is pending.
    pub(super) fn link(
        &self,
        organization: OrganizationId,
        host: DeviceId,
        hosts: Vec<Address>,
        points: Vec<Address>,
    ) -> Option<Link> {
        let (kind, expires) = (self.kind, self.expires_at);
        let token = self.token.clone()?;
        Some(Link { kind, organization: organization.prefix(), token, host, expires, hosts, points })
    }
}

/// The pause after so many attempts in which a nonce left.
pub(super) fn pause_after(attempts: u32) -> Duration {
    match attempts.checked_sub(limits::ATTEMPTS_WITHOUT_PAUSE + 1) {
        None => Duration::ZERO,
        Some(doublings) => {
            limits::FIRST_PAUSE.saturating_mul(1 << doublings.min(16)).min(limits::LONGEST_PAUSE)
        }
    }
}
