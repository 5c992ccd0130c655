//! Who and what: ids are digests or public keys, shown as lower-case hex.

use serde::{Deserialize, Serialize};

/// Fixed-length bytes without a length in front, of any length (serde's own arrays end at 32). They go through the codec
/// eight at a time, as little-endian numbers, which comes to the same bytes (docs/spec/wire.md, W1.1) in an eighth of the steps.
pub(crate) mod fixed {
    use serde::{
        Deserializer, Serializer,
        de::{Error, SeqAccess, Visitor},
        ser::SerializeTuple,
    };

    pub(crate) fn serialize<S: Serializer, const N: usize>(
        bytes: &[u8; N],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut tuple = serializer.serialize_tuple(words.len() + rest.len())?;
        for word in words {
            tuple.serialize_element(&u64::from_le_bytes(*word))?;
        }
        for byte in rest {
            tuple.serialize_element(byte)?;
        }
        tuple.end()
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<[u8; N], D::Error> {
        struct Bytes<const N: usize>;
        impl<'de, const N: usize> Visitor<'de> for Bytes<N> {
            type Value = [u8; N];
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{N} bytes")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<[u8; N], A::Error> {
                let mut bytes = [0; N];
                let missing = || A::Error::invalid_length(N, &self);
                let (words, rest) = bytes.as_chunks_mut::<8>();
                for word in words {
                    *word = seq.next_element::<u64>()?.ok_or_else(missing)?.to_le_bytes();
                }
                for byte in rest {
                    *byte = seq.next_element()?.ok_or_else(missing)?;
                }
                Ok(bytes)
            }
        }
        deserializer.deserialize_tuple(N / 8 + N % 8, Bytes::<N>)
    }
}

/// The text isn't an id: not hex, or not of its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id: {expected} hexadecimal digits are")]
pub struct NotAnId {
    /// Hexadecimal digits of such an id.
    pub expected: usize,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $length]);

        impl $name {
            /// Length in bytes.
            pub const LENGTH: usize = $length;

            /// The bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }

            /// The first eight hexadecimal digits, for logs and narrow columns.
            #[must_use]
            pub fn short(&self) -> String {
                data_encoding::HEXLOWER.encode(&self.0[..4])
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&data_encoding::HEXLOWER.encode(&self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self.short())
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                data_encoding::HEXLOWER_PERMISSIVE
                    .decode(text.as_bytes())
                    .ok()
                    .and_then(|bytes| bytes.try_into().ok())
                    .map(Self)
                    .ok_or(NotAnId { expected: 2 * $length })
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    fixed::serialize(&self.0, serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    fixed::deserialize(deserializer).map(Self)
                }
            }
        }
    };
}

id!(
    /// An organization: the id of its founding certificate.
    OrganizationId, 32
);
id!(
    /// The first 16 bytes of an organization's id, as a link carries them.
    OrganizationPrefix, 16
);
id!(
    /// A certificate: the digest of its bytes under a label, the signature left out.
    CertificateId, 32
);
id!(
    /// A user: derived from their first device's key, never chosen.
    UserId, 32
);
id!(
    /// A device: its Ed25519 public key, which is its libp2p identity as well.
    DeviceId, 32
);
id!(
    /// An invitation: derived from its token.
    InvitationId, 16
);
id!(
    /// A user's X25519 public key, shared by all their devices.
    UserKey, 32
);
id!(
    /// A seal over one field of a person.
    Seal, 32
);
id!(
    /// An Ed25519 signature.
    Signature, 64
);

impl CertificateId {
    /// Stands for "none" where a certificate has no predecessor.
    pub const NONE: Self = Self([0; 32]);
}

impl OrganizationId {
    /// Stands for the organization inside its own founding certificate.
    pub const NONE: Self = Self([0; 32]);

    /// What a link carries of it.
    #[must_use]
    pub fn prefix(&self) -> OrganizationPrefix {
        let mut prefix = [0; 16];
        prefix.copy_from_slice(&self.0[..16]);
        OrganizationPrefix(prefix)
    }
}

impl From<CertificateId> for OrganizationId {
    fn from(found: CertificateId) -> Self {
        Self(found.0)
    }
}

impl UserId {
    /// The id of the user whose first device this is.
    #[must_use]
    pub fn of_first_device(device: &DeviceId) -> Self {
        Self(super::digest::derive(super::digest::label::USER, &[&device.0]))
    }
}

impl DeviceId {
    /// The libp2p peer id of this device, as text: the identity multihash of its protobuf-encoded key.
    #[must_use]
    pub fn peer_id(&self) -> String {
        let mut multihash = vec![0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
        multihash.extend_from_slice(&self.0);
        bs58::encode(multihash).into_string()
    }
}
