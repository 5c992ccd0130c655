//! Every test of Muster that needs more than one file, in one program: it links once, and runs in parallel.
//!
//! Tests are sentences about people or about a property; helpers stand below them. Random tests print their
//! seed. What takes longer runs with `MUSTER_LONG=1` (scripts/soak).

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking, and prints its seed"
)]

mod daemon_config;
mod daemon_parts;
mod floors;
mod floors_text;
mod store_child;
mod store_damage;
mod store_durability;
mod store_keeping;
