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
