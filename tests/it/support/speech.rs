//! The messages of `/muster/sync/1`, written from docs/spec/wire.md (W4) a second time, and alone.

use muster::core::primitives::codec;
use muster::core::primitives::ids::{CertificateId, Seal};
use muster::core::roster::History;
use muster::core::roster::reconcile::{Holds, Word};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Says {
    Hello { version: u8, holds: Holds, addresses: Vec<String> },
    Certificates(Vec<Vec<u8>>),
    WantOpenings(Vec<Seal>),
    Openings(Vec<Vec<u8>>),
    Stranger,
    Revoked(CertificateId),
    Introduction(Vec<Vec<u8>>),
    Reconcile(Word),
    Taken,
    Offer(Vec<CertificateId>),
    Want(Vec<CertificateId>),
}

impl Says {
    /// The first word of who holds what this history has, and can't be reached.
    pub(crate) fn hello(history: &History) -> Self {
        Self::Hello { version: 1, holds: Holds::of(history), addresses: Vec::new() }
    }

    /// The first word of who says that these are all heads of what is held.
    pub(crate) fn hello_of(heads: Vec<CertificateId>) -> Self {
        let count = heads.len() as u64;
        let holds = Holds { digest: [0; 32], count, heads, are_all: true, past: Vec::new() };
        Self::Hello { version: 1, holds, addresses: Vec::new() }
    }

    /// What came, read; whatever a daemon says must be readable.
    pub(crate) fn read(frame: &[u8]) -> Self {
        codec::decode(frame).unwrap_or_else(|_| panic!("not in the specification: {frame:?}"))
    }
}
