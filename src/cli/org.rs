//! `muster org`: the organizations of this daemon.

use super::args::{Org, Rendezvous};
use super::confirm::{be_sure, can_be_agreed};
use super::failure::Failure;
use super::prompt::Lines;
use super::render::organizations as render;
use super::screen::Screen;
use crate::control::Founding;
use crate::control::client::Client;
use crate::control::data::{UserState, shown};

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
        Org::Forget => forget(screen, client).await,
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
    }
}

/// Keys and all are gone after it, so it takes a yes; but not where the daemon will refuse it anyhow.
async fn forget(screen: &Screen, client: &Client) -> Result<(), Failure> {
    let organization = client.organization().await?;
    if organization.state == UserState::Revoked {
        can_be_agreed(screen, "org forget", "forget")?;
        let question = format!("Wipe all that is left here of {}?", render::name(&organization));
        be_sure(screen, &mut Lines::new(), "org forget", &question).await?;
    }
    screen.answer(&client.forget().await?, render::forgotten)
}

/// Names the rendezvous points that can't be reached, to who has just made a link that leads guests there.
pub(super) async fn name_points_out_of_reach(screen: &Screen, client: &Client) {
    // What was made stands without this.
    let points = client.points().await.unwrap_or_default();
    for (address, problem) in
        points.iter().filter_map(|point| Some((&point.address, point.problem.as_ref()?)))
    {
        let (address, problem) = (shown(&address.to_string()), shown(problem));
        screen.note(format_args!(
            "Rendezvous point {address}: {problem}. Guests who find this machine by no other way find it when that is back."
        ));
    }
}
