//! One conversation, `greet` or `join`, from its first step to its last. A program gets each step as a line
//! of JSON and answers with lines; a person is asked (`person`).

use std::future::Future;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Duration, timeout};

use super::failure::Failure;
use super::person::Person;
use super::prompt::Lines;
use super::screen::{Screen, json};
use crate::control::client::{Client, Conversation, Said};
use crate::control::data::{Class, Reason, Refusal, Side, Step};

/// How long the daemon may take to say how a cancelled conversation ended.
const FAREWELL: Duration = Duration::from_secs(2);

/// Who is at this end.
pub(super) enum Voice {
    /// A program: steps are printed as they came, each line of input is an answer.
    Program,
    /// A person.
    Person(Box<Person>),
}

/// How a conversation ended.
pub(super) enum Ending {
    Done,
    Ended { reason: Reason, message: String },
}

/// What to send for a step that asks.
pub(super) enum Reply {
    Line(String),
    /// The person wants no more, or there is no more input.
    Cancel,
}

/// This end of a conversation.
pub(super) struct Talk<'a> {
    pub(super) screen: &'a Screen,
    pub(super) client: &'a Client,
    pub(super) lines: &'a mut Lines,
    /// Ctrl-C, listened for as long as the command runs: once listened for, it no longer ends the program.
    pub(super) interrupts: &'a mut Signal,
    pub(super) voice: Voice,
    /// Which side this end is.
    pub(super) side: Side,
}

/// Listens for Ctrl-C.
pub(super) fn interrupts() -> Result<Signal, Failure> {
    signal(SignalKind::interrupt())
        .map_err(|error| Failure::failed(format!("Ctrl-C: can't be listened for: {error}")))
}

/// What comes first while an answer is awaited.
enum Turn {
    Reply(Reply),
    Said(Result<Option<Said<Step>>, Refusal>),
    Interrupted,
}

