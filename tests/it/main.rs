//! Tests, as one program.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may fail, and says with which seed"
)]

mod roster_chain;
mod roster_codec;
mod roster_concurrent;
mod roster_forged;
mod roster_random;
mod roster_rules;
mod roster_seals;
mod roster_sketch;
mod roster_vectors;
