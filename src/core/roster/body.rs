//! What certificates say (R1.6): one struct for each kind, encoded by the codec into the certificate's body.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::act::Act;
use super::profile::Profile;
use crate::core::primitives::address::Address;
use crate::core::primitives::codec;
use crate::core::primitives::ids::{CertificateId, DeviceId, InvitationId, Seal, Signature, UserId, UserKey};
use crate::core::primitives::kind::Kind;

/// The organization begins: by the first device, about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Seal of the organization's name, opened to everyone.
    pub organization_name: Seal,
    /// The founder.
    pub user: UserId,
    /// The founder's user key.
    pub user_key: UserKey,
    /// The founder's device: the author.
    pub device: DeviceId,
    /// Seal of the founder's name.
    pub name: Seal,
    /// Seal of the founder's email.
    pub email: Seal,
    /// Seal of the device's label.
    pub label: Seal,
    /// A key for a later kind of certificate, or zeros. Nothing acts under it.
    pub recovery: [u8; 32],
}

/// A new user, with their first device: by an Administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enroll {
    /// Derived from the device.
    pub user: UserId,
    /// With which rights.
    pub profile: Profile,
    /// Their user key.
    pub user_key: UserKey,
    /// Their first device.
    pub device: DeviceId,
    /// Seal of their name.
    pub name: Seal,
    /// Seal of their email.
    pub email: Seal,
    /// Seal of the device's label.
    pub label: Seal,
    /// Upon which invitation.
    pub invitation: InvitationId,
    /// Of which kind it was: user or session.
    pub kind: Kind,
    /// The device's own word ([`Claim`](super::proof::Claim)).
    pub proof: Signature,
}

/// A further device of the author's user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddDevice {
    /// The device.
    pub device: DeviceId,
    /// Seal of its label.
    pub label: Seal,
    /// Upon which invitation.
    pub invitation: InvitationId,
    /// The device's own word ([`Claim`](super::proof::Claim)).
    pub proof: Signature,
}

/// Another profile: by an Administrator, about somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetProfile {
    /// Whose.
    pub user: UserId,
    /// Which from here on.
    pub profile: Profile,
    /// Where it takes Administrator away: up to where the user's acts count.
    pub cut: Option<Cut>,
}

/// A user is out, with all devices and for ever: by an Administrator, about somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoke {
    /// Who.
    pub user: UserId,
    /// Up to where their acts count.
    pub cut: Cut,
}

/// The author has seen these removals; empty, where it ties heads together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledge {
    /// Sorted.
    pub removals: Vec<CertificateId>,
}

/// A setting of the organization: by an Administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Which: see [`setting`].
    pub key: u16,
    /// The codec's bytes of the setting's own type.
    pub value: Vec<u8>,
}

/// An Enroll that counts nothing is to count after all: by an Administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopt {
    /// Which.
    pub enrol: CertificateId,
}

/// The keys of settings.
pub mod setting {
    /// The organization's rendezvous points: a list of addresses.
    pub const RENDEZVOUS_POINTS: u16 = 1;
    /// The organization's relays: a list of addresses.
    pub const RELAYS: u16 = 2;
}

impl Setting {
    /// A setting whose value is a list of addresses.
    #[must_use]
    pub fn of_addresses(key: u16, addresses: &[Address]) -> Self {
        Self { key, value: codec::encode(addresses) }
    }
}

/// The end of one device's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChainEnd {
    /// Whose chain.
    pub device: DeviceId,
    /// Its last certificate; of a forked chain there are several.
    pub end: CertificateId,
}

/// Where somebody's acts end (R1.7): the ends of their devices' chains as the author of a removal knew them.
/// Nobody can place a certificate under such an end later. A device that isn't named is cut at nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut(pub Vec<ChainEnd>);

/// What a certificate says, by kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is documented at its struct")]
pub enum Body {
    Found(Found),
    Enroll(Enroll),
    AddDevice(AddDevice),
    SetProfile(SetProfile),
    Revoke(Revoke),
    Acknowledge(Acknowledge),
    Setting(Setting),
    Adopt(Adopt),
    /// A kind that this version doesn't know: kept and passed on, and it counts nothing.
    Unknown {
        kind: u16,
        bytes: Vec<u8>,
    },
}

