//! A guest that is greeted like any other, by people who suspect nothing, and that writes down all it is told, decrypted.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use muster::core::greeting::code::{Code, Typed};
use muster::core::greeting::guest::{
    AwaitingReception, AwaitingWelcome, InQueue, Progress, Received, Welcomed,
};
use muster::core::greeting::invitation::Prologue;
use muster::core::greeting::link::Link;
use muster::core::greeting::message::{Details, HostSays, Introduction, Person, Reception};
use muster::core::node::input::Protocol;
use muster::core::primitives::codec;
use muster::core::primitives::ids::{OrganizationId, Seal, UserId, UserKey};
use muster::core::primitives::keys::{DeviceKey, UserSecret};
use muster::core::primitives::kind::Kind;
use muster::core::primitives::secret::Secret32;
use muster::core::primitives::text::{Email, Label, Name};
use muster::core::roster::proof::Claim;
use muster::core::roster::{History, NotAdded, SignedCertificate};

use super::speech::{learn, seals};
use super::{Intruder, Wire};
use crate::support::daemons::{Conversation, Machine, eventually};
use crate::support::fresh_bytes;
use crate::support::speech::Says;

/// Who it says it is.
pub(crate) struct Mask {
    pub(crate) name: &'static str,
    pub(crate) email: &'static str,
    pub(crate) label: &'static str,
    pub(crate) profile: &'static str,
}

/// A device that is in, and takes notes.
pub(crate) struct Pretender {
    pub(crate) history: History,
    /// All that it was told, decrypted, from the first frame on.
    pub(crate) told: Vec<u8>,
    /// What of that reached it while it only listened, and asked for no more than an honest device does.
    pub(crate) pushed: Vec<u8>,
    intruder: Intruder,
    /// The streams that stand, the one that it speaks on last; and whom it opened them to, where it did.
    streams: Vec<(Option<String>, Wire)>,
    /// Certificates that came before their parents, by another stream.
    orphans: Vec<Vec<u8>>,
    asked: BTreeSet<Seal>,
}

/// So long nobody says anything where nothing more is under way.
const SILENCE: Duration = Duration::from_millis(500);

impl Pretender {
    /// Comes in by this link; `host` greets it.
    pub(crate) fn comes_in(host: &Machine, link: &str, mask: &Mask) -> Self {
        let link = Link::parse(link).unwrap();
        let key = DeviceKey::from_seed(Secret32::new(fresh_bytes()));
        let intruder = Intruder::with(DeviceKey::from_seed(key.seed().clone()));
        let mut wire = intruder.speaks(&host.address(), Protocol::Greeting);
        let greets = host.converse(&["greet", &link.keys().id.to_string()]);
        let mut told = Vec::new();
        let visit = Visit { link: &link, key: &key, mask, told: &mut told };
        let (organization, welcomed) = visit.plays_along(&mut wire, greets);
        let head = welcomed.parcel.head.clone().unwrap();
        let mut history = History::new(organization);
        learn(&mut history, &welcomed.parcel.certificates);
        note(&mut told, &HostSays::Welcome(head));
        note(&mut told, &HostSays::Certificates(welcomed.parcel.certificates.clone()));
        note(&mut told, &HostSays::Openings(welcomed.parcel.openings.clone()));
        wire.says_frame(&welcomed.acknowledge());
        let asked = seals(&history).into_iter().collect();
        let (streams, orphans) = (Vec::new(), Vec::new());
        Self { history, told, pushed: Vec::new(), intruder, streams, orphans, asked }
    }

    /// Begins a sync with a machine and goes on from what it holds. On an earlier one it says nothing more, and still
    /// hears what comes.
    pub(crate) fn follows(&mut self, machine: &Machine) {
        let to = Some(machine.address());
        self.streams.iter_mut().filter(|(other, _)| *other == to).for_each(|(_, wire)| wire.falls_silent());
        let mut wire = self.intruder.speaks(&machine.address(), Protocol::Sync);
        wire.speaks(&Says::hello(&self.history));
        self.streams.push((to, wire));
    }

