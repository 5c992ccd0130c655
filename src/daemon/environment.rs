//! What the process's surroundings say: variables and user. Read once, at the start.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::control::Surroundings;

/// The variables, and the places that follow from them where nothing else is said.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    places: Surroundings,
}

/// There is neither a variable nor a home directory to tell where the data should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this user has no home directory; name a directory with --data-dir")]
pub struct NoHome;

impl Environment {
    /// That of this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self { variables: env::vars_os().collect(), places: Surroundings::current() }
    }

    /// One made up, of a user without an entry in the system's list of users.
    #[must_use]
    pub fn of(is_system: bool, variables: &[(&str, &str)]) -> Self {
        let variables: BTreeMap<OsString, OsString> =
            variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let places = Surroundings::of(is_system, |name| variables.get(OsStr::new(name)).cloned());
        Self { variables, places }
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
        self.places.data_dir().ok_or(NoHome)
    }

    /// The control socket, given where the data is if that was said.
    ///
    /// # Errors
    /// [`NoHome`].
    pub fn socket(&self, given_data_dir: Option<&Path>) -> Result<PathBuf, NoHome> {
        self.places.socket(given_data_dir).ok_or(NoHome)
    }

    /// The configuration file, which need not exist; none without a home.
    #[must_use]
    pub fn config_file(&self) -> Option<PathBuf> {
        self.places.config_file()
    }
}