impl Body {
    /// Reads the body of a certificate of this kind; none where it isn't the canonical encoding of one.
    #[must_use]
    pub fn decode(kind: u16, bytes: &[u8]) -> Option<Self> {
        Self::read(kind, bytes).filter(|body| body.encode() == bytes)
    }

    fn read(kind: u16, bytes: &[u8]) -> Option<Self> {
        fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
            codec::read_again(bytes).ok()
        }
        Some(match kind {
            1 => Self::Found(read(bytes)?),
            2 => Self::Enroll(read(bytes)?),
            3 => Self::AddDevice(read(bytes)?),
            4 => Self::SetProfile(read(bytes)?),
            5 => Self::Revoke(read(bytes)?),
            6 => Self::Acknowledge(read(bytes)?),
            7 => Self::Setting(read(bytes)?),
            8 => Self::Adopt(read(bytes)?),
            kind => Self::Unknown { kind, bytes: bytes.to_vec() },
        })
    }

    /// Reads the body of a certificate that is held, whose form was found right when it came.
    pub(super) fn read_again(kind: u16, bytes: &[u8]) -> Self {
        Self::read(kind, bytes).unwrap_or_else(|| Self::Unknown { kind, bytes: bytes.to_vec() })
    }

    /// Its bytes within a certificate.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Found(body) => codec::encode(body),
            Self::Enroll(body) => codec::encode(body),
            Self::AddDevice(body) => codec::encode(body),
            Self::SetProfile(body) => codec::encode(body),
            Self::Revoke(body) => codec::encode(body),
            Self::Acknowledge(body) => codec::encode(body),
            Self::Setting(body) => codec::encode(body),
            Self::Adopt(body) => codec::encode(body),
            Self::Unknown { bytes, .. } => bytes.clone(),
        }
    }

    /// The number of its kind.
    #[must_use]
    pub fn kind(&self) -> u16 {
        match self {
            Self::Found(_) => 1,
            Self::Enroll(_) => 2,
            Self::AddDevice(_) => 3,
            Self::SetProfile(_) => 4,
            Self::Revoke(_) => 5,
            Self::Acknowledge(_) => 6,
            Self::Setting(_) => 7,
            Self::Adopt(_) => 8,
            Self::Unknown { kind, .. } => *kind,
        }
    }

    /// The name of its kind, as people and programs see it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Found(_) => "found",
            Self::Enroll(_) => "enroll",
            Self::AddDevice(_) => "add_device",
            Self::SetProfile(_) => "set_profile",
            Self::Revoke(_) => "revoke",
            Self::Acknowledge(_) => "acknowledge",
            Self::Setting(_) => "setting",
            Self::Adopt(_) => "adopt",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Whether only an Administrator may say it (R2.2).
    #[must_use]
    pub fn needs_administrator(&self) -> bool {
        Act::of(self).needs_administrator()
    }

    /// The key that a user's devices share, where a user comes in by it.
    #[must_use]
    pub fn user_key(&self) -> Option<UserKey> {
        match self {
            Self::Found(body) => Some(body.user_key),
            Self::Enroll(body) => Some(body.user_key),
            _ => None,
        }
    }

    /// The device that comes in by it.
    #[must_use]
    pub fn lets_in(&self) -> Option<DeviceId> {
        match self {
            Self::Found(body) => Some(body.device),
            Self::Enroll(body) => Some(body.device),
            Self::AddDevice(body) => Some(body.device),
            _ => None,
        }
    }

    /// Whom it removes and up to where, if it is a removal (R1.7): a Revoke, or a SetProfile that takes
    /// Administrator away.
    #[must_use]
    pub fn removal(&self) -> Option<(UserId, &Cut)> {
        match self {
            Self::Revoke(body) => Some((body.user, &body.cut)),
            Self::SetProfile(SetProfile { user, cut: Some(cut), .. }) => Some((*user, cut)),
            _ => None,
        }
    }
}
