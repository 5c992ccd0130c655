//! Pairing over more than the loopback interface: in one room by multicast, and over a long line. Needs root, for network
//! namespaces.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::lab::Lab;
use crate::machine::{Machine, Wire};
use crate::pairing::{Appointment, median};

/// Runs in one room.
const IN_ONE_ROOM: usize = 10;

/// Runs of each kind over a long line, and over a short one.
const OVER_A_LINE: usize = 5;

/// Milliseconds that a packet takes each way, over the long line.
const ONE_WAY: u32 = 50;

/// By when a host is registered at its point, next door.
const REGISTERED: Duration = Duration::from_millis(500);

const HOST: &str = "10.79.0.1";
const GUEST: &str = "10.79.0.2";
const POINT: &str = "10.79.0.3";

pub(crate) fn run() {
    if Lab::build().is_none() {
        eprintln!("left out: one room, and a long line; only root, with `ip`, can make networks of its own");
        return;
    }
    in_one_room();
    for wire in [Wire::Tcp, Wire::Quic] {
        for by_point in [false, true] {
            over_a_line(wire, by_point);
        }
    }
}

/// Two daemons on one switch, none of which knows an address: from the start of the guest's daemon on.
fn in_one_room() {
    let mut lab = Lab::build().unwrap();
    lab.plug("host", HOST, None);
    lab.plug("guest", GUEST, None);
    let host = Machine::at("host", Some(&lab.space("host")), &[], "[invite]\nhints = \"points\"\n");
    host.found();
    let mut took = Vec::new();
    for run in 0..IN_ONE_ROOM {
        let mut appointment = Appointment::made(&host, run);
        let began = Instant::now();
        let guest = Machine::at("guest", Some(&lab.space("guest")), &[], "");
        appointment.kept(&guest);
        took.push(began.elapsed().as_secs_f64() * 1000.0);
        appointment.over(&host, &guest);
    }
    let (least, most) =
        (took.iter().copied().fold(f64::MAX, f64::min), took.iter().copied().fold(0.0, f64::max));
    let line = json!({
        "transport": "lan",
        "runs": took.len(),
        "start_to_codes_ms": median(&took),
        "least_ms": median(&[least]),
        "most_ms": median(&[most]),
    });
    println!("{line}");
}

/// How many times the line is crossed there and back: what a longer line adds, divided by what it is longer.
fn over_a_line(wire: Wire, by_point: bool) {
    let (near, far) = (join_to_codes(wire, by_point, 0), join_to_codes(wire, by_point, ONE_WAY));
    let turns = (far - near) / f64::from(2 * ONE_WAY);
    let line = json!({
        "transport": wire.name(),
        "line_ms": 2 * ONE_WAY,
        "found_by": if by_point { "rendezvous" } else { "address" },
        "runs": OVER_A_LINE,
        "join_to_codes_ms": far,
        "without_line_ms": near,
        "round_trips": median(&[turns]),
    });
    println!("{line}");
}

fn join_to_codes(wire: Wire, by_point: bool, one_way: u32) -> f64 {
    let mut lab = Lab::build().unwrap();
    lab.plug("host", HOST, None);
    lab.plug("guest", GUEST, Some(one_way));
    lab.plug("point", POINT, None);
    let alone = "[lan]\nmdns = false\n";
    let listen = |ip| vec![wire.at(ip)];
    let serves = format!("{alone}[rendezvous]\nserve = true\n");
    let point = by_point.then(|| Machine::at("point", Some(&lab.space("point")), &listen(POINT), &serves));
    let found = if by_point {
        format!("{alone}[rendezvous]\npoints = [\"{}\"]\n[invite]\nhints = \"points\"\n", wire.at(POINT))
    } else {
        format!("{alone}[invite]\nhints = \"addresses\"\n")
    };
    let host = Machine::at("host", Some(&lab.space("host")), &listen(HOST), &found);
    let guest = Machine::at("guest", Some(&lab.space("guest")), &listen(GUEST), alone);
    host.found();
    let mut took = Vec::new();
    // The first connection of a process is another matter.
    for run in 0..=OVER_A_LINE {
        let mut appointment = Appointment::made(&host, run);
        std::thread::sleep(REGISTERED);
        let began = Instant::now();
        appointment.kept(&guest);
        took.push(began.elapsed().as_secs_f64() * 1000.0);
        appointment.over(&host, &guest);
    }
    drop(point);
    median(&took[1..])
}
