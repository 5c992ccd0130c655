//! A world of nodes in virtual time: real nodes, disks that keep what was committed, streams that deliver in
//! order, and crashes between any two outputs. The same seed gives the same world.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use muster::core::greeting::link::Link;
use muster::core::node::conversation::{Begin, JoinAnswers, Step};
use muster::core::node::event::Happening;
use muster::core::node::input::{Channel, ConversationId, Input, Protocol, RequestId};
use muster::core::node::output::{Contact, Output};
use muster::core::node::request::{Answer, Refusal, Request, UserAnswer};
use muster::core::node::{NewOrganization, Node, Settings};
use muster::core::primitives::entropy::Entropy;
use muster::core::primitives::ids::DeviceId;
use muster::core::primitives::secret::Secret32;
use muster::core::primitives::text::{Email, Label, Name};
use muster::core::primitives::time::Moment;

use super::breaks::Breaks;
use super::device;

/// One machine: a node while it runs, and a disk that outlives it. Without a node it does what the test says.
#[derive(Default)]
pub(super) struct Machine {
    pub(super) node: Option<Node>,
    pub(super) disk: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Everything that was ever written to the disk, overwritten or not.
    pub(super) written: Vec<Vec<u8>>,
    /// What is sought, and hasn't been found yet.
    pub(super) seeks: Option<DeviceId>,
    /// Whom it wants to stay connected with.
    pub(super) contacts: Vec<Contact>,
    /// Under which names it wants to be registered, and which of them briefly.
    pub(super) advertised: (Vec<String>, Vec<String>),
    /// Whether nobody reaches it and it reaches nobody.
    pub(super) unplugged: bool,
    /// How far its clock is ahead of the others'.
    pub(super) ahead: Duration,
    /// From where others see it, and whether they share a link with it.
    pub(super) seen_from: Option<(String, bool)>,
    pub(super) outputs: usize,
    /// Crash instead of doing this output.
    pub(super) crash_at: Option<usize>,
    pub(super) steps: BTreeMap<ConversationId, Vec<Step>>,
    replies: Vec<Result<Answer, Refusal>>,
    pub(super) events: Vec<Happening>,
}

/// One frame on its way, as whoever records the wire sees it.
pub(super) struct Sent {
    pub(super) channel: Channel,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) frame: Vec<u8>,
    /// The number of the entropy that its sender had: it opens what was sealed with keys drawn from it.
    pub(super) draw: u64,
}

pub(crate) struct World {
    pub(super) machines: BTreeMap<String, Machine>,
    pub(super) inputs: VecDeque<(String, Input)>,
    pub(super) streams: BTreeMap<Channel, (String, String)>,
    pub(super) connections: BTreeSet<(String, String)>,
    /// Whether no machine finds another by itself.
    pub(super) scattered: bool,
    /// Every frame that was ever sent, where that is recorded.
    pub(super) wire: Vec<Sent>,
    pub(super) is_recorded: bool,
    /// What each end of each stream said last, and who hung up.
    pub(super) breaks: Breaks,
    pub(crate) now: Moment,
    draws: u64,
    numbers: u64,
    seed: String,
}

impl World {
    pub(crate) fn new(seed: &str) -> Self {
        Self {
            machines: BTreeMap::new(),
            inputs: VecDeque::new(),
            streams: BTreeMap::new(),
            connections: BTreeSet::new(),
            scattered: false,
            wire: Vec::new(),
            is_recorded: true,
            breaks: Breaks::default(),
            now: Moment(1_790_000_000_000),
            draws: 0,
            numbers: 0,
            seed: seed.to_owned(),
        }
    }

    pub(super) fn entropy(&mut self) -> Entropy {
        self.draws += 1;
        self.entropy_of(self.draws)
    }

