//! The network: libp2p behind a small handle. libp2p is named in this folder and nowhere else.
//!
//! One [`Net`] is one swarm with one Ed25519 identity: a membership's device key, or the key of a bare
//! rendezvous point. It speaks the words of the core: what happens comes out as
//! [`Input`], what is to be done goes in as [`Command`].
//!
//! ```text
//!   Command ──▶ supervise ──▶ driver ──▶ swarm       TCP and QUIC, Noise, Yamux
//!   Input   ◀──  ledger        │  ▲       ├ gate     who may connect, and how often per address
//!                              │  │       ├ streams  our three protocols
//!              seek  ◀─────────┤  │       ├ point    libp2p's rendezvous protocol
//!              contacts ◀──────┤  │       ├ relay    circuits through a point, and ways out of them
//!              points ◀────────┤  │       └ identify, ping
//!              relays, router ◀┤  │       ├ callbacks  whether we are reached from outside
//!              outside ◀───────┤  ├── lan                who is near, by multicast
//!              around ◀────────┘  └── channels ── pipe   frames of one stream
//! ```
//!
//! `supervise` keeps what was wished for and what was reported, so that a swarm which fails is built anew and
//! nobody outside notices more than closed channels. `seek`, `contacts`, `around`, `points` and `outside` decide what is due and
//! say it as deeds; only `driver` touches the swarm.
//!
//! Everything a peer can make grow has its bound in [`limits`]: connections,
//! streams, queues, registrations. A full queue of inputs stops the reading; a full queue of frames closes
//! the stream.
//!
//! Not here: what the frames say, whom to trust, which namespaces exist: the core decides all that.

mod addresses;
mod around;
mod backoff;
#[doc(hidden)]
pub mod callbacks;
mod channels;
mod command;
mod contacts;
mod deed;
mod driver;
mod events;
#[doc(hidden)]
pub mod failures;
#[doc(hidden)]
pub mod gate;
mod hearsay;
#[doc(hidden)]
pub mod lan;
mod ledger;
#[doc(hidden)]
pub mod links;
#[doc(hidden)]
pub mod manners;
mod needs;
#[doc(hidden)]
pub mod neighbours;
#[doc(hidden)]
pub mod outside;
#[doc(hidden)]
pub mod own_ends;
mod pipe;
#[doc(hidden)]
pub mod point;
mod points;
mod probe;
mod relays;
mod router;
mod seeding;
mod seek;
#[doc(hidden)]
pub mod shares;
#[doc(hidden)]
pub mod streams;
mod supervise;
mod swarm;
mod upkeep;

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

pub use command::{Advertised, Command, Company, Sought};
pub use probe::check_addresses;

use crate::core::node::input::Input;
use crate::core::primitives::{address::Address, limits, secret::Secret32};

/// Inputs that wait for the node; when they are this many, nothing more is read from any stream.
const INPUTS: usize = 64;

/// Commands that wait for the driver; then who gives them waits.
const COMMANDS: usize = 64;

/// What one network is made of.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The Ed25519 seed of the identity.
    pub key_seed: Secret32,
    /// Where to listen; an unspecified address means all interfaces, port 0 any port. None, and nobody sees us.
    pub listen: Vec<Address>,
    /// The addresses were given by a person: each of them must work, and loopback is published too.
    pub explicit: bool,
    /// Serve registrations of others.
    pub serve: Serves,
    /// Carry connections between others that can't reach each other.
    pub relay: bool,
    /// Call others where they are, if they ask whether they are reached there.
    pub calls_back: bool,
    /// Look around on the local network.
    pub mdns: bool,
    /// Ask the router for ports that lead here.
    pub upnp: bool,
    /// Addresses outside that lead here, as a person says: they are told like those that were found out.
    pub announce: Vec<Address>,
    /// How long things take.
    pub pace: Pace,
}

/// Whose registrations are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serves {
    /// Nobody's.
    Nobody,
    /// Those of who is on one of this machine's own links: a room's courtesy.
    OwnLinks,
    /// Everybody's.
    Everybody,
}

impl Serves {
    /// What a setting means; where nobody decided, a bare LAN works, and strangers elsewhere get nothing.
    #[must_use]
    pub fn decided(setting: Option<bool>) -> Self {
        match setting {
            Some(true) => Self::Everybody,
            Some(false) => Self::Nobody,
            None => Self::OwnLinks,
        }
    }
}

/// Durations that tests shorten and nobody else changes.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// What one frame may take from its first byte to its last.
    pub frame: Duration,
    /// The life of a registration.
    pub registration: Duration,
    /// The life of one that is brief.
    pub brief_registration: Duration,
    /// The shortest life of a registration that is served.
    pub shortest_registration: Duration,
    /// How long a connection that nothing uses is kept.
    pub idle: Duration,
    /// How long a relay carries one connection.
    pub circuit: Duration,
    /// How often a peer is pinged, and how long it may take to answer; who doesn't twice in a row is gone.
    pub ping: (Duration, Duration),
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            frame: limits::HANDSHAKE,
            registration: limits::REGISTRATION,
            brief_registration: limits::SESSION_REGISTRATION,
            shortest_registration: limits::SHORTEST_REGISTRATION,
            idle: Duration::from_secs(10),
            circuit: limits::CIRCUIT,
            ping: limits::PING,
        }
    }
}

/// The network could not be started.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// Another program, or another membership, listens there already.
    #[error("{0} is in use by another program")]
    InUse(Address),
    /// The operating system refused the address.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// Which address.
        address: Address,
        /// What the system says.
        reason: String,
    },
    /// None of the addresses that are tried by default works on this machine.
    #[error("cannot listen on any address")]
    Nowhere,
    /// The encrypted transports could not be set up.
    #[error("cannot set up the network: {0}")]
    SetUp(String),
}

/// A running network. Clones drive the same one; when the last is dropped, it stops.
#[derive(Debug, Clone)]
pub struct Net {
    commands: mpsc::Sender<Command>,
}

/// Starts a network. Returns once every address is bound: all of them where they are explicit, one at least
/// where they are the defaults.
///
/// # Errors
/// Says which address failed, and why.
pub async fn start(settings: Settings) -> Result<(Net, mpsc::Receiver<Input>), NetError> {
    seeding::begin();
    let (commands, to_perform) = mpsc::channel(COMMANDS);
    let (inputs, happened) = mpsc::channel(INPUTS);
    let mut ledger = ledger::Ledger::new(&settings.listen);
    swarm::refuse_ports_in_use(&settings)?;
    let first = swarm::build(&settings, &mut ledger)?;
    tokio::spawn(supervise::run(settings, ledger, first, to_perform, inputs));
    Ok((Net { commands }, happened))
}

impl Net {
    /// Does it, after everything that was asked before; waits while too much waits already.
    pub async fn perform(&self, command: Command) {
        // The supervisor outlives every handle, unless it was told to stop: then there is nothing to do.
        let _ = self.commands.send(command).await;
    }

    /// Takes back the registrations, lets out what was sent, closes, and returns when that is done.
    pub async fn stop(self) {
        let (done, stopped) = oneshot::channel();
        self.perform(Command::Stop(done)).await;
        let _ = stopped.await;
    }

    /// Lets the swarm's task panic, to see that everything works again afterwards.
    #[doc(hidden)]
    pub async fn panic_for_test(&self) {
        self.perform(Command::PanicForTest).await;
    }
}
