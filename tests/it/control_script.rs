//! What the stand-in says in conversations. The name of the invitation chooses the variant.

use std::sync::mpsc as std_mpsc;
use std::time::Duration;

use muster::control::{About, data::*};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use super::control_stand_in::{ACME, BOB, INVITATION, LINK};

/// Long enough for a client that gives up too early to do so.
const A_WHILE: Duration = Duration::from_millis(300);

/// The script of a conversation, with the daemon's two channels.
struct Script {
    steps: mpsc::Sender<Step>,
    answers: mpsc::Receiver<String>,
}

pub(crate) async fn converse(
    about: About,
    steps: mpsc::Sender<Step>,
    answers: mpsc::Receiver<String>,
    reply: oneshot::Sender<Result<(), Refusal>>,
    saw: std_mpsc::Sender<String>,
) {
    let mut script = Script { steps, answers };
    let whole = match about {
        About::Greet { invitation: Some(name), .. } if name == "nothing" => {
            let _ =
                reply.send(Err(Refusal::new(Class::NotFound, "unknown_invitation", "greet: no such one")));
            return;
        }
        About::Join { link, .. } if link.expose() != LINK => {
            let refusal = Refusal::new(Class::Usage, "bad_link", "link: it was cut off or altered");
            let _ = reply.send(Err(refusal.hint("copy the whole link")));
            return;
        }
        About::Greet { invitation, .. } => {
            let _ = reply.send(Ok(()));
            script.greet(invitation.as_deref()).await
        }
        About::JoinOnLan { session, answers } => {
            let _ = reply.send(Ok(()));
            script.look_around(session.as_deref(), answers).await
        }
        About::Join { answers, .. } => {
            let _ = reply.send(Ok(()));
            script.join(answers).await
        }
    };
    let _ = saw.send(if whole.is_some() { "came to its end" } else { "the client left" }.to_owned());
}

impl Script {
    async fn say(&self, step: Step) -> Option<()> {
        self.steps.send(step).await.ok()
    }

    /// The next answer; none when the client cancelled or went away.
    async fn answer(&mut self) -> Option<String> {
        tokio::select! {
            answer = self.answers.recv() => match answer {
                Some(answer) => Some(answer),
                None => {
                    let by = Side::Host;
                    self.say(ended(Reason::Cancelled, by, "the person at this end cancelled")).await?;
                    None
                }
            },
            () = self.steps.closed() => None,
        }
    }

    async fn greet(&mut self, invitation: Option<&str>) -> Option<()> {
        self.say(Step::waiting_for(Side::Guest)).await?;
        match invitation {
            Some("slow") => sleep(A_WHILE).await,
            Some("silent") => return self.answer().await.map(|_| ()),
            Some("broken") => return Some(()),
            Some("deaf") => {
                self.steps.closed().await;
                return None;
            }
            Some("several") => {
                self.say(Step::Choose { guests: vec![guest("17"), guest("18")], again: None }).await?;
                assert_eq!(self.answer().await?, "18");
            }
            _ => {}
        }
        self.say(Step::ShowCode { code: "TP9W".to_owned(), without_link: false }).await?;
        self.enter_code(Side::Guest, "U4SQ").await?;
        let mut again = None;
        loop {
            self.say(Step::Confirm {
                name: Some("Bob\u{1b}[31m".to_owned()),
                email: Some("bob@example.org".to_owned()),
                invited_email: Some("bob@example.org".to_owned()),
                profile: None,
                device: "phone".to_owned(),
                again: again.take(),
            })
            .await?;
            let answer = self.answer().await?;
            if answer == "refuse" {
                return self.say(ended(Reason::Refused, Side::Host, "you refused")).await;
            }
            match serde_json::from_str::<Confirmation>(&answer) {
                Ok(Confirmation { profile: Some(_), .. }) => break,
                _ => again = Some("there is no default profile".to_owned()),
            }
        }
        self.say(done()).await
    }