    /// Takes notes until it holds this many certificates.
    pub(crate) fn holds(&mut self, count: usize) {
        eventually("the pretender holds every certificate", || {
            if self.history.len() < count {
                self.hears();
            }
            self.history.len() == count
        });
    }

    /// Asks outright for what is under all seals, and takes notes until the answer must have come: what was asked for
    /// after it is here.
    pub(crate) fn asks_for_everything(&mut self, seals: &[Seal]) {
        let sync = self.sync();
        sync.speaks(&Says::WantOpenings(seals.to_vec()));
        sync.speaks(&Says::hello_of(Vec::new()));
        while !matches!(self.hears(), Says::Certificates(all) if all.len() == self.history.len()) {}
    }

    /// Asks for the same again and again and takes none of it; whether the other end still listens.
    pub(crate) fn asks_and_takes_nothing(&mut self, message: &Says, times: usize) -> bool {
        (0..times).all(|_| self.sync().speaks(message))
    }

    /// These take notes, on all streams, until everybody has been silent for a while.
    pub(crate) fn listen(all: &mut [&mut Self]) {
        let mut quiet = Instant::now();
        while quiet.elapsed() < SILENCE {
            if all.iter_mut().fold(false, |any, pretender| pretender.overhears() | any) {
                quiet = Instant::now();
            }
        }
    }

    /// What was said on any stream by now, also on those that others opened; whether anything was.
    fn overhears(&mut self) -> bool {
        while let Some(mut wire) = self.intruder.was_asked() {
            wire.speaks(&Says::hello(&self.history));
            self.streams.insert(0, (None, wire));
        }
        let mut any = false;
        for (to, mut wire) in std::mem::take(&mut self.streams) {
            let mut heard = wire.hears_within(Duration::from_millis(10));
            while let Some(Some(frame)) = heard {
                any = true;
                self.pushed.extend(&frame);
                self.takes_down(&mut wire, &frame);
                heard = wire.hears_within(Duration::from_millis(10));
            }
            if heard.is_none() {
                self.streams.push((to, wire));
            }
        }
        any
    }

    fn sync(&mut self) -> &mut Wire {
        &mut self.streams.last_mut().unwrap().1
    }

    fn hears(&mut self) -> Says {
        let (to, mut wire) = self.streams.pop().unwrap();
        let frame = wire.hears().unwrap();
        let said = self.takes_down(&mut wire, &frame);
        self.streams.push((to, wire));
        said
    }

    /// It answers as an honest Member would, so that it is told everything.
    fn takes_down(&mut self, wire: &mut Wire, frame: &[u8]) -> Says {
        self.told.extend(frame);
        let said = Says::read(frame);
        match &said {
            Says::Certificates(came) => {
                wire.speaks(&Says::Taken);
                self.understands(came);
                let closed: Vec<Seal> = seals(&self.history);
                let closed: Vec<Seal> = closed.into_iter().filter(|seal| self.asked.insert(*seal)).collect();
                if !closed.is_empty() {
                    wire.speaks(&Says::WantOpenings(closed));
                }
            }
            Says::Offer(ids) => _ = wire.speaks(&Says::Want(ids.clone())),
            _ => {}
        }
        said
    }

    fn understands(&mut self, came: &[Vec<u8>]) {
        self.orphans.extend_from_slice(came);
        let before = self.history.len();
        let history = &mut self.history;
        self.orphans.retain(|bytes| is_orphan(history, bytes));
        if self.history.len() > before && !self.orphans.is_empty() {
            self.understands(&[]);
        }
    }
}

