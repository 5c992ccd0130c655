//! Following the log: what changed in it since somebody last looked (`changes`), and a word that it did.

use super::super::changes::{Changes, Revision};
use super::super::event::Happening;
use super::super::outbox::Outbox;
use super::super::request::{Answer, LogChangesAnswer};
use super::Member;
use crate::core::primitives::digest::{derive, label};
use crate::core::primitives::ids::CertificateId;
use crate::core::primitives::time::Moment;
use crate::core::roster::{History, Restanding};

impl Member {
    /// The lines of the log that are others than at revision `since`; all of them where that isn't known.
    pub(super) fn log_changes(&mut self, since: Option<&str>) -> Answer {
        let revision = revision_of(&self.history);
        let changes = self.changes.get_or_insert_with(|| Changes::after(revision));
        let since = since.and_then(|text| data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok());
        let since = since.and_then(|bytes| Revision::try_from(bytes).ok());
        let changed = match since.and_then(|since| changes.since(&since)) {
            Some(ids) => {
                ids.iter().filter_map(|id| self.history.get(id)).map(|it| self.log_line(&it)).collect()
            }
            None => self.history.in_causal_order().map(|it| self.log_line(&it)).collect(),
        };
        let revision = data_encoding::HEXLOWER.encode(&revision);
        Answer::LogChanges(LogChangesAnswer { revision, changed })
    }

    /// Notes what came, and what stands otherwise because of it, and wakes who follows the log.
    pub(super) fn log_changed(
        &mut self,
        new: &[CertificateId],
        earlier: &Restanding,
        now: Moment,
        out: &mut Outbox,
    ) {
        if new.is_empty() {
            return;
        }
        if let Some(changes) = &mut self.changes {
            let changed: Vec<CertificateId> = new.iter().chain(&earlier.ids).copied().collect();
            let revision = revision_of(&self.history);
            match earlier.more {
                0 => changes.note(revision, changed),
                // More than are named: whoever followed looks at all of it.
                _ => *changes = Changes::after(revision),
            }
        }
        self.notify(now, Happening::LogChanged, out);
    }
}

fn revision_of(history: &History) -> Revision {
    let heads = history.heads();
    let heads: Vec<&[u8]> = heads.iter().map(|head| head.0.as_slice()).collect();
    derive(label::HEADS, &heads)
}
