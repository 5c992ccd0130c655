//! The driver: the only one who touches the swarm. One loop takes commands, lets inputs out, polls the swarm,
//! and does what is due.
//!
//! Inputs wait in an outbox, so that commands are taken even while the node is busy: the two queues between
//! driver and node never wait for each other. While the outbox is full the swarm isn't polled.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use futures::StreamExt;
use libp2p::core::transport::ListenerId;
use libp2p::swarm::{ConnectionId, Swarm, SwarmEvent};
use libp2p::{Multiaddr, PeerId};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use super::Settings;
use super::addresses;
use super::around::Around;
use super::channels::Fresh;
use super::command::Command;
use super::contacts::Contacts;
use super::deed::{Purpose, Way};
use super::lan::{Lan, Seen};
use super::ledger::Ledger;
use super::links::Links;
use super::manners::Manners;
use super::neighbours::Neighbours;
use super::outside::Outside;
use super::own_ends::OwnEnds;
use super::points::Points;
use super::relays::Relays;
use super::seek::Searches;
use super::shares::Shares;
use super::streams::Request;
use super::swarm::{Behaviour, BehaviourEvent, Listening};
use crate::core::node::input::{Channel, Input, Protocol};
use crate::core::primitives::{address::Address, ids::DeviceId};

/// Inputs that wait to be let out before the swarm is no longer polled.
const OUTBOX: usize = 256;

/// What may be taken to part when everything stops.
const PARTING: Duration = Duration::from_secs(2);

/// Something that the node is to be told.
pub(super) enum Outgoing {
    /// As it is.
    Tell(Input),
    /// That a stream stands; from then on its frames come.
    Begin(Fresh),
}

/// What a stream was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Errand {
    /// Because the device was sought.
    Greet(DeviceId),
    /// Because the node wanted one.
    Open,
}

/// One life of the network, from a swarm that listens to the day it is told to stop.
pub(super) struct Driver<'a> {
    pub(super) swarm: Swarm<Behaviour>,
    pub(super) listeners: Vec<(ListenerId, usize)>,
    pub(super) settings: &'a Settings,
    pub(super) ledger: &'a mut Ledger,
    inputs: &'a mpsc::Sender<Input>,
    pub(super) outbox: VecDeque<Outgoing>,

    pub(super) searches: Searches,
    pub(super) contacts: Contacts,
    pub(super) points: Points,
    pub(super) around: Around,
    /// Who is near says so there; nobody does where it isn't looked around.
    pub(super) lan: Option<Lan>,
    pub(super) neighbours: Neighbours,
    pub(super) links: Links,
    pub(super) own_ends: OwnEnds,

    /// Dials under way, and what for.
    pub(super) dials: HashMap<ConnectionId, (Purpose, Way)>,
    /// Of these, the ones that leave from a port of their own.
    pub(super) from_a_fresh_port: HashSet<ConnectionId>,
    /// Streams that were asked for, and what for.
    pub(super) errands: BTreeMap<Request, Errand>,
    /// Where the other end of each connection is.
    pub(super) remotes: HashMap<ConnectionId, Multiaddr>,
    /// Peers whose last connection is gone, but not the last word of their streams.
    pub(super) gone: BTreeSet<PeerId>,
    /// Peers to be disconnected once their streams are closed.
    pub(super) leaving: BTreeSet<PeerId>,
    /// Those that go through a relay, with whom.
    pub(super) relayed: HashMap<ConnectionId, PeerId>,
    /// Relays that hold a place for us, and those that are asked for one.
    pub(super) relays: Relays,
    /// What each address has of what we relay.
    pub(super) shares: Shares,
    /// Peers that are registered with us, and until when.
    pub(super) registered_here: BTreeMap<PeerId, Instant>,
    /// What peers ask of us as a point.
    pub(super) manners: Manners,
    /// The addresses under which we register.
    pub(super) external: Vec<Address>,
    /// Where we listen.
    pub(super) listening: Vec<Address>,
    /// Ports of the router that lead here.
    pub(super) opened: BTreeSet<Multiaddr>,
    /// Where else we are reached, as points say.
    pub(super) outside: Outside,
    /// What was last told of both.
    pub(super) told_outside: BTreeSet<Address>,
    /// When to look at what we listen on; a moment after it changed, since changes come in groups.
    pub(super) announce_at: Option<Instant>,
    /// When something is due.
    pub(super) step_at: Instant,
}

