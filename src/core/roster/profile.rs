//! What a user may do within the organization.

use serde::{Deserialize, Serialize};

/// A user's profile. Ordered by right, the lesser first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Collaborates in workspaces shared with them; sees nobody's name or email. For ever: no change to
    /// or from External is possible.
    External,
    /// Creates and shares workspaces as well, and sees names and emails.
    Member,
    /// Invites, removes and changes the profile of others as well.
    Administrator,
}

impl Profile {
    /// Whether someone of this profile may see names, emails and labels.
    #[must_use]
    pub fn sees_names(self) -> bool {
        self != Self::External
    }
}

impl std::fmt::Display for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::External => "external",
            Self::Member => "member",
            Self::Administrator => "administrator",
        })
    }
}

/// The text names no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a profile; external, member and administrator are")]
pub struct NotAProfile(pub String);

impl std::str::FromStr for Profile {
    type Err = NotAProfile;
    fn from_str(text: &str) -> Result<Self, NotAProfile> {
        match text.to_ascii_lowercase().as_str() {
            "external" => Ok(Self::External),
            "member" => Ok(Self::Member),
            "administrator" | "admin" => Ok(Self::Administrator),
            _ => Err(NotAProfile(crate::core::primitives::text::shown(text))),
        }
    }
}
