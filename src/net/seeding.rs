//! QUIC's cryptography gathers entropy of its own before the first connection of a process: a twentieth of a second of work, during
//! which the swarm would do nothing else, neither for TCP. It is begun as soon as there is a network, beside everything.

use std::sync::Once;
use std::thread;

static BEGUN: Once = Once::new();

/// Begins it, once for the process.
pub(super) fn begin() {
    BEGUN.call_once(|| {
        // Where there is no thread to be had, or nothing to be drawn, the first connection sees to it itself.
        let draw = || aws_lc_rs::rand::fill(&mut [0]).is_ok();
        let _ = thread::Builder::new().name("seeding".to_owned()).spawn(draw);
    });
}
