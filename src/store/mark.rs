//! What tells a store that is all there from one that merely opens.
//!
//! sled reads a log with a damaged record as a shorter log, or as one in which that record never was. A device
//! that goes on from there would sign again under numbers that it has used, and greet again with attempts that it
//! has spent. So with every batch goes a [`Tally`]: how many commits there were, and a sum over all entries. The
//! sum says that what was read is what one of the commits left behind; a count in a file beside the database,
//! the [`Mark`], says whether that was the last one.

use std::{fs::File, io, os::unix::fs::FileExt, path::Path};

use super::files;

/// The key of the tally in the database; the node's keys are never empty.
pub(super) const KEY: &[u8] = b"";

/// The name of the file beside it.
const NAME: &str = "commits";

/// The state of a store in 40 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    /// Commits so far.
    pub(super) commits: u64,
    /// The sum (exclusive or) over the digests of all entries, in whatever order they came and went.
    pub(super) sum: [u8; 32],
}

impl Tally {
    /// Adds an entry, or takes it away.
    pub(super) fn toggle(&mut self, key: &[u8], value: &[u8]) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(key.len() as u64).to_le_bytes()).update(key).update(value);
        self.sum.iter_mut().zip(hasher.finalize().as_bytes()).for_each(|(sum, byte)| *sum ^= byte);
    }

    pub(super) fn to_bytes(self) -> [u8; 40] {
        let mut bytes = [0; 40];
        bytes[..8].copy_from_slice(&self.commits.to_le_bytes());
        bytes[8..].copy_from_slice(&self.sum);
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (commits, sum) = bytes.split_first_chunk::<8>()?;
        Some(Self { commits: u64::from_le_bytes(*commits), sum: sum.try_into().ok()? })
    }
}

/// The count beside the database.
pub(super) struct Mark(File);

impl Mark {
    /// Opens the file, and says what it holds: 0, if it is new or unreadable.
    pub(super) fn open(dir: &Path) -> io::Result<(Self, u64)> {
        let file = files::open_private(&dir.join(NAME))?;
        let mut bytes = [0; 16];
        let count = file.read_exact_at(&mut bytes, 0).ok().and_then(|()| read(&bytes));
        Ok((Self(file), count.unwrap_or(0)))
    }

    /// Notes a commit that is on the disk. It may fail or be lost with the power: a count that lags behind
    /// never raises an alarm, it only misses one.
    pub(super) fn advance(&self, commits: u64) {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&commits.to_le_bytes());
        bytes[8..].copy_from_slice(&(!commits).to_le_bytes());
        if let Err(error) = self.0.write_all_at(&bytes, 0) {
            tracing::debug!(%error, "the count of commits was not written");
        }
    }
}

/// The count, if its second half is the complement of the first: a torn write isn't a count.
fn read(bytes: &[u8; 16]) -> Option<u64> {
    let (count, complement) = bytes.split_at(8);
    let count = u64::from_le_bytes(count.try_into().ok()?);
    let complement = u64::from_le_bytes(complement.try_into().ok()?);
    (count == !complement).then_some(count)
}
