//! One daemon for each data directory: two would sign under the same numbers.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::FlockOperation;

/// The lock on a data directory, held until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

/// Why the data directory can't be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another daemon has it.
    #[error("another musterd{} uses {}", .pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default(), .dir.display())]
    Taken {
        /// The data directory.
        dir: PathBuf,
        /// Which, as far as it said.
        pid: Option<u32>,
    },
    /// The system refuses.
    #[error("{}: {source}", .path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

impl DataLock {
    /// Takes the data directory, making it (closed to others) if need be. Doesn't wait.
    ///
    /// # Errors
    /// [`LockError::Taken`] while another daemon runs, [`LockError::Io`].
    pub fn take(dir: &Path) -> Result<Self, LockError> {
        let named = |path: &Path| {
            let path = path.to_owned();
            move |source| LockError::Io { path, source }
        };
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(named(dir))?;
        let path = dir.join("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(named(&path))?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(LockError::Taken { dir: dir.to_owned(), pid: pid_in(&file) });
            }
            Err(error) => return Err(named(&path)(error.into())),
        }
        let pid = format!("{}\n", std::process::id());
        file.set_len(0).and_then(|()| file.write_all(pid.as_bytes())).map_err(named(&path))?;
        Ok(Self { _file: file })
    }
}

/// What the holder wrote; nothing if it hasn't yet.
fn pid_in(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
