//! A guest that is greeted like any other, by people who suspect nothing, and that writes down all it is told, decrypted.

use std::time::Duration;

use muster::core::greeting::code::{Code, Typed};
use muster::core::greeting::guest::{
    AwaitingReception, AwaitingWelcome, InQueue, Progress, Received, Welcomed,
};
use muster::core::greeting::invitation::Prologue;
use muster::core::greeting::link::Link;
use muster::core::greeting::message::{Details, HostSays, Introduction, Person, Reception};
use muster::core::node::input::Protocol;
use muster::core::primitives::codec;
use muster::core::primitives::ids::{OrganizationId, UserId, UserKey};
use muster::core::primitives::keys::{DeviceKey, UserSecret};
use muster::core::primitives::kind::Kind;
use muster::core::primitives::secret::Secret32;
use muster::core::primitives::text::{Email, Label, Name};
use muster::core::roster::History;
use muster::core::roster::proof::Claim;

use super::speech::{learn, seals};
use super::{Intruder, Wire};
use crate::support::daemons::{Conversation, Machine, eventually};
use crate::support::fresh_bytes;
use crate::support::speech::Says;

/// Who says nothing for this long has said everything.
const SILENCE: Duration = Duration::from_millis(500);

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
    /// What it was told of it while things happened.
    pub(crate) told_at_once: Vec<u8>,
    /// Certificates that came unasked.
    pub(crate) pushed: usize,
    /// Certificates whose parents are still on their way.
    early: Vec<Vec<u8>>,
    intruder: Intruder,
    sync: Option<Wire>,
}

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
        assert!(learn(&mut history, welcomed.parcel.certificates.clone()).is_empty());
        note(&mut told, &HostSays::Welcome(head));
        note(&mut told, &HostSays::Certificates(welcomed.parcel.certificates.clone()));
        note(&mut told, &HostSays::Openings(welcomed.parcel.openings.clone()));
        wire.says_frame(&welcomed.acknowledge());
        Self { history, told, told_at_once: Vec::new(), pushed: 0, early: Vec::new(), intruder, sync: None }
    }

    /// Begins a sync with a machine and goes on from what it holds.
    pub(crate) fn follows(&mut self, machine: &Machine) {
        let mut wire = self.intruder.speaks(&machine.address(), Protocol::Sync);
        wire.speaks(&Says::hello(&self.history));
        self.sync = Some(wire);
    }

    /// Takes notes of all that comes unasked until nobody says anything any more, also on streams that others opened. Of
    /// what is news it asks at once for what is under the seals, as a member's device does.
    pub(crate) fn listens(&mut self) {
        let before = self.history.len();
        while let Some(Some(frame)) = self.sync.as_mut().and_then(|wire| wire.hears_within(SILENCE)) {
            self.told_at_once.extend(&frame);
            let known: Vec<_> = seals(&self.history);
            let said = self.notes(&frame);
            let is_news = matches!(said, Says::Certificates(_));
            self.understands(said);
            let fresh = seals(&self.history).into_iter().filter(|seal| !known.contains(seal)).collect();
            if is_news {
                self.sync.as_mut().unwrap().speaks(&Says::WantOpenings(fresh));
            }
        }
        self.pushed += self.history.len() - before;
        while let Some(mut wire) = self.intruder.was_asked() {
            while let Some(Some(frame)) = wire.hears_within(SILENCE) {
                self.told.extend(&frame);
                self.told_at_once.extend(&frame);
            }
        }
    }

    /// Takes notes until it holds this many certificates.
    pub(crate) fn holds(&mut self, count: usize) {
        eventually("the pretender holds every certificate", || {
            if self.history.len() < count {
                let said = self.hears();
                self.understands(said);
            }
            self.history.len() == count
        });
    }

    /// Asks outright for what is under all seals, and takes notes until the answer must have come: what was asked for
    /// after it is here.
    pub(crate) fn asks_for_everything(&mut self, seals: &[muster::core::primitives::ids::Seal]) {
        let sync = self.sync.as_mut().unwrap();
        sync.speaks(&Says::WantOpenings(seals.to_vec()));
        sync.speaks(&Says::hello_of(Vec::new()));
        while !matches!(self.hears(), Says::Certificates(all) if all.len() == self.history.len()) {}
    }

    /// Asks for the same again and again and takes none of it; whether the other end still listens.
    pub(crate) fn asks_and_takes_nothing(&mut self, message: &Says, times: usize) -> bool {
        let sync = self.sync.as_mut().unwrap();
        (0..times).all(|_| sync.speaks(message))
    }

    fn hears(&mut self) -> Says {
        let frame = self.sync.as_mut().unwrap().hears().unwrap();
        self.notes(&frame)
    }

    fn notes(&mut self, frame: &[u8]) -> Says {
        self.told.extend(frame);
        let said = Says::read(frame);
        // It answers as an honest device would, so that it is told everything.
        let answer = match &said {
            Says::Certificates(_) => Some(Says::Taken),
            Says::Offer(ids) => Some(Says::Want(ids.clone())),
            _ => None,
        };
        if let Some(answer) = answer {
            self.sync.as_mut().unwrap().speaks(&answer);
        }
        said
    }

    fn understands(&mut self, said: Says) {
        if let Says::Certificates(came) = said {
            self.early.extend(came);
            let early = std::mem::take(&mut self.early);
            self.early = learn(&mut self.history, early);
        }
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
