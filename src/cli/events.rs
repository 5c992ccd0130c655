//! `muster events`: what happens, one line each, until Ctrl-C.

use super::failure::Failure;
use super::render::happenings;
use super::screen::Screen;
use crate::control::client::Client;
use crate::control::data::{Class, Happening, Refusal};

pub(super) async fn run(screen: &Screen, client: &Client) -> Result<(), Failure> {
    let mut events = client.events().await?;
    screen.note("Following events; Ctrl-C ends it.");
    let mut printed = false;
    while let Some(said) = events.next().await? {
        if screen.json {
            screen.line(&said.json)?;
        } else {
            screen.line(&happenings::line(&said.value, screen.verbose))?;
        }
        printed = true;
        if let Happening::Lagged { missed } = said.value.what {
            let why = format!("events: this reader was too slow and missed {missed}");
            return Err(Failure::answered(1, "lagged", why).hint("start it again"));
        }
    }
    let stopped = Refusal::new(Class::Unreachable, "daemon_stopped", "events: the daemon stopped");
    Err(if printed { Failure::from(stopped).after_output() } else { stopped.into() })
}
