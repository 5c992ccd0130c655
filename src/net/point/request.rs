//! What a point is asked (P1). A request that was parsed holds only what was proved: its record is signed by the
//! very peer that the connection authenticated.

use std::time::Duration;

use libp2p::PeerId;
use libp2p::core::{PeerRecord, SignedEnvelope};

use super::answer::Answer;
use super::wire::{self, Kind, Message, Status};
use crate::core::primitives::limits;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Tell others who ask for this namespace where I am.
    Register {
        /// Under which name.
        namespace: String,
        /// The peer's addresses, signed by the peer.
        record: Vec<u8>,
        /// For how long.
        life: Option<Duration>,
    },
    /// Tell nobody any more. Nothing answers it.
    Unregister {
        /// Under which name.
        namespace: String,
    },
    /// Who is registered there?
    Discover {
        /// Under which name.
        namespace: Option<String>,
        /// What the last answer ended with.
        cookie: Option<Vec<u8>>,
        /// How many at most.
        limit: Option<u64>,
    },
}

/// Why a request isn't one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It can't be read, so that there is nothing to answer.
    Garbage,
    /// A registration that isn't to be.
    Register(Status),
    /// A question that isn't one.
    Discover(Status),
}

impl Fault {
    /// What the peer is told.
    pub(super) fn answer(self) -> Answer {
        match self {
            Self::Garbage => Answer::Nothing,
            Self::Register(status) => Answer::Registered(Err(status)),
            Self::Discover(status) => Answer::Discovered(Err(status)),
        }
    }
}

impl Request {
    /// Reads what a peer has sent.
    pub(super) fn parse(content: &[u8], from: &PeerId) -> Result<Self, Fault> {
        let (kind, message) = Message::parse(content).ok_or(Fault::Garbage)?;
        match kind {
            Kind::Register => {
                register(message.register.ok_or(Fault::Garbage)?, from).map_err(Fault::Register)
            }
            Kind::Unregister => {
                let namespace = message.unregister.and_then(|unregister| unregister.namespace);
                Ok(Self::Unregister { namespace: namespace.ok_or(Fault::Garbage)? })
            }
            Kind::Discover => discover(message.discover.ok_or(Fault::Garbage)?).map_err(Fault::Discover),
            Kind::RegisterResponse | Kind::DiscoverResponse => Err(Fault::Garbage),
        }
    }

    /// As a frame.
    pub(super) fn frame(&self) -> Vec<u8> {
        let message = match self.clone() {
            Self::Register { namespace, record, life } => Message {
                register: Some(wire::Register {
                    namespace: Some(namespace),
                    record: Some(record),
                    life: life.map(|life| life.as_secs()),
                }),
                ..Message::of(Kind::Register)
            },
            Self::Unregister { namespace } => Message {
                unregister: Some(wire::Unregister { namespace: Some(namespace) }),
                ..Message::of(Kind::Unregister)
            },
            Self::Discover { namespace, cookie, limit } => Message {
                discover: Some(wire::Discover { namespace, limit, cookie }),
                ..Message::of(Kind::Discover)
            },
        };
        message.frame()
    }
}

fn register(register: wire::Register, from: &PeerId) -> Result<Request, Status> {
    let namespace = register.namespace.filter(|name| !name.is_empty()).ok_or(Status::InvalidNamespace)?;
    check_length(&namespace)?;
    let record = register.record.ok_or(Status::InvalidRecord)?;
    if record.len() > limits::RECORD {
        return Err(Status::InvalidRecord);
    }
    if signed(&record).ok_or(Status::InvalidRecord)?.peer_id() != *from {
        return Err(Status::NotAuthorized);
    }
    Ok(Request::Register { namespace, record, life: register.life.map(Duration::from_secs) })
}

fn discover(discover: wire::Discover) -> Result<Request, Status> {
    // Some implementations write an absent name as an empty one.
    let namespace = discover.namespace.filter(|name| !name.is_empty());
    namespace.as_deref().map_or(Ok(()), check_length)?;
    Ok(Request::Discover { namespace, cookie: discover.cookie, limit: discover.limit })
}

fn check_length(namespace: &str) -> Result<(), Status> {
    if namespace.len() > limits::NAMESPACE { Err(Status::InvalidNamespace) } else { Ok(()) }
}

/// A peer's record of its addresses, if it is signed by that peer: in the form that this implementation of
/// libp2p has always written, or in the one that the others write.
pub(super) fn signed(record: &[u8]) -> Option<PeerRecord> {
    let envelope = SignedEnvelope::from_protobuf_encoding(record).ok()?;
    let known = PeerRecord::from_signed_envelope(envelope.clone());
    known.or_else(|_| PeerRecord::from_signed_envelope_interop(envelope)).ok()
}
