//! What an invitation is for.

use serde::{Deserialize, Serialize};

/// What an invitation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A new person.
    User,
    /// A further device of the host's own user.
    Device,
    /// A whole room.
    Session,
}
