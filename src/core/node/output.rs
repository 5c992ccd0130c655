//! What a node wants done, in this order and no other.

use super::conversation::Step;
use super::event::Event;
use super::input::{Channel, ConversationId, Protocol, RequestId};
use super::request::{Answer, Refusal};
use crate::core::primitives::{address::Address, ids::DeviceId};

/// Changes that stand or fall together: a key with its new value, or with none to delete it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// In order; the last change of a key counts.
    pub changes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Batch({} changes)", self.changes.len())
    }
}

/// A whole store as it was loaded: keys with their values, in any order.
pub type Snapshot = Vec<(Vec<u8>, Vec<u8>)>;

/// A device of the organization, and where it was reached or said to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Who.
    pub device: DeviceId,
    /// The best first; may be empty.
    pub addresses: Vec<Address>,
}

/// One thing to do.
#[derive(Debug)]
pub enum Output {
    /// Make this durable before anything that follows.
    Commit(Batch),
    /// Send a frame (at most [`limits::FRAME`](crate::core::primitives::limits::FRAME) bytes).
    Send {
        /// On this stream.
        channel: Channel,
        /// Without its length.
        frame: Vec<u8>,
    },
    /// Close the stream once what was sent has left. The driver doesn't report it as closed.
    HangUp {
        /// Which.
        channel: Channel,
    },
    /// Open a stream to a connected peer; comes back as `Opened`, or not at all.
    Open {
        /// To whom.
        peer: DeviceId,
        /// What to speak.
        protocol: Protocol,
    },
    /// Close every connection to this peer once what was sent has left.
    Disconnect {
        /// Whom.
        peer: DeviceId,
    },
    /// Find this device, by all ways at once, and open a greeting stream to it; go on until
    /// it is open (`Opened` with `by_us`) or `StopSeeking`. A second `Seek` of the same device replaces the first.
    Seek {
        /// Whom; only a connection that proves this key counts.
        device: DeviceId,
        /// Addresses that it may have.
        addresses: Vec<Address>,
        /// Rendezvous points that may know it.
        points: Vec<Address>,
        /// The namespace under which it registers.
        namespace: String,
    },
    /// Look no further for this device.
    StopSeeking {
        /// Whom.
        device: DeviceId,
    },
    /// Be registered under exactly these namespaces, at all of these points and at LAN neighbours that serve.
    /// Replaces what was advertised before; what is no longer named is unregistered.
    Advertise {
        /// Sixty-four hexadecimal digits each.
        namespaces: Vec<String>,
        /// Those of them that soon mean nothing any more: a registration that can't be taken back lives out a short life.
        brief: Vec<String>,
        /// Rendezvous points.
        points: Vec<Address>,
    },
    /// Stay connected with these devices, found by their addresses, mDNS, and under these namespaces.
    /// Replaces what was said before.
    StayConnected {
        /// Everybody active but this device.
        contacts: Vec<Contact>,
        /// Under which members register.
        namespaces: Vec<String>,
        /// Where to look.
        points: Vec<Address>,
    },
    /// Tell everyone who follows events.
    Notify(Event),
    /// Answer a local client's request.
    Reply {
        /// Which.
        id: RequestId,
        /// What.
        answer: Result<Answer, Refusal>,
    },
    /// Say the next step of a conversation; after `done` or `ended` it is over.
    Say {
        /// Which.
        conversation: ConversationId,
        /// What.
        step: Step,
    },
    /// This membership is over and wanted no more: stop it and wipe its part of the store.
    Forget,
}
