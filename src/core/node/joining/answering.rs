//! The guest's person: the code that they hear, and who they are.

use super::super::Mind;
use super::super::conversation::{JoinAnswers, Joined, Step};
use super::super::outbox::Outbox;
use super::{Confirmed, Joining, Stage};
use crate::core::greeting::code::{Code, Typed};
use crate::core::greeting::guest::{AwaitingDetails, ReadyToReveal};
use crate::core::greeting::message::{Details, Introduction, Person};
use crate::core::greeting::{Ended, Reason, Side};
use crate::core::primitives::ids::UserId;
use crate::core::primitives::kind::Kind;
use crate::core::primitives::limits;
use crate::core::primitives::text::{Email, FieldError, Label, Name};
use crate::core::roster::proof::Claim;

impl Joining {
    /// The host greets. The attempt is on the disk before the nonce leaves: a crash doesn't give another one.
    pub(super) fn called(&mut self, ready: ReadyToReveal, mind: &Mind, out: &mut Outbox) {
        if self.conversation.is_none() {
            return self.stop(Ended::by_guest(Reason::Cancelled), out);
        }
        self.revealed = true;
        self.pending.attempts += 1;
        self.pending.last_attempt = mind.now;
        out.commit(self.written());
        let (stage, frame) = ready.reveal();
        if let Some(channel) = self.channel {
            out.send(channel, frame);
        }
        self.go_on(Stage::HostCode(stage), limits::HUMAN_STEP, mind);
        self.say(Step::EnterCode { of: Side::Host, again: None }, out);
    }

    /// Both codes matched: asks who they are, unless all was said beforehand.
    pub(super) fn trusted(
        &mut self,
        stage: AwaitingDetails,
        introduction: Introduction,
        mind: &mut Mind,
        out: &mut Outbox,
    ) {
        if (self.pending.kind == Kind::Device) != introduction.account.is_some() {
            return self.stop(Ended::by_host(Reason::BadMessage), out);
        }
        self.go_on(Stage::Details(stage, introduction), limits::HUMAN_STEP, mind);
        let said = self.answers.clone();
        let complete = said.name.is_some() && said.email.is_some() && said.device.is_some();
        // For a device there is always a yes to give: pre-answers don't make a machine somebody else's.
        if complete && self.pending.kind != Kind::Device {
            self.details(&said, mind, out);
        } else {
            self.ask_for_details(None, out);
        }
    }

    fn ask_for_details(&self, again: Option<String>, out: &mut Outbox) {
        let Some(Stage::Details(_, introduction)) = &self.stage else { return };
        let invited = introduction.email.as_ref().map(|email| email.as_str().to_owned());
        let step = Step::Details {
            kind: self.pending.kind,
            organization: Some(introduction.organization.as_str().to_owned()),
            user: introduction.user.as_ref().map(|name| name.as_str().to_owned()),
            email: self.answers.email.clone().or(invited),
            name: self.answers.name.clone(),
            device: self.answers.device.clone(),
            again,
        };
        self.say(step, out);
    }

    pub(super) fn answered(&mut self, line: &str, mind: &mut Mind, out: &mut Outbox) {
        match &self.stage {
            Some(Stage::HostCode(_)) => match Code::read(line) {
                Ok(typed) => self.typed(&typed, mind, out),
                Err(typo) => {
                    self.ask_again(Step::EnterCode { of: Side::Host, again: Some(typo.to_string()) }, out);
                }
            },
            Some(Stage::Details(..)) => match serde_json::from_str::<JoinAnswers>(line) {
                Ok(said) => self.details(&said, mind, out),
                Err(_) => self.again("answer {\"name\":..,\"email\":..,\"device\":..}", out),
            },
            _ => {}
        }
    }

    fn ask_again(&mut self, step: Step, out: &mut Outbox) {
        self.unusable += 1;
        if self.unusable > limits::UNUSABLE_ANSWERS {
            return self.stop(Ended::by_guest(Reason::Cancelled), out);
        }
        self.say(step, out);
    }

