//! `muster invite`: invitations that this daemon makes and keeps.

use super::args::Invite;
use super::failure::Failure;
use super::org::name_points_out_of_reach;
use super::render::{self, invitations};
use super::screen::Screen;
use crate::control::client::Client;
use crate::control::data::{InvitedAnswer, shown};

pub(super) async fn run(screen: &Screen, client: &Client, command: Invite) -> Result<(), Failure> {
    let now = render::now();
    match command {
        Invite::User { emails, expires, qr } => {
            let made = client.invite_users(emails, expires).await?;
            screen.answer(&made, |made| invitations::made(made, now))?;
            draw(screen, &made, qr)?;
            if made.iter().any(|entry| entry.error.is_some()) {
                let why = "invite user: not all of them were made or sent; the output says which";
                return Err(Failure::answered(super::failure::MIXED, "mixed", why));
            }
            screen.note("Each link is a secret for that one person, who gives it to: muster join -");
            screen.note("When they wait: muster greet");
            name_points_out_of_reach(screen, client).await;
            Ok(())
        }
        Invite::Device { expires, qr } => {
            let made = client.invite_device(expires).await?;
            screen.answer(&made, |made| invitations::made(made, now))?;
            draw(screen, &made, qr)?;
            screen.note("The link is a secret. On the other device: muster join -   and here: muster greet");
            name_points_out_of_reach(screen, client).await;
            Ok(())
        }
        Invite::List { all } => {
            let list = client.invitations(all).await?;
            screen.answer(&list, |list| invitations::list(list, now, screen.verbose))?;
            if list.is_empty() {
                screen.note("No invitation is pending: muster invite user EMAIL");
            }
            if list.iter().any(|entry| entry.waiting > 0) {
                screen.note("Somebody waits: muster greet");
            }
            Ok(())
        }
        Invite::Show { id } => {
            screen.answer(&client.invitation(&id).await?, |found| invitations::one(found, now))
        }
        Invite::Cancel { id } => {
            screen.answer(&client.cancel_invitation(&id).await?, |found| invitations::one(found, now))
        }
    }
}

/// The links as QR codes, where that was asked for; of several, each under whom it is for.
fn draw(screen: &Screen, made: &[InvitedAnswer], asked: bool) -> Result<(), Failure> {
    for entry in made.iter().filter(|_| asked) {
        if made.len() > 1 {
            screen.note(format_args!("{}:", shown(entry.email.as_deref().unwrap_or_default())));
        }
        screen.qr(&entry.link)?;
    }
    Ok(())
}
