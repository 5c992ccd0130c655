//! Looking for sessions on the local network, before anything is joined: neighbours are asked one after another, and what
//! they answer is kept for a moment, until others had the time to show up. Nobody has proved anything here.

use std::collections::{BTreeMap, VecDeque};

use super::conversation::FoundSession;
use super::input::{Channel, Input, Protocol};
use super::output::Output;
use crate::core::greeting::invitation::Destination;
use crate::core::greeting::sessions::{self, Announced};
use crate::core::primitives::address::Address;
use crate::core::primitives::ids::{DeviceId, InvitationId};
use crate::core::primitives::limits;
use crate::core::primitives::time::Moment;

/// The shortest start of a session's name that names it.
const SHORTEST_PREFIX: usize = 4;

/// A session, and where it was found.
struct Found {
    announced: Announced,
    from: String,
}

/// One search, from when a person began it.
pub struct Looking {
    named: Option<String>,
    asked: BTreeMap<Channel, (DeviceId, String)>,
    reached: BTreeMap<DeviceId, Address>,
    found: BTreeMap<(DeviceId, InvitationId), Found>,
    /// When what was found is all that is waited for.
    ends: Moment,
    outputs: VecDeque<Output>,
}

impl Looking {
    /// For the session that is named, by the start of what it is called or by its organization; or for any.
    #[must_use]
    pub fn new(named: Option<String>, now: Moment) -> Self {
        Self {
            named,
            asked: BTreeMap::new(),
            reached: BTreeMap::new(),
            found: BTreeMap::new(),
            ends: now + limits::LOOK_AROUND,
            outputs: VecDeque::new(),
        }
    }

    /// Takes one thing that happened.
    pub fn handle(&mut self, input: Input, now: Moment) {
        match input {
            Input::Connected { peer, address: Some(address), .. } => {
                self.reached.insert(peer, address);
            }
            Input::Opened { channel, peer, protocol: Protocol::Sessions, by_us: true, from, near: true }
                if self.asked.len() < limits::SESSIONS_ASKED =>
            {
                self.asked.insert(channel, (peer, from));
                self.outputs.push_back(Output::Send { channel, frame: sessions::question() });
            }
            // Nobody has anything to look for here; and who isn't on our own link isn't asked.
            Input::Opened { channel, .. } => self.outputs.push_back(Output::HangUp { channel }),
            Input::Received { channel, frame } => {
                if let Some((host, from)) = self.asked.remove(&channel) {
                    self.outputs.push_back(Output::HangUp { channel });
                    self.heard(host, &from, &frame, now);
                }
            }
            Input::Closed { channel } => {
                self.asked.remove(&channel);
            }
            _ => {}
        }
    }

    fn heard(&mut self, host: DeviceId, from: &str, frame: &[u8], now: Moment) {
        let Some(announced) = sessions::read_answer(frame) else { return };
        // What a host says last counts: a session that it names no longer is closed.
        self.found.retain(|(one, _), _| *one != host);
        let named = self.named.clone();
        let is_meant = |it: &Announced| named.as_ref().is_none_or(|named| is_named(it, named));
        // Whether one has expired is for its host to say, who lists what is open: our clock may be wrong.
        for announced in announced.into_iter().filter(is_meant) {
            if self.found.len() < limits::SESSIONS_SHOWN {
                let found = Found { announced, from: from.to_owned() };
                self.found.insert((host, found.announced.session), found);
                self.ends = self.ends.min(now + limits::OTHERS_SHOW_UP);
            }
        }
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When the search is over.
    #[must_use]
    pub fn ends(&self) -> Moment {
        self.ends
    }

    /// What was found.
    #[must_use]
    pub fn sessions(&self) -> Vec<FoundSession> {
        let shown = |found: &Found| FoundSession {
            session: found.announced.session,
            organization: found.announced.name.as_str().to_owned(),
            host: found.announced.host.as_ref().map(|name| name.as_str().to_owned()),
            address: found.from.clone(),
            waiting: found.announced.waiting,
            expires_at: found.announced.expires,
        };
        self.found.values().map(shown).collect()
    }

    /// The way to the one that is named among those that were found; to the only one where none is. None where that
    /// isn't exactly one.
    #[must_use]
    pub fn way_to(&self, named: Option<&str>, now: Moment) -> Option<Destination> {
        let is_it = |found: &&((DeviceId, InvitationId), &Found)| {
            named.is_none_or(|named| is_named(&found.1.announced, named))
        };
        let all: Vec<_> = self.found.iter().map(|(key, found)| (*key, found)).collect();
        let mut fitting = all.iter().filter(is_it);
        match (fitting.next(), fitting.next()) {
            (Some(((host, _), found)), None) => {
                let hosts = self.reached.get(host).cloned().into_iter().collect();
                Some(found.announced.destination(*host, hosts, now))
            }
            _ => None,
        }
    }
}

fn is_named(announced: &Announced, named: &str) -> bool {
    let folded = named.trim().to_lowercase();
    let by_id = folded.len() >= SHORTEST_PREFIX && announced.session.to_string().starts_with(&folded);
    by_id || announced.name.as_str().to_lowercase() == folded
}
