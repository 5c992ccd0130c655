//! One certificate that is held: with what its own past says of it, which is for ever, and what it competes for.

use super::body::Body;
use super::certificate::VerifiedCertificate;
use super::lineage::Ix;
use super::profile::Profile;
use crate::core::primitives::ids::{CertificateId, DeviceId, InvitationId};
use crate::core::primitives::kind::Kind;
use crate::core::primitives::limits;

/// A user's number.
pub(super) type UserIx = u32;

/// A certificate that its own past allows, and what that past says of it. All of it is for ever.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) certificate: VerifiedCertificate,
    pub(super) facts: Facts,
    /// Where the author's device stands before it.
    pub(super) prev: Option<Ix>,
    /// The grant acted under, where the act needs an Administrator.
    pub(super) grant: Option<Ix>,
    pub(super) parents: Box<[Ix]>,
    /// Whom it is about, if it is an Enroll, a removal or a promotion.
    pub(super) target: Option<UserIx>,
    /// The ends that a removal's cut names.
    pub(super) cut: Box<[Ix]>,
}

/// What the verdict in a certificate's own past finds out beside "yes".
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// Whose device signed it.
    pub(super) author: UserIx,
    /// What let that device in; none of Found, which lets itself in.
    pub(super) introduction: Option<Ix>,
    /// The Found or Enroll by which the author is in; none of Found.
    pub(super) enrolment: Option<Ix>,
    /// Of a removal and an Enroll (R4.2).
    pub(super) witnesses: Box<[UserIx]>,
    /// How many Members and Administrators were active.
    pub(super) crowd: u32,
    /// Enrolls that its author witnesses and builds on here for the first time (R4.3).
    pub(super) builds_on: Box<[Ix]>,
    /// Of a promotion: the removals of its target that its author had seen; of a removal: the promotions.
    pub(super) after: Box<[Ix]>,
}

impl Node {
    pub(super) fn id(&self) -> CertificateId {
        self.certificate.id()
    }

    pub(super) fn body(&self) -> &Body {
        self.certificate.body()
    }

    pub(super) fn device(&self) -> DeviceId {
        self.certificate.certificate().device
    }

    /// Its place in causal order.
    pub(super) fn place(&self) -> (u64, CertificateId) {
        (self.certificate.certificate().generation, self.id())
    }

    pub(super) fn is_removal(&self) -> bool {
        self.body().removal().is_some()
    }

    /// Whether it makes somebody an Administrator (R1.4).
    pub(super) fn is_grant(&self) -> bool {
        match self.body() {
            Body::Found(_) => true,
            Body::Enroll(body) => body.profile == Profile::Administrator,
            Body::SetProfile(body) => body.cut.is_none(),
            _ => false,
        }
    }

    pub(super) fn is_revoke(&self) -> bool {
        matches!(self.body(), Body::Revoke(_))
    }
}

/// What several certificates compete for, of which only so many can have it (R4.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Prize {
    /// A device comes in once.
    Device(DeviceId),
    /// An invitation of kind User of one host device admits one guest.
    Invitation(DeviceId, InvitationId),
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

/// What this certificate competes for.
pub(super) fn prizes(node: &Node) -> Vec<Prize> {
    match node.body() {
        Body::Found(body) => vec![Prize::Device(body.device)],
        Body::Enroll(body) if body.kind == Kind::User => {
            vec![Prize::Device(body.device), Prize::Invitation(node.device(), body.invitation)]
        }
        Body::Enroll(body) => vec![Prize::Device(body.device)],
        Body::AddDevice(body) => vec![Prize::Device(body.device), Prize::Devices(node.facts.author)],
        _ => Vec::new(),
    }
}
