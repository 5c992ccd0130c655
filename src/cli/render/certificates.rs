//! Certificates.

use console::style;

use super::table::Table;
use super::{exact, fields, id};
use crate::control::data::{LogAnswer, VerifyAnswer, shown};

/// `muster roster log`
pub(in crate::cli) fn log(log: &[LogAnswer], verbose: bool) -> String {
    let mut table = Table::new(["CERTIFICATE", "KIND", "BY USER", "ABOUT", "TIME", "STANDING"]);
    for entry in log {
        let about: Vec<_> = entry.subject.iter().map(|subject| id(shown(subject), verbose)).collect();
        let standing = shown(&entry.standing);
        table.row([
            id(entry.certificate_id, verbose),
            shown(&entry.kind),
            id(entry.author_user, verbose),
            about.join(" "),
            exact(entry.time),
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
