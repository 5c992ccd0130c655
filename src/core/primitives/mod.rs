//! The primitives: what everything above is made of.
//!
//! Ids, keys, digests, the codec, bounds, time, entropy, and the checked texts that people type.
//! Nothing here knows what a roster or a greeting is, and nothing here reads a clock, draws
//! randomness or opens a file: time and entropy are handed in.
//!
//! ```text
//!  ids      who and what: organization, certificate, user, device, invitation
//!  keys     Ed25519 device keys, X25519 user keys, ONE verification rule
//!  batch    many signatures at once, by the same rule
//!  digest   BLAKE3 with labels that all start with "muster "
//!  codec    bytes ⇄ values, one canonical encoding (the only file that names bincode)
//!  secret   bytes that are wiped and never shown
//!  text     names, emails, labels: parsed at the door, escaped on the way to a terminal
//!  address  where a device can be reached, in the few forms that links carry
//!  kind     what an invitation is for
//!  limits   every bound, with its reason
//! ```

pub mod address;
pub mod batch;
pub mod codec;
pub mod digest;
pub mod entropy;
pub mod ids;
pub mod keys;
pub mod kind;
pub mod limits;
pub mod secret;
pub mod text;
pub mod time;
