//! The randomness that is handed to the core: 32 fresh bytes of the operating system's with every input.

use crate::core::primitives::secret::Secret32;
use zeroize::Zeroize;

/// Thirty-two fresh bytes.
///
/// # Errors
/// Where the system has none to give: nothing that draws a key may go on then.
pub fn fresh() -> Result<Secret32, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    let seed = Secret32::new(bytes);
    bytes.zeroize();
    Ok(seed)
}
