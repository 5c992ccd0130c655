//! The daemon: it wires the parts together, and is the only place where the outside world comes in: the clock,
//! randomness, the environment, the configuration, the service manager.
//!
//! ```text
//!  flags ────┐
//!  MUSTER_* ─┼─▶ config ──▶ what this daemon does, and where
//!  file ─────┘    ╰─ paths   the places where nothing else is said
//!
//!  lock      one daemon for each data directory
//!  clock     the time that is handed to the core, which never runs backwards
//!  entropy   the randomness that is handed to the core
//!  logging   what an administrator would care about, on stderr
//!  notify    "ready" and "stopping" to the service manager
//! ```
//!
//! Not here: decisions (`core`), how bytes travel (`net`), where they lie (`store`), how local programs ask
//! (`control`).

pub mod clock;
pub mod config;
pub mod entropy;
mod file;
pub mod lock;
pub mod logging;
mod membership;
pub mod notify;
pub mod paths;
pub mod run;

pub use file::WrongSetting;
