//! What the tests share: people with keys that follow from their names.

mod breakage;
pub(crate) mod breaks;
pub(crate) mod chance;
pub(crate) mod crowd;
pub(crate) mod daemons;
pub(crate) mod false_host;
pub(crate) mod hostile;
pub(crate) mod light;
pub(crate) mod network;
pub(crate) mod outsider;
pub(crate) mod pair;
mod people;
pub(crate) mod registrant;
pub(crate) mod room;
pub(crate) mod speech;
pub(crate) mod world;

use std::io::Write;

use muster::core::primitives::entropy::Entropy;
use muster::core::primitives::keys::DeviceKey;
use muster::core::primitives::secret::Secret32;

/// Entropy that follows from a word: the same in every run.
pub(crate) fn entropy(word: &str) -> Entropy {
    Entropy::new(&secret(word))
}

/// A secret that follows from a word.
pub(crate) fn secret(word: &str) -> Secret32 {
    Secret32::new(*blake3::hash(word.as_bytes()).as_bytes())
}

/// The device of a person or of a machine, by name.
pub(crate) fn device(name: &str) -> DeviceKey {
    DeviceKey::from_seed(secret(&format!("device of {name}")))
}

/// Bytes that nobody can foresee, for who wants to be nobody.
pub(crate) fn fresh_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

/// Says what isn't tested on this machine, and why. Not by `eprintln!`: the harness keeps that to itself where a test passes.
pub(crate) fn left_out(why: &str) {
    // Whoever closed it doesn't want to know.
    let _ = writeln!(std::io::stderr(), "left out: {why}");
}
