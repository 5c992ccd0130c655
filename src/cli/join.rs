//! `muster join`: the guest's side of a greeting.

use tokio::signal::unix::Signal;

use super::args::Join;
use super::converse::{Ending, Talk, Voice, conclude, interrupts};
use super::failure::Failure;
use super::person::Person;
use super::prompt::Lines;
use super::screen::{Screen, say};
use crate::control::LinkText;
use crate::control::client::Client;
use crate::control::data::{JoinAnswers, Reason, Side, shown};

pub(super) async fn run(screen: &Screen, client: &Client, join: Join) -> Result<(), Failure> {
    let Join { link, lan, name, email, device } = join;
    let answers = JoinAnswers { name, email, device, yes: None };
    let mut lines = Lines::new();
    let to = match lan {
        Some(session) => To::Lan(Some(session).filter(|session| !session.is_empty())),
        None => To::Link(read_link(screen, link, &mut lines).await?),
    };
    let mut interrupts = interrupts()?;
    loop {
        let voice = if screen.json {
            Voice::Program
        } else {
            Voice::Person(Box::new(Person::guest(answers.clone())))
        };
        let (lines, interrupts) = (&mut lines, &mut interrupts);
        let mut talk = Talk { screen, client, lines, interrupts, voice, side: Side::Guest };
        let ending = match to.clone() {
            To::Link(link) => talk.run(client.join(link, answers.clone())).await?,
            To::Lan(session) => talk.run(client.join_on_lan(session, answers.clone())).await?,
        };
        if !again(screen, &ending, talk.lines, talk.interrupts).await {
            return conclude(ending, Side::Guest, "join");
        }
    }
}

/// Where to.
#[derive(Clone)]
enum To {
    Link(LinkText),
    /// A session on the local network: the one that is named, or the only one.
    Lan(Option<String>),
}

/// The link, as an argument, from the first line of input, or typed at a prompt. It is a secret: no error
/// repeats it.
async fn read_link(
    screen: &Screen,
    argument: Option<String>,
    lines: &mut Lines,
) -> Result<LinkText, Failure> {
    let typed = match argument.as_deref() {
        Some("-") => lines.next().await,
        Some(_) => argument,
        None if screen.interactive => {
            say("Paste the link of your invitation: ");
            lines.next().await
        }
        None => {
            return Err(Failure::usage("join: the link is missing")
                .hint("give it on standard input: muster join - < FILE"));
        }
    };
    match typed.filter(|text| !text.trim().is_empty()) {
        Some(text) => Ok(LinkText::new(text)),
        None => Err(Failure::usage("join: there is no link in the first line of input")
            .hint("a link starts with muster:")),
    }
}

/// Whether the person wants another attempt after one that broke. Each is a human act of its own: nothing
/// retries by itself, and where trust failed the command has to be given anew.
async fn again(screen: &Screen, ending: &Ending, lines: &mut Lines, interrupts: &mut Signal) -> bool {
    let Ending::Ended { reason, message } = ending else { return false };
    let broken = matches!(
        reason,
        Reason::BrokenOff | Reason::Timeout | Reason::Unreachable | Reason::Busy | Reason::Restarted
    );
    if !broken || !screen.interactive {
        return false;
    }
    say(format_args!("join: {}\nEnter to try again, Ctrl-C to leave it: ", shown(message)));
    let wanted = tokio::select! {
        line = lines.next() => line.is_some(),
        _ = interrupts.recv() => false,
    };
    if !wanted {
        say("\n");
    }
    wanted
}
