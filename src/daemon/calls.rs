//! What the control socket asks. What one membership answers is handed to it at once, in the order in which it was
//! asked, and nobody waits for another membership; what many answer, and what comes and goes, is a task of its own.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::looking;
use super::membership::{Membership, Told};
use super::memberships::Memberships;
use crate::control::call::{About, Call, LinkText, StatusReport};
use crate::core::greeting::invitation::Destination;
use crate::core::greeting::link::Link;
use crate::core::node::NewOrganization;
use crate::core::node::conversation::{Begin, JoinAnswers};
use crate::core::node::request::{Answer, Class, Refusal, Request, StatusAnswer};
use crate::core::primitives::text::{Email, FieldError, Label, Name};

/// Sees to one call.
pub(super) fn take(memberships: &Arc<Memberships>, call: Call) {
    let here = Arc::clone(memberships);
    match call {
        Call::Ask { organization, request, reply } => match here.find(organization.as_deref()) {
            Ok(membership) => membership.tell(Told::Ask { request, reply }),
            Err(refusal) => answer(reply, Err(refusal)),
        },
        Call::Converse { organization, about: About::Greet { invitation, guest }, steps, answers, reply } => {
            let begin = Begin::Greet { invitation, guest };
            match here.find(organization.as_deref()) {
                Ok(membership) => membership.tell(Told::Begin { begin, steps, answers, reply }),
                Err(refusal) => answer(reply, Err(refusal)),
            }
        }
        Call::Converse { about: About::Join { link, answers: said }, steps, answers, mut reply, .. } => {
            tokio::spawn(async move {
                let found = join(&here, &link, &said, &mut reply).await;
                match found {
                    Ok(membership) => {
                        let begin = Begin::Join { answers: said };
                        membership.tell(Told::Begin { begin, steps, answers, reply });
                    }
                    Err(refusal) => answer(reply, Err(refusal)),
                }
            });
        }
        Call::Converse {
            about: About::JoinOnLan { session, answers: said }, steps, answers, reply, ..
        } => match check(&said) {
            Ok(()) => {
                let client = looking::Client { steps, answers, reply };
                drop(tokio::spawn(looking::join(here, session, said, client)));
            }
            Err(refusal) => answer(reply, Err(refusal)),
        },
        Call::Create { name, person, email, device, mut reply } => {
            tokio::spawn(async move {
                let founded = create(&here, (&name, &person, &email, device), &mut reply).await;
                answer(reply, founded);
            });
        }
        Call::Forget { organization, reply } => {
            tokio::spawn(async move {
                let forgotten = here.forget(&mut *here.change().await, organization.as_deref()).await;
                answer(reply, forgotten);
            });
        }
        Call::Status { reply } => drop(tokio::spawn(async move { answer(reply, status(&here).await) })),
        Call::Organizations { reply } => {
            tokio::spawn(async move { answer(reply, status(&here).await.organizations) });
        }
    }
}

/// A reply that can't be delivered is no error: the client left.
fn answer<T>(reply: oneshot::Sender<T>, answer: T) {
    let _ = reply.send(answer);
}

/// Asks all at once; of those that can't be asked it says why.
async fn status(memberships: &Memberships) -> StatusReport {
    let all = memberships.all();
    let asked = futures::future::join_all(all.iter().map(|membership| status_of(membership))).await;
    let mut report = StatusReport::new(env!("CARGO_PKG_VERSION"), []);
    report.notes = memberships.set_aside();
    for each in asked.into_iter().flatten() {
        match each {
            Ok(status) => report.add(status),
            Err(note) => report.notes.push(note),
        }
    }
    report
}

/// None for one that only joins so far.
async fn status_of(membership: &Membership) -> Option<Result<StatusAnswer, String>> {
    let known = membership.known();
    if known.organization.is_none() && known.trouble.is_none() {
        return None;
    }
    Some(match membership.ask(Request::Status).await {
        Ok(Answer::Status(mut status)) => {
            status.organization.advice.extend(known.damage);
            Ok(*status)
        }
        Ok(_) => return None,
        Err(refusal) => {
            let name = known.name.or(known.organization.map(|id| id.short().to_string()));
            Err(format!("{}: {}", name.as_deref().unwrap_or("an organization"), refusal.message))
        }
    })
}

async fn create(
    memberships: &Memberships,
    (name, person, email, device): (&str, &str, &str, Option<String>),
    reply: &mut oneshot::Sender<impl Sized>,
) -> Result<crate::core::node::request::OrganizationAnswer, Refusal> {
    let new = NewOrganization {
        name: Name::parse_organization(name)?,
        person: Name::parse(person)?,
        email: Email::parse(email)?,
        device: label(device)?,
    };
    let mut changing = tokio::select! {
        changing = memberships.change() => changing,
        () = reply.closed() => return Err(left()),
    };
    memberships.found(&mut changing, &new).await
}

async fn join(
    memberships: &Memberships,
    link: &LinkText,
    said: &JoinAnswers,
    reply: &mut oneshot::Sender<impl Sized>,
) -> Result<Arc<Membership>, Refusal> {
    check(said)?;
    let link = Link::parse(link.expose())
        .map_err(|error| FieldError { field: "link", problem: error.to_string() })?;
    let mut changing = tokio::select! {
        changing = memberships.change() => changing,
        () = reply.closed() => return Err(left()),
    };
    memberships.joining(&mut changing, Destination::from(&link)).await
}

/// Nobody hears it.
fn left() -> Refusal {
    Refusal::new(Class::Failed, "left", "the client left")
}

/// What was said beforehand is checked before anybody is bothered.
fn check(answers: &JoinAnswers) -> Result<(), Refusal> {
    answers.name.as_deref().map(Name::parse).transpose()?;
    answers.email.as_deref().map(Email::parse).transpose()?;
    answers.device.as_deref().map(Label::parse).transpose()?;
    Ok(())
}

fn label(given: Option<String>) -> Result<Label, FieldError> {
    let own = || rustix::system::uname().nodename().to_str().ok().map(str::to_owned);
    let text = given.unwrap_or_else(|| own().unwrap_or_else(|| "computer".to_owned()));
    Label::parse(&text)
}
