//! What can go wrong with a store, told apart by what the person, or the daemon, can do about it.

use std::{
    io::{Error, ErrorKind},
    path::{Path, PathBuf},
};

/// Why a store could not be opened, read, or written. Never quotes what is stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk, the quota, or the largest size of a file is used up. Make room, then open again.
    #[error("no space is left to write to {}", .0.display())]
    Full(PathBuf),
    /// Another process, or another part of this one, has it open.
    #[error("{} is in use by another process", .0.display())]
    Locked(PathBuf),
    /// What is there isn't what was written, and could be neither mended nor set aside.
    #[error("{} is damaged", .0.display())]
    Damaged(PathBuf),
    /// The system refused: permissions, a read-only or failing disk, too many open files.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What it said.
        source: Error,
    },
    /// An earlier commit failed. Drop this store and open it again: only the disk knows what holds.
    #[error("an earlier commit failed; the store must be opened again")]
    MustReopen,
    /// The empty key is the store's own. Nothing was written; our own code is at fault.
    #[error("the empty key can't be committed")]
    EmptyKey,
}

impl StoreError {
    /// What the system said about `path`.
    pub(super) fn io(path: &Path, source: Error) -> Self {
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                Self::Full(path.to_owned())
            }
            _ => Self::Io { path: path.to_owned(), source },
        }
    }
}
