//! Device keys and user keys, and ONE rule of verification.
//!
//! Signatures are verified by the rule of ZIP 215, single and in batches alike: replicas that disagree on
//! one signature would diverge for ever (docs/decisions/0004). A device key must besides be canonical
//! and not of small order, which certificates check where a key enters the roster.

use curve25519_dalek::edwards::CompressedEdwardsY;
use ed25519_zebra::{SigningKey, VerificationKey};

use super::ids::{DeviceId, Signature, UserKey};
use super::secret::Secret32;

/// The secret half of a device: signs certificates and is the device's libp2p identity.
#[derive(Clone)]
pub struct DeviceKey {
    seed: Secret32,
    signing: SigningKey,
    device: DeviceId,
}

impl DeviceKey {
    /// The key that grows from 32 random bytes (an Ed25519 seed, RFC 8032).
    #[must_use]
    pub fn from_seed(seed: Secret32) -> Self {
        let signing = SigningKey::from(*seed.expose());
        let device = DeviceId(VerificationKey::from(&signing).into());
        Self { seed, signing, device }
    }

    /// The public half.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// The seed, for the disk and for libp2p.
    #[must_use]
    pub fn seed(&self) -> &Secret32 {
        &self.seed
    }

    /// Signs `message` under `label`.
    #[must_use]
    pub fn sign(&self, label: &str, message: &[u8]) -> Signature {
        Signature(self.signing.sign(&labelled(label, message)).into())
    }
}

impl std::fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeviceKey({})", self.device.short())
    }
}

pub(crate) fn labelled(label: &str, message: &[u8]) -> Vec<u8> {
    debug_assert!(label.starts_with("muster "));
    [label.as_bytes(), message].concat()
}

impl DeviceId {
    /// Whether `signature` is this device's over `message` under `label`.
    #[must_use]
    pub fn signed(&self, label: &str, message: &[u8], signature: &Signature) -> bool {
        VerificationKey::try_from(self.0).is_ok_and(|key| {
            key.verify(&ed25519_zebra::Signature::from(signature.0), &labelled(label, message)).is_ok()
        })
    }

    /// Whether the key is a canonical encoding of a point that isn't of small order.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        // The sign of a coordinate that is zero is the other way to write one point twice; those are of small order.
        let mut coordinate = self.0;
        coordinate[31] &= 0x7f;
        let point = CompressedEdwardsY(self.0).decompress().filter(|_| is_below_the_prime(&coordinate));
        point.is_some_and(|point| !point.is_small_order())
    }

    /// Likewise, of a key under which a signature was found right: so it is a point, and finding that out again would cost
    /// as much as half of the signature did.
    #[must_use]
    pub fn is_sound_having_signed(&self) -> bool {
        let mut coordinate = self.0;
        coordinate[31] &= 0x7f;
        is_below_the_prime(&coordinate) && !SMALL_ORDER_AS_SIGNED.contains(&coordinate)
    }
}

/// The secret half of a user key: shared by all devices of one user.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct UserSecret(Secret32);

impl UserSecret {
    /// Takes 32 random bytes; X25519 clamps them when they are used.
    #[must_use]
    pub fn new(bytes: Secret32) -> Self {
        Self(bytes)
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> UserKey {
        let secret = x25519_dalek::StaticSecret::from(*self.0.expose());
        UserKey(x25519_dalek::PublicKey::from(&secret).to_bytes())
    }
}

impl UserKey {
    /// Whether the key is a canonical X25519 coordinate that isn't of small order.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        is_below_the_prime(&self.0) && !is_of_small_order(self)
    }
}

fn is_below_the_prime(bytes: &[u8; 32]) -> bool {
    const PRIME: [u8; 32] = {
        let mut prime = [0xff; 32];
        prime[0] = 0xed;
        prime[31] = 0x7f;
        prime
    };
    bytes.iter().rev().lt(PRIME.iter().rev())
}

/// An exchange of keys would tell the same, at the price of verifying a signature.
fn is_of_small_order(key: &UserKey) -> bool {
    SMALL_ORDER.contains(&key.0)
}

/// All coordinates below the prime of points whose order divides eight: 0 and 1, one less than the prime, and two of
/// order eight.
const SMALL_ORDER: [[u8; 32]; 5] = {
    let (mut one, mut last) = ([0; 32], [0xff; 32]);
    one[0] = 1;
    (last[0], last[31]) = (0xec, 0x7f);
    [[0; 32], one, last, EIGHTH, OTHER_EIGHTH]
};

/// The same of Ed25519's coordinates: 0 and 1, one less than the prime, and two of order eight.
const SMALL_ORDER_AS_SIGNED: [[u8; 32]; 5] =
    [SMALL_ORDER[0], SMALL_ORDER[1], SMALL_ORDER[2], EIGHTH_AS_SIGNED, OTHER_EIGHTH_AS_SIGNED];

const EIGHTH_AS_SIGNED: [u8; 32] = [
    0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
    0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
];

const OTHER_EIGHTH_AS_SIGNED: [u8; 32] = [
    0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
    0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
];

const EIGHTH: [u8; 32] = [
    0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda,
    0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
];

const OTHER_EIGHTH: [u8; 32] = [
    0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04,
    0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
];
