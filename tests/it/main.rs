//! All tests of Muster, in one program: lower levels first.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on panics, and says its seed")]

mod support;

mod greeting_attacks;
mod greeting_exchange;
mod greeting_link;
mod primitives_codec;
mod primitives_keys;
mod primitives_text;
