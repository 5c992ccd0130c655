//! What a certificate does, as far as the rules ask again and again: three bytes in the place of its body.

use super::body::{Body, SetProfile};
use super::profile::Profile;
use crate::core::primitives::kind::Kind;

/// What a certificate does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Found,
    Enroll(Profile, Kind),
    AddDevice,
    /// Makes a Member an Administrator.
    Promotion,
    /// Takes Administrator away.
    Demotion,
    Revoke,
    Acknowledge,
    Setting,
    Adopt,
    /// Of a kind that this version doesn't know.
    Unknown,
}

impl Act {
    pub(super) fn of(body: &Body) -> Self {
        match body {
            Body::Found(_) => Self::Found,
            Body::Enroll(body) => Self::Enroll(body.profile, body.kind),
            Body::AddDevice(_) => Self::AddDevice,
            Body::SetProfile(SetProfile { cut: None, .. }) => Self::Promotion,
            Body::SetProfile(_) => Self::Demotion,
            Body::Revoke(_) => Self::Revoke,
            Body::Acknowledge(_) => Self::Acknowledge,
            Body::Setting(_) => Self::Setting,
            Body::Adopt(_) => Self::Adopt,
            Body::Unknown { .. } => Self::Unknown,
        }
    }

    /// Whether only an Administrator may do it (R2.2).
    pub(super) fn needs_administrator(self) -> bool {
        match self {
            Self::Enroll(..)
            | Self::Promotion
            | Self::Demotion
            | Self::Revoke
            | Self::Setting
            | Self::Adopt => true,
            Self::Found | Self::AddDevice | Self::Acknowledge | Self::Unknown => false,
        }
    }

    /// Whether it is a removal (R1.7).
    pub(super) fn is_removal(self) -> bool {
        matches!(self, Self::Revoke | Self::Demotion)
    }

    /// Whether it makes somebody an Administrator (R1.4).
    pub(super) fn is_grant(self) -> bool {
        self == Self::Promotion || self.enrolled_as() == Some(Profile::Administrator)
    }

    /// With which profile somebody comes in by it.
    pub(super) fn enrolled_as(self) -> Option<Profile> {
        match self {
            Self::Found => Some(Profile::Administrator),
            Self::Enroll(profile, _) => Some(profile),
            _ => None,
        }
    }
}