    async fn look_around(&mut self, session: Option<&str>, given: JoinAnswers) -> Option<()> {
        match session {
            Some("nobody") => {
                let why = "no way led there (tried relay R: it carries too much)";
                self.say(ended(Reason::Unreachable, Side::Network, why)).await
            }
            Some("two") => {
                let sessions =
                    vec![found(0x77, "Acme", Some("Ada Lovelace"), 3), found(0x88, "Field Lab", None, 0)];
                self.say(Step::Sessions { sessions, choose: true, again: None }).await?;
                assert_eq!(self.answer().await?, "77777777");
                self.join(given).await
            }
            _ => self.join(given).await,
        }
    }

    async fn join(&mut self, given: JoinAnswers) -> Option<()> {
        let (place, ticket) = (Some(1), Some("17".to_owned()));
        self.say(Step::Waiting { awaited: Side::Host, place, ticket, joining: None }).await?;
        self.enter_code(Side::Host, "TP9W").await?;
        self.say(Step::ShowCode { code: "U4SQ".to_owned(), without_link: false }).await?;
        let device = given.name.as_deref() == Some("the device");
        let slow = given.name.as_deref() == Some("slow");
        let asks = device || given.name.is_none() || given.email.is_none() || given.device.is_none();
        if asks {
            self.say(Step::Details {
                kind: if device { Kind::Device } else { Kind::User },
                organization: Some("Acme".to_owned()),
                user: device.then(|| "Ada".to_owned()),
                email: given.email,
                name: given.name,
                device: given.device,
                again: None,
            })
            .await?;
            let answer: JoinAnswers = serde_json::from_str(&self.answer().await?).unwrap();
            assert!(answer.device.is_some());
            assert_eq!(answer.yes, device.then_some(true));
        }
        let kind = if device { Kind::Device } else { Kind::User };
        let joining = Some(Joined { kind, organization: "Acme".to_owned() });
        self.say(Step::Waiting { awaited: Side::Host, place: None, ticket: None, joining }).await?;
        if slow {
            sleep(A_WHILE).await;
        }
        self.say(done()).await
    }

    async fn enter_code(&mut self, of: Side, right: &str) -> Option<()> {
        let mut again = None;
        loop {
            self.say(Step::EnterCode { of, again: again.take() }).await?;
            let answer = self.answer().await?;
            if answer == right {
                return Some(());
            }
            if answer == "LOST" {
                self.say(ended(Reason::BrokenOff, Side::Network, "the connection broke off")).await?;
                return None;
            }
            if answer.len() == 4 {
                let by = if of == Side::Guest { Side::Host } else { Side::Guest };
                self.say(ended(Reason::WrongCode, by, "the codes differ")).await?;
                return None;
            }
            again = Some("a code has four characters".to_owned());
        }
    }
}

fn guest(ticket: &str) -> WaitingGuest {
    WaitingGuest {
        ticket: ticket.to_owned(),
        since: Moment(1_700_000_000_000),
        address: "192.0.2.7".to_owned(),
        invitation_id: INVITATION,
        email: Some("bob@example.org".to_owned()),
        without_link: false,
    }
}

fn found(named: u8, organization: &str, host: Option<&str>, waiting: u32) -> FoundSession {
    FoundSession {
        session: InvitationId([named; 16]),
        organization: organization.to_owned(),
        host: host.map(str::to_owned),
        address: format!("192.0.2.{}", named & 0xf),
        waiting,
        expires_at: Moment(4_000_000_000_000),
    }
}

fn done() -> Step {
    Step::Done {
        user_id: BOB,
        device_id: DeviceId([0xdb; 32]),
        profile: Profile::Member,
        organization: Some("Acme".to_owned()),
        organization_id: ACME,
    }
}

fn ended(reason: Reason, by: Side, message: &str) -> Step {
    Step::Ended { reason, by, message: message.to_owned() }
}
