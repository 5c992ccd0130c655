//! `muster user` and `muster device`: who is in, and with which devices.

use super::args::{Device, User};
use super::failure::{Failure, MIXED};
use super::render::{self, people};
use super::revoke;
use super::screen::Screen;
use crate::control::client::Client;
use crate::control::data::{ChangeAnswer, ChangeResult};

pub(super) async fn run(screen: &Screen, client: &Client, command: User) -> Result<(), Failure> {
    let verbose = screen.verbose;
    match command {
        User::List { revoked } => {
            let users = client.users(revoked).await?;
            screen.answer(&users, |users| people::users(users, render::now(), verbose))
        }
        User::Show { user } => {
            let user = client.user(&user).await?;
            screen.answer(&user, |user| people::user(user, render::now(), screen.verbose))
        }
        User::Revoke { users } => {
            let changes = revoke::run(screen, client, users).await?;
            report(screen, &changes, "user revoke")
        }
        User::SetProfile { profile, users } => {
            let changes = client.set_profile(profile, users).await?;
            report(screen, &changes, "user set-profile")
        }
    }
}

pub(super) async fn run_devices(screen: &Screen, client: &Client, command: Device) -> Result<(), Failure> {
    let Device::List { user } = command;
    let devices = client.devices(user.as_deref()).await?;
    screen.answer(&devices, |devices| people::devices(devices, screen.verbose))
}

/// What became of each, and what that makes of the whole.
fn report(screen: &Screen, changes: &Vec<ChangeAnswer>, what: &str) -> Result<(), Failure> {
    screen.answer(changes, |changes| people::changes(changes, screen.verbose))?;
    let failed: Vec<_> = changes.iter().filter(|change| exit(change).is_some()).collect();
    let Some(first) = failed.first() else { return Ok(()) };
    let code = exit(first).unwrap_or(MIXED);
    if failed.len() == changes.len() && failed.iter().all(|change| exit(change) == Some(code)) {
        let why = first.reason.as_deref().unwrap_or("none of them could be done");
        let why = if failed.len() == 1 { why.to_owned() } else { format!("none was done: {why}") };
        return Err(Failure::answered(code, word(code), format!("{what}: {why}")));
    }
    let names: Vec<_> = failed.iter().map(|change| people::named(change, screen.verbose)).collect();
    let why = format!("{what}: {} of {} not done: {}", failed.len(), changes.len(), names.join(", "));
    Err(Failure::answered(MIXED, "mixed", why))
}

/// The code of what wasn't done; none of what was, or already is so.
fn exit(change: &ChangeAnswer) -> Option<u8> {
    match change.result {
        ChangeResult::Changed | ChangeResult::Unchanged => None,
        ChangeResult::Refused => Some(change.exit.unwrap_or(5)),
        ChangeResult::NotFound => Some(change.exit.unwrap_or(4)),
    }
}

fn word(code: u8) -> &'static str {
    match code {
        3 => "not_allowed",
        4 => "not_found",
        _ => "state",
    }
}
