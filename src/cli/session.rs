//! `muster session`: the door open to a whole room, for a while.

use super::args::Session;
use super::failure::Failure;
use super::org::name_points_out_of_reach;
use super::render::{self, sessions};
use super::screen::Screen;
use crate::control::NewSession;
use crate::control::client::Client;

pub(super) async fn run(screen: &Screen, client: &Client, command: Session) -> Result<(), Failure> {
    let now = render::now();
    match command {
        Session::Open { profile, life, seats, show_name, qr } => {
            let new = NewSession { profile, for_seconds: life.map(|life| life.as_secs()), seats, show_name };
            let opened = client.open_session(&new).await?;
            screen.answer(&opened, |opened| sessions::one(opened, now))?;
            if let Some(link) = opened.link.as_deref().filter(|_| qr) {
                screen.qr(link)?;
            }
            screen.note(
                "Guests on this network join with: muster join --lan   others with the link: muster join -",
            );
            screen.note(
                "Who comes without the link is kept out by nothing but the codes: let nobody skip them.",
            );
            screen.note("When they wait: muster greet   and in the end: muster session close");
            name_points_out_of_reach(screen, client).await;
            Ok(())
        }
        Session::List => {
            let open = client.sessions().await?;
            screen.answer(&open, |open| sessions::list(open, now, screen.verbose))?;
            if open.is_empty() {
                screen.note("No session is open: muster session open");
            }
            Ok(())
        }
        Session::Close { id } => {
            let closed = client.close_session(id.as_deref()).await?;
            screen.answer(&closed, |closed| sessions::one(closed, now))
        }
    }
}
