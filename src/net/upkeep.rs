//! What is due: wishes become needs, needs become deeds, and deeds are done.

use std::collections::BTreeSet;
use std::time::Duration;

use libp2p::PeerId;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use tokio::time::Instant;

use super::Pace;
use super::addresses;
use super::deed::{Deed, Purpose, Way};
use super::driver::{Driver, Errand};
use super::needs::{Needs, Question};
use crate::core::node::input::{Input, Protocol};
use crate::core::primitives::{address::Address, ids::DeviceId, limits};

/// How often a point is asked for a device that somebody waits for.
const ASK_SOON: Duration = Duration::from_secs(2);

/// How often a point is asked for contacts that are missing.
const ASK_LATER: Duration = Duration::from_secs(30);

/// Nothing is due for this long, where nothing is due at all.
const NOTHING_DUE: Duration = Duration::from_secs(3600);

impl Driver<'_> {
    /// Something happened that may make something due.
    pub(super) fn due_now(&mut self) {
        self.step_at = Instant::now();
    }

    /// What is wished for has changed.
    pub(super) fn wishes_changed(&mut self) {
        let now = Instant::now();
        let wishes = &self.ledger.wishes;
        self.searches.set(&wishes.sought, now);
        let swarm = &self.swarm;
        let is_connected =
            |device: &DeviceId| addresses::peer_of(device).is_some_and(|peer| swarm.is_connected(&peer));
        if self.contacts.set(&wishes.company, is_connected, now) {
            self.points.ask_afresh(&wishes.company.namespaces, now);
        }
        self.around.set(wishes.looks_around);
        self.recall_neighbours();
        self.due_now();
    }

    /// Neighbours that were seen before anybody asked for them.
    fn recall_neighbours(&mut self) {
        let wishes = &self.ledger.wishes;
        let contacts = wishes.company.contacts.iter().map(|contact| &contact.device);
        let wanted: BTreeSet<PeerId> =
            wishes.sought.keys().chain(contacts).filter_map(addresses::peer_of).collect();
        for peer in wanted {
            for address in self.neighbours.addresses(&peer).to_vec() {
                self.learn(peer, address);
            }
        }
    }

    /// Does what is due, and sets when something will be.
    pub(super) fn step(&mut self, now: Instant) {
        if now < self.step_at {
            return;
        }
        self.announce(now);
        self.registered_here.retain(|_, until| *until > now);
        let forgotten = self.neighbours.forget(now);
        for connection in self.own_ends.given_up(now) {
            self.swarm.close_connection(connection);
        }
        let mut deeds = Vec::new();
        let outside = self.look_outside(now, &mut deeds);
        let needs = self.needs();
        let swarm = &self.swarm;
        let peer_is_connected = |peer: &PeerId| swarm.is_connected(peer);
        let is_connected =
            |device: &DeviceId| addresses::peer_of(device).is_some_and(|peer| swarm.is_connected(&peer));
        self.points.set(needs);
        self.points.step(now, &self.neighbours, peer_is_connected, &mut deeds);
        let out_of_reach = self.points.out_of_reach();
        let searches = self.searches.step(now, is_connected, &self.points, &mut deeds);
        self.contacts.step(now, &self.points, &mut deeds);
        let around = self.around.step(now, &self.neighbours, peer_is_connected, &mut deeds);
        let places = self.seek_places(now);
        let held = self.registered_here.values().min().copied();
        let contacts = self.contacts.next(now);
        let edges = [places, forgotten, self.own_ends.next(), outside];
        let next =
            [self.points.next(), searches, around, contacts, self.announce_at, held].into_iter().chain(edges);
        self.step_at = next.flatten().min().unwrap_or(now + NOTHING_DUE);
        self.perform(deeds);
        self.keep_connections();
        if self.ledger.out_of_reach != out_of_reach {
            self.ledger.out_of_reach.clone_from(&out_of_reach);
            self.tell(Input::PointsOutOfReach { points: out_of_reach });
        }
    }

    fn needs(&self) -> Needs {
        let wishes = &self.ledger.wishes;
        let advertised = &wishes.advertised;
        let sought = wishes.sought.values().map(|sought| Question {
            namespace: sought.namespace.clone(),
            points: sought.points.clone(),
            around: true,
            every: ASK_SOON,
        });
        let missing = self.contacts.somebody_is_missing().then_some(&wishes.company);
        let company = missing.into_iter().flat_map(|company| {
            company.namespaces.iter().map(|namespace| Question {
                namespace: namespace.clone(),
                points: company.points.clone(),
                around: false,
                every: ASK_LATER,
            })
        });
        Needs {
            namespaces: advertised.namespaces.iter().take(limits::REGISTRATIONS_PER_POINT).cloned().collect(),
            points: advertised.points.iter().cloned().collect(),
            questions: sought.chain(company).collect(),
        }
    }

    /// Contacts, points, and who is registered with us stay connected though nothing is said.
    fn keep_connections(&mut self) {
        let contacts = self.ledger.wishes.company.contacts.iter();
        let contacts = contacts.filter_map(|contact| addresses::peer_of(&contact.device));
        let kept: BTreeSet<PeerId> =
            contacts.chain(self.points.peers()).chain(self.registered_here.keys().copied()).collect();
        let behaviour = self.swarm.behaviour_mut();
        behaviour.gate.keep(kept.clone());
        behaviour.streams.keep(kept);
    }

    /// Tells the node, and the points, where we listen, if that has changed.
    fn announce(&mut self, now: Instant) {
        if self.announce_at.is_none_or(|at| at > now) {
            return;
        }
        self.announce_at = None;
        if let Some(lan) = &self.lan {
            lan.is_at(self.swarm.listeners().filter_map(addresses::address).collect());
        }
        let named = self.settings.explicit.then_some(self.settings.listen.as_slice());
        let listening = addresses::published(self.swarm.listeners(), named, &BTreeSet::new());
        if listening != self.listening {
            self.listening = listening;
            self.outside.moved(now);
            self.seek_router();
        }
        let outside = self.reached_outside();
        let published = addresses::published(self.swarm.listeners(), named, &outside);
        self.told_outside = outside;
        if published != self.external {
            for gone in self.external.iter().filter(|address| !published.contains(address)) {
                self.swarm.remove_external_address(&addresses::multiaddr(gone));
            }
            for fresh in published.iter().filter(|address| !self.external.contains(address)) {
                self.swarm.add_external_address(addresses::multiaddr(fresh));
            }
            self.external.clone_from(&published);
            self.points.moved(now);
        }
        // The first list is told though it is empty: who makes links waits for it.
        if self.ledger.published.as_ref() != Some(&published) {
            self.ledger.published = Some(published.clone());
            self.tell(Input::Listening { addresses: published });
        }
    }

    pub(super) fn perform(&mut self, deeds: Vec<Deed>) {
        for deed in deeds {
            match deed {
                Deed::Dial { purpose, peer, address } => self.dial(purpose, peer, address),
                Deed::DialThrough { purpose, peer, relay } => self.dial_through(purpose, peer, relay),
                Deed::Greet(device) => self.greet(&device),
                Deed::Ask(neighbour) => {
                    self.open(neighbour, Protocol::Sessions, Errand::Open);
                }
                Deed::NotFound { device, mut tried } => {
                    if self.settings.mdns {
                        tried.push("the local network: not seen".to_owned());
                    }
                    self.tell(Input::NotFound { device, tried });
                }
                Deed::Register { point, namespace } => self.register(point, namespace),
                Deed::Unregister { point, namespace } => {
                    self.swarm.behaviour_mut().point.unregister(point, namespace);
                }
                Deed::AskToBeCalled { point, address } => {
                    self.swarm.behaviour_mut().callbacks.ask(point, address);
                }
                Deed::Discover { point, namespace, cookie } => {
                    let limit = limits::DISCOVERED_AT_ONCE;
                    self.swarm.behaviour_mut().point.discover(point, namespace, cookie, limit);
                }
            }
        }
    }

    /// Each address is a dial of its own: a wrong device that answers at one must not end the others. It leaves from the
    /// port that we listen at, so that what comes back through a router may be from anybody.
    fn dial(&mut self, purpose: Purpose, peer: Option<PeerId>, address: Address) {
        let to = vec![addresses::multiaddr(&address)];
        let opts = match peer {
            Some(peer) => DialOpts::peer_id(peer).condition(PeerCondition::Always).addresses(to).build(),
            None => DialOpts::unknown_peer_id().address(addresses::multiaddr(&address)).build(),
        };
        self.dials.insert(opts.connection_id(), (purpose, Way::At(address)));
        self.dial_by(opts);
    }

    /// The same from any port: where another program's connection took ours, which we can listen at all the same.
    pub(super) fn dial_from_a_fresh_port(&mut self, purpose: Purpose, address: Address) {
        let to = addresses::multiaddr(&address);
        let opts = match purpose.whom() {
            Some(peer) => {
                let opts = DialOpts::peer_id(peer).condition(PeerCondition::Always).addresses(vec![to]);
                opts.allocate_new_port().build()
            }
            None => DialOpts::unknown_peer_id().address(to).allocate_new_port().build(),
        };
        self.dials.insert(opts.connection_id(), (purpose, Way::At(address)));
        self.from_a_fresh_port.insert(opts.connection_id());
        self.dial_by(opts);
    }

    fn dial_by(&mut self, opts: DialOpts) {
        let connection = opts.connection_id();
        if let Err(error) = self.swarm.dial(opts) {
            self.on_dial_failed(connection, &error);
        }
    }

    fn greet(&mut self, device: &DeviceId) {
        let asked = addresses::peer_of(device)
            .is_some_and(|peer| self.open(peer, Protocol::Greeting, Errand::Greet(*device)));
        if !asked {
            self.searches.opening_failed(device, Instant::now());
            self.due_now();
        }
    }

    fn register(&mut self, point: PeerId, namespace: String) {
        if self.external.is_empty() {
            tracing::debug!(%point, "nowhere to be found yet");
            return self.points.not_registered(&point, &namespace, Instant::now());
        }
        let addresses = self.external.iter().map(addresses::multiaddr).collect();
        let life = self.life_of(&namespace);
        self.swarm.behaviour_mut().point.register(point, namespace, addresses, life);
    }
    /// How long we want to be registered under a name.
    pub(super) fn life_of(&self, namespace: &str) -> Duration {
        let Pace { registration, brief_registration, .. } = self.settings.pace;
        let is_brief = self.ledger.wishes.advertised.brief.iter().any(|brief| brief == namespace);
        if is_brief { brief_registration } else { registration }
    }
}
