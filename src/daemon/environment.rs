//! Where things are where nothing else is said.
//!
//! | | root and the `muster` user | everybody else |
//! |---|---|---|
//! | data | `/var/lib/muster` | `$XDG_DATA_HOME/muster` |
//! | socket | `/run/muster/control.sock` | `$XDG_RUNTIME_DIR/muster/control.sock` |
//! | configuration | `/etc/muster/musterd.toml` | `$XDG_CONFIG_HOME/muster/musterd.toml` |
//!
//! Whoever moves the data moves the socket along, into the data directory; so does a missing
//! `XDG_RUNTIME_DIR`. A relative path in an XDG variable is ignored, as its specification asks.

use std::{
    collections::BTreeMap,
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use nix::unistd::{User, geteuid};

/// The user that a system daemon runs as, if not as root.
const SYSTEM_USER: &str = "muster";

/// What the process's surroundings say: variables and user. Read once, at the start.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    is_system: bool,
    home: Option<PathBuf>,
}

/// There is neither a variable nor a home directory to tell where the data should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this user has no home directory; name a directory with --data-dir")]
pub struct NoHome;

impl Environment {
    /// That of this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        let user = User::from_uid(geteuid()).ok().flatten();
        let is_system = geteuid().is_root() || user.as_ref().is_some_and(|user| user.name == SYSTEM_USER);
        Self { variables: env::vars_os().collect(), is_system, home: user.map(|user| user.dir) }
    }

    /// One made up, of a user without an entry in the system's list of users.
    #[must_use]
    pub fn of(is_system: bool, variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, is_system, home: None }
    }

    /// Whether it is a system daemon's.
    #[must_use]
    pub fn is_system(&self) -> bool {
        self.is_system
    }

    /// A variable, if it is set and not empty.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The directory of everything that outlives the daemon.
    ///
    /// # Errors
    /// [`NoHome`].
    pub fn data_dir(&self) -> Result<PathBuf, NoHome> {
        if self.is_system {
            return Ok(PathBuf::from("/var/lib/muster"));
        }
        Ok(self.base("XDG_DATA_HOME", ".local/share")?.join("muster"))
    }

    /// The control socket, given where the data is if that was said.
    ///
    /// # Errors
    /// [`NoHome`].
    pub fn socket(&self, given_data_dir: Option<&Path>) -> Result<PathBuf, NoHome> {
        let dir = match (given_data_dir, self.absolute("XDG_RUNTIME_DIR")) {
            (Some(data_dir), _) => data_dir.to_owned(),
            (None, _) if self.is_system => PathBuf::from("/run/muster"),
            (None, Some(runtime_dir)) => runtime_dir.join("muster"),
            (None, None) => self.data_dir()?,
        };
        Ok(dir.join("control.sock"))
    }

    /// The configuration file, which need not exist; none without a home.
    #[must_use]
    pub fn config_file(&self) -> Option<PathBuf> {
        if self.is_system {
            return Some(PathBuf::from("/etc/muster/musterd.toml"));
        }
        Some(self.base("XDG_CONFIG_HOME", ".config").ok()?.join("muster/musterd.toml"))
    }

    fn base(&self, variable: &str, below_home: &str) -> Result<PathBuf, NoHome> {
        let home = || self.absolute("HOME").or_else(|| self.home.clone());
        self.absolute(variable).or_else(|| Some(home()?.join(below_home))).ok_or(NoHome)
    }

    fn absolute(&self, name: &str) -> Option<PathBuf> {
        self.variable(name).map(PathBuf::from).filter(|path| path.is_absolute())
    }
}
