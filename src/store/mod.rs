//! The store: where one membership outlives the daemon. Load a snapshot, commit a batch, nothing else.
//!
//! Each membership has a directory of its own with one sled database in it, so that forgetting it is deleting
//! a directory, and damage to one never reaches another. This is the only folder that names sled.
//!
//! ```text
//!  DIR/                        0700
//!   ├── lock                   held while the store is open; who comes second is told `Locked`
//!   ├── commits                how many commits were durable, beside the database: tells when it lost some
//!   ├── db, conf, blobs/       sled: a log, its parameters, values too large for the log
//!   ├── snap.*                 sled's index of the log; can be rebuilt from it
//!   └── found-first            the log as it was when it first lost commits
//!  DIR.damaged-1 …             what could not be opened
//! ```
//!
//! What `commit` promises: when it returns `Ok`, the batch is on the disk, whole, and survives a loss of power;
//! when it returns an error, the batch is there whole or not at all, which only opening again tells.
//! What `open` promises: damage is never an abort and never passed over in silence; see [`Opened`].
//!
//! ```text
//!  error.rs    what can go wrong, told apart by what follows
//!  open.rs     the way in: sound, or mended, or set aside
//!  original.rs the log as it was found, until it is known to be sound
//!  files.rs    directories, permissions, syncs, the lock
//!  mark.rs     how a store that is all there is told from one that merely opens
//! ```
//!
//! Not here: what keys and values mean (the node's business), which directories there are and when to reopen
//! (the daemon's). Everything blocks: call it off the async threads.

mod error;
mod files;
mod mark;
mod open;
mod original;

pub use error::StoreError;
pub use open::Opened;

use std::{
    collections::{BTreeMap, HashSet},
    ffi::OsString,
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use crate::core::node::output::{Batch, Snapshot};
use mark::{Mark, Tally};

/// An open store. One at a time for each directory, in this process or any other.
pub struct Store {
    // Dropped in this order: the lock goes last, when the database has let go of its files.
    db: sled::Db,
    /// The database's file, opened before anything is written, so that a failed write-back is told to us.
    log: File,
    dir: PathBuf,
    writer: Mutex<Writer>,
    lock: File,
}

/// What only one thread at a time may have.
struct Writer {
    /// A commit has failed: what memory shows and what the disk holds may differ, so nothing is believed.
    failed: bool,
    /// All that was read when it was opened, until it is asked for or something is written.
    read: Option<Snapshot>,
    /// What the last durable commit left.
    tally: Tally,
    mark: Mark,
    /// Large values that are known to be on the disk.
    blobs: HashSet<OsString>,
}

impl Store {
    /// Opens the store in `dir`, making it where there is none, and reads all of it once.
    ///
    /// # Errors
    /// See [`StoreError`]. Damage is an error only where it could not be set aside.
    pub fn open(dir: &Path) -> Result<(Self, Opened), StoreError> {
        open::open(dir)
    }

    /// Everything that was committed.
    ///
    /// # Errors
    /// [`StoreError::MustReopen`] after a failed commit, [`StoreError::Damaged`], [`StoreError::Io`].
    pub fn load(&self) -> Result<Snapshot, StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.failed {
            return Err(StoreError::MustReopen);
        }
        if let Some(read) = writer.read.take() {
            return Ok(read);
        }
        let entries = caught(|| self.db.iter().collect::<sled::Result<Vec<_>>>());
        let entries = entries.map_err(|trouble| trouble.named(&self.dir))?;
        let ours = entries.into_iter().filter(|(key, _)| key.as_ref() != mark::KEY);
        Ok(ours.map(|(key, value)| (key.to_vec(), value.to_vec())).collect())
    }

    /// Makes the batch durable, all of it or nothing.
    ///
    /// After an error this store answers nothing but [`StoreError::MustReopen`]: drop it and open it again.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Io`], [`StoreError::Damaged`]; [`StoreError::EmptyKey`] costs nothing.
    pub fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        if batch.changes.iter().any(|(key, _)| key.as_slice() == mark::KEY) {
            return Err(StoreError::EmptyKey);
        }
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.failed {
            return Err(StoreError::MustReopen);
        }
        (writer.failed, writer.read) = (true, None);
        self.write(batch, &mut writer)?;
        writer.failed = false;
        Ok(())
    }

    fn write(&self, batch: &Batch, writer: &mut Writer) -> Result<(), StoreError> {
        // The last change of a key counts.
        let changes: BTreeMap<_, _> = batch.changes.iter().map(|(key, value)| (key, value)).collect();
        let tally =
            caught(|| self.apply(&changes, writer.tally)).map_err(|trouble| trouble.named(&self.dir))?;
        // sled's flush hands the pages to the disk but not the disk's own cache to the platters, and leaves
        // large values, which it writes as files of their own, to the system's leisure.
        files::settle_new(&self.dir.join(open::BLOBS), &mut writer.blobs)?;
        self.log.sync_data().map_err(|error| StoreError::io(&self.dir, error))?;

        writer.tally = tally;
        writer.mark.advance(tally.commits);
        Ok(())
    }

    /// Hands the changes to sled together with the tally that they make.
    fn apply(&self, changes: &BTreeMap<&Vec<u8>, &Option<Vec<u8>>>, mut tally: Tally) -> sled::Result<Tally> {
        let mut batch = sled::Batch::default();
        for (key, value) in changes {
            if let Some(old) = self.db.get(key)? {
                tally.toggle(key, &old);
            }
            match value {
                Some(value) => {
                    tally.toggle(key, value);
                    batch.insert(key.as_slice(), value.as_slice());
                }
                None => batch.remove(key.as_slice()),
            }
        }
        tally.commits += 1;
        batch.insert(mark::KEY, tally.to_bytes().as_slice());
        self.db.apply_batch(batch)?;
        self.db.flush()?;
        Ok(tally)
    }

    /// Removes this membership from the disk, the copies that were set aside as damaged included.
    ///
    /// What is promised: no file of it is left, and a wipe cut short leaves a store that opens empty. What
    /// isn't: that the disk holds no trace. File systems, flash and backups keep old blocks; who fears a thief of
    /// the disk encrypts it.
    ///
    /// # Errors
    /// [`StoreError::Io`], with what is left in place; wipe again.
    pub fn wipe(self) -> Result<(), StoreError> {
        let Self { db, log, dir, writer, lock } = self;
        // A panic on the way out of a damaged database must not keep it on the disk.
        let _ = catch_unwind(AssertUnwindSafe(|| drop((db, log, writer))));
        files::remove_all(&dir)?;
        drop(lock);
        Ok(())
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.dir.display())
    }
}

/// Why sled didn't do what it was asked.
enum Trouble {
    Error(sled::Error),
    Panicked,
    /// It opened, but as no commit left it.
    Torn,
}

impl Trouble {
    /// As an error about this directory.
    fn named(self, dir: &Path) -> StoreError {
        match self {
            Self::Error(sled::Error::Io(error)) => StoreError::io(dir, error),
            // A panic's words may quote what is stored, and so may sled's.
            Self::Error(_) | Self::Panicked | Self::Torn => StoreError::Damaged(dir.to_owned()),
        }
    }
}

/// Runs what may panic on damaged bytes.
fn caught<T>(work: impl FnOnce() -> sled::Result<T>) -> Result<T, Trouble> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Trouble::Error(error)),
        Err(_) => Err(Trouble::Panicked),
    }
}
