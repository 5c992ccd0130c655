//! What breaks in a world: connections, machines, the plug in the wall.

use std::collections::BTreeSet;

use muster::core::node::input::{Channel, ConversationId, Input};
use muster::core::node::output::Snapshot;
use muster::core::node::{Node, Settings};
use muster::core::primitives::limits;

use super::world::{Machine, World};

impl World {
    /// The connection between two machines breaks.
    pub(crate) fn cut(&mut self, a: &str, b: &str) {
        self.disconnect(a, b);
        self.run();
    }

    /// An answer is given, and everything that follows from it happens until this holds, and not a step more.
    pub(crate) fn answer_until(
        &mut self,
        (name, conversation): (&str, ConversationId),
        line: &str,
        holds: impl Fn(&Self) -> bool,
    ) {
        self.inputs.push_back((name.to_owned(), Input::Answer { conversation, line: line.to_owned() }));
        while !holds(self) {
            let (name, input) = self.inputs.pop_front().expect("it would never have held");
            self.take(&name, input);
        }
    }

    /// The machine listens somewhere else from now on.
    pub(crate) fn moves(&mut self, name: &str, address: &str) {
        self.inputs
            .push_back((name.to_owned(), Input::Listening { addresses: vec![address.parse().unwrap()] }));
        self.run();
    }

    /// Where `who` would dial the machine `of` to stay connected with it.
    pub(crate) fn known_addresses(&self, who: &str, of: &str) -> Vec<String> {
        let device = self.device_of(of);
        let mut contacts = self.machines[who].contacts.iter();
        let contact = contacts.find(|it| it.device == device);
        contact.map(|it| it.addresses.iter().map(ToString::to_string).collect()).unwrap_or_default()
    }

    /// The machine crashes: what it hadn't committed is gone, its streams break, and it comes back at once.
    pub(super) fn crash(&mut self, name: &str) {
        let device = self.device_of(name);
        let machine = self.machines.get_mut(name).unwrap();
        machine.node = None;
        machine.seeks = None;
        machine.steps.clear();
        self.inputs.retain(|(to, _)| to != name);
        let peers: BTreeSet<String> = self
            .connections
            .iter()
            .filter_map(|(a, b)| {
                if a == name {
                    Some(b)
                } else if b == name {
                    Some(a)
                } else {
                    None
                }
            })
            .cloned()
            .collect();
        self.connections.retain(|(a, b)| a != name && b != name);
        let broken: Vec<Channel> =
            self.streams.iter().filter(|(_, (a, b))| a == name || b == name).map(|(c, _)| *c).collect();
        for channel in broken {
            self.close(name, channel);
        }
        for peer in peers {
            self.inputs.push_back((peer, Input::Disconnected { peer: device }));
        }
        self.restart(name);
    }

    /// The machine comes back with what is on its disk.
    pub(super) fn restart(&mut self, name: &str) {
        let snapshot: Snapshot = self.machines[name].disk.clone().into_iter().collect();
        if let Some(node) = Node::restore(snapshot, Settings::default()).unwrap() {
            let (device, scattered) = (self.device_of(name), self.scattered);
            let wants = |machine: &Machine| {
                machine.contacts.iter().any(|it| it.device == device) && machine.node.is_some()
            };
            let others: Vec<String> =
                self.machines.iter().filter(|(_, it)| wants(it)).map(|(other, _)| other.clone()).collect();
            self.machines.get_mut(name).unwrap().node = Some(node);
            self.inputs.push_back((name.to_owned(), Input::Started));
            self.seekers_find(name);
            let others = others.iter().filter(|_| !scattered);
            for other in others {
                self.connect(other, name);
            }
        }
    }

    /// From here on no machine finds another by itself.
    pub(crate) fn scatter(&mut self) {
        self.scattered = true;
    }

    /// `one` dials `other`; they part when nothing more is said, and some time passes.
    pub(crate) fn meet_for_a_moment(&mut self, one: &str, other: &str) {
        self.connect(one, other);
        self.run();
        self.wait(limits::SYNC_PATIENCE);
        self.disconnect(one, other);
        self.wait(limits::LONGEST_SYNC_PAUSE);
    }

    /// From now on, the machine crashes instead of doing its `n`th next output.
    pub(crate) fn crash_at(&mut self, name: &str, n: usize) {
        let machine = self.machines.entry(name.to_owned()).or_default();
        machine.crash_at = Some(machine.outputs + n);
    }

    /// No crash from here on; whether one that was asked for hadn't come yet.
    pub(crate) fn calm_down(&mut self, name: &str) -> bool {
        self.machines.get_mut(name).unwrap().crash_at.take().is_some()
    }

    /// Nobody reaches this machine any more, and it stops.
    pub(crate) fn unplug(&mut self, name: &str) {
        let others: Vec<String> = self.machines.keys().filter(|other| *other != name).cloned().collect();
        for other in others {
            self.disconnect(name, &other);
        }
        let machine = self.machines.get_mut(name).unwrap();
        (machine.unplugged, machine.node) = (true, None);
        machine.contacts.clear();
        self.run();
    }

    /// Whether a machine that is unplugged would come back with what is on its disk.
    pub(crate) fn comes_back(&self, name: &str) -> bool {
        let snapshot: Snapshot = self.machines[name].disk.clone().into_iter().collect();
        Node::restore(snapshot, Settings::default()).is_ok()
    }

    /// It comes back with what is on its disk.
    pub(crate) fn plug_in(&mut self, name: &str) {
        self.machines.get_mut(name).unwrap().unplugged = false;
        self.restart(name);
        self.run();
    }
}
