//! `muster roster`: the certificates that everything follows from.

use std::collections::BTreeMap;

use super::args::Roster;
use super::failure::Failure;
use super::render::certificates as render;
use super::screen::{Screen, json};
use crate::control::client::Client;
use crate::control::data::{CertificateId, Class, Happening, LogAnswer, Refusal};

pub(super) async fn run(screen: &Screen, client: &Client, command: Roster) -> Result<(), Failure> {
    match command {
        Roster::Log { follow: true } => {
            let text = render::Log::new(screen.verbose);
            Follower { screen, client, text, printed: BTreeMap::new() }.run().await
        }
        Roster::Log { follow: false } => {
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

/// Prints the log, and goes on with what changes in it.
struct Follower<'a> {
    screen: &'a Screen,
    client: &'a Client,
    text: render::Log,
    /// How each certificate stood when its line was printed last.
    printed: BTreeMap<CertificateId, String>,
}

impl Follower<'_> {
    /// Listens before it looks, so that nothing is missed in between; what it hears of is looked up by the revision that
    /// it saw last. So whoever was too slow for the events starts over, and has missed nothing either.
    async fn run(&mut self) -> Result<(), Failure> {
        let mut revision: Option<String> = None;
        loop {
            let mut events = self.client.log_events().await?;
            loop {
                let log = self.client.log_changes(revision.as_deref()).await?;
                self.print(log.changed)?;
                if revision.is_none() {
                    self.screen.note("Following the log; Ctrl-C ends it.");
                }
                revision = Some(log.revision);
                match events.next().await?.map(|said| said.value.what) {
                    Some(Happening::Lagged { .. }) => break,
                    Some(_) => {}
                    None => return Err(stopped()),
                }
            }
        }
    }

    /// What stands as it was printed isn't printed again.
    fn print(&mut self, mut log: Vec<LogAnswer>) -> Result<(), Failure> {
        log.retain(|entry| {
            let before = self.printed.insert(entry.certificate_id, entry.standing.clone());
            before.as_ref() != Some(&entry.standing)
        });
        if log.is_empty() {
            return Ok(());
        }
        if self.screen.json {
            return log.iter().try_for_each(|entry| self.screen.line(&json(entry)?));
        }
        self.screen.data(&self.text.lines(&log))
    }
}

fn stopped() -> Failure {
    let stopped = Refusal::new(Class::Unreachable, "daemon_stopped", "roster log: the daemon stopped");
    Failure::from(stopped).after_output()
}
