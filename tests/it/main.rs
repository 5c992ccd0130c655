//! Tests.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say so at once")]

mod net_devices;
mod net_finding;
mod net_frames;
mod net_lasting;
