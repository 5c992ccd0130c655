//! What a node is told.

use super::conversation::Begin;
use super::request::Request;
use crate::core::primitives::{address::Address, ids::DeviceId};

/// A stream to another device, numbered by the driver; numbers are never used twice by one driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel(pub u64);

/// A request of a local client that awaits one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// A local client's `greet` or `join`, from its first word to `done` or `ended`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConversationId(pub u64);

/// Which of our protocols a stream speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// `/muster/greeting/1`
    Greeting,
    /// `/muster/sync/1`
    Sync,
    /// `/muster/sessions/1`
    Sessions,
}

/// One thing that happened. The driver hands them in one at a time.
#[derive(Debug)]
pub enum Input {
    /// The node was just made or restored, and the network is up.
    Started,
    /// `poll_timeout()` has passed.
    TimeOut,
    /// Where this device listens, as others can reach it: the whole list, whenever it changed.
    Listening {
        /// Loopback and link-local only where configured so.
        addresses: Vec<Address>,
    },
    /// The first connection to this peer stands; the peer proved that it holds this device's key.
    Connected {
        /// Who.
        peer: DeviceId,
        /// Whether we dialled.
        dialed: bool,
        /// The address that worked, where we dialled.
        address: Option<Address>,
    },
    /// The last connection to this peer is gone.
    Disconnected {
        /// Who.
        peer: DeviceId,
    },
    /// A stream stands, opened by the peer, or by us upon [`Output::Open`](super::output::Output::Open) or
    /// [`Output::Seek`](super::output::Output::Seek).
    Opened {
        /// Its number from here on.
        channel: Channel,
        /// Who is at the other end, as the connection authenticated them.
        peer: DeviceId,
        /// What is spoken.
        protocol: Protocol,
        /// Whether we asked for it.
        by_us: bool,
        /// Where the peer is, as the connection sees it, for people and for rate limits: an IP address.
        from: String,
        /// Whether the connection is direct, and from an address on one of this machine's own links.
        near: bool,
    },
    /// A frame came.
    Received {
        /// On this stream.
        channel: Channel,
        /// Without its length.
        frame: Vec<u8>,
    },
    /// The stream is gone: hung up on by the peer, broken, or a frame was over the limit.
    Closed {
        /// Which.
        channel: Channel,
    },
    /// All ways that [`Output::Seek`](super::output::Output::Seek) named were tried and none led to the device;
    /// the driver goes on trying.
    NotFound {
        /// Who was sought.
        device: DeviceId,
        /// What was tried, one short phrase each.
        tried: Vec<String>,
    },
    /// Points at which we are to be registered and that can't be reached: all of them, whenever that changes.
    PointsOutOfReach {
        /// Where each is, and what is the matter, in a phrase.
        points: Vec<(Address, String)>,
    },
    /// A local client asks.
    Request {
        /// To be named in the reply.
        id: RequestId,
        /// What.
        request: Request,
    },
    /// A local client begins a conversation.
    Begin {
        /// Its number from here on.
        conversation: ConversationId,
        /// What about.
        begin: Begin,
    },
    /// A line that the local client answered.
    Answer {
        /// In this conversation.
        conversation: ConversationId,
        /// As it was typed.
        line: String,
    },
    /// The local client went away, or cancelled.
    Left {
        /// This conversation.
        conversation: ConversationId,
    },
}
