//! All tests of Muster, in one program: lower levels first.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that can't go on panics, and says its seed"
)]

mod support;

mod greeting_attacks;
mod greeting_exchange;
mod greeting_link;
mod node_greeting;
mod primitives_codec;
mod primitives_keys;
mod primitives_text;
mod roster_chain;
mod roster_codec;
mod roster_concurrent;
mod roster_forged;
mod roster_random;
mod roster_rules;
mod roster_seals;
mod roster_sketch;
