//! A certificate (R1): a statement that a device signs, with its place among all others.
//!
//! What came is a [`SignedCertificate`]; only [`SignedCertificate::verify`] yields a [`VerifiedCertificate`];
//! only that enters a [`History`](super::history::History).

use serde::{Deserialize, Serialize};

use super::body::Body;
use super::proof::Claim;
use super::refused::Refused;
use crate::core::primitives::batch;
use crate::core::primitives::codec;
use crate::core::primitives::digest::{derive, label};
use crate::core::primitives::ids::{CertificateId, DeviceId, OrganizationId, Signature};
use crate::core::primitives::keys::{DeviceKey, labelled};
use crate::core::primitives::limits;
use crate::core::primitives::time::Moment;

/// The version of certificates that this program writes and judges.
pub const VERSION: u8 = 1;

/// Signatures that are verified together: larger batches gain little, and a wrong signature in a smaller one costs less.
const BATCH: usize = 256;

/// What a certificate without parents and with an empty body takes, signature included (W1.3): a version, four ids or keys
/// of 32 bytes, five numbers of eight, two of which are lengths, a kind, and 64 bytes.
const FIXED: usize = 1 + 4 * 32 + 5 * 8 + 2 + Signature::LENGTH;

/// What is signed. The order of the fields is the order of their bytes (W1.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// [`VERSION`].
    pub version: u8,
    /// In which organization; zeros in Found, whose id becomes it.
    pub organization: OrganizationId,
    /// The author.
    pub device: DeviceId,
    /// The place on the author's own chain, from 0.
    pub seq: u64,
    /// The one before on that chain; zeros for the first.
    pub prev: CertificateId,
    /// What the author acts under: their grant, or their own Enroll. Zeros in Found.
    pub auth: CertificateId,
    /// All heads that the author knew, sorted.
    pub parents: Vec<CertificateId>,
    /// One more than the highest of the parents; 0 in Found.
    pub generation: u64,
    /// The author's clock. It is shown, and decides nothing.
    pub time: Moment,
    /// The number of the body's kind.
    pub kind: u16,
    /// The codec's bytes of the kind's struct, so that unknown kinds can be kept.
    #[serde(with = "serde_bytes")]
    pub body: Vec<u8>,
}

impl Certificate {
    /// The digest of its bytes. The signature has no part in it.
    #[must_use]
    pub fn id(&self) -> CertificateId {
        id_of(&codec::encode(self))
    }
}

fn id_of(bytes: &[u8]) -> CertificateId {
    CertificateId(derive(label::CERTIFICATE, &[bytes]))
}

/// A certificate and what claims to be its author's signature: nothing about it was checked but its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCertificate {
    certificate: Certificate,
    signature: Signature,
    id: CertificateId,
}

impl SignedCertificate {
    /// Signs a certificate, whatever it says.
    #[must_use]
    pub fn sign(certificate: Certificate, key: &DeviceKey) -> Self {
        let id = certificate.id();
        Self { certificate, signature: key.sign(label::CERTIFICATE_SIGNATURE, &id.0), id }
    }

    /// Reads what was sent: the certificate's bytes, then 64 bytes of signature.
    ///
    /// # Errors
    /// [`Refused::TooLong`], [`Refused::NewerVersion`], or [`Refused::NotCanonical`].
    pub fn from_bytes(sent: &[u8]) -> Result<Self, Refused> {
        if sent.len() > limits::CERTIFICATE {
            return Err(Refused::TooLong);
        }
        let (bytes, signature) = sent.split_last_chunk::<64>().ok_or(Refused::NotCanonical)?;
        match bytes.first() {
            Some(&VERSION) => {}
            Some(version) if *version > VERSION => return Err(Refused::NewerVersion),
            _ => return Err(Refused::NotCanonical),
        }
        let certificate: Certificate = codec::decode(bytes).map_err(|_| Refused::NotCanonical)?;
        Ok(Self { certificate, signature: Signature(*signature), id: id_of(bytes) })
    }

