//! The way in. Three steps, each taken only when the one before it met damage:
//!
//! 1. open the database as it is and read all of it;
//! 2. move away what sled can make again from its log (`snap.*`, `conf`), and try again;
//! 3. set the whole directory aside and begin with an empty store.
//!
//! Before the first and the second, the log is copied; where they fail, it is put back as it was found.
//!
//! A full disk, a missing permission or a lock is none of them: it is an error, and nothing is moved. The
//! database may panic on damaged bytes, which is caught and counts as damage.

use std::{
    collections::HashSet,
    fmt,
    fs::{self, File},
    io::ErrorKind,
    num::NonZeroUsize,
    panic::resume_unwind,
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
};

use super::{
    Store, StoreError, Trouble, Writer, caught, files, mark,
    mark::{Mark, Tally},
    original,
};
use crate::core::node::output::Snapshot;

/// What sled may keep in memory. A whole roster is loaded once and then lives in the node; a daemon of a
/// few memberships stays below 20 MB resident.
const CACHE: u64 = 2 * 1024 * 1024;

/// Where sled keeps values that are too large for its log.
pub(super) const BLOBS: &str = "blobs";

/// What sled makes again from its log.
const REMADE: [&str; 2] = ["snap.", "conf"];

/// Put before the names of files that are moved away within the directory.
const ASIDE: &str = "aside-";

/// How a store was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// As it was left, or new.
    Sound,
    /// sled's index of its log was damaged and was rebuilt; nothing is lost.
    SnapshotRebuilt,
    /// The end of the log was damaged: it opens as it was some commits ago. The log that was found is kept beside
    /// it, unless one of an earlier loss is there.
    Shortened {
        /// Commits that were durable and are gone.
        lost: u64,
    },
    /// Nothing of it could be read. The store is empty, and what is left of the old one lies here.
    SetAside(PathBuf),
}

impl fmt::Display for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sound => write!(f, "the store is sound"),
            Self::SnapshotRebuilt => write!(f, "the store's index was damaged and has been rebuilt"),
            Self::Shortened { lost } => {
                write!(f, "the store was damaged and has lost its last {lost} commits")
            }
            Self::SetAside(place) => {
                write!(
                    f,
                    "the store was damaged beyond reading and has been set aside as {}",
                    place.display()
                )
            }
        }
    }
}

pub(super) fn open(dir: &Path) -> Result<(Store, Opened), StoreError> {
    files::private_dir(dir)?;
    let lock = files::lock(dir)?;
    original::copy_if_cheap(dir)?;
    match attempt_or_put_back(dir)? {
        Ok(found) => settle(dir, found, lock, Opened::Sound),
        Err(Failed::Damage) => mend(dir, lock),
        Err(Failed::Refused(error)) => Err(error),
    }
}

/// Why a database didn't open, judged before anything else is moved.
enum Failed {
    Damage,
    Refused(StoreError),
}

/// Tries to open the database; where that fails, its log is again what it was before, if there is a copy.
fn attempt_or_put_back(dir: &Path) -> Result<Result<Found, Failed>, StoreError> {
    let trouble = match attempt(dir) {
        Ok(found) => return Ok(Ok(found)),
        Err(trouble) => trouble,
    };
    // The copy's own space is part of what fills the disk, so this comes first.
    let failed =
        if is_damage(&trouble, dir) { Failed::Damage } else { Failed::Refused(refusal(trouble, dir)) };
    original::put_back(dir)?;
    Ok(Err(failed))
}

/// A database that reads as one of the commits left it, and the commits that are noted beside it.
struct Found {
    db: sled::Db,
    tally: Tally,
    entries: Snapshot,
    mark: Mark,
    noted: u64,
}

/// The second step.
fn mend(dir: &Path, lock: File) -> Result<(Store, Opened), StoreError> {
    // Without its index sled takes the first unreadable record for the end and blanks what follows.
    original::copy_surely(dir)?;
    rename_where(dir, |name| {
        REMADE.iter().any(|made| name.starts_with(made)).then(|| format!("{ASIDE}{name}"))
    })?;
    match attempt_or_put_back(dir)? {
        Ok(found) => {
            let (store, opened) = settle(dir, found, lock, Opened::SnapshotRebuilt)?;
            remove_where(dir, |name| name.starts_with(ASIDE))?;
            Ok((store, opened))
        }
        Err(failed) => {
            remove_where(dir, |name| REMADE.iter().any(|made| name.starts_with(made)))?;
            rename_where(dir, |name| name.strip_prefix(ASIDE).map(str::to_owned))?;
            match failed {
                Failed::Damage => set_aside(dir),
                Failed::Refused(error) => Err(error),
            }
        }
    }
}

/// The third step. The old directory takes its lock along; the fresh one has its own.
fn set_aside(dir: &Path) -> Result<(Store, Opened), StoreError> {
    let place = files::set_aside(dir)?;
    files::private_dir(dir)?;
    let lock = files::lock(dir)?;
    let found = attempt(dir).map_err(|trouble| refusal(trouble, dir))?;
    settle(dir, found, lock, Opened::SetAside(place))
}

