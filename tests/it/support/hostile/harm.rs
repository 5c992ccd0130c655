//! What an attack may not have done.

use crate::support::daemons::Machine;

/// How a victim was before.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Before {
    pid: u32,
    digest: String,
    pub(crate) certificates: usize,
}

impl Before {
    pub(crate) fn of(victim: &Machine) -> Self {
        Self { pid: victim.pid(), digest: victim.digest(), certificates: certificates(victim) }
    }

    /// The daemon lives, its roster is what it was, nothing was stored, and an honest command still works.
    pub(crate) fn no_harm_came_to(&self, victim: &Machine) {
        assert_eq!(*self, Self::of(victim), "{}", victim.log());
        let panicked = victim.log().contains("panicked") || victim.log().contains("the network failed");
        assert!(!panicked, "{}", victim.log());
        victim.link_for("afterwards@example.org");
    }
}

/// How many certificates a daemon holds.
pub(crate) fn certificates(machine: &Machine) -> usize {
    let said = machine.muster(&["--format", "json", "roster", "log"]);
    assert_eq!(said.code, 0, "{}", said.err);
    said.out.lines().count()
}

/// A daemon may grow by this many kilobytes, whatever comes: its bounds, and what an allocator keeps.
pub(crate) const GROWS: usize = 48 * 1024;

/// The most memory that a daemon ever had, in kilobytes.
pub(crate) fn peak(of: &Machine) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", of.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}