    /// What is sent and stored.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut sent = codec::encode_within(&self.certificate, self.length());
        sent.extend_from_slice(&self.signature.0);
        sent
    }

    /// The number of those bytes.
    #[must_use]
    pub fn length(&self) -> usize {
        let Certificate { parents, body, .. } = &self.certificate;
        FIXED + parents.len() * CertificateId::LENGTH + body.len()
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> CertificateId {
        self.id
    }

    /// What it says, believed or not.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Checks all that can be told from the certificate alone: its limits, that its body is one of its kind,
    /// and that its device signed it.
    ///
    /// # Errors
    /// What is wrong with it, for ever and for everyone.
    pub fn verify(self) -> Result<VerifiedCertificate, Refused> {
        let verified = self.in_form()?;
        match verified.signed.is_signed() {
            true => Ok(verified),
            false => Err(Refused::SignatureWrong),
        }
    }

    /// [`verify`](Self::verify) for many, in a third of the time: the same verdict for each, in the same order.
    #[must_use]
    pub fn verify_all(all: Vec<Self>) -> Vec<Result<VerifiedCertificate, Refused>> {
        let in_form = all.into_iter().map(Self::in_form);
        let mut verdicts: Vec<Result<VerifiedCertificate, Refused>> = in_form.collect();
        for some in verdicts.chunks_mut(BATCH) {
            let signatures = || some.iter().flatten().map(|verified| verified.signed.what_is_signed());
            let proofs = some.iter().flatten().filter_map(VerifiedCertificate::what_is_proved);
            if batch::each_signed(signatures().chain(proofs)) {
                some.iter_mut().flatten().for_each(|verified| verified.knows_its_proof());
                continue;
            }
            // A wrong proof is for the verdict in its own past, which looks at each.
            if batch::each_signed(signatures()) {
                continue;
            }
            // One at least is wrong; which, only a look at each tells.
            for verdict in some {
                if let Ok(verified) = verdict
                    && !verified.signed.is_signed()
                {
                    *verdict = Err(Refused::SignatureWrong);
                }
            }
        }
        verdicts
    }

    fn what_is_signed(&self) -> (&DeviceId, Vec<u8>, &Signature) {
        (&self.certificate.device, labelled(label::CERTIFICATE_SIGNATURE, &self.id.0), &self.signature)
    }

    fn is_signed(&self) -> bool {
        self.certificate.device.signed(label::CERTIFICATE_SIGNATURE, &self.id.0, &self.signature)
    }

    /// Reads what lies in one's own store under this id, where nothing is written that wasn't verified. The bytes are those
    /// that came, by their digest: so neither signature nor proof, keys nor form are checked again (docs/decisions/0021).
    /// Only who reads the store calls it (`core::node::records`).
    ///
    /// # Errors
    /// [`Refused::NotCanonical`] where these aren't the bytes of that certificate.
    pub(crate) fn kept(stored: &[u8], id: &CertificateId) -> Result<VerifiedCertificate, Refused> {
        let (bytes, signature) = stored.split_last_chunk::<64>().ok_or(Refused::NotCanonical)?;
        if id_of(bytes) != *id {
            return Err(Refused::NotCanonical);
        }
        let certificate: Certificate = codec::read_again(bytes).map_err(|_| Refused::NotCanonical)?;
        Ok(VerifiedCertificate::held(certificate, Signature(*signature), *id))
    }

    /// All of `verify` but the signature: for what this device signed itself a moment ago.
    pub(super) fn in_form(self) -> Result<VerifiedCertificate, Refused> {
        let certificate = &self.certificate;
        if certificate.version != VERSION {
            return Err(Refused::NewerVersion);
        }
        if self.length() > limits::CERTIFICATE {
            return Err(Refused::TooLong);
        }
        if certificate.parents.len() > limits::PARENTS {
            return Err(Refused::TooManyParents);
        }
        if !strictly_sorted(&certificate.parents) {
            return Err(Refused::ParentsUnsorted);
        }
        let body = Body::decode(certificate.kind, &certificate.body).ok_or(Refused::BodyUnreadable)?;
        body_in_form(&body)?;
        Ok(VerifiedCertificate { signed: self, body, proof_is_known: false, keys_are_known: false })
    }
}

fn body_in_form(body: &Body) -> Result<(), Refused> {
    if body.removal().is_some_and(|(_, cut)| !strictly_sorted(&cut.0)) {
        return Err(Refused::CutWrong);
    }
    match body {
        Body::Acknowledge(body) if !strictly_sorted(&body.removals) => Err(Refused::AcknowledgesUnsorted),
        Body::Setting(body) if body.value.len() > limits::SETTING => Err(Refused::SettingTooLong),
        _ => Ok(()),
    }
}

fn strictly_sorted<T: Ord>(list: &[T]) -> bool {
    list.windows(2).all(|pair| pair[0] < pair[1])
}

/// A certificate that its device signed, in canonical form and within its own limits. Whether its author
/// might say it is for the verdict in its own past.
#[derive(Debug, Clone)]
pub struct VerifiedCertificate {
    signed: SignedCertificate,
    body: Body,
    /// Whether the proof in it, a second signature, was found right already: with its own signature, or when it was
    /// taken in long ago.
    proof_is_known: bool,
    /// Whether it was taken in before: the keys in it were checked then.
    keys_are_known: bool,
}

impl PartialEq for VerifiedCertificate {
    fn eq(&self, other: &Self) -> bool {
        self.signed == other.signed
    }
}

impl Eq for VerifiedCertificate {}

impl VerifiedCertificate {
    /// One that was verified and judged before, put together again.
    pub(super) fn held(certificate: Certificate, signature: Signature, id: CertificateId) -> Self {
        let body = Body::read_again(certificate.kind, &certificate.body);
        let signed = SignedCertificate { certificate, signature, id };
        Self { signed, body, proof_is_known: true, keys_are_known: true }
    }

    pub(super) fn into_parts(self) -> (Certificate, Signature, CertificateId, Body) {
        (self.signed.certificate, self.signed.signature, self.signed.id, self.body)
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> CertificateId {
        self.signed.id
    }

    /// What was signed.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.signed.certificate
    }

    /// What it says.
    #[must_use]
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Whether the proof in it was found right already.
    pub(super) fn proof_is_known(&self) -> bool {
        self.proof_is_known
    }

    /// Whether the keys in it were checked when it was first taken in.
    pub(super) fn keys_are_known(&self) -> bool {
        self.keys_are_known
    }

    /// The proof in it, where what it has to say depends on the certificate alone: a further device's claim names its
    /// user's key, which only the past knows.
    fn what_is_proved(&self) -> Option<(&DeviceId, Vec<u8>, &Signature)> {
        match &self.body {
            Body::Enroll(body) => {
                let claim = Claim::of(&self.signed.certificate, body);
                Some((&body.device, claim.message(), &body.proof))
            }
            _ => None,
        }
    }

    fn knows_its_proof(&mut self) {
        self.proof_is_known = self.what_is_proved().is_some();
    }

    /// As it is sent and stored.
    #[must_use]
    pub fn signed(&self) -> &SignedCertificate {
        &self.signed
    }
}