/// Makes a store of a database that reads well, and says whether it is all there.
fn settle(dir: &Path, found: Found, lock: File, how: Opened) -> Result<(Store, Opened), StoreError> {
    let Found { db, tally, entries, mark, noted } = found;
    let lost = noted.saturating_sub(tally.commits);
    if lost > 0 {
        original::keep(dir)?
    } else {
        original::forget(dir)?
    }
    files::close_to_others(dir)?;
    let path = dir.join("db");
    let log = File::open(&path).map_err(|error| StoreError::io(&path, error))?;
    let mut blobs = HashSet::new();
    files::settle_new(&dir.join(BLOBS), &mut blobs)?;
    if tally.commits > 0 {
        // Who reads a commit acts on it, and the process that wrote it may have been killed before it was on the
        // disk. An empty log has nothing to lose: the first commit syncs it.
        log.sync_data().map_err(|error| StoreError::io(&path, error))?;
        mark.advance(tally.commits);
    }
    // The way to the log, and the end of the copy. The rest needs no sync: the lock is empty, the mark may lag, and
    // sled makes its parameters and its index again.
    files::sync_dir(dir)?;
    let writer = Mutex::new(Writer { failed: false, read: Some(entries), tally, mark, blobs });
    let opened = if lost > 0 { Opened::Shortened { lost } } else { how };
    Ok((Store { db, log, dir: dir.to_owned(), writer, lock }, opened))
}

fn attempt(dir: &Path) -> Result<Found, Trouble> {
    let (mark, noted) = Mark::open(dir).map_err(|error| Trouble::Error(error.into()))?;
    let db = open_database(dir)?;
    let (tally, entries) = caught(|| read_through(&db))?.ok_or(Trouble::Torn)?;
    // A log without one readable record opens like a new one.
    if tally.commits == 0 && noted > 0 {
        Err(Trouble::Torn)
    } else {
        Ok(Found { db, tally, entries, mark, noted })
    }
}

fn open_database(dir: &Path) -> Result<sled::Db, Trouble> {
    for _ in 0..files::LETTING_GO_TRIES {
        let config = sled::Config::new().path(dir).cache_capacity(CACHE).mode(sled::Mode::LowSpace);
        match caught(|| config.flush_every_ms(None).open()) {
            // Our own lock is taken, so nobody else is in there.
            Err(trouble) if is_lock(&trouble) => thread::sleep(files::LETTING_GO),
            opened => return opened,
        }
    }
    Err(Trouble::Error(sled::Error::Io(ErrorKind::WouldBlock.into())))
}

/// Reads every entry: damage shows when it is read. Gives them with the tally, if it is theirs.
fn read_through(db: &sled::Db) -> sled::Result<Option<(Tally, Snapshot)>> {
    let mut kept = Some(Tally::default());
    let mut entries = Snapshot::new();
    for entry in db.iter() {
        let (key, value) = entry?;
        if key.as_ref() == mark::KEY {
            kept = Tally::from_bytes(&value)
        } else {
            entries.push((key.to_vec(), value.to_vec()));
        }
    }
    Ok(kept.filter(|kept| kept.sum == sum_of(&entries)).map(|kept| (kept, entries)))
}

/// Entries that are added up sooner than a thread begins.
const WORTH_A_THREAD: usize = 4096;

/// The sum over all entries, which depends on no order: of many, each processor adds up its part.
fn sum_of(entries: &Snapshot) -> [u8; 32] {
    let sum = |part: &[(Vec<u8>, Vec<u8>)]| {
        let mut tally = Tally::default();
        part.iter().for_each(|(key, value)| tally.toggle(key, value));
        tally.sum
    };
    let hands = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut parts = entries.chunks(entries.len().div_ceil(hands).max(WORTH_A_THREAD));
    let own = parts.next().unwrap_or_default();
    thread::scope(|scope| {
        let others: Vec<_> = parts.map(|part| scope.spawn(move || sum(part))).collect();
        let others =
            others.into_iter().map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        let mut total = sum(own);
        others.for_each(|other| total.iter_mut().zip(other).for_each(|(total, byte)| *total ^= byte));
        total
    })
}

fn is_lock(trouble: &Trouble) -> bool {
    // sled words this error itself and keeps neither kind nor number.
    matches!(trouble, Trouble::Error(sled::Error::Io(error)) if error.to_string().starts_with("could not acquire lock"))
}

/// Whether it is the bytes that are wrong, rather than the system that refuses.
fn is_damage(trouble: &Trouble, dir: &Path) -> bool {
    match trouble {
        Trouble::Error(sled::Error::Io(error)) => {
            matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::NotFound)
        }
        Trouble::Error(_) | Trouble::Torn => true,
        // Some of sled's panics are a full disk's.
        Trouble::Panicked => !is_full(dir),
    }
}

/// What is told of trouble that isn't damage.
fn refusal(trouble: Trouble, dir: &Path) -> StoreError {
    match trouble {
        Trouble::Error(sled::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
            StoreError::Locked(dir.to_owned())
        }
        Trouble::Panicked if is_full(dir) => StoreError::Full(dir.to_owned()),
        trouble => trouble.named(dir),
    }
}

/// Whether less is left than sled takes at a time.
fn is_full(dir: &Path) -> bool {
    files::room(dir).is_ok_and(|room| room < 1024 * 1024)
}

fn rename_where(dir: &Path, other: impl Fn(&str) -> Option<String>) -> Result<(), StoreError> {
    for path in files::entries(dir)? {
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(other) = name.and_then(&other) {
            fs::rename(&path, dir.join(other)).map_err(|error| StoreError::io(&path, error))?;
        }
    }
    files::sync_dir(dir)
}

fn remove_where(dir: &Path, is_chosen: impl Fn(&str) -> bool) -> Result<(), StoreError> {
    for path in files::entries(dir)? {
        if path.file_name().and_then(|name| name.to_str()).is_some_and(&is_chosen) {
            fs::remove_file(&path).map_err(|error| StoreError::io(&path, error))?;
        }
    }
    Ok(())
}