fn is_orphan(history: &mut History, bytes: &[u8]) -> bool {
    let certificate = SignedCertificate::from_bytes(bytes).and_then(SignedCertificate::verify).unwrap();
    match history.add(certificate) {
        Err(NotAdded::MissingParents(_)) => true,
        added => added.is_err_and(|refused| panic!("{refused}")),
    }
}

struct Visit<'a> {
    link: &'a Link,
    key: &'a DeviceKey,
    mask: &'a Mask,
    told: &'a mut Vec<u8>,
}

impl Visit<'_> {
    fn plays_along(self, wire: &mut Wire, mut greets: Conversation) -> (OrganizationId, Welcomed) {
        let link = self.link;
        let (organization, invitation) = (link.organization, link.keys().id);
        let (host, guest) = (link.host, self.key.device());
        let prologue = Prologue { organization, kind: link.kind, invitation, host, guest };
        let mut entropy = muster::core::primitives::entropy::Entropy::new(&Secret32::new(fresh_bytes()));
        let (waiting, frame) = AwaitingReception::greet(&link.keys(), &prologue, &mut entropy);
        wire.says_frame(&frame);
        let Received::Queued(mut queue) = waiting.receive(&wire.hears().unwrap()).unwrap() else {
            panic!("not queued")
        };
        let ready = loop {
            match queue.receive(&wire.hears().unwrap()).unwrap() {
                InQueue::Place(stage, place, ticket) => {
                    note(self.told, &HostSays::Place(place, ticket));
                    queue = stage;
                }
                InQueue::Called(ready) => break ready,
            }
        };
        let (stage, frame) = ready.reveal();
        wire.says_frame(&frame);
        let heard = greets.until("show_code")["code"].as_str().unwrap().to_owned();
        let (stage, own, frame) = stage.enter(Some(&code(&heard))).map_err(|(ended, _)| ended).unwrap();
        wire.says_frame(&frame);
        greets.until("enter_code");
        greets.answer(&own.reveal());
        let (stage, introduction) = stage.receive(&wire.hears().unwrap()).unwrap();
        note(self.told, &HostSays::Trusted(introduction.clone()));
        let organization = stage.organization();
        note(self.told, &Reception::Queued { organization });
        let (stage, frame) = stage.send(self.details(organization, &introduction));
        wire.says_frame(&frame);
        greets.until("confirm");
        greets.answer(&format!(r#"{{"profile":"{}"}}"#, self.mask.profile));
        let welcomed = whole(stage, wire);
        greets.until("done");
        (organization, welcomed)
    }

    fn details(&self, organization: OrganizationId, introduction: &Introduction) -> Details {
        let own = (UserId::of_first_device(&self.key.device()), own_user_key());
        let (user, user_key) = introduction.account.unwrap_or(own);
        let (kind, invitation) = (self.link.kind, self.link.keys().id);
        let claim = Claim { organization, host: self.link.host, kind, invitation, user, user_key };
        let person = || Person {
            name: Name::parse(self.mask.name).unwrap(),
            email: Email::parse(self.mask.email).unwrap(),
        };
        Details {
            person: (kind != Kind::Device).then(person),
            device: Label::parse(self.mask.label).unwrap(),
            user_key,
            proof: claim.prove(self.key),
        }
    }
}

fn whole(mut stage: AwaitingWelcome, wire: &mut Wire) -> Welcomed {
    loop {
        match stage.receive(&wire.hears().unwrap()).unwrap() {
            Progress::More(more) => stage = more,
            Progress::Whole(welcomed) => return welcomed,
        }
    }
}

/// What was inside Noise: there is one encoding of each value, so these are its very bytes.
fn note<T: serde::Serialize>(told: &mut Vec<u8>, said: &T) {
    told.extend(codec::encode(said));
}

fn code(heard: &str) -> Code {
    match Code::read(heard).unwrap() {
        Typed::Code(code) => code,
        Typed::None => panic!("a code"),
    }
}

fn own_user_key() -> UserKey {
    UserSecret::new(Secret32::new(fresh_bytes())).public()
}
