//! The responses that don't end by themselves: a conversation's steps, and events.

use axum::body::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::de::DeserializeOwned;

use super::connection::{Connection, broken};
use crate::control::wire::Begun;
use crate::core::node::conversation::Step;
use crate::core::node::event::Event;
use crate::core::node::request::Refusal;

/// The longest line that is read, in bytes: a list of a thousand waiting guests.
const LONGEST_LINE: usize = 1024 * 1024;

/// A value together with the JSON that it came as: what programs are shown, unknown keys included.
#[derive(Debug, Clone)]
pub struct Said<T> {
    /// One line.
    pub json: String,
    /// What it says.
    pub value: T,
}

/// A conversation that goes on. Dropping it is going away: the daemon then ends the attempt.
pub struct Conversation {
    /// By which it is answered.
    pub number: u64,
    lines: Lines,
}

impl Conversation {
    pub(super) async fn begin(connection: Connection, target: &str, body: Vec<u8>) -> Result<Self, Refusal> {
        let mut lines = Lines::request(connection, "POST", target, body).await?;
        let first = lines.next().await?.ok_or_else(|| broken("the conversation broke off"))?;
        let begun: Begun = parse(&first)?;
        Ok(Self { number: begun.conversation, lines })
    }

    /// The next step; none where the stream ended, after the last one or without.
    ///
    /// # Errors
    /// The connection broke off, or what came isn't understood.
    pub async fn next(&mut self) -> Result<Option<Said<Step>>, Refusal> {
        self.lines.next().await?.map(said).transpose()
    }
}

/// Events as they happen.
pub struct Events {
    lines: Lines,
}

impl Events {
    pub(super) async fn follow(connection: Connection, target: &str) -> Result<Self, Refusal> {
        Ok(Self { lines: Lines::request(connection, "GET", target, Vec::new()).await? })
    }

    /// The next event; none where the daemon ended the stream.
    ///
    /// # Errors
    /// The connection broke off, or what came isn't understood.
    pub async fn next(&mut self) -> Result<Option<Said<Event>>, Refusal> {
        while let Some(line) = self.lines.next().await? {
            // The other lines of server-sent events are empty ones and comments.
            if let Some(data) = line.strip_prefix("data:") {
                return said(data.trim_start().to_owned()).map(Some);
            }
        }
        Ok(None)
    }
}

/// A response, line by line.
struct Lines {
    body: Incoming,
    buffer: Vec<u8>,
    /// The connection stands for as long as the lines are wanted.
    _connection: Connection,
}

impl Lines {
    async fn request(
        mut connection: Connection,
        method: &str,
        target: &str,
        body: Vec<u8>,
    ) -> Result<Self, Refusal> {
        let response = connection.request(method, target, body).await?;
        Ok(Self { body: response.into_body(), buffer: Vec::new(), _connection: connection })
    }

    /// The next whole line. Can be given up and called again: nothing is lost.
    async fn next(&mut self) -> Result<Option<String>, Refusal> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                let text = String::from_utf8(line).map_err(|_| broken("its answer is not UTF-8"))?;
                return Ok(Some(text.trim_end().to_owned()));
            }
            if self.buffer.len() > LONGEST_LINE {
                return Err(broken("a line of its answer is too long"));
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(_)) => return Err(broken("it stopped in the middle of an answer")),
                Some(Ok(frame)) => {
                    let data: Bytes = frame.into_data().unwrap_or_default();
                    self.buffer.extend_from_slice(&data);
                }
            }
        }
    }
}

fn said<T: DeserializeOwned>(json: String) -> Result<Said<T>, Refusal> {
    let value = parse(&json)?;
    Ok(Said { json, value })
}

fn parse<T: DeserializeOwned>(json: &str) -> Result<T, Refusal> {
    serde_json::from_str(json)
        .map_err(|_| broken("a line of its answer is not understood; are muster and musterd of one version?"))
}
