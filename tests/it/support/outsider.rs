//! Machines without a node: they do what a test says, over connections that are authenticated like everybody's.
//! And the wire, as whoever records all of it sees it.

use std::collections::BTreeMap;

use muster::core::greeting::commitment::Commitment;
use muster::core::greeting::invitation::Prologue;
use muster::core::greeting::link::Link;
use muster::core::greeting::message::{FirstAnswer, Knock, Opening};
use muster::core::greeting::noise::Initiator;
use muster::core::node::event::Happening;
use muster::core::node::input::{Channel, Protocol};
use muster::core::primitives::codec;
use muster::core::primitives::ids::OrganizationId;
use muster::core::primitives::secret::Secret32;
use muster::core::roster::{History, SignedCertificate};

use super::device;
use super::speech::Says;
use super::world::World;

/// Whether `text` stands in these bytes.
pub(crate) fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

impl World {
    /// A machine without a node, whose device key follows from its name. Where there was a node it is gone, and whoever
    /// has its key goes on as that device.
    pub(crate) fn outsider(&mut self, name: &str) {
        if self.machines.contains_key(name) {
            self.unplug(name);
        }
        let machine = self.machines.entry(name.to_owned()).or_default();
        (machine.node, machine.unplugged) = (None, false);
        self.seekers_find(name);
        self.run();
    }

    /// An outsider opens a stream.
    pub(crate) fn open_to(&mut self, from: &str, to: &str, protocol: Protocol) -> Channel {
        self.open(from, to, protocol);
        let channel = *self.streams.keys().last().unwrap();
        self.run();
        channel
    }

    /// `from` dials `to`, for whatever reason it has.
    pub(crate) fn dial(&mut self, from: &str, to: &str) {
        self.connect(from, to);
        self.run();
    }

    /// `from` dials `to`, and an outsider's word comes to it while the stream that it opens isn't there yet.
    pub(crate) fn dial_and_hear(
        &mut self,
        from: &str,
        to: &str,
        outsider: &str,
        channel: Channel,
        said: &Says,
    ) {
        self.connect(from, to);
        self.transmit(channel, outsider, from, codec::encode(said));
        self.run();
    }

    /// An outsider sends a frame.
    pub(crate) fn say(&mut self, from: &str, channel: Channel, frame: Vec<u8>) {
        if let Some(to) = self.other_end(from, channel) {
            self.transmit(channel, from, &to, frame);
            self.run();
        }
    }

    /// An outsider hangs up.
    pub(crate) fn hang_up(&mut self, from: &str, channel: Channel) {
        self.close(from, channel);
        self.run();
    }

    pub(crate) fn say_in_sync(&mut self, from: &str, channel: Channel, said: &Says) {
        self.say(from, channel, codec::encode(said));
    }

    /// Whether a stream stands.
    pub(crate) fn stands(&self, channel: Channel) -> bool {
        self.streams.contains_key(&channel)
    }

    /// The frames that came to `name` on a stream.
    pub(crate) fn heard(&self, name: &str, channel: Channel) -> Vec<Vec<u8>> {
        let came = self.wire.iter().filter(|sent| sent.to == name && sent.channel == channel);
        came.map(|sent| sent.frame.clone()).collect()
    }

    pub(crate) fn heard_in_sync(&self, name: &str, channel: Channel) -> Vec<Says> {
        self.heard(name, channel).iter().map(|frame| codec::decode(frame).unwrap()).collect()
    }

    /// The latest stream between two machines on which `from` spoke first.
    pub(crate) fn latest_stream(&self, from: &str, to: &str) -> Channel {
        let between = self.wire.iter().filter(|sent| sent.from == from && sent.to == to);
        between.map(|sent| sent.channel).max().unwrap()
    }

