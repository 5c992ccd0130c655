//! What a session is besides an invitation: seats, and who took them.

use serde::{Deserialize, Serialize};

use crate::core::primitives::ids::{DeviceId, InvitationId};
use crate::core::roster::profile::Profile;

/// Written down beside the invitation of the same id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    /// What it is called on the local network.
    pub(super) on_lan: InvitationId,
    pub(super) seats: u32,
    /// What guests become where the host says nothing else.
    pub(super) profile: Option<Profile>,
    /// Whether the host's name is told to who looks for sessions.
    pub(super) show_name: bool,
    /// Nonces that left since somebody was let in last.
    pub(super) in_a_row: u32,
    /// Whom it let in, and whether that device has said that it knows.
    pub(super) admitted: Vec<(DeviceId, bool)>,
}

impl Session {
    pub(super) fn taken(&self) -> u32 {
        u32::try_from(self.admitted.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn is_full(&self) -> bool {
        self.taken() >= self.seats
    }

    /// Whether some device that it let in hasn't said yet that it knows.
    pub(super) fn has_unacknowledged(&self) -> bool {
        self.admitted.iter().any(|(_, knows)| !knows)
    }

    /// Whether it let this device in, which hasn't said yet that it knows.
    pub(super) fn awaits(&self, device: &DeviceId) -> bool {
        self.admitted.contains(&(*device, false))
    }
}
