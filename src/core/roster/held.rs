//! One certificate that is held: what is asked again and again lies open, the rest packed. What its own past says of it,
//! which is for ever, is beside it ([`Facts`]).
//!
//! Where a certificate names another, a user or a device, the number is kept, and its bytes are put together again
//! when somebody wants them ([`Graph::certificate`](super::graph::Graph::certificate)): some 700 bytes for each in
//! all, where decoded ones would take four times as many.

use smallvec::SmallVec;

use super::act::Act;
use super::lineage::Ix;
use super::numbers::Maybe;
use super::people::{DeviceIx, UserIx};
use crate::core::primitives::ids::{CertificateId, InvitationId, Signature};
use crate::core::primitives::limits;
use crate::core::primitives::time::Moment;

/// A certificate that its own past allows.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) id: CertificateId,
    pub(super) signature: Signature,
    pub(super) time: Moment,
    /// No more than the certificates that came before it.
    pub(super) generation: u32,
    pub(super) seq: u32,
    /// The author's device, and whose it is.
    pub(super) device: DeviceIx,
    pub(super) author: UserIx,
    /// What let that device in; none of Found, which lets itself in.
    pub(super) let_in: Maybe,
    /// The Found or Enroll by which the author is in; none of Found.
    pub(super) enrolled: Maybe,
    /// Whom it is about, if it is an Enroll, a removal or a promotion.
    pub(super) about: Maybe,
    /// How many Members and Administrators were active in its own past.
    pub(super) crowd: u32,
    /// The number of the body's kind, and what it does.
    pub(super) kind: u16,
    pub(super) act: Act,
}

impl Node {
    /// Its place in causal order.
    pub(super) fn place(&self) -> (u64, CertificateId) {
        (u64::from(self.generation), self.id)
    }

    /// What let the author's device in.
    pub(super) fn introduction(&self) -> Option<Ix> {
        self.let_in.get()
    }

    /// The Found or Enroll by which the author is in.
    pub(super) fn enrolment(&self) -> Option<Ix> {
        self.enrolled.get()
    }

    /// Whom it is about.
    pub(super) fn target(&self) -> Option<UserIx> {
        self.about.get()
    }

    pub(super) fn is_removal(&self) -> bool {
        self.act.is_removal()
    }

    pub(super) fn is_revoke(&self) -> bool {
        self.act == Act::Revoke
    }

    pub(super) fn is_grant(&self) -> bool {
        self.act.is_grant()
    }
}

/// Users who are asked about something (R4.2), the most senior first.
pub(super) type Witnesses = SmallVec<[UserIx; limits::WITNESSES]>;

/// What the verdict in a certificate's own past finds out beside "yes".
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// Whose device signed it.
    pub(super) author: UserIx,
    pub(super) introduction: Option<Ix>,
    pub(super) enrolment: Option<Ix>,
    pub(super) witnesses: Witnesses,
    pub(super) crowd: u32,
    pub(super) builds_on: Vec<Ix>,
    pub(super) after: Vec<Ix>,
}

/// What several certificates compete for, of which only so many can have it (R4.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Prize {
    /// A device comes in once.
    Device(DeviceIx),
    /// An invitation of kind User of one host device admits one guest.
    Invitation(DeviceIx, InvitationId),
    /// A user has so many devices.
    Devices(UserIx),
}

impl Prize {
    /// How many can have it.
    pub(super) fn places(&self) -> usize {
        match self {
            Self::Device(_) | Self::Invitation(..) => 1,
            // The first came in with the user.
            Self::Devices(_) => limits::DEVICES_PER_USER - 1,
        }
    }
}
