//! `muster org`: the organizations of this daemon.

use super::args::{Org, Rendezvous};
use super::failure::Failure;
use super::render::organizations as render;
use super::screen::Screen;
use crate::control::Founding;
use crate::control::client::Client;

pub(super) async fn run(screen: &Screen, client: &Client, command: Org) -> Result<(), Failure> {
    match command {
        Org::Create { organization, name, email, device } => {
            let founding = Founding { name: organization, person: name, email, device };
            screen.answer(&client.create(&founding).await?, |made| render::one(made, screen.verbose))?;
            screen.note("Invite somebody: muster invite user EMAIL");
            Ok(())
        }
        Org::List => {
            let all = client.organizations().await?;
            screen.answer(&all, |all| render::list(all, screen.verbose))?;
            if all.is_empty() {
                screen.note("No organization yet: muster org create, or muster join -");
            }
            Ok(())
        }
        Org::Show => screen.answer(&client.organization().await?, |shown| render::one(shown, screen.verbose)),
        Org::Rendezvous(Rendezvous::Add { point }) => {
            screen.answer(&client.add_point(point).await?, |points| render::points(points))
        }
        Org::Rendezvous(Rendezvous::Remove { point }) => {
            screen.answer(&client.remove_point(point).await?, |points| render::points(points))
        }
        Org::Rendezvous(Rendezvous::List) => {
            let points = client.points().await?;
            screen.answer(&points, |points| render::points(points))?;
            if points.is_empty() {
                screen.note("No rendezvous point is known; an Administrator adds one: muster org rendezvous add MULTIADDR");
            }
            Ok(())
        }
        Org::Forget => screen.answer(&client.forget().await?, render::forgotten),
    }
}
