//! The daemon: it wires the parts together, and is the only place where the outside world comes in: the clock,
//! randomness, the environment, the configuration, the service manager.
//!
//! ```text
//!  flags ────┐
//!  MUSTER_* ─┼─▶ config ──▶ what this daemon does, and where
//!  file ─────┘
//!
//!  run ──▶ calls ──▶ memberships ──▶ membership ──▶ driver ──▶ core, store, net
//!                     ╰─ point        one for each organization
//!
//!  environment  variables and user, read once
//!  lock      one daemon for each data directory
//!  clock     the time that is handed to the core, which never runs backwards
//!  entropy   the randomness that is handed to the core
//!  logging   what an administrator would care about, on stderr
//!  restoring  a node from its store, by two threads
//!  open_files  as many as the bounds of the network need
//!  notify    "ready" and "stopping" to the service manager
//! ```
//!
//! Not here: decisions (`core`), how bytes travel (`net`), where they lie (`store`), how local programs ask
//! (`control`).

mod calls;
pub mod clock;
pub mod config;
mod driver;
pub mod entropy;
pub mod environment;
mod file;
pub mod lock;
pub mod logging;
mod looking;
mod membership;
mod memberships;
pub mod notify;
mod open_files;
mod point;
pub mod restoring;
pub mod run;

pub use file::WrongSetting;
