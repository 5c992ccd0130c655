//! How many files and connections this process may have open at once. A shell's usual 1,024 are fewer than the
//! connections that the bounds allow; started by our unit the daemon has enough already.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::core::primitives::limits;

/// Raises the soft limit as far as it is needed and the hard one lets it. With less the daemon runs as well: it takes
/// fewer connections.
pub(super) fn raise() {
    let now = getrlimit(Resource::Nofile);
    let Some(soft) = now.current else { return };
    let wanted = now.maximum.map_or(limits::OPEN_FILES, |hard| hard.min(limits::OPEN_FILES));
    if soft >= wanted {
        return;
    }
    let raised = Rlimit { current: Some(wanted), maximum: now.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, soft, wanted, "the limit of open files can't be raised");
    }
}
