//! BLAKE3 under labels. Every label starts with "muster ", so that nothing we derive or sign can be
//! taken for something that libp2p or another program made with the same key.

/// Labels for key derivation and signatures, all in one place so that no two are equal.
pub mod label {
    /// Digest of a certificate's bytes.
    pub const CERTIFICATE: &str = "muster certificate 1";
    /// Signature over a certificate's id.
    pub const CERTIFICATE_SIGNATURE: &str = "muster certificate signature 1";
    /// A user's id, from their first device's key.
    pub const USER: &str = "muster user 1";
    /// A seal over one field.
    pub const SEAL: &str = "muster seal 1";
    /// Proof of the device in an Enroll.
    pub const PROOF_ENROLL: &str = "muster proof enroll 1";
    /// Proof of the device in an AddDevice.
    pub const PROOF_DEVICE: &str = "muster proof device 1";
    /// The invitation's id, from its token.
    pub const INVITATION_ID: &str = "muster invitation id 1";
    /// The invitation's rendezvous namespace, from its token.
    pub const INVITATION_NAMESPACE: &str = "muster invitation namespace 1";
    /// The invitation's Noise PSK, from its token.
    pub const INVITATION_PSK: &str = "muster invitation psk 1";
    /// Names a session to who found it on the local network, from the session's own id.
    pub const SESSION_ON_LAN: &str = "muster session on lan 1";
    /// The Noise PSK of who comes to a session without a link: everybody can derive it.
    pub const SESSION_PUBLIC_PSK: &str = "muster session public psk 1";
    /// The guest's commitment to its nonce.
    pub const COMMIT: &str = "muster greeting 1 commit";
    /// The codes of a token exchange.
    pub const CODES: &str = "muster greeting 1 codes";
    /// The resolved roster's digest.
    pub const ROSTER: &str = "muster roster 1";
    /// The organization's namespace of one day.
    pub const MEMBERS_NAMESPACE: &str = "muster members namespace 1";
    /// The checksum of a link.
    pub const LINK_CHECKSUM: &str = "muster link checksum 1";
    /// The heads of a history, when two devices reconcile.
    pub const HEADS: &str = "muster heads 1";
    /// A range of certificates, when two devices reconcile.
    pub const RANGE: &str = "muster range 1";
    /// The numbers that a batch of signatures is multiplied by.
    pub const BATCH: &str = "muster signature batch 1";
    /// Expansion of the entropy that comes with an input.
    pub const ENTROPY: &str = "muster entropy 1";
}

/// `derive_key(label, part ‖ part ‖ …)`, 32 bytes. The caller sees to it that the parts are of fixed
/// length, or that the last alone isn't.
#[must_use]
pub fn derive(label: &str, parts: &[&[u8]]) -> [u8; 32] {
    debug_assert!(label.starts_with("muster "));
    let mut hasher = blake3::Hasher::new_derive_key(label);
    for part in parts {
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}
