//! Why a greeting ended without a new member: one word, the same for both sides and in `--format json`.

use serde::{Deserialize, Serialize};

/// Why a greeting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A well-formed code was typed that isn't the other side's: somebody may sit in the middle.
    WrongCode,
    /// The guest's nonce isn't the one it had committed to: somebody tampers.
    CommitmentBroken,
    /// The host's person said no.
    Refused,
    /// A person ended it.
    Cancelled,
    /// The other side sent what nobody may send.
    BadMessage,
    /// Connection or daemon lost after a nonce had left: it counts as an attempt.
    BrokenOff,
    /// The invitation has done its work.
    InvitationFinished,
    /// The invitation was taken back.
    InvitationCancelled,
    /// The invitation's time is up.
    InvitationExpired,
    /// The session was closed.
    SessionClosed,
    /// All seats of the session are taken.
    NoSeats,
    /// The host knows no such invitation, or the link isn't the one it made.
    UnknownInvitation,
    /// The host may no longer greet.
    NotAllowed,
    /// No way led to the other device.
    Unreachable,
    /// Somebody took too long.
    Timeout,
    /// Too many wait already.
    Busy,
    /// The daemon was restarted before anything had been revealed.
    Restarted,
    /// The two daemons speak no common version.
    UnsupportedVersion,
}

impl Reason {
    /// The exit code that `greet` and `join` end with (contract, "Conversations").
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::WrongCode | Self::CommitmentBroken | Self::Refused => 7,
            Self::Cancelled | Self::BadMessage | Self::BrokenOff => 7,
            Self::InvitationFinished | Self::InvitationCancelled | Self::InvitationExpired => 5,
            Self::SessionClosed | Self::NoSeats => 5,
            Self::UnknownInvitation => 4,
            Self::NotAllowed => 3,
            Self::Unreachable | Self::Timeout | Self::Busy | Self::Restarted => 6,
            Self::UnsupportedVersion => 1,
        }
    }
}

/// Who is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Who invited.
    Host,
    /// Who joins.
    Guest,
    /// Neither: the connection or a daemon was lost.
    Network,
}

/// What a step gives, or how it ended, with the frame that tells the other side.
pub type OrEnded<T> = Result<T, (Ended, Vec<u8>)>;

/// How a greeting ended without a new member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the greeting ended: {reason:?} by {by:?}")]
pub struct Ended {
    /// Why.
    pub reason: Reason,
    /// By whom.
    pub by: Side,
}

impl Ended {
    /// Ended by the host.
    #[must_use]
    pub fn by_host(reason: Reason) -> Self {
        Self { reason, by: Side::Host }
    }

    /// Ended by the guest.
    #[must_use]
    pub fn by_guest(reason: Reason) -> Self {
        Self { reason, by: Side::Guest }
    }

    /// Ended by neither.
    #[must_use]
    pub fn by_network(reason: Reason) -> Self {
        Self { reason, by: Side::Network }
    }
}

impl Reason {
    /// One sentence for the person: what happened, and what they can do.
    #[must_use]
    pub fn sentence(self, by: Side) -> String {
        let who = match by {
            Side::Host => "the host",
            Side::Guest => "the guest",
            Side::Network => "the connection",
        };
        match self {
            Self::WrongCode => format!(
                "{who} entered a code that is not the one the other side showed: either it was misheard, or somebody sits \
                 between the two devices; nobody was enrolled, and the next attempt has new codes"
            ),
            Self::CommitmentBroken => "the guest's device did not keep to what it had committed to: somebody tampers with the \
                 connection; nobody was enrolled"
                .to_owned(),
            Self::Refused => "the host refused the guest".to_owned(),
            Self::Cancelled => format!("{who} cancelled the greeting"),
            Self::BadMessage => format!("{who} sent something that does not belong into a greeting"),
            Self::BrokenOff => "the connection or a daemon was lost in the middle of the token exchange; it counts as an attempt, \
                 and the next one has new codes"
                .to_owned(),
            Self::InvitationFinished => "this invitation has been used already".to_owned(),
            Self::InvitationCancelled => "this invitation was cancelled".to_owned(),
            Self::InvitationExpired => "this invitation has expired".to_owned(),
            Self::SessionClosed => "this session is closed".to_owned(),
            Self::NoSeats => "all seats of this session are taken".to_owned(),
            Self::UnknownInvitation => "the host knows no such invitation; check the link, or ask for a new one".to_owned(),
            Self::NotAllowed => "the host may no longer greet; ask an Administrator".to_owned(),
            Self::Unreachable => "no way led to the other device; check that its daemon runs and that both are on a network that \
                 connects them"
                .to_owned(),
            Self::Timeout => format!("{who} took too long"),
            Self::Busy => "too many guests wait already; try again in a while".to_owned(),
            Self::Restarted => "the daemon was restarted before anything was revealed; start again".to_owned(),
            Self::UnsupportedVersion => "the two devices run versions of Muster that can't greet each other; update the older one"
                .to_owned(),
        }
    }
}
