//! The proof (R2.5): the device that comes in says itself by whom, into what, and as whom.
//!
//! Without it an Administrator could enrol a key that somebody else holds, or reuse what a guest signed for
//! one host, organization or invitation in another.

use super::body::Enroll;
use super::certificate::Certificate;
use crate::core::primitives::digest::label;
use crate::core::primitives::ids::{DeviceId, InvitationId, OrganizationId, Signature, UserId, UserKey};
use crate::core::primitives::keys::{DeviceKey, labelled};
use crate::core::primitives::kind::Kind;

/// What a device signs before it is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Into which organization.
    pub organization: OrganizationId,
    /// By which device: the author of the Enroll or AddDevice.
    pub host: DeviceId,
    /// As a new person (user, session), or as a further device.
    pub kind: Kind,
    /// Upon which invitation.
    pub invitation: InvitationId,
    /// As whom.
    pub user: UserId,
    /// With which user key.
    pub user_key: UserKey,
}

impl Claim {
    /// What an Enroll's device has to have signed.
    pub(super) fn of(certificate: &Certificate, enroll: &Enroll) -> Self {
        Self {
            organization: certificate.organization,
            host: certificate.device,
            kind: enroll.kind,
            invitation: enroll.invitation,
            user: enroll.user,
            user_key: enroll.user_key,
        }
    }

    /// The signature of the device that is to come in.
    #[must_use]
    pub fn prove(&self, key: &DeviceKey) -> Signature {
        key.sign(self.label(), &self.bytes())
    }

    /// Whether `device` signed exactly this claim.
    #[must_use]
    pub fn holds(&self, device: &DeviceId, proof: &Signature) -> bool {
        device.signed(self.label(), &self.bytes(), proof)
    }

    /// What the device signs: the label, then the claim.
    pub(super) fn message(&self) -> Vec<u8> {
        labelled(self.label(), &self.bytes())
    }

    /// A guest's proof can't be turned into a further device of the host's user, nor the reverse.
    fn label(&self) -> &'static str {
        match self.kind {
            Kind::Device => label::PROOF_DEVICE,
            Kind::User | Kind::Session => label::PROOF_ENROLL,
        }
    }

    /// All parts are of fixed length, so that no two claims have the same bytes.
    fn bytes(&self) -> Vec<u8> {
        [
            &self.organization.0[..],
            &self.host.0,
            &[self.kind as u8],
            &self.invitation.0,
            &self.user.0,
            &self.user_key.0,
        ]
        .concat()
    }
}
