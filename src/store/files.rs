//! Directories and files that only their owner may open, and that are on the disk when we say so.

use std::{
    collections::HashSet,
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use rustix::fs::FlockOperation;

use super::StoreError;

/// Copies that are kept of one store that was damaged; a disk that goes on failing must not fill up.
const KEPT_ASIDE: u32 = 8;

/// How often, and for how long in all (two seconds), a lock is asked for again.
pub(super) const LETTING_GO: Duration = Duration::from_millis(5);
pub(super) const LETTING_GO_TRIES: u32 = 400;

/// Makes the directory, and those above it, and closes it to others.
pub(super) fn private_dir(dir: &Path) -> Result<(), StoreError> {
    let named = |error| StoreError::io(dir, error);
    let is_new = !dir.exists();
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(named)?;
    fs::set_permissions(dir, Permissions::from_mode(0o700)).map_err(named)?;
    if is_new && let Some(parent) = dir.parent() {
        sync_dir(parent)?;
    }
    Ok(())
}

/// Opens a file of ours for reading and writing, making it if need be.
pub(super) fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Takes the store's lock, which the system gives back however this process ends.
pub(super) fn lock(dir: &Path) -> Result<File, StoreError> {
    lock_file(&dir.join("lock"), dir)
}

/// Locks a file of the store in `dir`.
///
/// A lock may outlive its store for a moment: until a process that was started meanwhile has closed what it
/// inherited, or the database's last thread has ended. Only who holds it for longer has the store in use.
pub(super) fn lock_file(path: &Path, dir: &Path) -> Result<File, StoreError> {
    let file = open_private(path).map_err(|error| StoreError::io(path, error))?;
    for _ in 0..LETTING_GO_TRIES {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => thread::sleep(LETTING_GO),
            Err(error) => return Err(StoreError::io(path, error.into())),
        }
    }
    Err(StoreError::Locked(dir.to_owned()))
}

/// Closes every file of the store to others.
pub(super) fn close_to_others(dir: &Path) -> Result<(), StoreError> {
    for path in entries(dir)? {
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        match fs::set_permissions(&path, Permissions::from_mode(mode)) {
            // sled's own tidying was faster.
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(StoreError::io(&path, error)),
            _ => {}
        }
    }
    Ok(())
}

/// Closes to others what has appeared in `dir` since `known` was written down, and waits until it is on the disk.
pub(super) fn settle_new(dir: &Path, known: &mut HashSet<OsString>) -> Result<(), StoreError> {
    let mut there = HashSet::new();
    let mut is_changed = false;
    for path in entries(dir)? {
        let Some(name) = path.file_name() else { continue };
        if !known.contains(name) {
            settle(&path)?;
            is_changed = true;
        }
        there.insert(name.to_owned());
    }
    *known = there;
    if is_changed { sync_dir(dir) } else { Ok(()) }
}

fn settle(path: &Path) -> Result<(), StoreError> {
    let done = File::open(path).and_then(|file| {
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.sync_all()
    });
    match done {
        // sled's own tidying was faster.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done.map_err(|error| StoreError::io(path, error)),
    }
}

/// Waits until a file is on the disk.
pub(super) fn sync_file(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| StoreError::io(path, error))
}

/// How many bytes may still be written.
pub(super) fn room(dir: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(dir)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Waits until the names in a directory are on the disk.
pub(super) fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    // A relative path of one part has the empty path as its parent.
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    File::open(dir).and_then(|file| file.sync_all()).map_err(|error| StoreError::io(dir, error))
}

/// What a directory holds, in the order of the names.
pub(super) fn entries(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let named = |error| StoreError::io(dir, error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(named)? {
        paths.push(entry.map_err(named)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Moves a store out of the way, as it is, under a name of its own.
pub(super) fn set_aside(dir: &Path) -> Result<PathBuf, StoreError> {
    let free = (1..=KEPT_ASIDE).map(|number| aside(dir, number)).find(|path| !path.exists());
    let place = free.ok_or_else(|| StoreError::Damaged(dir.to_owned()))?;
    fs::rename(dir, &place).map_err(|error| StoreError::io(dir, error))?;
    if let Some(parent) = dir.parent() {
        sync_dir(parent)?;
    }
    Ok(place)
}

fn aside(dir: &Path, number: u32) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(format!(".damaged-{number}"));
    dir.with_file_name(name)
}

/// Removes a store: what was set aside of it, so that nothing is left that nobody would wipe again; then the log,
/// which holds everything; then the rest.
pub(super) fn remove_all(dir: &Path) -> Result<(), StoreError> {
    let named = |error| StoreError::io(dir, error);
    for place in (1..=KEPT_ASIDE).map(|number| aside(dir, number)).filter(|place| place.exists()) {
        fs::remove_dir_all(&place).map_err(|error| StoreError::io(&place, error))?;
    }
    fs::remove_file(dir.join("db")).map_err(named)?;
    sync_dir(dir)?;
    fs::remove_dir_all(dir).map_err(named)?;
    dir.parent().map_or(Ok(()), sync_dir)
}
