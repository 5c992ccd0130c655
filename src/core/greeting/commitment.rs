//! The guest commits to its nonce before it knows the host's: so a man in the middle can't try nonces
//! until the two codes happen to agree (G4.2).

use crate::core::primitives::digest::{derive, label};
use crate::core::primitives::secret::Secret32;

/// What the guest sends in its first message: a digest of its nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Commitment(pub [u8; 32]);

impl Commitment {
    /// Commits to a nonce of exactly 32 bytes.
    #[must_use]
    pub fn to(nonce: &Secret32) -> Self {
        Self(derive(label::COMMIT, &[nonce.expose()]))
    }

    /// Whether `nonce` is the one that was committed to; in constant time.
    #[must_use]
    pub fn is_to(&self, nonce: &[u8; 32]) -> bool {
        subtle::ConstantTimeEq::ct_eq(&self.0[..], &derive(label::COMMIT, &[nonce])[..]).into()
    }
}
