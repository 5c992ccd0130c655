//! Bytes ⇄ values: fixed-width little-endian, one canonical encoding (docs/spec/wire.md, W1).
//!
//! This is the only file that names bincode. `decode` refuses trailing bytes and whatever does not
//! re-encode to the same bytes, so that two different byte strings never mean the same value. No maps and no
//! recursive types go through here: the first have no single order, the second overflow the stack.

use serde::{Serialize, de::DeserializeOwned};

/// The largest value that is encoded or decoded, in bytes.
pub const LARGEST: usize = 2 * 1024 * 1024;

/// What came isn't an encoding of what was expected. Who sent it is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a canonical encoding")]
pub struct NotCanonical;

fn config() -> impl bincode::config::Config {
    bincode::config::legacy().with_limit::<LARGEST>()
}

/// The bytes of `value`.
///
/// # Panics
/// Never for our own types: they are within the limit, hold no maps, and know their lengths.
#[must_use]
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    encode_within(value, 0)
}

/// The same, of which it is known that they are hardly more than so many.
///
/// # Panics
/// Likewise.
#[must_use]
#[expect(clippy::expect_used, reason = "only our own bounded types are encoded")]
pub fn encode_within<T: Serialize + ?Sized>(value: &T, room: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(room);
    bincode::serde::encode_into_std_write(value, &mut bytes, config())
        .expect("our own types are bounded and encodable");
    bytes
}

/// The value whose encoding `bytes` is, and no other.
///
/// # Errors
/// [`NotCanonical`] for anything that `encode` would not have written for the same value.
pub fn decode<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, NotCanonical> {
    let (value, used) =
        bincode::serde::decode_from_slice::<T, _>(bytes, config()).map_err(|_| NotCanonical)?;
    if used != bytes.len() || encode_within(&value, bytes.len()) != bytes {
        return Err(NotCanonical);
    }
    Ok(value)
}

/// The value of bytes that [`decode`] read before, or `encode` wrote: whether they are the canonical ones isn't checked again.
///
/// # Errors
/// [`NotCanonical`] for what is no encoding at all.
pub fn read_again<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, NotCanonical> {
    let (value, used) =
        bincode::serde::decode_from_slice::<T, _>(bytes, config()).map_err(|_| NotCanonical)?;
    if used == bytes.len() { Ok(value) } else { Err(NotCanonical) }
}

/// Splits a list so that each part, with the length in front of every item, fits in `room` bytes. An item that is
/// larger than that stands alone.
#[must_use]
pub fn in_pieces(items: impl IntoIterator<Item = Vec<u8>>, room: usize) -> Vec<Vec<Vec<u8>>> {
    const LENGTH: usize = 8;
    let mut pieces: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut left = 0;
    for item in items {
        let size = item.len() + LENGTH;
        match pieces.last_mut().filter(|_| size <= left) {
            Some(piece) => piece.push(item),
            None => {
                pieces.push(vec![item]);
                left = room;
            }
        }
        left = left.saturating_sub(size);
    }
    pieces
}
