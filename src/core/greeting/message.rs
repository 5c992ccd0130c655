//! What host and guest say to each other, as bytes (docs/spec/greeting.md, G5).
//!
//! In clear there is one head (version, invitation id) and, from a host that won't, one byte of refusal.
//! Everything else is inside Noise. No message holds a `String` longer than its limit: texts are parsed
//! where they are decoded.

use serde::{Deserialize, Serialize};

use super::commitment::Commitment;
use super::reason::Reason;
use crate::core::primitives::address::Address;
use crate::core::primitives::ids::{CertificateId, InvitationId, OrganizationId, Signature, UserId, UserKey};
use crate::core::primitives::keys::UserSecret;
use crate::core::primitives::secret::Secret32;
use crate::core::primitives::text::{Email, Label, Name};
use crate::core::primitives::time::Moment;

/// The version of the greeting that this code speaks.
pub const VERSION: u8 = 1;

/// The first frame of a greeting: a clear head and the first Noise message.
pub struct Opening<'a> {
    /// The guest's version.
    pub version: u8,
    /// Which invitation.
    pub invitation: InvitationId,
    /// Noise, opaque so far.
    pub message: &'a [u8],
}

impl<'a> Opening<'a> {
    /// Reads the first frame; none where it is too short to be one.
    #[must_use]
    pub fn read(frame: &'a [u8]) -> Option<Self> {
        let (version, rest) = frame.split_first()?;
        let (id, message) = rest.split_first_chunk::<16>()?;
        Some(Self { version: *version, invitation: InvitationId(*id), message })
    }

    /// The first frame's bytes.
    #[must_use]
    pub fn write(invitation: InvitationId, message: &[u8]) -> Vec<u8> {
        [&[VERSION], invitation.as_bytes().as_slice(), message].concat()
    }
}

/// The host's first frame: either Noise, or one byte that says why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstAnswer<'a> {
    /// The second Noise message.
    Noise(&'a [u8]),
    /// Refused in clear.
    Refused(Reason),
}

/// Refusals in clear: they say nothing that a stranger couldn't know.
const CLEAR: [(u8, Reason); 3] =
    [(1, Reason::UnknownInvitation), (2, Reason::UnsupportedVersion), (3, Reason::Busy)];

impl<'a> FirstAnswer<'a> {
    /// Reads the host's first frame; none where it can't be one.
    #[must_use]
    pub fn read(frame: &'a [u8]) -> Option<Self> {
        match frame {
            [0, message @ ..] => Some(Self::Noise(message)),
            [code] => CLEAR.iter().find(|(c, _)| c == code).map(|(_, reason)| Self::Refused(*reason)),
            _ => None,
        }
    }

    /// The frame that carries the second Noise message.
    #[must_use]
    pub fn noise(message: &[u8]) -> Vec<u8> {
        [&[0], message].concat()
    }

    /// The frame of a refusal in clear; what may not be said in clear is an unknown invitation.
    #[must_use]
    pub fn refusal(reason: Reason) -> Vec<u8> {
        vec![CLEAR.iter().find(|(_, r)| *r == reason).map_or(1, |(code, _)| *code)]
    }
}

/// Inside Noise message 1: nothing secret, since the key alone protects it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Knock {
    /// A guest that wants to be greeted, committed to its nonce.
    Greet(Commitment),
    /// A device that gave its details and heard no more: is it enrolled?
    Return,
}

/// Inside Noise message 2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reception {
    /// You are in the queue.
    Queued {
        /// The whole id: the guest checks it against its link and pins it.
        organization: OrganizationId,
    },
    /// You are enrolled; the welcome follows.
    Enrolled {
        /// Likewise.
        organization: OrganizationId,
    },
    /// No: and why. For an invitation that ended, when.
    Closed {
        /// The reason.
        reason: Reason,
        /// When the invitation ended.
        ended_at: Option<Moment>,
    },
}

/// From the host, sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum HostSays {
    /// Your place in the queue, from 1, and your ticket.
    Place(u32, u32),
    /// The host's person greets you: its nonce.
    Nonce([u8; 32]),
    /// The host's person typed your code: both are who they seemed.
    Trusted(Introduction),
    /// You are enrolled; what follows is this long.
    Welcome(WelcomeHead),
    /// Certificates, opaque here.
    Certificates(Vec<Vec<u8>>),
    /// Openings of seals, opaque here.
    Openings(Vec<Vec<u8>>),
    /// That was all.
    WelcomeEnd,
    /// It is over.
    Ended(Reason),
}

/// From the guest, sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum GuestSays {
    /// The nonce that the commitment was to.
    Reveal([u8; 32]),
    /// The guest's person typed your code.
    CodeMatches,
    /// Who they are.
    Details(Details),
    /// All is on the guest's disk.
    Acknowledged,
    /// It is over.
    Ended(Reason),
}

/// What the host tells of itself once both codes matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introduction {
    /// The organization's name: known to all its users, whatever their profile.
    pub organization: Name,
    /// The email that was invited.
    pub email: Option<Email>,
    /// For a device: the name of the user whose device it becomes.
    pub user: Option<Name>,
    /// For a device: that user and their user key, which the device's proof is over.
    pub account: Option<(UserId, UserKey)>,
}

/// What the guest says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// Name and email; of a further device, none.
    pub person: Option<Person>,
    /// The device's label.
    pub device: Label,
    /// The user key; of a further device, the user's.
    pub user_key: UserKey,
    /// The device key's signature over what it asks for.
    pub proof: Signature,
}

/// Name and email.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// As the person writes it.
    pub name: Name,
    /// As the person writes it.
    pub email: Email,
}

/// What a new device needs besides the certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WelcomeHead {
    /// The certificate that made it one.
    pub certificate: CertificateId,
    /// From which the members' namespaces are derived.
    pub members_secret: Secret32,
    /// The user key's secret, for a further device.
    pub user_secret: Option<UserSecret>,
    /// Rendezvous points of the organization.
    pub points: Vec<Address>,
    /// Where the host can be reached.
    pub addresses: Vec<Address>,
}
