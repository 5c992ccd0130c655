//! What a network is told to do.

use tokio::sync::oneshot;

use crate::core::node::input::{Channel, Protocol};
use crate::core::node::output::{Contact, Output};
use crate::core::primitives::{address::Address, ids::DeviceId};

/// One thing to do; each means what the [`Output`] of the same name says.
#[derive(Debug)]
pub enum Command {
    /// See [`Output::Send`].
    Send {
        /// On this stream.
        channel: Channel,
        /// Without its length.
        frame: Vec<u8>,
    },
    /// See [`Output::HangUp`].
    HangUp(Channel),
    /// See [`Output::Open`].
    Open {
        /// To whom.
        peer: DeviceId,
        /// What to speak.
        protocol: Protocol,
    },
    /// See [`Output::Disconnect`].
    Disconnect(DeviceId),
    /// See [`Output::Seek`].
    Seek(Sought),
    /// See [`Output::StopSeeking`].
    StopSeeking(DeviceId),
    /// See [`Output::Advertise`].
    Advertise(Advertised),
    /// See [`Output::StayConnected`].
    StayConnected(Company),
    /// Ask every neighbour for its sessions, by a stream that comes as `Opened`, until told otherwise.
    LookAround(bool),
    /// Stop, and say when it is done; [`Net::stop`](super::Net::stop) does this.
    Stop(oneshot::Sender<()>),
    /// See [`Net::panic_for_test`](super::Net::panic_for_test).
    #[doc(hidden)]
    PanicForTest,
}

/// A device that is sought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// Whom; only a connection that proves this key counts.
    pub device: DeviceId,
    /// Addresses that it may have.
    pub addresses: Vec<Address>,
    /// Rendezvous points that may know it.
    pub points: Vec<Address>,
    /// The namespace under which it registers.
    pub namespace: String,
}

/// What to be registered under, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Advertised {
    /// Sixty-four hexadecimal digits each.
    pub namespaces: Vec<String>,
    /// Those of them that are registered for a short time, and so the more often.
    pub brief: Vec<String>,
    /// Rendezvous points.
    pub points: Vec<Address>,
}

/// Whom to stay connected with, and where to ask for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Company {
    /// Everybody active but this device.
    pub contacts: Vec<Contact>,
    /// Under which members register.
    pub namespaces: Vec<String>,
    /// Where to look.
    pub points: Vec<Address>,
}

impl TryFrom<Output> for Command {
    /// The output, where it isn't one for the network.
    type Error = Output;

    fn try_from(output: Output) -> Result<Self, Output> {
        Ok(match output {
            Output::Send { channel, frame } => Self::Send { channel, frame },
            Output::HangUp { channel } => Self::HangUp(channel),
            Output::Open { peer, protocol } => Self::Open { peer, protocol },
            Output::Disconnect { peer } => Self::Disconnect(peer),
            Output::Seek { device, addresses, points, namespace } => {
                Self::Seek(Sought { device, addresses, points, namespace })
            }
            Output::StopSeeking { device } => Self::StopSeeking(device),
            Output::Advertise { namespaces, brief, points } => {
                Self::Advertise(Advertised { namespaces, brief, points })
            }
            Output::StayConnected { contacts, namespaces, points } => {
                Self::StayConnected(Company { contacts, namespaces, points })
            }
            other => return Err(other),
        })
    }
}
