//! Where things are where nothing else is said. Daemon and client must agree, so both ask here.
//!
//! | | root and the `muster` user | everybody else |
//! |---|---|---|
//! | data | `/var/lib/muster` | `$XDG_DATA_HOME/muster` |
//! | socket | `/run/muster/control.sock` | `$XDG_RUNTIME_DIR/muster/control.sock` |
//! | configuration | `/etc/muster/musterd.toml` | `$XDG_CONFIG_HOME/muster/musterd.toml` |
//!
//! Whoever moves the data moves the socket along, into the data directory; so does a missing
//! `XDG_RUNTIME_DIR`. A relative path in an XDG variable is ignored, as its specification asks.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use nix::unistd::{User, geteuid};

/// Where a system daemon listens.
pub const SYSTEM_SOCKET: &str = "/run/muster/control.sock";

/// The user that a system daemon runs as, if not root.
const SYSTEM_USER: &str = "muster";

/// What decides about default places.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Running as root or as the system user.
    pub system: bool,
    /// `XDG_RUNTIME_DIR`.
    pub runtime: Option<PathBuf>,
    /// `XDG_DATA_HOME`.
    pub data: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`.
    pub config: Option<PathBuf>,
    /// `HOME`, or what the system's list of users says.
    pub home: Option<PathBuf>,
}

impl Surroundings {
    /// Those of this process.
    #[must_use]
    pub fn current() -> Self {
        let user = User::from_uid(geteuid()).ok().flatten();
        let system = geteuid().is_root() || user.as_ref().is_some_and(|user| user.name == SYSTEM_USER);
        let mut here = Self::of(system, |name| env::var_os(name));
        here.home = here.home.or(user.map(|user| user.dir));
        here
    }

    /// Those that these variables describe.
    #[must_use]
    pub fn of(system: bool, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        Self {
            system,
            runtime: absolute("XDG_RUNTIME_DIR"),
            data: absolute("XDG_DATA_HOME"),
            config: absolute("XDG_CONFIG_HOME"),
            home: absolute("HOME"),
        }
    }

    /// The directory of everything that outlives the daemon; none where no home is known.
    #[must_use]
    pub fn data_dir(&self) -> Option<PathBuf> {
        if self.system {
            return Some(PathBuf::from("/var/lib/muster"));
        }
        Some(self.base(self.data.as_ref(), ".local/share")?.join("muster"))
    }

    /// The control socket, given where the data is if that was said.
    #[must_use]
    pub fn socket(&self, given_data_dir: Option<&Path>) -> Option<PathBuf> {
        let dir = match (given_data_dir, &self.runtime) {
            (Some(data_dir), _) => data_dir.to_owned(),
            (None, _) if self.system => return Some(PathBuf::from(SYSTEM_SOCKET)),
            (None, Some(runtime)) => runtime.join("muster"),
            (None, None) => self.data_dir()?,
        };
        Some(dir.join("control.sock"))
    }

    /// The configuration file, which need not exist; none without a home.
    #[must_use]
    pub fn config_file(&self) -> Option<PathBuf> {
        if self.system {
            return Some(PathBuf::from("/etc/muster/musterd.toml"));
        }
        Some(self.base(self.config.as_ref(), ".config")?.join("muster/musterd.toml"))
    }

    fn base(&self, given: Option<&PathBuf>, below_home: &str) -> Option<PathBuf> {
        given.cloned().or_else(|| Some(self.home.as_ref()?.join(below_home)))
    }
}

/// The default socket of this process; none where no home is known.
#[must_use]
pub fn default_socket() -> Option<PathBuf> {
    Surroundings::current().socket(None)
}