    /// Everything that came to `guest` by greetings and syncs, decrypted: a recorder that knows the guest's entropy
    /// has the keys of its handshakes.
    pub(crate) fn decrypted(&self, guest: &str, link: &Link) -> Vec<Vec<u8>> {
        let mut streams: Vec<Channel> =
            self.wire.iter().filter(|sent| sent.to == guest).map(|sent| sent.channel).collect();
        streams.dedup();
        streams.sort_unstable();
        streams.dedup();
        let mut plain = Vec::new();
        for channel in streams {
            let first = self.wire.iter().find(|sent| sent.channel == channel).unwrap();
            let greets = Opening::read(&first.frame).filter(|it| it.invitation == link.keys().id);
            match greets {
                Some(opening) => plain.extend(self.greeting(guest, link, channel, &opening, first.draw)),
                None => plain.extend(self.heard(guest, channel)),
            }
        }
        plain
    }

    fn greeting(
        &self,
        guest: &str,
        link: &Link,
        channel: Channel,
        opening: &Opening,
        draw: u64,
    ) -> Vec<Vec<u8>> {
        let prologue = prologue(link, guest);
        let mut entropy = self.entropy_of(draw);
        let nonce: Secret32 = entropy.secret();
        let knock = codec::encode(&Knock::Greet(Commitment::to(&nonce)));
        let (noise, message) = Initiator::begin(&link.keys().psk, &prologue, &knock, &mut entropy);
        assert_eq!(message, opening.message, "the same entropy gives the same first message");
        let frames = self.heard(guest, channel);
        let Some(FirstAnswer::Noise(answer)) = frames.first().and_then(|frame| FirstAnswer::read(frame))
        else {
            return frames;
        };
        let (mut cipher, payload) = noise.finish(answer).unwrap();
        let rest = frames[1..].iter().map(|frame| cipher.open(frame).unwrap());
        std::iter::once(payload).chain(rest).collect()
    }

    /// Whether these bytes were ever written to the machine's disk.
    pub(crate) fn disk_holds(&self, name: &str, text: &str) -> bool {
        self.machines[name].written.iter().any(|bytes| contains(bytes, text))
    }

    /// The machine's disk, to be compared.
    pub(crate) fn disk(&self, name: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.machines[name].disk.clone().into_iter().collect()
    }

    /// The machine's disk, to be written to while nobody looks.
    pub(crate) fn machines_disk(&mut self, name: &str) -> &mut BTreeMap<Vec<u8>, Vec<u8>> {
        &mut self.machines.get_mut(name).unwrap().disk
    }

    /// The openings on the machine's disk, as they are sent.
    pub(crate) fn openings_on(&self, name: &str) -> Vec<Vec<u8>> {
        let disk = &self.machines[name].disk;
        disk.iter()
            .filter(|(key, _)| key[0] == b'o' && key.len() == 33)
            .map(|(_, value)| value.clone())
            .collect()
    }

    /// How many frames were ever sent.
    pub(crate) fn frames(&self) -> usize {
        self.wire.len()
    }

    /// Changes one record of a disk while nobody looks.
    pub(crate) fn tamper(&mut self, name: &str, key: &[u8], alter: impl FnOnce(&mut Vec<u8>)) {
        alter(self.machines.get_mut(name).unwrap().disk.get_mut(key).unwrap());
    }

    /// All that the machine's disk has of its organization.
    pub(crate) fn history(&self, name: &str) -> History {
        let records = self.machines[name].disk.iter().filter(|(key, _)| key[0] == b'c' && key.len() == 41);
        let mut certificates = records
            .map(|(_, bytes)| SignedCertificate::from_bytes(bytes).unwrap().verify().unwrap())
            .peekable();
        let mut history = History::new(OrganizationId::from(certificates.peek().unwrap().id()));
        for certificate in certificates {
            history.add(certificate).unwrap();
        }
        history
    }

    /// What those were told who follow this machine's events, from the last time on.
    pub(crate) fn events(&mut self, name: &str) -> Vec<Happening> {
        std::mem::take(&mut self.machines.get_mut(name).unwrap().events)
    }

    /// Under which names this machine wants to be registered, and which of them briefly.
    pub(crate) fn advertised(&self, name: &str) -> (Vec<String>, Vec<String>) {
        self.machines[name].advertised.clone()
    }
}

/// What both ends of a greeting between a link's host and this guest bind.
pub(crate) fn prologue(link: &Link, guest: &str) -> Prologue {
    Prologue {
        organization: link.organization,
        kind: link.kind,
        invitation: link.keys().id,
        host: link.host,
        guest: device(guest).device(),
    }
}
