//! What two people wait for, what a room full of them asks of one daemon, and what a daemon is that does nothing, measured
//! between real daemons: `musterd` and `muster` as processes, as they are built for release.
//!
//! ```text
//! scripts/bench pairing    from the guest's link to both codes on the screens
//! scripts/bench load       a thousand guests on one session, ten thousand registrations at one point
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
//! - `commit_ms`: a commit of five entries, durable when it returns.
//!
//! `tcp`: all runs between the same two processes. `quic_first` and `quic_second`: the first connection of two fresh
//! processes, and the one after it, since the first pays for setting up the cryptography. All over the loopback interface.
//!
//! Where it is root, in network namespaces: `lan`, two daemons on one switch that know no address of each other, from the
//! start of the guest's `musterd` on (`start_to_codes_ms`); and `round_trips`, how often a line of 100 ms there and back is
//! waited for between the start of `join` and both codes: what the line adds to `join_to_codes_ms`, divided by 100. The
//! line is before the guest, and carries all that it says to the host and to the rendezvous point, which are next door to
//! each other. The host's code is handed on and typed without the line.
//!
//! **load.** `session`: guests with a connection of their own and no daemon (`tests/it/support/crowd.rs`) set out at one
//! moment. `answered_s` is until the last of them was told its place, `came_again` how often one wasn't let in at once, since
//! so many were coming in, and tried again; then a script greets one after the other with `muster greet --guest TICKET`, a
//! process each: `greeted_s` for all, `greeting_ms` the median of one, `last_greetings_ms` that of the last tenth, whose
//! welcome is the longest. `rss_…_mb` is the host's resident memory, `peak_mb` its peak.
//!
//! `point`: peers with four names each register at one rendezvous point, 32 of them at any moment; `registered_s` for all, their
//! connections included. Then one peer alone: `refresh_ms` and `discover_ms`, medians of one request each.
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
mod distance;
mod lab;
#[path = "../../tests/it/support/light.rs"]
mod light;
mod load;
mod machine;
mod pairing;
mod parts;
#[path = "../../tests/it/support/registrant.rs"]
mod registrant;

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
        // The last part of it alone.
        ["distance"] => distance::run(),
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
