//! The bytes of libp2p's AutoNAT v2: like those of the rendezvous protocol, frames of one protobuf message each, in the
//! numbers of the protocol's own description. Every message that we take fits a small frame.

use libp2p::Multiaddr;
use prost::Message as _;

use super::super::addresses;
use crate::core::primitives::address::Address;

/// Bytes of one message that carries nothing but filling; as many as others take.
const FILLING: usize = 4_096;

/// How much filling may be asked for, in the protocol's words: less is no answer to a question, and more isn't sent.
const FILLINGS: std::ops::RangeInclusive<u64> = 30_000..=100_000;

/// What became of a question as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
enum Status {
    InternalError = 0,
    Rejected = 100,
    Refused = 101,
    Ok = 200,
}

/// What became of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
enum Call {
    Unused = 0,
    NoConnection = 100,
    NoStream = 101,
    Ok = 200,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct Message {
    #[prost(message, optional, tag = "1")]
    request: Option<Request>,
    #[prost(message, optional, tag = "2")]
    response: Option<Response>,
    #[prost(message, optional, tag = "3")]
    wants_filling: Option<WantsFilling>,
    #[prost(message, optional, tag = "4")]
    filling: Option<Filling>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct Request {
    #[prost(bytes = "vec", repeated, tag = "1")]
    addresses: Vec<Vec<u8>>,
    #[prost(fixed64, tag = "2")]
    nonce: u64,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct Response {
    #[prost(enumeration = "Status", tag = "1")]
    status: i32,
    #[prost(uint32, tag = "2")]
    which: u32,
    #[prost(enumeration = "Call", tag = "3")]
    call: i32,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct WantsFilling {
    #[prost(uint32, tag = "1")]
    which: u32,
    #[prost(uint64, tag = "2")]
    bytes: u64,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct Filling {
    #[prost(bytes = "vec", tag = "1")]
    data: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct Said {
    #[prost(fixed64, tag = "1")]
    nonce: u64,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct Taken {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// What we are asked: to call at one of these, in the order in which the peer would like it, and to say the nonce there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// Of a form that is dialled here; none for each of any other.
    pub(super) addresses: Vec<Option<Address>>,
    pub(super) nonce: u64,
}

/// What came of a question, as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The address was called, and the nonce taken there.
    Reached,
    /// Nobody answered there.
    NotReached,
    /// Somebody answered there who took no nonce.
    NotTaken,
    /// None of the addresses is one that the peer would call.
    Refused,
    /// It was asked too often.
    Rejected,
}

/// What another says to a question of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// It wants so many bytes first.
    WantsFilling(u64),
    /// This came of it.
    Answer(Outcome),
}

/// Our question: whether we are reached at this address.
pub(super) fn question(address: &Address, nonce: u64) -> Vec<u8> {
    let request = Request { addresses: vec![addresses::multiaddr(address).to_vec()], nonce };
    Message { request: Some(request), ..Message::default() }.encode_length_delimited_to_vec()
}

/// Reads a question.
pub(super) fn asked(content: &[u8]) -> Option<Asked> {
    let Request { addresses, nonce } = Message::decode(content).ok()?.request?;
    let addresses = addresses
        .into_iter()
        .map(|bytes| Multiaddr::try_from(bytes).ok().as_ref().and_then(addresses::address));
    Some(Asked { addresses: addresses.collect(), nonce })
}

/// What came of the question, at which of its addresses.
pub(super) fn answer(outcome: Outcome, which: u32) -> Vec<u8> {
    let (status, call) = match outcome {
        Outcome::Reached => (Status::Ok, Call::Ok),
        Outcome::NotReached => (Status::Ok, Call::NoConnection),
        Outcome::NotTaken => (Status::Ok, Call::NoStream),
        Outcome::Refused => (Status::Refused, Call::Unused),
        Outcome::Rejected => (Status::Rejected, Call::Unused),
    };
    let response = Response { status: status.into(), which, call: call.into() };
    Message { response: Some(response), ..Message::default() }.encode_length_delimited_to_vec()
}

/// Reads what another says to our question, in which there is one address.
pub(super) fn heard(content: &[u8]) -> Option<Heard> {
    let message = Message::decode(content).ok()?;
    if let Some(WantsFilling { which: 0, bytes }) = message.wants_filling {
        return FILLINGS.contains(&bytes).then_some(Heard::WantsFilling(bytes));
    }
    let Response { status, which, call } = message.response?;
    let outcome = match (Status::try_from(status).ok()?, Call::try_from(call).ok()?) {
        (Status::Ok, _) if which != 0 => return None,
        (Status::Ok, Call::Ok) => Outcome::Reached,
        (Status::Ok, Call::NoConnection) => Outcome::NotReached,
        (Status::Ok, Call::NoStream) => Outcome::NotTaken,
        (Status::Refused, _) => Outcome::Refused,
        (Status::Rejected, _) => Outcome::Rejected,
        (Status::InternalError, _) | (Status::Ok, Call::Unused) => return None,
    };
    Some(Heard::Answer(outcome))
}

/// Bytes that say nothing: who would have others called by a point pays with more than they are sent.
pub(super) fn filling(bytes: u64) -> impl Iterator<Item = Vec<u8>> {
    let bytes = usize::try_from(bytes).unwrap_or_default();
    (0..bytes).step_by(FILLING).map(move |sent| {
        let filling = Filling { data: vec![0; FILLING.min(bytes - sent)] };
        Message { filling: Some(filling), ..Message::default() }.encode_length_delimited_to_vec()
    })
}

/// What is said where somebody asked to be called.
pub(super) fn said(nonce: u64) -> Vec<u8> {
    Said { nonce }.encode_length_delimited_to_vec()
}

/// Reads what is said by who calls.
pub(super) fn nonce(content: &[u8]) -> Option<u64> {
    Said::decode(content).ok().map(|said| said.nonce)
}

/// That it was taken: a message whose one field has its first value, which is written by leaving it out.
pub(super) const TAKEN: [u8; 1] = [0];

/// Whether this says that it was taken.
pub(super) fn is_taken(content: &[u8]) -> bool {
    Taken::decode(content).is_ok_and(|taken| taken.status == 0)
}
