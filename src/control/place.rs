//! Where the socket is where nothing else is said. Daemon and client must agree, so both ask here.

use std::{env, ffi::OsString, path::PathBuf};

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
    /// `HOME`.
    pub home: Option<PathBuf>,
}

impl Surroundings {
    /// Those of this process. A relative path in an XDG variable is ignored, as its specification says.
    #[must_use]
    pub fn current() -> Self {
        let absolute = |name| env::var_os(name).and_then(absolute);
        Self {
            system: is_system(),
            runtime: absolute("XDG_RUNTIME_DIR"),
            data: absolute("XDG_DATA_HOME"),
            home: absolute("HOME"),
        }
    }

    /// Where the daemon keeps its data; none where no home is known.
    #[must_use]
    pub fn data_dir(&self) -> Option<PathBuf> {
        if self.system {
            return Some(PathBuf::from("/var/lib/muster"));
        }
        let data = self.data.clone().or_else(|| Some(self.home.as_ref()?.join(".local/share")));
        Some(data?.join("muster"))
    }

    /// Where the socket is; without a directory for such things, it is with the data.
    #[must_use]
    pub fn socket(&self) -> Option<PathBuf> {
        if self.system {
            return Some(PathBuf::from(SYSTEM_SOCKET));
        }
        let dir = self.runtime.as_ref().map(|runtime| runtime.join("muster")).or_else(|| self.data_dir());
        Some(dir?.join("control.sock"))
    }
}

/// The default socket of this process; none where no home is known.
#[must_use]
pub fn default_socket() -> Option<PathBuf> {
    Surroundings::current().socket()
}

fn absolute(value: OsString) -> Option<PathBuf> {
    Some(PathBuf::from(value)).filter(|path| path.is_absolute())
}

fn is_system() -> bool {
    let uid = nix::unistd::geteuid();
    uid.is_root() || matches!(nix::unistd::User::from_name(SYSTEM_USER), Ok(Some(user)) if user.uid == uid)
}
