//! Certificates.

use console::style;

use super::table::Table;
use super::{exact, fields, id};
use crate::control::data::{LogAnswer, VerifyAnswer, shown};

/// `muster roster log`
pub(in crate::cli) fn log(log: &[LogAnswer], verbose: bool) -> String {
    let titles = ["CERTIFICATE", "TIME", "BY", "DID", "ABOUT", "STANDING"];
    rows(Table::new(titles), log, verbose)
}

/// Lines that come later, of `--follow`.
pub(in crate::cli) fn further(log: &[LogAnswer], verbose: bool) -> String {
    rows(Table::plain(), log, verbose)
}

fn rows(mut table: Table, log: &[LogAnswer], verbose: bool) -> String {
    for entry in log {
        let standing = shown(&entry.standing);
        table.row([
            // As wide as its title, so that what comes later stands below it.
            format!("{:11}", id(entry.certificate_id, verbose)),
            exact(entry.time),
            shown(&entry.by),
            format!("{:11}", shown(&entry.kind)),
            shown(&entry.about),
            match entry.reason.as_deref() {
                Some(reason) => format!("{standing}: {}", shown(reason)),
                None => standing,
            },
        ]);
    }
    table.to_string()
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
