//! Muster: bring people and their devices into an organization, without a server.
//!
//! `ARCHITECTURE.md` walks one invitation through these folders.

pub mod cli;
pub mod control;
pub mod core;
pub mod daemon;
pub mod net;
pub mod store;
