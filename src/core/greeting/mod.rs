//! The greeting: how a stranger with an invitation becomes a member. Nothing is trusted until two people
//! have read a code to each other.

pub mod reason;

pub use reason::{Reason, Side};