impl Talk<'_> {
    /// Goes through the steps to the end. Ctrl-C and the end of input cancel.
    pub(super) async fn run(
        &mut self,
        begin: impl Future<Output = Result<Conversation, Refusal>>,
    ) -> Result<Ending, Failure> {
        let mut conversation = tokio::select! {
            begun = begin => begun?,
            _ = self.interrupts.recv() => return self.cancelled(),
        };
        let mut codes_shown = false;
        let mut asked: Option<Step> = None;
        let mut has_more_to_answer = true;
        loop {
            match self.turn(&mut conversation, asked.as_ref(), has_more_to_answer).await {
                Turn::Interrupted | Turn::Reply(Reply::Cancel) => return self.cancel(conversation).await,
                Turn::Reply(Reply::Line(line)) => {
                    has_more_to_answer &= !asked.take().is_some_and(|step| is_last_for(&step, self.side));
                    self.send(&conversation, &line).await?;
                }
                Turn::Said(Ok(Some(said))) => {
                    codes_shown |= matches!(said.value, Step::ShowCode { .. } | Step::EnterCode { .. });
                    self.show(&said)?;
                    if let Some(ending) = ending(&said.value) {
                        return Ok(ending);
                    }
                    asked = Some(said.value).filter(asks);
                    has_more_to_answer |= asked.is_some();
                }
                Turn::Said(Ok(None) | Err(_)) => return self.lost(codes_shown),
            }
        }
    }

    /// Waits for whatever is first: the next step, the answer to the last one, Ctrl-C.
    async fn turn(
        &mut self,
        conversation: &mut Conversation,
        asked: Option<&Step>,
        has_more_to_answer: bool,
    ) -> Turn {
        let (voice, lines, screen) = (&mut self.voice, &mut *self.lines, self.screen);
        let reply = async {
            match asked {
                Some(step) => voice.reply(screen, step, lines).await,
                // A program's answers may all lie ready long before they are asked for; that there are too few ends
                // it at once.
                None if has_more_to_answer && matches!(voice, Voice::Program) => {
                    lines.end().await;
                    Reply::Cancel
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // The daemon's word first: an answer to a conversation that is over is no answer.
            biased;
            said = conversation.next() => Turn::Said(said),
            _ = self.interrupts.recv() => Turn::Interrupted,
            reply = reply => Turn::Reply(reply),
        }
    }

    fn show(&mut self, said: &Said<Step>) -> Result<(), Failure> {
        match &mut self.voice {
            Voice::Program => self.screen.line(&said.json),
            Voice::Person(person) => person.show(self.screen, &said.value),
        }
    }

    /// Sends an answer. One that comes too late is no failure: the stream says how it ended.
    async fn send(&self, conversation: &Conversation, line: &str) -> Result<(), Failure> {
        match self.client.answer(conversation.number, line).await {
            Err(refusal) if refusal.class == Class::Usage => Err(refusal.into()),
            _ => Ok(()),
        }
    }

    /// Ends it from here, and hears the daemon out for as long as it is quick.
    async fn cancel(&mut self, mut conversation: Conversation) -> Result<Ending, Failure> {
        let heard = timeout(FAREWELL, async {
            // One that is over by itself can't be cancelled, and has something to say all the same.
            let _ = self.client.cancel(conversation.number).await;
            while let Ok(Some(said)) = conversation.next().await {
                if ending(&said.value).is_some() {
                    return Some(said);
                }
            }
            None
        });
        if let Ok(Some(said)) = heard.await {
            self.show(&said)?;
            if let Some(ending) = ending(&said.value) {
                return Ok(ending);
            }
        }
        self.cancelled()
    }

    /// In the daemon's words, where it could not say them in time.
    fn cancelled(&mut self) -> Result<Ending, Failure> {
        self.end(Reason::Cancelled, self.side, &Reason::Cancelled.sentence(self.side))
    }

    /// The daemon is gone. Once a code was to be seen, that counts as an attempt.
    fn lost(&mut self, codes_shown: bool) -> Result<Ending, Failure> {
        let reason = if codes_shown { Reason::BrokenOff } else { Reason::Restarted };
        self.end(reason, Side::Network, "the daemon stopped, or the connection to it broke off")
    }

    /// An ending that no daemon is there to say.
    fn end(&mut self, reason: Reason, by: Side, message: &str) -> Result<Ending, Failure> {
        let value = Step::Ended { reason, by, message: message.to_owned() };
        let said = Said { json: json(&value)?, value };
        self.show(&said)?;
        Ok(Ending::Ended { reason, message: message.to_owned() })
    }
}

impl Voice {
    async fn reply(&mut self, screen: &Screen, step: &Step, lines: &mut Lines) -> Reply {
        match self {
            Self::Program => lines.next().await.map_or(Reply::Cancel, Reply::Line),
            Self::Person(person) => person.reply(screen, step, lines).await.unwrap_or(Reply::Cancel),
        }
    }
}

fn asks(step: &Step) -> bool {
    matches!(
        step,
        Step::Choose { .. }
            | Step::Sessions { choose: true, .. }
            | Step::EnterCode { .. }
            | Step::Details { .. }
            | Step::Confirm { .. }
    )
}

/// Whether an answer to this step may have been the last one. A guest whose details are not known yet is asked
/// for them; all that is sure before is that they must enter a code.
fn is_last_for(step: &Step, side: Side) -> bool {
    match side {
        Side::Host => matches!(step, Step::Confirm { .. }),
        _ => matches!(step, Step::EnterCode { .. } | Step::Details { .. }),
    }
}

fn ending(step: &Step) -> Option<Ending> {
    match step {
        Step::Done { .. } => Some(Ending::Done),
        Step::Ended { reason, message, .. } => {
            Some(Ending::Ended { reason: *reason, message: message.clone() })
        }
        _ => None,
    }
}

/// What the exit code and the last line say of an ending.
pub(super) fn conclude(ending: Ending, side: Side, what: &str) -> Result<(), Failure> {
    let Ending::Ended { reason, message } = ending else { return Ok(()) };
    let code = json(&reason)?;
    let failure = Failure::answered(reason.exit_code(), code.trim_matches('"'), format!("{what}: {message}"));
    Err(match hint(reason, side) {
        Some(hint) => failure.hint(hint),
        None => failure,
    })
}

/// What the person can do, who is the `side` of the greeting.
fn hint(reason: Reason, side: Side) -> Option<&'static str> {
    let is_host = side == Side::Host;
    match reason {
        Reason::WrongCode | Reason::CommitmentBroken => {
            Some("somebody may sit between you: call each other another way before you try again")
        }
        Reason::BrokenOff | Reason::Timeout | Reason::Restarted | Reason::Busy => {
            Some("nothing is lost: try again")
        }
        Reason::Unreachable => Some("is the other device switched on, online, and its musterd running?"),
        Reason::UnknownInvitation if is_host => {
            Some("muster invite list --all shows all that this daemon made")
        }
        Reason::UnknownInvitation => Some("was the whole link copied? if so, ask for a new one"),
        Reason::InvitationExpired | Reason::InvitationCancelled | Reason::InvitationFinished => {
            Some(if is_host {
                "muster invite user EMAIL makes a new one"
            } else {
                "ask for a new invitation"
            })
        }
        Reason::UnsupportedVersion => Some("update the older musterd of the two"),
        Reason::Refused | Reason::Cancelled | Reason::BadMessage | Reason::NotAllowed => None,
        Reason::SessionClosed | Reason::NoSeats if is_host => Some("muster session open opens another one"),
        Reason::SessionClosed | Reason::NoSeats => Some("ask your host to open another one"),
    }
}
