//! What outlives a swarm: what was wished for, and what the node has been told.
//!
//! The driver borrows the ledger; when its swarm fails, the supervisor tells the node from it which channels
//! and peers are gone, and the next driver finds in it what to do.

use std::collections::{BTreeMap, BTreeSet};

use super::channels::Channels;
use super::command::{Advertised, Command, Company, Sought};
use crate::core::node::input::Input;
use crate::core::primitives::{address::Address, ids::DeviceId};

/// What is wished for until it is wished otherwise.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    pub(super) sought: BTreeMap<DeviceId, Sought>,
    pub(super) advertised: Advertised,
    pub(super) company: Company,
    pub(super) looks_around: bool,
}

impl Wishes {
    /// Remembers a command that holds until further notice; gives back any other.
    pub(super) fn note(&mut self, command: Command) -> Option<Command> {
        match command {
            Command::Seek(sought) => {
                self.sought.insert(sought.device, sought);
            }
            Command::StopSeeking(device) => {
                self.sought.remove(&device);
            }
            Command::Advertise(advertised) => self.advertised = advertised,
            Command::LookAround(wished) => self.looks_around = wished,
            Command::StayConnected(company) => self.company = company,
            other => return Some(other),
        }
        None
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) wishes: Wishes,
    pub(super) channels: Channels,
    /// Peers that the node believes to be connected.
    pub(super) peers: BTreeSet<DeviceId>,
    /// Where to listen: as the settings say, with the ports that the first swarm was given.
    pub(super) listen: Vec<Address>,
    /// What was last said of where we listen.
    pub(super) published: Option<Vec<Address>>,
    /// What was last said of points that can't be reached.
    pub(super) out_of_reach: Vec<(Address, String)>,
}

impl Ledger {
    pub(super) fn new(listen: &[Address]) -> Self {
        Self {
            wishes: Wishes::default(),
            channels: Channels::default(),
            peers: BTreeSet::new(),
            listen: listen.to_vec(),
            published: None,
            out_of_reach: Vec::new(),
        }
    }

    /// Books an input that is about to be told; says no to one that no longer concerns anybody.
    pub(super) fn book(&mut self, input: &Input) -> bool {
        match input {
            Input::Connected { peer, .. } => self.peers.insert(*peer),
            Input::Disconnected { peer } => self.peers.remove(peer),
            Input::Closed { channel } => self.channels.forget(*channel),
            Input::NotFound { device, .. } => self.wishes.sought.contains_key(device),
            _ => true,
        }
    }

    /// Everything that is over when the swarm is: channels first, then peers.
    pub(super) async fn write_off(&mut self) -> Vec<Input> {
        let closed = self.channels.shut_down().await;
        let channels = closed.into_iter().map(|channel| Input::Closed { channel });
        let peers = std::mem::take(&mut self.peers);
        channels.chain(peers.into_iter().map(|peer| Input::Disconnected { peer })).collect()
    }
}
