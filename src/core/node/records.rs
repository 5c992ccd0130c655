//! What a node writes down: a key for each kind of record, and its value in the codec's bytes.
//!
//! ```text
//!  k                    the device key's seed
//!  j                    a join that isn't finished
//!  m                    the membership: user key, members' secret, points
//!  c generation id      a certificate, as it is sent
//!  o seal               an opening
//!  i invitation         an invitation of this daemon
//!  s invitation         what a session is besides an invitation
//!  a device             where that device was reached
//!  p id                 a pin: whether it is the Enroll of one's own user, or else a removal seen settled
//! ```

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use super::output::{Batch, Snapshot};
use crate::core::primitives::codec;
use crate::core::primitives::ids::{CertificateId, DeviceId, InvitationId, Seal};
use crate::core::roster::{SignedCertificate, VerifiedCertificate};

/// The store holds something that this program didn't write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store's record '{0}' cannot be read")]
pub struct Damaged(pub String);

pub(super) const DEVICE_KEY: &[u8] = b"k";
pub(super) const JOIN: &[u8] = b"j";
pub(super) const MEMBERSHIP: &[u8] = b"m";

pub(super) fn certificate(generation: u64, id: &CertificateId) -> Vec<u8> {
    [b"c", generation.to_be_bytes().as_slice(), &id.0].concat()
}

pub(super) fn opening(seal: &Seal) -> Vec<u8> {
    [b"o", seal.0.as_slice()].concat()
}

pub(super) fn invitation(id: &InvitationId) -> Vec<u8> {
    [b"i", id.0.as_slice()].concat()
}

pub(super) fn session(id: &InvitationId) -> Vec<u8> {
    [b"s", id.0.as_slice()].concat()
}

/// A pin.
pub(super) fn pin(id: &CertificateId) -> Vec<u8> {
    [b"p", id.0.as_slice()].concat()
}

pub(super) fn addresses(device: &DeviceId) -> Vec<u8> {
    [b"a", device.0.as_slice()].concat()
}

impl Batch {
    /// Writes `value` under `key`.
    pub(super) fn put<T: Serialize + ?Sized>(&mut self, key: impl Into<Vec<u8>>, value: &T) {
        self.put_bytes(key, codec::encode(value));
    }

    /// Writes bytes that are in the form that is kept already.
    pub(super) fn put_bytes(&mut self, key: impl Into<Vec<u8>>, value: Vec<u8>) {
        self.changes.push((key.into(), Some(value)));
    }

    /// Takes away what is under `key`.
    pub(super) fn delete(&mut self, key: impl Into<Vec<u8>>) {
        self.changes.push((key.into(), None));
    }
}

/// A snapshot, sorted by key: certificates come in causal order.
pub struct Records(Snapshot);

impl fmt::Debug for Records {
    /// Keys lie among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Records({})", self.0.len())
    }
}

impl Records {
    /// What a store held.
    #[must_use]
    pub fn new(mut snapshot: Snapshot) -> Self {
        snapshot.sort_unstable();
        Self(snapshot)
    }

    /// The one record under `key`, if it is there.
    pub(super) fn one<T: Serialize + DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Damaged> {
        let found = self.0.binary_search_by(|(k, _)| k.as_slice().cmp(key)).ok();
        found.map(|at| read(&self.0[at])).transpose()
    }

    /// All records whose key starts with `kind`, in the order of their keys.
    pub(super) fn all<T: Serialize + DeserializeOwned>(
        &self,
        kind: u8,
    ) -> impl Iterator<Item = Result<(&[u8], T), Damaged>> {
        self.of(kind).map(|record| Ok((&record.0[1..], read(record)?)))
    }

    /// All certificates, ancestors first. They were verified when they came in, and nobody else writes here: their ids
    /// are computed again and their form is looked at, their signatures aren't. `muster roster verify` does that.
    ///
    /// # Errors
    /// [`Damaged`] for a record that is none.
    pub fn certificates(&self) -> impl Iterator<Item = Result<VerifiedCertificate, Damaged>> {
        self.of(b'c').map(|record| kept(record).ok_or_else(|| damaged(record)))
    }

    pub(super) fn count_certificates(&self) -> usize {
        self.of(b'c').count()
    }

    fn of(&self, kind: u8) -> impl Iterator<Item = &Record> {
        self.0.iter().filter(move |(key, _)| key.first() == Some(&kind) && key.len() > 1)
    }
}

type Record = (Vec<u8>, Vec<u8>);

fn read<T: Serialize + DeserializeOwned>(record: &Record) -> Result<T, Damaged> {
    codec::decode(&record.1).map_err(|_| damaged(record))
}

/// A certificate whose place in the store is that of its own id and generation.
fn kept((key, value): &Record) -> Option<VerifiedCertificate> {
    let id = CertificateId(*key.last_chunk()?);
    let certificate = SignedCertificate::kept(value, &id).ok()?;
    (*key == self::certificate(certificate.certificate().generation, &id)).then_some(certificate)
}

fn damaged((key, _): &Record) -> Damaged {
    Damaged(data_encoding::HEXLOWER.encode(key))
}
