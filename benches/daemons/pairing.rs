//! From the guest's link to both codes on the screens, next to what its parts cost alone.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::distance;
use crate::machine::{Machine, Talk, Wire};
use crate::parts;

/// Runs of each kind.
const RUNS: usize = 20;

/// More than it takes a daemon to close the network of what it forgets.
const UNTIL_FORGOTTEN: Duration = Duration::from_millis(300);

pub(crate) fn run() {
    let handshake = parts::handshakes(RUNS);
    let commit = parts::commits(5 * RUNS);
    println!("{}", json!({"commit_ms": median(&commit), "runs": commit.len()}));
    let (host, guest) = two_daemons(Wire::Tcp);
    let tcp: Vec<f64> = (0..RUNS).map(|run| join_to_codes(&host, &guest, run)).collect();
    drop((host, guest));
    let connects = parts::connects(Wire::Tcp, RUNS);
    report("tcp", &tcp, &connects.second, &handshake);

    let (mut first, mut second) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        let (host, guest) = two_daemons(Wire::Quic);
        first.push(join_to_codes(&host, &guest, 2 * run));
        second.push(join_to_codes(&host, &guest, 2 * run + 1));
    }
    let connects = parts::connects(Wire::Quic, RUNS);
    report("quic_first", &first, &connects.first, &handshake);
    report("quic_second", &second, &connects.second, &handshake);
    distance::run();
}

fn two_daemons(wire: Wire) -> (Machine, Machine) {
    let (host, guest) = (Machine::start("host", wire), Machine::start("guest", wire));
    host.found();
    (host, guest)
}

/// One run, in milliseconds; afterwards both daemons are as before.
fn join_to_codes(host: &Machine, guest: &Machine, run: usize) -> f64 {
    let mut appointment = Appointment::made(host, run);
    let began = Instant::now();
    appointment.kept(guest);
    let took = began.elapsed().as_secs_f64() * 1000.0;
    appointment.over(host, guest);
    took
}

/// An invitation whose host waits, and whose guest has the link.
pub(crate) struct Appointment {
    email: String,
    link: String,
    greets: Talk,
    joins: Option<Talk>,
}

impl Appointment {
    pub(crate) fn made(host: &Machine, run: usize) -> Self {
        let email = format!("guest{run}@example.org");
        let link = host.json(&["invite", "user", &email])[0]["link"].as_str().unwrap().to_owned() + "\n";
        let mut greets = host.converse(&["greet", &email], "");
        greets.until("waiting");
        Self { email, link, greets, joins: None }
    }

    /// From `muster join -` to the second code on a screen.
    pub(crate) fn kept(&mut self, guest: &Machine) {
        let mut joins = guest.converse(&["join", "-"], &self.link);
        let code = self.greets.until("show_code")["code"].as_str().unwrap().to_owned();
        joins.until("enter_code");
        joins.answer(&code);
        joins.until("show_code");
        self.joins = Some(joins);
    }

    /// Both break off, and neither daemon keeps anything of it.
    pub(crate) fn over(self, host: &Machine, guest: &Machine) {
        self.greets.leave();
        if let Some(mut joins) = self.joins {
            joins.wait();
        }
        host.json(&["invite", "cancel", &self.email]);
        // Whoever comes back to a cancelled invitation hears so, and the daemon forgets that it was joining.
        guest.converse(&["join", "-"], &self.link).wait();
        sleep(UNTIL_FORGOTTEN);
    }
}

fn report(transport: &str, joins: &[f64], connects: &[f64], handshakes: &[f64]) {
    let line = json!({
        "transport": transport,
        "runs": joins.len(),
        "join_to_codes_ms": median(joins),
        "connect_ms": median(connects),
        "handshake_ms": median(handshakes),
    });
    println!("{line}");
    let (least, most) = joins.iter().fold((f64::MAX, 0.0_f64), |(l, m), ms| (l.min(*ms), m.max(*ms)));
    eprintln!("{transport}: {least:.1} to {most:.1} ms");
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let median = (sorted[(sorted.len() - 1) / 2] + sorted[middle]) / 2.0;
    (median * 100.0).round() / 100.0
}
