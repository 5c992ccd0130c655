//! `muster greet`: the host's side of a greeting.

use super::args::Greet;
use super::converse::{Talk, Voice, conclude, interrupts};
use super::failure::Failure;
use super::person::Person;
use super::prompt::Lines;
use super::screen::Screen;
use crate::control::client::Client;
use crate::control::data::Side;

pub(super) async fn run(screen: &Screen, client: &Client, greet: Greet) -> Result<(), Failure> {
    let (mut lines, mut interrupts) = (Lines::new(), interrupts()?);
    let voice =
        if screen.json { Voice::Program } else { Voice::Person(Box::new(Person::host(greet.guest.clone()))) };
    let (lines, interrupts) = (&mut lines, &mut interrupts);
    let mut talk = Talk { screen, client, lines, interrupts, voice, side: Side::Host };
    let ending = talk.run(client.greet(greet.id, greet.guest)).await?;
    conclude(ending, Side::Host, "greet")
}
