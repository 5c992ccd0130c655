//! The bytes of libp2p's rendezvous protocol: a frame is its length as a varint, then one protobuf message.
//!
//! The messages are those of the protocol's own description, read and written by the protobuf library that
//! libp2p is built on. A frame is measured before it is read, so that what a message can hold is bounded by it.

use std::io;

use futures::{AsyncRead, AsyncReadExt};
use prost::Message as _;

/// Bytes of a varint that a length can have: frames stay far below two megabytes.
const LENGTH: usize = 3;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub(super) enum Kind {
    Register = 0,
    RegisterResponse = 1,
    Unregister = 2,
    Discover = 3,
    DiscoverResponse = 4,
}

/// Why a point doesn't do what it is asked, in the protocol's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Status {
    /// It does.
    Ok = 0,
    /// There is no such namespace.
    InvalidNamespace = 100,
    /// The record isn't signed, or too large.
    InvalidRecord = 101,
    /// So short a life isn't served.
    InvalidLife = 102,
    /// The cookie isn't of this point's life, or of another namespace.
    InvalidCookie = 103,
    /// The record is somebody else's.
    NotAuthorized = 200,
    /// Something else.
    InternalError = 300,
    /// There is no room.
    Unavailable = 400,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Message {
    #[prost(enumeration = "Kind", optional, tag = "1")]
    pub(super) kind: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(super) register: Option<Register>,
    #[prost(message, optional, tag = "3")]
    pub(super) register_response: Option<RegisterResponse>,
    #[prost(message, optional, tag = "4")]
    pub(super) unregister: Option<Unregister>,
    #[prost(message, optional, tag = "5")]
    pub(super) discover: Option<Discover>,
    #[prost(message, optional, tag = "6")]
    pub(super) discover_response: Option<DiscoverResponse>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Register {
    #[prost(string, optional, tag = "1")]
    pub(super) namespace: Option<String>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub(super) record: Option<Vec<u8>>,
    /// In seconds.
    #[prost(uint64, optional, tag = "3")]
    pub(super) life: Option<u64>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct RegisterResponse {
    #[prost(enumeration = "Status", optional, tag = "1")]
    pub(super) status: Option<i32>,
    #[prost(string, optional, tag = "2")]
    pub(super) text: Option<String>,
    /// In seconds.
    #[prost(uint64, optional, tag = "3")]
    pub(super) life: Option<u64>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Unregister {
    #[prost(string, optional, tag = "1")]
    pub(super) namespace: Option<String>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Discover {
    #[prost(string, optional, tag = "1")]
    pub(super) namespace: Option<String>,
    #[prost(uint64, optional, tag = "2")]
    pub(super) limit: Option<u64>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub(super) cookie: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct DiscoverResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) registrations: Vec<Register>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub(super) cookie: Option<Vec<u8>>,
    #[prost(enumeration = "Status", optional, tag = "3")]
    pub(super) status: Option<i32>,
    #[prost(string, optional, tag = "4")]
    pub(super) text: Option<String>,
}

impl Message {
    pub(super) fn of(kind: Kind) -> Self {
        Self { kind: Some(kind.into()), ..Self::default() }
    }

    /// As a frame.
    pub(super) fn frame(&self) -> Vec<u8> {
        self.encode_length_delimited_to_vec()
    }

    /// From a frame's content.
    pub(super) fn parse(content: &[u8]) -> Option<(Kind, Self)> {
        let message = Self::decode(content).ok()?;
        let kind = Kind::try_from(message.kind?).ok()?;
        Some((kind, message))
    }
}

/// Reads one frame's content, of so many bytes at most.
pub(in crate::net) async fn read_frame(
    from: &mut (impl AsyncRead + Unpin),
    most: usize,
) -> io::Result<Vec<u8>> {
    let length = read_length(from).await?;
    if length > most {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut content = vec![0; length];
    from.read_exact(&mut content).await?;
    Ok(content)
}

async fn read_length(from: &mut (impl AsyncRead + Unpin)) -> io::Result<usize> {
    let mut length = 0;
    for at in 0..LENGTH {
        let mut byte = [0];
        from.read_exact(&mut byte).await?;
        length |= usize::from(byte[0] & 0x7f) << (7 * at);
        if byte[0] & 0x80 == 0 {
            return Ok(length);
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}
