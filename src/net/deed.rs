//! What `seek`, `contacts`, `points` and `outside` want done. They decide; the driver does.

use libp2p::PeerId;

use super::addresses;
use crate::core::primitives::{address::Address, ids::DeviceId};

/// Where a rendezvous point is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// At an address; who it is, is learnt by connecting.
    At(Address),
    /// On the local network.
    Neighbour(PeerId),
}

/// How somebody is reached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// At an address.
    At(Address),
    /// Through a relay that is connected.
    Through(PeerId),
}

/// What a connection is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To find this device.
    Seek(DeviceId),
    /// To stay connected with this device.
    Contact(DeviceId),
    /// To ask this neighbour for its sessions.
    Around(PeerId),
    /// To use this rendezvous point.
    Point(Place),
}

impl Purpose {
    /// Who must answer, where it is known.
    pub(super) fn whom(&self) -> Option<PeerId> {
        match self {
            Self::Seek(device) | Self::Contact(device) => addresses::peer_of(device),
            Self::Around(peer) | Self::Point(Place::Neighbour(peer)) => Some(*peer),
            Self::Point(Place::At(_)) => None,
        }
    }
}

/// One thing to do.
#[derive(Debug)]
pub(super) enum Deed {
    /// Dial one address; whoever answers must be `peer`, where it is known.
    Dial { purpose: Purpose, peer: Option<PeerId>, address: Address },
    /// Ask a relay that is connected for a connection with a peer.
    DialThrough { purpose: Purpose, peer: PeerId, relay: PeerId },
    /// Open a greeting stream to a device that is sought and connected.
    Greet(DeviceId),
    /// Ask a neighbour that is connected for its sessions.
    Ask(PeerId),
    /// Say that a device was not found.
    NotFound { device: DeviceId, tried: Vec<String> },
    /// Register at a point that is connected.
    Register { point: PeerId, namespace: String },
    /// Take a registration back.
    Unregister { point: PeerId, namespace: String },
    /// Ask a point that is connected.
    Discover { point: PeerId, namespace: String, cookie: Option<Vec<u8>> },
    /// Ask a point that is connected to call us there.
    AskToBeCalled { point: PeerId, address: Address },
}