    fn again(&mut self, why: &str, out: &mut Outbox) {
        self.unusable += 1;
        if self.unusable > limits::UNUSABLE_ANSWERS {
            return self.stop(Ended::by_guest(Reason::Cancelled), out);
        }
        self.ask_for_details(Some(why.to_owned()), out);
    }

    fn typed(&mut self, typed: &Typed, mind: &Mind, out: &mut Outbox) {
        let Some(Stage::HostCode(stage)) = self.stage.take() else { return };
        let code = match typed {
            Typed::Code(code) => Some(code),
            Typed::None => None,
        };
        match stage.enter(code) {
            Ok((stage, own, frame)) => {
                if let Some(channel) = self.channel {
                    out.send(channel, frame);
                }
                self.go_on(Stage::Trust(stage), limits::HUMAN_STEP, mind);
                self.say(Step::ShowCode { code: own.reveal(), without_link: false }, out);
            }
            Err((ended, frame)) => {
                if let Some(channel) = self.channel {
                    out.send(channel, frame);
                }
                self.stop(ended, out);
            }
        }
    }

    /// Who they are, checked; written down as confirmed, with the keys; and only then sent.
    fn details(&mut self, said: &JoinAnswers, mind: &Mind, out: &mut Outbox) {
        let Some(Stage::Details(_, introduction)) = &self.stage else { return };
        if self.pending.kind == Kind::Device && said.yes == Some(false) {
            return self.stop(Ended::by_guest(Reason::Cancelled), out);
        }
        if self.pending.kind == Kind::Device && said.yes != Some(true) {
            return self
                .again("answer {\"device\":..,\"yes\":true} if this machine is to become that user's", out);
        }
        let (user, user_key) = introduction.account.unwrap_or_else(|| {
            (UserId::of_first_device(&self.key.device()), self.pending.user_secret.public())
        });
        let (person, device) = match self.checked(said, introduction) {
            Ok(checked) => checked,
            Err(error) => return self.again(&format!("{}: {}", error.field, error.problem), out),
        };
        let Some(Stage::Details(stage, introduction)) = self.stage.take() else { return };
        let confirmed = Confirmed { organization: stage.organization(), user, user_key };
        self.pending.confirmed = Some(confirmed);
        out.commit(self.written());
        // Said before anything is sent: who pre-answered everything was not asked, and learns here what they join.
        let organization = introduction.organization.as_str().to_owned();
        let joining = Some(Joined { kind: self.pending.kind, organization });
        self.say(Step::Waiting { awaited: Side::Host, place: None, ticket: None, joining }, out);
        let proof = self.claim(&confirmed).prove(&self.key);
        let (stage, frame) = stage.send(Details { person, device, user_key, proof });
        if let Some(channel) = self.channel {
            out.send(channel, frame);
        }
        self.go_on(Stage::Welcome(stage), limits::HUMAN_STEP, mind);
    }

    /// What this device asks for, and signs.
    pub(super) fn claim(&self, confirmed: &Confirmed) -> Claim {
        Claim {
            organization: confirmed.organization,
            host: self.pending.host,
            kind: self.pending.kind,
            invitation: self.pending.keys.id,
            user: confirmed.user,
            user_key: confirmed.user_key,
        }
    }

    fn checked(
        &self,
        said: &JoinAnswers,
        introduction: &Introduction,
    ) -> Result<(Option<Person>, Label), FieldError> {
        let before = &self.answers;
        let pick = |said: &Option<String>, before: &Option<String>| {
            said.clone().or_else(|| before.clone()).unwrap_or_default()
        };
        let device = Label::parse(&pick(&said.device, &before.device))?;
        if self.pending.kind == Kind::Device {
            return Ok((None, device));
        }
        let invited = introduction.email.as_ref().map(|email| email.as_str().to_owned());
        let email = Some(pick(&said.email, &before.email)).filter(|email| !email.is_empty()).or(invited);
        let name = Name::parse(&pick(&said.name, &before.name))?;
        Ok((Some(Person { name, email: Email::parse(&email.unwrap_or_default())? }), device))
    }
}
