//! A conversation with a person: a spinner while the other side is awaited, codes in large letters, a
//! prompt at each step that asks.

use std::fs;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::converse::Reply;
use super::failure::Failure;
use super::prompt::Lines;
use super::render::{self, steps};
use super::screen::{Screen, say};
use crate::control::data::{Confirmation, JoinAnswers, Joined, Kind, Side, Step, WaitingGuest, shown};

/// What a person was told and said so far.
pub(super) struct Person {
    /// Which side this is.
    side: Side,
    /// What need not be asked again: given on the command line.
    given: JoinAnswers,
    spinner: Option<ProgressBar>,
    /// A question stands on the screen's last line.
    asking: bool,
    /// They were told what they join.
    told_about: bool,
    /// Of a host who named a guest: the ticket, until that guest is there.
    ticket: Option<String>,
}

/// The answer to `confirm` that lets nobody in.
const REFUSE: &str = "refuse";

impl Person {
    /// A host, who may have named the guest by a ticket.
    pub(super) fn host(ticket: Option<String>) -> Self {
        Self::new(Side::Host, JoinAnswers::default(), ticket)
    }

    /// A guest, with what need not be asked again.
    pub(super) fn guest(given: JoinAnswers) -> Self {
        Self::new(Side::Guest, given, None)
    }

    fn new(side: Side, given: JoinAnswers, ticket: Option<String>) -> Self {
        Self { side, given, spinner: None, asking: false, told_about: false, ticket }
    }

    /// Shows a step. Codes and results are data; all else goes to standard error.
    pub(super) fn show(&mut self, screen: &Screen, step: &Step) -> Result<(), Failure> {
        self.stop_spinning();
        if std::mem::take(&mut self.asking) {
            say("\n");
        }
        match step {
            Step::Waiting { awaited, place, ticket, joining } => {
                if let Some(Joined { kind, organization }) = joining {
                    self.tell_about(*kind, Some(organization), None);
                }
                if let Some(ticket) = self.ticket.take() {
                    let ticket = shown(&ticket);
                    screen.note(format_args!(
                        "Nobody waits with ticket {ticket}; muster greet alone shows who does."
                    ));
                }
                self.wait(screen, steps::waiting(*awaited, *place, ticket.as_deref()));
                Ok(())
            }
            Step::ShowCode { code, without_link } => {
                self.ticket = None;
                if *without_link {
                    screen.note("Your guest came without a link: only the codes tell who it is.");
                }
                screen.note(match self.side {
                    Side::Host => "Read this code to your guest:",
                    _ => "Read this code to your host:",
                });
                let code = shown(code);
                let text = if screen.out_is_terminal { steps::boxed(&code) } else { format!("{code}\n") };
                screen.data(&text)?;
                if self.side == Side::Guest {
                    self.wait(screen, "Waiting for your host to type it …".to_owned());
                }
                Ok(())
            }
            Step::Done { user_id, profile, organization, .. } => {
                screen.line(&steps::done(self.side, *user_id, *profile, organization.as_deref()))
            }
            Step::Sessions { sessions, choose: false, .. } => {
                say(steps::joins_session(sessions));
                Ok(())
            }
            Step::Choose { again, .. }
            | Step::Sessions { again, .. }
            | Step::EnterCode { again, .. }
            | Step::Details { again, .. }
            | Step::Confirm { again, .. } => {
                if let Some(why) = again {
                    say(format_args!("Once more: {}\n", shown(why)));
                }
                Ok(())
            }
            // The last line of the program says it.
            Step::Ended { .. } => Ok(()),
        }
    }

    /// Asks what the step asks; none at the end of input.
    pub(super) async fn reply(&mut self, screen: &Screen, step: &Step, lines: &mut Lines) -> Option<Reply> {
        self.asking = true;
        let reply = self.ask(screen, step, lines).await;
        // Stays set where the question is given up, or where input ended, in the middle of its line.
        self.asking = reply.is_none();
        let goes_on = matches!(&reply, Some(Reply::Line(line)) if line != REFUSE);
        if let Some(next) = steps::awaited_after(step, self.side).filter(|_| goes_on) {
            self.wait(screen, next.to_owned());
        }
        reply
    }

    async fn ask(&mut self, screen: &Screen, step: &Step, lines: &mut Lines) -> Option<Reply> {
        match step {
            Step::Choose { guests, .. } => choose(guests, lines).await.map(Reply::Line),
            Step::Sessions { sessions, .. } => {
                say(format_args!("Several sessions are open here:\n{}", steps::sessions(sessions)));
                lines.ask("The session to join", None).await.map(Reply::Line)
            }
            Step::EnterCode { of, .. } => {
                let whom = if *of == Side::Host { "host" } else { "guest" };
                let question = format!("The code that your {whom} reads to you (or none, if it differs)");
                lines.ask(&question, None).await.map(Reply::Line)
            }
            Step::Details { .. } => self.details(step, lines).await,
            Step::Confirm { .. } => confirm(screen, step, lines).await,
            Step::Waiting { .. } | Step::ShowCode { .. } | Step::Done { .. } | Step::Ended { .. } => {
                Some(Reply::Cancel)
            }
        }
    }

