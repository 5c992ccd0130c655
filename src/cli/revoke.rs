//! `muster user revoke`: takes people out for ever. Whoever made Administrators of others may have made them of
//! accomplices, or of a second self; so those are shown, and offered to be taken out as well.

use std::collections::BTreeSet;

use super::confirm::{be_sure, can_be_agreed};
use super::failure::Failure;
use super::prompt::Lines;
use super::render::people;
use super::screen::{Screen, say};
use crate::control::client::Client;
use crate::control::data::{ChangeAnswer, Class, Profile, Refusal, UserAnswer, UserId, UserState, shown};

const COMMAND: &str = "user revoke";

/// Gives what became of each.
pub(super) async fn run(
    screen: &Screen,
    client: &Client,
    named: Vec<String>,
) -> Result<Vec<ChangeAnswer>, Failure> {
    can_be_agreed(screen, COMMAND, "revoke")?;
    let mut lines = Lines::new();
    let appointed = appointed_by(client, &named).await?;
    let included = if appointed.is_empty() {
        Vec::new()
    } else if screen.yes {
        screen.note(format_args!(
            "{} not revoked: name them as well to revoke them.",
            people::appointed_in_a_line(&appointed)
        ));
        Vec::new()
    } else {
        offered(&mut lines, appointed).await
    };
    let who = named.iter().map(|user| shown(user)).chain(included.iter().map(people::who));
    let question = format!("Revoke {} with all devices?", who.collect::<Vec<_>>().join(", "));
    be_sure(screen, &mut lines, COMMAND, &question).await?;
    let ids = included.iter().map(|user| user.user_id.to_string());
    Ok(client.revoke(named.into_iter().chain(ids).collect()).await?)
}

/// The active Administrators whom these made such, and whom those made, and so on; but not who asks.
async fn appointed_by(client: &Client, named: &[String]) -> Result<Vec<UserAnswer>, Refusal> {
    let mut reached = BTreeSet::new();
    for name in named {
        match client.user(name).await {
            Ok(user) => drop(reached.insert(user.user_id)),
            // The daemon says so again, of this one among the others.
            Err(refusal) if refusal.class == Class::NotFound => {}
            Err(refusal) => return Err(refusal),
        }
    }
    let mut left = reached.clone();
    left.insert(client.organization().await?.user_id);
    let mut others: Vec<UserAnswer> = client.users(true).await?;
    others.retain(|user| !left.contains(&user.user_id));
    let mut appointed = Vec::new();
    while let Some(at) =
        others.iter().position(|user| appointer(user).is_some_and(|by| reached.contains(&by)))
    {
        let user = others.remove(at);
        reached.insert(user.user_id);
        if user.state == UserState::Active {
            appointed.push(user);
        }
    }
    Ok(appointed)
}

/// Who made an Administrator of this user.
fn appointer(user: &UserAnswer) -> Option<UserId> {
    let is_one = user.profile == Profile::Administrator;
    is_one.then(|| user.appointed_by.unwrap_or(user.enrolled_by)).filter(|by| *by != user.user_id)
}

/// Those who are to be revoked as well: all of them, or none.
async fn offered(lines: &mut Lines, appointed: Vec<UserAnswer>) -> Vec<UserAnswer> {
    say(people::appointed(&appointed));
    match lines.confirm("Revoke them as well?").await {
        Some(true) => appointed,
        _ => Vec::new(),
    }
}
