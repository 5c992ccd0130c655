//! Conversations: the steps go out as lines of one long response, the answers come in as requests.
//!
//! The stream *is* the conversation: when its client goes away, the channels to the daemon close with it. So
//! an attempt never outlives the person, whatever became of their terminal.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures::StreamExt;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::access::Peer;
use super::refuse::{Refused, Whole};
use super::routes::{Desk, Which};
use super::wire::{AnswerLine, Begun, NewGreeting, NewJoin};
use super::{About, Call};
use crate::core::node::conversation::Step;
use crate::core::node::request::{Class, Refusal};
use crate::core::primitives::limits;

/// Those that go on.
#[derive(Clone)]
pub(super) struct Conversations {
    seats: Arc<Semaphore>,
    book: Arc<Mutex<Book>>,
}

#[derive(Default)]
struct Book {
    last: u64,
    open: BTreeMap<u64, Entry>,
}

struct Entry {
    /// Who began it; nobody else may answer, root neither.
    uid: u32,
    answers: mpsc::Sender<String>,
}

impl Default for Conversations {
    fn default() -> Self {
        let seats = Arc::new(Semaphore::new(limits::CONTROL_CONVERSATIONS));
        Self { seats, book: Arc::default() }
    }
}

impl Conversations {
    fn book(&self) -> MutexGuard<'_, Book> {
        // No code that could panic runs under the lock.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, uid: u32, answers: mpsc::Sender<String>, seat: OwnedSemaphorePermit) -> Opened {
        let mut book = self.book();
        book.last += 1;
        let number = book.last;
        book.open.insert(number, Entry { uid, answers });
        drop(book);
        Opened { number, conversations: self.clone(), _seat: seat }
    }

    /// The way to answer conversation `number`, for the user who began it.
    fn answers(&self, number: u64, peer: Peer) -> Result<mpsc::Sender<String>, Refusal> {
        match self.book().open.get(&number) {
            None => Err(Refusal::new(
                Class::NotFound,
                "unknown_conversation",
                format!("conversation {number}: it is over, or never was"),
            )),
            Some(entry) if entry.uid != peer.uid => Err(Refusal::new(
                Class::NotAllowed,
                "foreign_conversation",
                format!("conversation {number}: only the user who began it may answer"),
            )),
            Some(entry) => Ok(entry.answers.clone()),
        }
    }

    fn close(&self, number: u64) {
        self.book().open.remove(&number);
    }
}

/// A place in the book, given back when the stream is dropped.
struct Opened {
    number: u64,
    conversations: Conversations,
    _seat: OwnedSemaphorePermit,
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.conversations.close(self.number);
    }
}

/// `POST /v1/greetings`
pub(super) async fn greet(
    State(desk): State<Desk>,
    Extension(peer): Extension<Peer>,
    Query(which): Query<Which>,
    Whole(NewGreeting { invitation, guest }): Whole<NewGreeting>,
) -> Result<Response, Refused> {
    begin(&desk, peer, which.org, About::Greet { invitation, guest }).await
}

/// `POST /v1/joins`
pub(super) async fn join(
    State(desk): State<Desk>,
    Extension(peer): Extension<Peer>,
    Whole(NewJoin { link, lan, session, answers }): Whole<NewJoin>,
) -> Result<Response, Refused> {
    let about = match (link, lan, session) {
        (Some(link), false, None) => About::Join { link, answers },
        (None, true, session) => About::JoinOnLan { session, answers },
        _ => {
            let why = "join: either \"link\", or \"lan\": true and perhaps \"session\"";
            return Err(Refusal::new(Class::Usage, "bad_value", why).into());
        }
    };
    begin(&desk, peer, None, about).await
}

async fn begin(
    desk: &Desk,
    peer: Peer,
    organization: Option<String>,
    about: About,
) -> Result<Response, Refused> {
    let Ok(seat) = desk.conversations.seats.clone().try_acquire_owned() else {
        let why = "daemon: as many people greet and join through it as it takes";
        return Err(Refusal::new(Class::Unreachable, "too_many_conversations", why).into());
    };
    let (steps, taken) = mpsc::channel(limits::CONTROL_STEPS);
    let (answering, answers) = mpsc::channel(limits::CONTROL_STEPS);
    let opened = desk.conversations.open(peer.uid, answering, seat);
    desk.call(|reply| Call::Converse { organization, about, steps, answers, reply }).await??;
    let lines = Body::from_stream(lines(opened, taken));
    Ok(([("content-type", "application/x-ndjson")], lines).into_response())
}

/// The response: the conversation's number, then each step, up to the last.
fn lines(
    opened: Opened,
    taken: mpsc::Receiver<Step>,
) -> impl futures::Stream<Item = Result<String, serde_json::Error>> {
    let first = line(&Begun { conversation: opened.number });
    let rest = futures::stream::unfold(Some((opened, taken)), |state| async {
        let (opened, mut taken) = state?;
        let step = taken.recv().await?;
        let over = matches!(step, Step::Done { .. } | Step::Ended { .. });
        Some((line(&step), (!over).then_some((opened, taken))))
    });
    futures::stream::iter([first]).chain(rest)
}

fn line(value: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string(value).map(|json| json + "\n")
}

/// `POST /v1/conversations/{number}`
pub(super) async fn answer(
    State(desk): State<Desk>,
    Extension(peer): Extension<Peer>,
    Path(number): Path<u64>,
    Whole(AnswerLine { answer }): Whole<AnswerLine>,
) -> Result<Json<()>, Refused> {
    let answers = desk.conversations.answers(number, peer)?;
    match answers.try_send(answer) {
        Ok(()) => Ok(Json(())),
        Err(mpsc::error::TrySendError::Full(_)) => {
            let why = format!("conversation {number}: earlier answers are still being considered");
            Err(Refusal::new(Class::State, "too_many_answers", why).into())
        }
        Err(mpsc::error::TrySendError::Closed(_)) => {
            let why = format!("conversation {number}: it takes no more answers");
            Err(Refusal::new(Class::State, "conversation_over", why).into())
        }
    }
}

/// `DELETE /v1/conversations/{number}`: the daemon sees the answers end, and may still say how it ended.
pub(super) async fn cancel(
    State(desk): State<Desk>,
    Extension(peer): Extension<Peer>,
    Path(number): Path<u64>,
) -> Result<Json<()>, Refused> {
    desk.conversations.answers(number, peer)?;
    desk.conversations.close(number);
    Ok(Json(()))
}