/// What the loop woke up for.
enum Woken<'p> {
    Told(Option<Command>),
    CanSay(Option<mpsc::Permit<'p, Input>>),
    Swarm(Box<SwarmEvent<BehaviourEvent>>),
    Seen(Seen),
    Ended((Channel, PeerId)),
    Due,
}

impl<'a> Driver<'a> {
    pub(super) fn new(
        Listening { swarm, listeners, shares }: Listening,
        settings: &'a Settings,
        ledger: &'a mut Ledger,
        inputs: &'a mpsc::Sender<Input>,
    ) -> Self {
        let lan = settings.mdns.then(|| Lan::start(*swarm.local_peer_id())).flatten();
        let mut driver = Self {
            swarm,
            listeners,
            settings,
            ledger,
            inputs,
            outbox: VecDeque::new(),
            searches: Searches::default(),
            contacts: Contacts::default(),
            points: Points::default(),
            around: Around::default(),
            lan,
            neighbours: Neighbours::default(),
            links: Links::default(),
            own_ends: OwnEnds::default(),
            dials: HashMap::new(),
            from_a_fresh_port: HashSet::new(),
            errands: BTreeMap::new(),
            remotes: HashMap::new(),
            relayed: HashMap::new(),
            relays: Relays::default(),
            shares,
            gone: BTreeSet::new(),
            leaving: BTreeSet::new(),
            registered_here: BTreeMap::new(),
            manners: Manners::default(),
            external: Vec::new(),
            listening: Vec::new(),
            opened: BTreeSet::new(),
            outside: Outside::default(),
            told_outside: BTreeSet::new(),
            announce_at: None,
            step_at: Instant::now(),
        };
        driver.wishes_changed();
        driver
    }

    /// Runs until it is told to stop; gives back who waits for that.
    pub(super) async fn run(mut self, commands: &mut mpsc::Receiver<Command>) -> Option<oneshot::Sender<()>> {
        let inputs = self.inputs;
        loop {
            self.step(Instant::now());
            let woken = tokio::select! {
                command = commands.recv() => Woken::Told(command),
                permit = inputs.reserve(), if !self.outbox.is_empty() => Woken::CanSay(permit.ok()),
                event = self.swarm.select_next_some(), if self.outbox.len() < OUTBOX => Woken::Swarm(Box::new(event)),
                Some(seen) = next_seen(self.lan.as_mut()), if self.outbox.len() < OUTBOX => Woken::Seen(seen),
                ended = self.ledger.channels.ended() => Woken::Ended(ended),
                () = sleep_until(self.step_at) => Woken::Due,
            };
            match woken {
                Woken::Told(None) => return self.wind_up(None).await,
                Woken::Told(Some(Command::Stop(waiting))) => return self.wind_up(Some(waiting)).await,
                Woken::Told(Some(command)) => self.obey(command),
                Woken::CanSay(Some(permit)) => self.say(permit),
                // Nobody listens any more; the handle is about to be dropped, too.
                Woken::CanSay(None) => self.outbox.clear(),
                Woken::Swarm(event) => self.on_swarm_event(*event),
                Woken::Seen(seen) => self.on_seen(seen),
                Woken::Ended((channel, peer)) => self.on_ended(channel, peer),
                Woken::Due => {}
            }
        }
    }

    #[expect(clippy::panic, reason = "a test wants to see that a failing swarm is replaced")]
    fn obey(&mut self, command: Command) {
        if let (Some(lan), Command::Seek(_) | Command::LookAround(true)) = (&self.lan, &command) {
            lan.ask();
        }
        let Some(command) = self.ledger.wishes.note(command) else { return self.wishes_changed() };
        match command {
            Command::Send { channel, frame } => self.ledger.channels.send(channel, frame),
            Command::HangUp(channel) => self.ledger.channels.hang_up(channel),
            Command::Open { peer, protocol } => {
                if let Some(peer) = addresses::peer_of(&peer) {
                    self.open(peer, protocol, Errand::Open);
                }
            }
            Command::Disconnect(peer) => {
                if let Some(peer) = addresses::peer_of(&peer) {
                    self.ledger.channels.hang_up_on(&peer);
                    self.leaving.insert(peer);
                    self.let_go(peer);
                }
            }
            Command::PanicForTest => panic!("asked for by a test"),
            // Wishes were noted, and `run` has seen to `Stop`.
            _ => {}
        }
    }

