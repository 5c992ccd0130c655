//! `muster roster`: the certificates that everything follows from.

use super::args::Roster;
use super::failure::Failure;
use super::render::certificates as render;
use super::screen::{Screen, json};
use crate::control::client::Client;

pub(super) async fn run(screen: &Screen, client: &Client, command: Roster) -> Result<(), Failure> {
    match command {
        Roster::Log => {
            let log = client.roster_log().await?;
            if !screen.json {
                return screen.data(&render::log(&log, screen.verbose));
            }
            log.iter().try_for_each(|entry| screen.line(&json(entry)?))
        }
        Roster::Adopt { id } => {
            let adopted = client.adopt(id).await?;
            match adopted.first() {
                Some(entry) => screen.answer(entry, |_| render::log(&adopted, screen.verbose)),
                None => Err(Failure::failed("roster adopt: the daemon answered nothing")),
            }
        }
        Roster::Verify => {
            let found = client.verify_roster().await?;
            screen.answer(&found, render::verified)?;
            match found.problems.len() {
                0 => Ok(()),
                1 => Err(Failure::answered(1, "problems", "roster verify: there is a problem")),
                many => {
                    Err(Failure::answered(1, "problems", format!("roster verify: there are {many} problems")))
                }
            }
        }
    }
}
