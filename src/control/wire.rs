//! The bodies of requests: one shape for client and server.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::LinkText;
use crate::core::node::conversation::JoinAnswers;
use crate::core::node::request::{Refusal, Request};
use crate::core::primitives::address::Address;
use crate::core::roster::profile::Profile;

/// `POST /v1/organizations`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Founding {
    /// The organization's name.
    pub name: String,
    /// The founder's name.
    pub person: String,
    /// The founder's email.
    pub email: String,
    /// The label of this device.
    #[serde(default)]
    pub device: Option<String>,
}

/// `POST /v1/invitations`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum NewInvitations {
    /// One for each address.
    User {
        emails: Vec<String>,
        #[serde(default)]
        expires_seconds: Option<u64>,
    },
    /// One for a further device of one's own.
    Device {
        #[serde(default)]
        expires_seconds: Option<u64>,
    },
}

impl From<NewInvitations> for Request {
    fn from(new: NewInvitations) -> Self {
        match new {
            NewInvitations::User { emails, expires_seconds } => {
                Self::InviteUsers { emails, expires: expires_seconds.map(Duration::from_secs) }
            }
            NewInvitations::Device { expires_seconds } => {
                Self::InviteDevice { expires: expires_seconds.map(Duration::from_secs) }
            }
        }
    }
}

/// `POST /v1/users/revoke`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Revocation {
    pub(super) users: Vec<String>,
}

/// `POST /v1/users/profile`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileChange {
    pub(super) profile: Profile,
    pub(super) users: Vec<String>,
}

/// `POST /v1/roster/adopt`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Adoption {
    pub(super) certificate: String,
}

/// `POST /v1/points`, and `DELETE`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Point {
    pub(super) address: Address,
}

/// `POST /v1/greetings`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGreeting {
    #[serde(default)]
    pub(super) invitation: Option<String>,
    #[serde(default)]
    pub(super) guest: Option<String>,
}

/// `POST /v1/joins`. Can't be shown: it holds the link.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewJoin {
    pub(super) link: LinkText,
    #[serde(default)]
    pub(super) answers: JoinAnswers,
}

/// The first line of a conversation's stream.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Begun {
    pub(super) conversation: u64,
}

/// `POST /v1/conversations/{n}`. The answer is a line as it was typed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerLine {
    pub(super) answer: String,
}

/// What every refused request gets.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ErrorBody {
    pub(super) error: Refusal,
}