    fn wait(&mut self, screen: &Screen, text: String) {
        if !screen.interactive || !screen.talks() {
            screen.note(text);
            return;
        }
        let spinner = ProgressBar::new_spinner().with_message(text);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            spinner.set_style(style);
        }
        spinner.enable_steady_tick(Duration::from_millis(120));
        self.spinner = Some(spinner);
    }

    fn stop_spinning(&mut self) {
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
        }
    }

    /// Says what is being joined, once: with the first question about oneself, or where all was answered beforehand.
    fn tell_about(&mut self, kind: Kind, organization: Option<&str>, user: Option<&str>) {
        if !std::mem::replace(&mut self.told_about, true) {
            say(format_args!("{}\n", steps::about(kind, organization, user)));
        }
    }

    /// Says what this is about, then asks what isn't known.
    async fn details(&mut self, step: &Step, lines: &mut Lines) -> Option<Reply> {
        let Step::Details { kind, organization, user, email, name, device, again } = step else {
            return None;
        };
        self.tell_about(*kind, organization.as_deref(), user.as_deref());
        // What was given on the command line is asked for only once it was refused.
        let given = if again.is_none() { self.given.clone() } else { JoinAnswers::default() };
        let own_label = device.clone().or_else(machine_name);
        if *kind == Kind::Device {
            let device = field(lines, "What this device is to be called", given.device, &own_label).await?;
            // --yes doesn't reach here: a link that somebody else sent would make this machine theirs.
            let typed = lines.ask("Type yes if you made this invitation yourself", None).await?;
            if !typed.eq_ignore_ascii_case("yes") {
                return Some(Reply::Cancel);
            }
            return answer(&JoinAnswers { name: None, email: None, device: Some(device), yes: Some(true) });
        }
        let name = Some(field(lines, "Your name", given.name, name).await?);
        let email = Some(field(lines, "Your email address", given.email, email).await?);
        let device = Some(field(lines, "What this device is to be called", given.device, &own_label).await?);
        answer(&JoinAnswers { name, email, device, yes: None })
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        self.stop_spinning();
    }
}

async fn choose(guests: &[WaitingGuest], lines: &mut Lines) -> Option<String> {
    say(format_args!("{}\n{}", steps::several(guests), steps::guests(guests, render::now())));
    lines.ask("The ticket of the guest to greet", None).await
}

/// One field: as given, else asked for, with what is known as the default.
async fn field(
    lines: &mut Lines,
    question: &str,
    given: Option<String>,
    known: &Option<String>,
) -> Option<String> {
    match given {
        Some(given) => Some(given),
        None => lines.ask(question, known.as_deref()).await,
    }
}

/// The host's last word: who this is, which profile, yes or no.
async fn confirm(screen: &Screen, step: &Step, lines: &mut Lines) -> Option<Reply> {
    let Step::Confirm { name, email, invited_email, device, profile, .. } = step else { return None };
    say(steps::guest(name.as_deref(), email.as_deref(), invited_email.as_deref(), device));
    if name.is_none() && email.is_none() {
        let question = "Make it a device of your own?";
        let agreed = screen.yes || lines.confirm(question).await?;
        return if agreed { answer(&Confirmation::default()) } else { Some(refusal()) };
    }
    let mut confirmation = Confirmation::default();
    if let (Some(email), Some(invited)) = (email, invited_email)
        && email.to_lowercase() != invited.to_lowercase()
    {
        let question =
            format!("You invited {}. Enrol them as {} all the same?", shown(invited), shown(email));
        confirmation.email = Some(email.clone());
        if !lines.confirm(&question).await? {
            return Some(refusal());
        }
    }
    let (mut profile, was_chosen) = match profile {
        Some(default) => (default.to_string(), false),
        None => (choose_profile(lines).await?, true),
    };
    confirmation.profile = Some(profile.clone());
    if screen.yes {
        return answer(&confirmation);
    }
    loop {
        let words = ["yes", "no", "edit"];
        match lines.choose(&format!("Enrol them as {profile}?"), &words).await? {
            "yes" => return answer(&confirmation),
            "no" => return Some(refusal()),
            _ => {
                correct(&mut confirmation, step, lines).await?;
                if !was_chosen {
                    profile = choose_profile(lines).await?;
                    confirmation.profile = Some(profile.clone());
                }
            }
        }
    }
}

async fn choose_profile(lines: &mut Lines) -> Option<String> {
    lines.choose("Their profile", &["external", "member", "administrator"]).await.map(str::to_owned)
}

/// Name, email and label once more, each with what would be taken so far.
async fn correct(confirmation: &mut Confirmation, step: &Step, lines: &mut Lines) -> Option<()> {
    let Step::Confirm { name, email, device, .. } = step else { return None };
    let so_far = |corrected: &Option<String>, said: &Option<String>| corrected.clone().or(said.clone());
    let known = so_far(&confirmation.name, name);
    confirmation.name = Some(field(lines, "Their name", None, &known).await?);
    let known = so_far(&confirmation.email, email);
    confirmation.email = Some(field(lines, "Their email address", None, &known).await?);
    let known = so_far(&confirmation.device, &Some(device.clone()));
    confirmation.device = Some(field(lines, "Their device", None, &known).await?);
    Some(())
}

fn refusal() -> Reply {
    Reply::Line(REFUSE.to_owned())
}

fn answer(value: &impl Serialize) -> Option<Reply> {
    serde_json::to_string(value).ok().map(Reply::Line)
}

/// What this machine is called: a good label of a device.
fn machine_name() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}