    /// Asks for a stream; whether one may come.
    pub(super) fn open(&mut self, peer: PeerId, protocol: Protocol, errand: Errand) -> bool {
        let request = self.swarm.behaviour_mut().streams.open(peer, protocol);
        if let Some(request) = request {
            self.errands.insert(request, errand);
        }
        request.is_some()
    }

    /// Lets one input out.
    fn say(&mut self, permit: mpsc::Permit<'_, Input>) {
        match self.outbox.pop_front() {
            Some(Outgoing::Tell(input)) if self.ledger.book(&input) => permit.send(input),
            Some(Outgoing::Begin(fresh)) => self.begin(fresh, permit),
            _ => {}
        }
    }

    fn begin(&mut self, fresh: Fresh, permit: mpsc::Permit<'_, Input>) {
        let Some(peer) = addresses::device_of(&fresh.peer) else { return };
        let Fresh { connection, protocol, by_us, near, .. } = fresh;
        let channel = self.ledger.channels.next_number();
        permit.send(Input::Opened { channel, peer, protocol, by_us, from: fresh.from.clone(), near });
        self.ledger.channels.begin(channel, fresh, self.inputs.clone(), self.settings.pace.frame);
        if !self.remotes.contains_key(&connection) {
            self.ledger.channels.connection_lost(connection);
        }
    }

    /// A stream has ended.
    fn on_ended(&mut self, channel: Channel, peer: PeerId) {
        self.tell(Input::Closed { channel });
        self.let_go(peer);
    }

    /// Where nothing more is to be said to or of a peer, parts from it, and says that it is gone.
    pub(super) fn let_go(&mut self, peer: PeerId) {
        let fresh = |one: &Outgoing| matches!(one, Outgoing::Begin(fresh) if fresh.peer == peer);
        if self.ledger.channels.of_peer(&peer) > 0 || self.outbox.iter().any(fresh) {
            return;
        }
        if self.leaving.remove(&peer) {
            // An error means that it isn't connected, which is what is wanted.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        if let (true, Some(device)) = (self.gone.remove(&peer), addresses::device_of(&peer)) {
            self.tell(Input::Disconnected { peer: device });
        }
    }

    pub(super) fn tell(&mut self, input: Input) {
        self.outbox.push_back(Outgoing::Tell(input));
    }

    /// Takes back registrations, lets out what was sent, and closes.
    async fn wind_up(mut self, waiting: Option<oneshot::Sender<()>>) -> Option<oneshot::Sender<()>> {
        if self.swarm.connected_peers().next().is_none() && self.ledger.channels.count() == 0 {
            // Nobody is there to part from, and somebody may wait for the addresses.
            return waiting;
        }
        for (point, namespace) in self.points.registrations() {
            self.swarm.behaviour_mut().point.unregister(point, namespace);
        }
        self.ledger.channels.hang_up_on_all();
        let _ = timeout(PARTING, self.let_all_out()).await;
        for peer in self.swarm.connected_peers().copied().collect::<Vec<_>>() {
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let closed = async {
            while self.swarm.connected_peers().next().is_some() {
                self.swarm.select_next_some().await;
            }
        };
        let _ = timeout(PARTING, closed).await;
        waiting
    }

    async fn let_all_out(&mut self) {
        // What was given to the swarm leaves while it is polled; a moment suffices, and there is no sign of it.
        let moment = sleep_until(Instant::now() + Duration::from_millis(100));
        let mut moment = std::pin::pin!(moment);
        let mut moment_is_over = false;
        while !moment_is_over || self.ledger.channels.count() > 0 {
            tokio::select! {
                () = &mut moment, if !moment_is_over => moment_is_over = true,
                _ = self.swarm.select_next_some() => {}
                _ = self.ledger.channels.ended() => {}
            }
        }
    }
}

async fn next_seen(lan: Option<&mut Lan>) -> Option<Seen> {
    match lan {
        Some(lan) => lan.seen().await,
        None => std::future::pending().await,
    }
}
