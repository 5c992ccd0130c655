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

/// `POST /v1/sessions`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    /// What guests become where the host says nothing else.
    #[serde(default)]
    pub profile: Option<Profile>,
    /// How long it is open; two hours where nothing is said.
    #[serde(default)]
    pub for_seconds: Option<u64>,
    /// How many it lets in.
    #[serde(default)]
    pub seats: Option<u32>,
    /// Whether the host's name is told to who looks for sessions.
    #[serde(default)]
    pub show_name: bool,
}

impl From<NewSession> for Request {
    fn from(new: NewSession) -> Self {
        let NewSession { profile, for_seconds, seats, show_name } = new;
        Self::OpenSession { profile, life: for_seconds.map(Duration::from_secs), seats, show_name }
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

/// `POST /v1/joins`: with a link, or a session on the local network. Can't be shown: it holds the link.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewJoin {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) link: Option<LinkText>,
    #[serde(default)]
    pub(super) lan: bool,
    /// Its name on the local network, or the start of it, or the organization's name.
    #[serde(default)]
    pub(super) session: Option<String>,
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
