//! What two people wait for, measured between real daemons: `musterd` and `muster` as processes, as they are built for
//! release, over the loopback interface.
//!
//! ```text
//! scripts/bench pairing    from the guest's link to both codes on the screens
//! scripts/bench idle       memory of a daemon that does nothing
//! ```
//!
//! **pairing.** Two daemons run, the host's organization is founded, a fresh invitation is made, and the host's
//! `muster greet` waits. The time begins when the guest's `muster join -` is started as a process, its link on
//! standard input; in it lie a fresh device key, its store, its network, the search for the host, the handshake,
//! and the host's code, read and typed by a script that doesn't hesitate. It ends when the guest's code, the second
//! one, comes out of `muster join`. What people need to read four characters aloud is not in it. After each run the
//! invitation is cancelled, and the guest's daemon forgets what it had begun.
//!
//! One line of JSON for each transport, medians in milliseconds:
//!
//! - `join_to_codes_ms`: the above.
//! - `connect_ms`: a bare libp2p connection of the same kind, between two swarms with nothing but ping: from the dial
//!   to the first answer on a stream of its own.
//! - `handshake_ms`: the bare Noise handshake, both sides' messages, on one thread.
//!
//! `tcp`: all runs between the same two processes. `quic_first` and `quic_second`: the first connection of two fresh
//! processes, and the one after it, since the first pays for setting up the cryptography.
//!
//! **idle.** Resident memory of a daemon three seconds after its start, in no organization, and in one.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what can't be measured ends the bench, and what was is printed"
)]

#[path = "../../tests/it/support/crowd.rs"]
mod crowd;
#[path = "../../tests/it/support/light.rs"]
mod light;
mod load;
mod machine;
mod pairing;
mod parts;

use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use machine::{Machine, Wire};
use serde_json::json;

fn main() -> ExitCode {
    // cargo bench hands `--bench` to every program.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["pairing"] => pairing::run(),
        ["idle"] => idle(),
        ["load"] => {
            load::session(1000);
            load::point(10_000);
        }
        // Smaller ones, to see that the bench works.
        ["load", guests, registrations] => {
            load::session(guests.parse().unwrap());
            load::point(registrations.parse().unwrap());
        }
        // A process of its own, because the first connection of a process is one of the things measured.
        ["connect", wire] => parts::connect_twice(Wire::named(wire)),
        _ => {
            eprintln!("daemons: pairing, load or idle");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn idle() {
    for memberships in [0, 1] {
        let machine = Machine::start("ada", Wire::Both);
        if memberships == 1 {
            machine.found();
        }
        sleep(Duration::from_secs(3));
        println!("{}", json!({"memberships": memberships, "rss_mb": machine.resident_mb()}));
    }
}
