//! `muster status`: the daemon, its organizations, who is waiting.

use super::failure::Failure;
use super::render::{self, organizations};
use super::screen::Screen;
use crate::control::client::Client;

pub(super) async fn run(screen: &Screen, client: &Client) -> Result<(), Failure> {
    let report = client.status().await?;
    screen.answer(&report, |report| organizations::status(report, render::now(), screen.verbose))?;
    if report.organizations.is_empty() && report.notes.is_empty() {
        screen.note("No organization yet: muster org create, or muster join -");
    }
    if !report.waiting.is_empty() {
        screen.note("Somebody waits: muster greet");
    }
    Ok(())
}
