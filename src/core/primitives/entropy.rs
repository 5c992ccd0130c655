//! Randomness as it is handed to the core: 32 fresh bytes with every input, expanded on demand. With
//! the same inputs and the same bytes a node does exactly the same, which is what the simulator lives on.

use super::digest::label;
use super::secret::{Secret, Secret32};

/// The entropy that came with one input. Draws are independent; what isn't drawn is wiped.
pub struct Entropy(blake3::OutputReader);

impl Entropy {
    /// Expands 32 bytes from the operating system (or from a simulator's seed).
    #[must_use]
    pub fn new(seed: &Secret32) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(label::ENTROPY);
        hasher.update(seed.expose());
        Self(hasher.finalize_xof())
    }

    /// The next `N` bytes.
    pub fn draw<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes);
        bytes
    }

    /// The next `N` bytes, as a secret.
    pub fn secret<const N: usize>(&mut self) -> Secret<N> {
        Secret::new(self.draw())
    }
}

impl Drop for Entropy {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entropy(…)")
    }
}
