//! A room: one host, its session, and guests who found it on the network or hold its link.

use std::time::Duration;

use muster::core::greeting::guest::{AwaitingReception, Received};
use muster::core::greeting::invitation::Prologue;
use muster::core::greeting::link::Link;
use muster::core::greeting::sessions::{self, Announced};
use muster::core::node::conversation::{Begin, JoinAnswers, Step};
use muster::core::node::input::{ConversationId, Input, Protocol};
use muster::core::node::request::{Answer, Request, SessionAnswer};
use muster::core::node::{Node, Settings};
use muster::core::primitives::ids::OrganizationId;
use muster::core::roster::Profile;

use super::world::{World, email, label, person};
use super::{device, entropy};

impl World {
    /// From where others see this machine, and whether they share a link with it.
    pub(super) fn whence(&self, name: &str) -> (String, bool) {
        let known = self.machines.get(name).and_then(|machine| machine.seen_from.clone());
        known.unwrap_or_else(|| ("192.0.2.1".to_owned(), true))
    }

    /// This machine's clock is ahead of everybody else's.
    pub(crate) fn is_ahead(&mut self, name: &str, span: Duration) {
        self.machines.entry(name.to_owned()).or_default().ahead = span;
    }

    /// From here on this machine is seen from this address, on the same link or not.
    pub(crate) fn is_seen_from(&mut self, name: &str, address: &str, near: bool) {
        self.machines.entry(name.to_owned()).or_default().seen_from = Some((address.to_owned(), near));
    }

    /// Opens a session of so many seats; gives its link.
    pub(crate) fn open_session(&mut self, host: &str, seats: u32, profile: Option<Profile>) -> Link {
        self.open_session_with(
            host,
            Request::OpenSession {
                profile,
                life: Some(Duration::from_secs(7200)),
                seats: Some(seats),
                show_name: false,
            },
        )
    }

    pub(crate) fn open_session_with(&mut self, host: &str, request: Request) -> Link {
        match self.ask(host, request) {
            Ok(Answer::Session(session)) => Link::parse(session.link.as_deref().unwrap()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The sessions that are open.
    pub(crate) fn open_sessions(&mut self, host: &str) -> Vec<SessionAnswer> {
        match self.ask(host, Request::ListSessions) {
            Ok(Answer::Sessions(sessions)) => sessions,
            other => panic!("{other:?}"),
        }
    }

    /// What a neighbour is told of sessions here; none where it is told nothing.
    pub(crate) fn asks_around(&mut self, who: &str, host: &str) -> Option<Vec<Announced>> {
        self.outsider(who);
        let channel = self.open_to(who, host, Protocol::Sessions);
        self.say(who, channel, sessions::question());
        self.heard(who, channel).first().map(|frame| sessions::read_answer(frame).unwrap())
    }

    /// A guest without a link joins what it found.
    pub(crate) fn join_on_lan(&mut self, guest: &str, host: &str, session: &Announced) -> ConversationId {
        let (now, entropy) = (self.now, self.entropy());
        let to = session.destination(device(host).device(), Vec::new(), now);
        if self.machines.get(guest).is_none_or(|machine| machine.node.is_none()) {
            let node = Node::join(device(guest), to, Settings::default(), now, entropy);
            self.start(guest, node);
        }
        let answers = JoinAnswers {
            name: Some(person(guest)),
            email: Some(email(guest)),
            device: Some(label(guest)),
            yes: None,
        };
        self.begin(guest, Begin::Join { answers })
    }

    /// Greets the guest with this ticket.
    pub(crate) fn greet_ticket(&mut self, host: &str, ticket: &str) -> ConversationId {
        self.begin(host, Begin::Greet { invitation: None, guest: Some(ticket.to_owned()) })
    }

    /// The place and the ticket that a waiting guest was told last.
    pub(crate) fn place(&self, guest: &str, join: ConversationId) -> (u32, String) {
        match self.last(guest, join) {
            Some(Step::Waiting { place: Some(place), ticket: Some(ticket), .. }) => (*place, ticket.clone()),
            other => panic!("{guest} doesn't wait: {other:?}"),
        }
    }

    /// Somebody knocks as if an earlier greeting had let them in; whether they are welcomed.
    pub(crate) fn comes_back_without_having_been(&mut self, who: &str, session: &Announced) -> bool {
        let to = session.destination(device("ada").device(), Vec::new(), self.now);
        let prologue = Prologue {
            organization: to.organization,
            kind: to.kind,
            invitation: to.keys.id,
            host: to.host,
            guest: device(who).device(),
        };
        let (waiting, frame) = AwaitingReception::come_back(&to.keys, &prologue, &mut entropy(who));
        self.outsider(who);
        let channel = self.open_to(who, "ada", Protocol::Greeting);
        self.say(who, channel, frame);
        let answer = self.heard(who, channel).remove(0);
        !matches!(waiting.receive(&answer), Ok(Received::Closed(..)))
    }

    /// Which organization a machine is in.
    pub(crate) fn organization(&self, name: &str) -> OrganizationId {
        self.machines[name].node.as_ref().and_then(Node::organization).unwrap()
    }

    /// A person goes away from a conversation.
    pub(crate) fn leaves(&mut self, name: &str, conversation: ConversationId) {
        self.inputs.push_back((name.to_owned(), Input::Left { conversation }));
        self.run();
    }

    /// The machine crashes and comes back.
    pub(crate) fn crash_now(&mut self, name: &str) {
        self.crash(name);
        self.run();
    }

    /// The guest is out of reach, and both sides notice.
    pub(crate) fn wifi_off(&mut self, name: &str) {
        self.machines.get_mut(name).unwrap().unplugged = true;
        let others: Vec<String> = self.machines.keys().cloned().collect();
        for other in others {
            self.disconnect(name, &other);
        }
        self.run();
    }

    /// And it is back.
    pub(crate) fn wifi_on(&mut self, name: &str) {
        self.machines.get_mut(name).unwrap().unplugged = false;
        let others: Vec<String> = self.machines.keys().cloned().collect();
        for other in others {
            self.seekers_find(&other);
        }
        self.run();
    }
}

/// Names without digits, which would make them further machines of one person.
pub(crate) fn guest(n: usize) -> String {
    let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap());
    format!("g{}{}{}", letter(n / 676), letter(n / 26), letter(n))
}
