//! The log as it was found, kept until we know that it was sound.
//!
//! sled takes what it can't read for the end of the log and blanks it, at the opening, before anybody hears of
//! damage. So the log is copied before sled may touch it. When the opening fails, the copy takes the log's place
//! again; when commits are missing, it stays beside; when nothing is, it goes.
//!
//! ```text
//!  found-part     a copy in the making; of no worth
//!  found          the log as this opening found it
//!  found-before   the same of an opening that was cut off by the end of the process
//!  found-first    the log from which commits went missing, for good
//! ```
//!
//! Only one is kept for good, the oldest: a disk that fails at every start would else put a shortened log in the
//! place of the one that held everything.

use std::{fs, fs::File, io, path::Path};

use super::{StoreError, files};

const PART: &str = "found-part";
const FOUND: &str = "found";
const BEFORE: &str = "found-before";
const FIRST: &str = "found-first";

/// The longest log that is copied byte by byte at every opening: some 40,000 certificates, and a fifth of a second
/// on a busy machine. The 80 MB of 100,000 would double the time that such a store takes to open. Longer ones are
/// copied where the file system shares the blocks, which costs nothing, and once damage is known.
const COPIED: u64 = 32 * 1024 * 1024;

/// What a copy leaves free: the database must find room to open, and the neighbours to commit.
const LEFT_FREE: u64 = 4 * 1024 * 1024;

/// Copies the log, if that is cheap and there is room. A full disk isn't a reason to keep a sound store shut.
pub(super) fn copy_if_cheap(dir: &Path) -> Result<(), StoreError> {
    if dir.join(FOUND).exists() {
        move_where_free(dir, FOUND, BEFORE)?;
    }
    if let Err(error) = copy(dir, true) {
        tracing::debug!(%error, "the store is opened without a copy of its log");
        remove(dir, PART)?;
    }
    Ok(())
}

/// Copies the log, which is known to be damaged, whatever that costs.
pub(super) fn copy_surely(dir: &Path) -> Result<(), StoreError> {
    copy(dir, false).or_else(|error| {
        // Half a copy helps nobody, and fills the disk.
        remove(dir, PART)?;
        Err(StoreError::io(&dir.join(FOUND), error))
    })
}

fn copy(dir: &Path, if_cheap: bool) -> io::Result<()> {
    let log = match File::open(dir.join("db")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        log => log?,
    };
    let length = log.metadata()?.len();
    if length == 0 {
        return Ok(());
    }
    let part = dir.join(PART);
    let mut file = files::open_private(&part)?;
    file.set_len(0)?;
    if rustix::fs::ioctl_ficlone(&file, &log).is_err() {
        if if_cheap && (length > COPIED || files::room(dir)? < 2 * length + LEFT_FREE) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        io::copy(&mut &log, &mut file)?;
    }
    fs::rename(&part, dir.join(FOUND))
}

/// Puts the copy, if there is one, in the place of a log that didn't open.
pub(super) fn put_back(dir: &Path) -> Result<(), StoreError> {
    let (found, log) = (dir.join(FOUND), dir.join("db"));
    if !found.exists() {
        return Ok(());
    }
    // The database's last thread may still be at it.
    drop(files::lock_file(&log, dir)?);
    fs::rename(&found, &log).map_err(|error| StoreError::io(&log, error))?;
    files::sync_file(&log)?;
    files::sync_dir(dir)
}

/// Removes the copies: the store is sound. The caller syncs the directory before anything is committed, or the
/// copy could come back with a loss of power, and be older than the log.
pub(super) fn forget(dir: &Path) -> Result<(), StoreError> {
    [PART, FOUND, BEFORE].into_iter().try_for_each(|name| remove(dir, name))
}

/// Keeps the oldest copy: commits are missing from what has been opened.
pub(super) fn keep(dir: &Path) -> Result<(), StoreError> {
    for name in [BEFORE, FOUND].into_iter().filter(|name| dir.join(name).exists()) {
        // What is kept for good must outlast a loss of power.
        files::sync_file(&dir.join(name))?;
        move_where_free(dir, name, FIRST)?;
    }
    forget(dir)
}

fn move_where_free(dir: &Path, from: &str, to: &str) -> Result<(), StoreError> {
    let (from_path, to) = (dir.join(from), dir.join(to));
    if to.exists() {
        return remove(dir, from);
    }
    fs::rename(&from_path, &to).map_err(|error| StoreError::io(&from_path, error))
}

fn remove(dir: &Path, name: &str) -> Result<(), StoreError> {
    let path = dir.join(name);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io(&path, error)),
        _ => Ok(()),
    }
}
