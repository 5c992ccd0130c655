//! Certificates.

use console::style;

use super::table::Table;
use super::{exact, fields, id};
use crate::control::data::{LogAnswer, VerifyAnswer, shown};

/// `muster roster log`
pub(in crate::cli) fn log(log: &[LogAnswer], verbose: bool) -> String {
    Log::new(verbose).lines(log)
}

/// A log whose lines come one after another, in columns that only ever get wider.
pub(in crate::cli) struct Log {
    verbose: bool,
    /// Of the columns so far.
    widths: Option<Vec<usize>>,
}

impl Log {
    pub(in crate::cli) fn new(verbose: bool) -> Self {
        Self { verbose, widths: None }
    }

    /// The next lines; the first have titles above them.
    pub(in crate::cli) fn lines(&mut self, log: &[LogAnswer]) -> String {
        let mut table = match self.widths.take() {
            Some(widths) => Table::below(widths),
            None => Table::new(["CERTIFICATE", "TIME", "BY", "DID", "ABOUT", "STANDING"]),
        };
        for entry in log {
            let standing = shown(&entry.standing);
            table.row([
                id(entry.certificate_id, self.verbose),
                exact(entry.time),
                shown(&entry.by),
                shown(&entry.kind),
                shown(&entry.about),
                match entry.reason.as_deref() {
                    Some(reason) => format!("{standing}: {}", shown(reason)),
                    None => standing,
                },
            ]);
        }
        // The last column ends a line, so that nothing stands to the right of it.
        self.widths = Some(table.widths().into_iter().take(5).collect());
        table.to_string()
    }
}

/// `muster roster verify`
pub(in crate::cli) fn verified(found: &VerifyAnswer) -> String {
    let mut text = fields(&[
        ("certificates", found.certificates.to_string()),
        ("effective", found.effective.to_string()),
        ("void", found.void.to_string()),
        ("roster", shown(&found.roster_digest)),
        ("problems", found.problems.len().to_string()),
    ]);
    for problem in &found.problems {
        text.push_str(&format!("{} {}\n", style("problem:").red(), shown(problem)));
    }
    text
}
