//! What a point answers, and what is believed of another's answer.

use std::sync::Arc;
use std::time::Duration;

use libp2p::{Multiaddr, PeerId};

use super::request::{Request, signed};
use super::wire::{self, Kind, Message, Status};
use crate::core::primitives::limits;

/// One registration, as it is told to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What the peer signed.
    pub record: Arc<[u8]>,
    /// How long the registration still lasts.
    pub left: Duration,
}

/// Some registrations of one namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Which namespace.
    pub namespace: String,
    /// The registrations.
    pub told: Vec<Told>,
    /// Asks for what comes after these.
    pub cookie: Vec<u8>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// To a registration: how long it lasts.
    Registered(Result<Duration, Status>),
    /// To a question.
    Discovered(Result<Page, Status>),
    /// The stream is closed.
    Nothing,
}

/// A peer that registered itself, as another's point says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Whose signature the record bears.
    pub peer: PeerId,
    /// Where it says it is.
    pub addresses: Vec<Multiaddr>,
}

/// What another's point answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// We are registered for so long.
    Registered(Duration),
    /// These are registered.
    Discovered { found: Vec<Found>, cookie: Vec<u8> },
    /// It won't.
    Refused(Status),
}

/// What stands around each record in an answer, in bytes, at the most.
const AROUND_A_RECORD: usize = 32;

impl Answer {
    /// About as many bytes as the frame has. What isn't a list is small, and counts as nothing.
    pub(super) fn bytes(&self) -> usize {
        let Self::Discovered(Ok(page)) = self else { return 0 };
        page.told.iter().map(|told| told.record.len() + page.namespace.len() + AROUND_A_RECORD).sum()
    }

    /// As a frame; none, where there is nothing to be said.
    pub(super) fn frame(self) -> Option<Vec<u8>> {
        let message = match self {
            Self::Registered(outcome) => Message {
                register_response: Some(wire::RegisterResponse {
                    status: Some(outcome.err().unwrap_or(Status::Ok).into()),
                    text: None,
                    life: outcome.ok().map(|life| life.as_secs()),
                }),
                ..Message::of(Kind::RegisterResponse)
            },
            Self::Discovered(outcome) => Message {
                discover_response: Some(discovered(outcome)),
                ..Message::of(Kind::DiscoverResponse)
            },
            Self::Nothing => return None,
        };
        Some(message.frame())
    }
}

fn discovered(outcome: Result<Page, Status>) -> wire::DiscoverResponse {
    let page = match outcome {
        Ok(page) => page,
        Err(status) => {
            return wire::DiscoverResponse { status: Some(status.into()), ..Default::default() };
        }
    };
    let registrations = page.told.into_iter().map(|told| wire::Register {
        namespace: Some(page.namespace.clone()),
        record: Some(told.record.to_vec()),
        // Less than a second is still some time.
        life: Some(told.left.as_secs().max(1)),
    });
    wire::DiscoverResponse {
        registrations: registrations.collect(),
        cookie: Some(page.cookie),
        status: Some(Status::Ok.into()),
        text: None,
    }
}

impl Heard {
    /// Reads the answer to a request; none, where it is no answer to that.
    pub(super) fn parse(content: &[u8], to: &Request) -> Option<Self> {
        match (Message::parse(content)?, to) {
            ((Kind::RegisterResponse, message), Request::Register { .. }) => {
                let response = message.register_response?;
                let status = Status::try_from(response.status?).ok()?;
                match status {
                    Status::Ok => Some(Self::Registered(Duration::from_secs(response.life?))),
                    refused => Some(Self::Refused(refused)),
                }
            }
            ((Kind::DiscoverResponse, message), Request::Discover { namespace, limit, .. }) => {
                let response = message.discover_response?;
                match Status::try_from(response.status?).ok()? {
                    Status::Ok => Some(Self::Discovered {
                        found: found(response.registrations, namespace.as_deref(), *limit),
                        cookie: response.cookie.filter(|cookie| cookie.len() <= limits::COOKIE)?,
                    }),
                    refused => Some(Self::Refused(refused)),
                }
            }
            _ => None,
        }
    }
}

/// What was asked for, and not more of it: whoever is named must have signed.
fn found(registrations: Vec<wire::Register>, namespace: Option<&str>, limit: Option<u64>) -> Vec<Found> {
    let most = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let asked = registrations.into_iter().filter(|one| one.namespace.as_deref() == namespace).take(most);
    asked
        .filter_map(|one| signed(&one.record?))
        .map(|record| Found { peer: record.peer_id(), addresses: record.addresses().to_vec() })
        .collect()
}
