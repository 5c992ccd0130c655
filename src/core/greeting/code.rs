//! The codes that two people read to each other: four characters of 32 that are hard to confuse, 20 bits.

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::core::primitives::digest::{derive, label};

/// The 32 characters. `I`, `O`, `0` and `1` are left out: read aloud or on paper they are each other.
pub const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// One side's code. It is never logged: `Debug` hides it, and it is wiped after use.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Code([u8; 4]);

/// What a person typed where a code was asked for.
#[derive(Debug, Clone)]
pub enum Typed {
    /// Something that can be a code.
    Code(Code),
    /// "none": what they heard isn't among what they see, or they heard nothing.
    None,
}

/// It can't be a code: a slip of the finger, which costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Typo {
    /// Not four characters.
    #[error("a code has four characters; type the four that you hear, or none")]
    Length,
    /// A character that no code has.
    #[error("a code has no such character (letters but I and O, digits but 0 and 1); type it again, or none")]
    Character,
}

impl Code {
    /// For the screen of the person who reads it out.
    #[must_use]
    pub fn reveal(&self) -> String {
        self.0.iter().map(|b| char::from(*b)).collect()
    }

    /// Reads what a person typed, in either case, spaces and hyphens ignored.
    ///
    /// # Errors
    /// [`Typo`] for what can't be a code.
    pub fn read(line: &str) -> Result<Typed, Typo> {
        let typed: Vec<char> = line
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| c.to_ascii_uppercase())
            .collect();
        if typed == ['N', 'O', 'N', 'E'] {
            return Ok(Typed::None);
        }
        let [a, b, c, d] = typed[..] else { return Err(Typo::Length) };
        let mut code = [0; 4];
        for (place, character) in code.iter_mut().zip([a, b, c, d]) {
            *place = u8::try_from(character).ok().filter(|b| ALPHABET.contains(b)).ok_or(Typo::Character)?;
        }
        Ok(Typed::Code(Self(code)))
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        subtle::ConstantTimeEq::ct_eq(&self.0[..], &other.0[..]).into()
    }
}

impl Eq for Code {}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(…)")
    }
}

/// Both codes of one attempt: which is read out by whom.
#[derive(Clone, Debug)]
pub struct Codes {
    /// Read out by the host, typed by the guest.
    pub host: Code,
    /// Read out by the guest, typed by the host.
    pub guest: Code,
}

impl Codes {
    /// The first 40 bits over the handshake and both nonces: 20 for the host's code, then 20 for the guest's
    /// (G4.4). Neither side could choose its nonce knowing the other's.
    #[must_use]
    pub fn of(handshake_hash: &[u8; 32], host_nonce: &[u8; 32], guest_nonce: &[u8; 32]) -> Self {
        let digest = derive(label::CODES, &[handshake_hash, host_nonce, guest_nonce]);
        let bits = digest[..5].iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        Self { host: code(bits >> 20), guest: code(bits & 0xf_ffff) }
    }
}

fn code(twenty_bits: u64) -> Code {
    Code([15, 10, 5, 0].map(|shift| ALPHABET[(twenty_bits >> shift & 31) as usize]))
}
