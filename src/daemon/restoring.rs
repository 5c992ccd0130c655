//! A node from its store. One thread reads certificates, another takes them in: who waits for a large organization
//! waits less. What comes of it is the same.

use std::sync::mpsc::sync_channel;
use std::thread;

use crate::core::node::output::Snapshot;
use crate::core::node::{Damaged, Node, Records, Settings};

/// Certificates that change hands together: about half a megabyte.
const TOGETHER: usize = 512;

/// So many times that lie ready, and no more.
const AHEAD: usize = 4;

/// The node that a store's records make; none where it is empty.
///
/// # Errors
/// [`Damaged`] where a record can't be read.
pub fn restore(snapshot: Snapshot, settings: Settings) -> Result<Option<Node>, Damaged> {
    let records = Records::new(snapshot);
    thread::scope(|scope| {
        let (ready, read) = sync_channel(AHEAD);
        scope.spawn(|| {
            // Who takes no more has met damage.
            let ready = ready;
            let mut certificates = records.certificates();
            loop {
                let some: Vec<_> = certificates.by_ref().take(TOGETHER).collect();
                if some.is_empty() || ready.send(some).is_err() {
                    return;
                }
            }
        });
        Node::restore_from(&records, read.into_iter().flatten(), settings)
    })
}