    /// The entropy that was drawn then, once more.
    pub(super) fn entropy_of(&self, draw: u64) -> Entropy {
        Entropy::new(&Secret32::new(blake3::derive_key(&self.seed, &draw.to_be_bytes())))
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// This machine founds an organization; its person is called like it.
    pub(crate) fn found(&mut self, name: &str) {
        let new = NewOrganization {
            name: Name::parse("Field Lab").unwrap(),
            person: Name::parse(&person(name)).unwrap(),
            email: Email::parse(&email(name)).unwrap(),
            device: Label::parse(&label(name)).unwrap(),
        };
        let (now, entropy) = (self.now, self.entropy());
        let node = Node::found(device(name), &new, Settings::default(), now, entropy).unwrap();
        self.start(name, node);
    }

    pub(super) fn start(&mut self, name: &str, node: Node) {
        let machine = self.machines.entry(name.to_owned()).or_default();
        machine.node = Some(node);
        self.drain(name);
        let here = format!("/ip4/192.0.2.{}/tcp/7733", name.len());
        self.inputs.push_back((name.to_owned(), Input::Started));
        self.inputs.push_back((name.to_owned(), Input::Listening { addresses: vec![here.parse().unwrap()] }));
        self.seekers_find(name);
        self.run();
    }

    /// Everything that is under way happens.
    pub(crate) fn run(&mut self) {
        while let Some((name, input)) = self.inputs.pop_front() {
            self.take(&name, input);
        }
    }

    /// A machine takes one input, and does what follows.
    pub(super) fn take(&mut self, name: &str, input: Input) {
        let (now, entropy) = (self.now, self.entropy());
        let Some(machine) = self.machines.get_mut(name) else { return };
        if let Some(node) = &mut machine.node {
            node.handle(input, now + machine.ahead, entropy);
            self.drain(name);
        }
    }

    /// Time passes, and every node is told.
    pub(crate) fn wait(&mut self, span: Duration) {
        self.pass(span);
        self.run();
    }

    /// Time passes, and nobody has noticed yet.
    pub(super) fn pass(&mut self, span: Duration) {
        self.now = self.now + span;
        for name in self.machines.keys() {
            self.inputs.push_back((name.clone(), Input::TimeOut));
        }
    }

    fn drain(&mut self, name: &str) {
        while let Some(output) =
            self.machines.get_mut(name).and_then(|m| m.node.as_mut()).and_then(Node::poll_output)
        {
            let machine = self.machines.get_mut(name).unwrap();
            machine.outputs += 1;
            if machine.crash_at == Some(machine.outputs) {
                machine.crash_at = None;
                return self.crash(name);
            }
            self.act(name, output);
        }
    }

    fn act(&mut self, name: &str, output: Output) {
        let machine = self.machines.get_mut(name).unwrap();
        match output {
            Output::Commit(batch) => {
                for (key, value) in batch.changes {
                    machine.written.extend([Some(key.clone()), value.clone()].into_iter().flatten());
                    match value {
                        Some(value) => machine.disk.insert(key, value),
                        None => machine.disk.remove(&key),
                    };
                }
            }
            Output::Send { channel, frame } => {
                if let Some(other) = self.other_end(name, channel) {
                    self.transmit(channel, name, &other, frame);
                }
            }
            Output::HangUp { channel } => {
                let is_in = machine.node.as_ref().is_some_and(Node::is_active);
                let other = self.other_end(name, channel);
                self.breaks.note(channel, (name, other), is_in);
                self.close(name, channel);
            }
            Output::Open { peer, protocol } => {
                if let Some(other) = self.running(&peer) {
                    self.open(name, &other, protocol);
                }
            }
            Output::Seek { device, .. } => {
                machine.seeks = Some(device);
                if let Some(other) = self.running(&device) {
                    self.seekers_find(&other);
                }
            }
            Output::StopSeeking { .. } => machine.seeks = None,
            Output::Disconnect { peer } => {
                if let Some(other) = self.running(&peer) {
                    self.disconnect(name, &other);
                }
            }
            Output::StayConnected { contacts, .. } => {
                machine.contacts = contacts;
                self.find_contacts(name);
            }
            Output::Reply { answer, .. } => machine.replies.push(answer),
            Output::Say { conversation, step } => machine.steps.entry(conversation).or_default().push(step),
            Output::Forget => {
                machine.node = None;
                machine.disk.clear();
            }
            Output::Notify(event) => machine.events.push(event.what),
            Output::Advertise { namespaces, brief, .. } => machine.advertised = (namespaces, brief),
        }
    }

    /// Dials everybody whom a machine wants to be connected with.
    fn find_contacts(&mut self, name: &str) {
        for contact in self.machines[name].contacts.clone() {
            if let Some(other) = self.running(&contact.device).filter(|_| !self.scattered) {
                self.connect(name, &other);
            }
        }
    }

    pub(super) fn transmit(&mut self, channel: Channel, from: &str, to: &str, frame: Vec<u8>) {
        let (from, to, draw) = (from.to_owned(), to.to_owned(), self.draws);
        self.breaks.said(channel, &from, &frame);
        if self.is_recorded {
            self.wire.push(Sent { channel, from, to: to.clone(), frame: frame.clone(), draw });
        }
        self.inputs.push_back((to, Input::Received { channel, frame }));
    }

    /// The machine with this device, where it can be reached.
    fn running(&self, of: &DeviceId) -> Option<String> {
        let mut reachable = self.machines.iter().filter(|(_, machine)| !machine.unplugged);
        reachable.find(|(name, _)| self.device_of(name) == *of).map(|(name, _)| name.clone())
    }

    pub(super) fn device_of(&self, name: &str) -> DeviceId {
        static KNOWN: Mutex<BTreeMap<String, DeviceId>> = Mutex::new(BTreeMap::new());
        *KNOWN.lock().unwrap().entry(name.to_owned()).or_insert_with(|| device(name).device())
    }

    pub(super) fn other_end(&self, name: &str, channel: Channel) -> Option<String> {
        let (a, b) = self.streams.get(&channel)?;
        Some(if a == name { b.clone() } else { a.clone() })
    }

    pub(super) fn close(&mut self, name: &str, channel: Channel) {
        if let Some(other) = self.other_end(name, channel) {
            self.streams.remove(&channel);
            self.inputs.push_back((other, Input::Closed { channel }));
        }
    }

    pub(super) fn connect(&mut self, from: &str, to: &str) {
        let pair = if from < to { (from, to) } else { (to, from) };
        if from == to || !self.connections.insert((pair.0.to_owned(), pair.1.to_owned())) {
            return;
        }
        for (name, peer, dialed) in [(from, to, true), (to, from, false)] {
            let peer = self.device_of(peer);
            self.inputs.push_back((name.to_owned(), Input::Connected { peer, dialed, address: None }));
        }
    }

    pub(super) fn disconnect(&mut self, from: &str, to: &str) {
        let pair = if from < to { (from, to) } else { (to, from) };
        if !self.connections.remove(&(pair.0.to_owned(), pair.1.to_owned())) {
            return;
        }
        let between = |(a, b): &(String, String)| (a == from && b == to) || (a == to && b == from);
        let streams: Vec<Channel> =
            self.streams.iter().filter(|(_, ends)| between(ends)).map(|(channel, _)| *channel).collect();
        for channel in streams {
            self.streams.remove(&channel);
            for name in [from, to] {
                self.inputs.push_back((name.to_owned(), Input::Closed { channel }));
            }
        }
        for (name, peer) in [(from, to), (to, from)] {
            let peer = self.device_of(peer);
            self.inputs.push_back((name.to_owned(), Input::Disconnected { peer }));
        }
    }

    pub(super) fn open(&mut self, from: &str, to: &str, protocol: Protocol) {
        self.connect(from, to);
        let channel = Channel(self.number());
        self.streams.insert(channel, (from.to_owned(), to.to_owned()));
        for (name, peer, by_us) in [(to, from, false), (from, to, true)] {
            let (from, near) = self.whence(peer);
            let peer = self.device_of(peer);
            self.inputs
                .push_back((name.to_owned(), Input::Opened { channel, peer, protocol, by_us, from, near }));
        }
    }

    pub(super) fn seekers_find(&mut self, name: &str) {
        let device = self.device_of(name);
        let seekers: Vec<String> = self
            .machines
            .iter()
            .filter(|(_, m)| m.seeks == Some(device) && m.node.is_some() && !m.unplugged)
            .map(|(seeker, _)| seeker.clone())
            .collect();
        for seeker in seekers {
            self.machines.get_mut(&seeker).unwrap().seeks = None;
            self.open(&seeker, name, Protocol::Greeting);
        }
    }

    /// Somebody asks, and doesn't wait for the answer.
    pub(super) fn request(&mut self, name: &str, request: Request) {
        let id = RequestId(self.number());
        self.inputs.push_back((name.to_owned(), Input::Request { id, request }));
    }

    pub(crate) fn ask(&mut self, name: &str, request: Request) -> Result<Answer, Refusal> {
        self.request(name, request);
        self.run();
        self.machines.get_mut(name).unwrap().replies.pop().unwrap()
    }

    /// An invitation's link, for this email.
    pub(crate) fn invite(&mut self, host: &str, email: &str) -> Link {
        let request = Request::InviteUsers { emails: vec![email.to_owned()], expires: None };
        let Ok(Answer::Invited(invited)) = self.ask(host, request) else { panic!("invited") };
        Link::parse(&invited[0].link).unwrap()
    }

    /// A link for a further device of this machine's user.
    pub(crate) fn invite_device(&mut self, host: &str) -> Link {
        let Ok(Answer::Invited(invited)) = self.ask(host, Request::InviteDevice { expires: None }) else {
            panic!("invited")
        };
        Link::parse(&invited[0].link).unwrap()
    }

    pub(crate) fn greet(&mut self, host: &str) -> ConversationId {
        self.begin(host, Begin::Greet { invitation: None, guest: None })
    }

    /// A machine joins with a link: as a fresh device, or going on where it was.
    pub(crate) fn join(&mut self, guest: &str, link: &Link) -> ConversationId {
        let answers = JoinAnswers {
            name: Some(person(guest)),
            email: Some(email(guest)),
            device: Some(label(guest)),
            yes: None,
        };
        self.join_answering(guest, link, answers)
    }

    /// The same, with these pre-answers.
    pub(crate) fn join_answering(
        &mut self,
        guest: &str,
        link: &Link,
        answers: JoinAnswers,
    ) -> ConversationId {
        let (now, entropy) = (self.now, self.entropy());
        if self.machines.get(guest).is_none_or(|machine| machine.node.is_none()) {
            let node = Node::join(device(guest), link, Settings::default(), now, entropy);
            self.start(guest, node);
        }
        self.begin(guest, Begin::Join { answers })
    }

    pub(super) fn begin(&mut self, name: &str, begin: Begin) -> ConversationId {
        let conversation = ConversationId(self.number());
        self.inputs.push_back((name.to_owned(), Input::Begin { conversation, begin }));
        self.run();
        conversation
    }

    pub(crate) fn answer(&mut self, name: &str, conversation: ConversationId, line: &str) {
        self.inputs.push_back((name.to_owned(), Input::Answer { conversation, line: line.to_owned() }));
        self.run();
    }

    pub(crate) fn steps(&self, name: &str, conversation: ConversationId) -> &[Step] {
        self.machines[name].steps.get(&conversation).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn last(&self, name: &str, conversation: ConversationId) -> Option<&Step> {
        self.steps(name, conversation).last()
    }

    /// The code that a person sees in this conversation.
    pub(crate) fn code(&self, name: &str, conversation: ConversationId) -> Option<String> {
        self.steps(name, conversation).iter().rev().find_map(|step| match step {
            Step::ShowCode { code, .. } => Some(code.clone()),
            _ => None,
        })
    }

    pub(crate) fn users(&mut self, name: &str) -> Vec<UserAnswer> {
        match self.ask(name, Request::ListUsers { revoked: true }) {
            Ok(Answer::Users(users)) => users,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn digest(&mut self, name: &str) -> String {
        match self.ask(name, Request::Status) {
            Ok(Answer::Status(status)) => status.organization.roster_digest,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn is_member(&self, name: &str) -> bool {
        self.machines.get(name).and_then(|m| m.node.as_ref()).is_some_and(Node::is_active)
    }
}

/// `bob2` is another machine of Bob's.
pub(crate) fn email(name: &str) -> String {
    format!("{}@example.org", name.trim_end_matches(|c: char| c.is_ascii_digit()))
}

pub(crate) fn person(name: &str) -> String {
    format!("{}{} Surname", name[..1].to_uppercase(), &name[1..])
}

pub(crate) fn label(name: &str) -> String {
    format!("machine of {name}")
}
