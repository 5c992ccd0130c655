//! What members' devices say to each other over `/muster/sync/1`, as bytes (docs/spec/wire.md, W4). The
//! connection has authenticated both devices and encrypts; who may hear what is asked of the roster as it is
//! at that moment.

use serde::{Deserialize, Serialize};

use crate::core::primitives::address::Address;
use crate::core::primitives::ids::{CertificateId, Seal};
use crate::core::roster::reconcile::{Holds, Word};

/// The version of the sync that this code speaks.
pub(super) const VERSION: u8 = 1;

/// One message; fits one frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Message {
    /// The first of each side: what one holds, and where one can be reached.
    Hello { version: u8, holds: Holds, addresses: Vec<Address> },
    /// Certificates that the other lacks, parents first, as they are sent.
    Certificates(Vec<Vec<u8>>),
    /// One holds none of these openings.
    WantOpenings(Vec<Seal>),
    /// Openings, each as its codec's bytes.
    Openings(Vec<Vec<u8>>),
    /// Who you are isn't known here.
    Stranger,
    /// You are out, by this removal: the certificates that show it came before.
    Revoked(CertificateId),
    /// To who said `Stranger`: the certificates by which one is in, parents first.
    Introduction(Vec<Vec<u8>>),
    /// Finding out what each lacks, after the first.
    Reconcile(Word),
    /// One `Certificates` is durable here: there is room for another.
    Taken,
    /// These are new here, and came from somebody else.
    Offer(Vec<CertificateId>),
    /// Of what was offered, these aren't held here.
    Want(Vec<CertificateId>),
}
