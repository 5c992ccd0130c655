//! The roster.

pub mod profile;
