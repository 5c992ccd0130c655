//! Members' devices: kept connected, brought in step, and told when they were revoked.
//!
//! Simple and correct: both sides say what they hold (heads, then a thinning list), and each sends what the
//! other lacks. From then on what is new is pushed. Everything that is sent asks the roster as it is then.

use std::collections::BTreeSet;

use super::super::Mind;
use super::super::event::Happening;
use super::super::input::{Channel, Protocol};
use super::super::outbox::Outbox;
use super::super::output::{Batch, Contact, Output};
use super::super::records;
use super::super::syncing::{Message, VERSION};
use super::Member;
use crate::core::primitives::address::Address;
use crate::core::primitives::codec;
use crate::core::primitives::digest::{derive, label};
use crate::core::primitives::ids::{CertificateId, DeviceId, Seal};
use crate::core::primitives::limits;
use crate::core::primitives::time::Moment;
use crate::core::roster::seal::Opening;
use crate::core::roster::{NotAdded, Refused, SignedCertificate, User};

/// One sync stream.
pub(super) struct Session {
    pub(super) peer: DeviceId,
    greeted: bool,
    rounds: u32,
    /// Whether the peer's revocation is known, so that it gets nothing more.
    over: bool,
}

/// What the network was last told: repeated only when it changes.
#[derive(Default, PartialEq)]
pub(super) struct Announced {
    namespaces: Vec<String>,
    contacts: Vec<Contact>,
    points: Vec<Address>,
    members: Vec<String>,
    said: bool,
}

/// What one message may carry, with room for lengths, in bytes.
const ROOM: usize = limits::FRAME - 1024;

impl Member {
    pub(super) fn is_member(&self, device: &DeviceId) -> bool {
        self.roster().user_of(device).is_some_and(User::is_active)
    }

    pub(super) fn listens_at(&mut self, addresses: Vec<Address>, out: &mut Outbox) {
        self.listening = addresses;
        let hello = self.hello();
        for (channel, session) in &self.syncs {
            if session.greeted && !session.over {
                send(*channel, &hello, out);
            }
        }
    }

    pub(super) fn connected(
        &mut self,
        peer: DeviceId,
        dialed: bool,
        address: Option<Address>,
        mind: &Mind,
        out: &mut Outbox,
    ) {
        self.connected.insert(peer, dialed);
        if let Some(address) = address {
            self.remember(peer, vec![address], out);
        }
        self.meet(&peer, mind.now, out);
    }

    /// Begins a sync with a connected member where none runs: who dialled begins.
    pub(super) fn meet(&mut self, peer: &DeviceId, now: Moment, out: &mut Outbox) {
        let runs = self.syncs.values().any(|session| session.peer == *peer);
        let Some(dialed) = self.connected.get(peer) else { return };
        if runs || !self.is_member(peer) || !self.is_active() {
            return;
        }
        if *dialed {
            out.push(Output::Open { peer: *peer, protocol: Protocol::Sync });
        }
        if let Some(user) = self.roster().user_of(peer) {
            let what = Happening::MemberConnected { user_id: user.id, device_id: *peer };
            self.notify(now, what, out);
        }
    }

    pub(super) fn disconnected(&mut self, peer: DeviceId, mind: &Mind, out: &mut Outbox) {
        self.connected.remove(&peer);
        self.syncs.retain(|_, session| session.peer != peer);
        if let Some(user) = self.roster().user_of(&peer).filter(|user| user.is_active()) {
            let what = Happening::MemberDisconnected { user_id: user.id, device_id: peer };
            self.notify(mind.now, what, out);
        }
    }

    /// Where devices were reached; only members' are remembered.
    fn remember(&mut self, peer: DeviceId, addresses: Vec<Address>, out: &mut Outbox) {
        if !self.is_member(&peer) || addresses.is_empty() {
            return;
        }
        let known = self.reached.entry(peer).or_default();
        let before = known.clone();
        for address in addresses.into_iter().rev() {
            known.retain(|a| *a != address);
            known.insert(0, address);
        }
        known.truncate(limits::ADDRESSES_PER_DEVICE);
        if *known != before {
            let mut batch = Batch::default();
            batch.put(records::addresses(&peer), &*known);
            out.commit(batch);
        }
    }

    fn hello(&self) -> Message {
        let addresses = self.listening.iter().take(limits::ADDRESSES_PER_DEVICE).cloned().collect();
        Message::Hello { version: VERSION, holds: self.history.sample(), addresses }
    }

    /// A sync stream stands. A stranger gets the refusal and nothing else; a revoked device gets what shows it.
    pub(super) fn sync_opened(&mut self, channel: Channel, peer: DeviceId, out: &mut Outbox) {
        match self.roster().user_of(&peer) {
            None => {
                send(channel, &Message::Stranger, out);
                out.hang_up(channel);
            }
            Some(user) if !user.is_active() => {
                let revocation = user.revoked;
                self.show_revocation(channel, revocation, out);
            }
            Some(_) => {
                let hello = self.hello();
                self.syncs.insert(channel, Session { peer, greeted: false, rounds: 0, over: false });
                if self.is_active() {
                    send(channel, &hello, out);
                }
                self.knows_it_is_in(&peer, out);
            }
        }
    }

    /// The removal with its ancestors: certificates alone, no names, and then the end.
    fn show_revocation(&self, channel: Channel, revocation: Option<CertificateId>, out: &mut Outbox) {
        let shown = revocation.map(|id| self.history.with_ancestors(&[id])).unwrap_or_default();
        let ids: Vec<CertificateId> =
            self.history.in_causal_order().map(|c| c.id()).filter(|id| shown.contains(id)).collect();
        self.send_certificates(channel, &ids, out);
        send(channel, &Message::Revoked, out);
        out.hang_up(channel);
    }

    pub(super) fn sync_received(&mut self, channel: Channel, frame: &[u8], mind: &Mind, out: &mut Outbox) {
        let Some(session) = self.syncs.get_mut(&channel) else { return };
        session.rounds += 1;
        let (peer, rounds) = (session.peer, session.rounds);
        let message = codec::decode::<Message>(frame).ok().filter(|_| rounds <= limits::SYNC_ROUNDS);
        let Some(message) = message else { return self.stop_sync(channel, out) };
        match message {
            Message::Hello { version, holds, addresses } => {
                if version != VERSION || holds.len() > limits::LISTED_IDS {
                    return self.stop_sync(channel, out);
                }
                self.remember(peer, addresses, out);
                self.bring_in_step(channel, &peer, &holds, out);
            }
            Message::Certificates(certificates) => {
                self.certificates_came(channel, certificates, mind.now, out)
            }
            Message::WantOpenings(seals) => self.send_openings(channel, &peer, &seals, out),
            Message::Openings(openings) => self.openings_came(&openings, out),
            Message::Stranger | Message::Revoked => self.stop_sync(channel, out),
        }
    }

    fn stop_sync(&mut self, channel: Channel, out: &mut Outbox) {
        self.syncs.remove(&channel);
        out.hang_up(channel);
    }

    fn bring_in_step(
        &mut self,
        channel: Channel,
        peer: &DeviceId,
        holds: &[CertificateId],
        out: &mut Outbox,
    ) {
        if !self.is_member(peer) || !self.is_active() {
            return;
        }
        let first = self.syncs.get_mut(&channel).is_some_and(|s| !std::mem::replace(&mut s.greeted, true));
        let lacking = self.history.lacking(holds);
        self.send_certificates(channel, &lacking, out);
        if first {
            self.ask_for_openings(channel, out);
        }
    }

    fn send_certificates(&self, channel: Channel, ids: &[CertificateId], out: &mut Outbox) {
        let bytes = ids.iter().filter_map(|id| self.history.get(id)).map(|c| c.signed().bytes());
        for piece in codec::in_pieces(bytes, ROOM) {
            send(channel, &Message::Certificates(piece), out);
        }
    }

    /// Verifies and takes in what came. Whoever sends what isn't a certificate, or one that its own past forbids, is a
    /// liar: the stream ends, and nothing that it sent before is believed less.
    fn certificates_came(&mut self, channel: Channel, came: Vec<Vec<u8>>, now: Moment, out: &mut Outbox) {
        let mut batch = Batch::default();
        let mut new = Vec::new();
        let mut outcome = Ok(());
        for bytes in came {
            let verified = SignedCertificate::from_bytes(&bytes).and_then(SignedCertificate::verify);
            let taken = verified.map_err(NotAdded::Refused).and_then(|certificate| {
                let id = certificate.id();
                self.take(certificate, &mut batch).map(|added| (id, added))
            });
            match taken {
                Ok((id, true)) => new.push(id),
                Ok((_, false)) => {}
                Err(why) => {
                    outcome = Err(why);
                    break;
                }
            }
        }
        self.take_in(batch, &new, now, out);
        match outcome {
            Ok(()) => {
                if !new.is_empty() {
                    self.ask_for_openings(channel, out);
                }
            }
            // Something between was lost: say again what is held here, and it comes.
            Err(NotAdded::MissingParents(_)) => send(channel, &self.hello(), out),
            Err(NotAdded::Refused(Refused::NewerVersion) | NotAdded::Disputed(_)) => {}
            Err(NotAdded::Refused(_)) => self.stop_sync(channel, out),
        }
    }

    /// What came is durable; then it is told, and passed on.
    fn take_in(&mut self, batch: Batch, new: &[CertificateId], now: Moment, out: &mut Outbox) {
        if new.is_empty() {
            return;
        }
        self.publish(batch, new, now, out);
    }

    /// Passes on what is new to every connected member; first of all, whom it takes off the roster is shown that,
    /// and hung up on.
    pub(super) fn push_to_members(&mut self, new: &[CertificateId], out: &mut Outbox) {
        if new.is_empty() {
            return;
        }
        let removed: Vec<(Channel, DeviceId)> = self
            .syncs
            .iter()
            .filter(|(_, session)| !self.is_member(&session.peer))
            .map(|(channel, session)| (*channel, session.peer))
            .collect();
        for (channel, peer) in removed {
            self.syncs.remove(&channel);
            let revocation = self.roster().user_of(&peer).and_then(|user| user.revoked);
            self.show_revocation(channel, revocation, out);
            out.push(Output::Disconnect { peer });
        }
        if !self.is_active() {
            for channel in std::mem::take(&mut self.syncs).into_keys() {
                out.hang_up(channel);
            }
            return;
        }
        let mut told = BTreeSet::new();
        let channels: Vec<(Channel, DeviceId)> =
            self.syncs.iter().filter(|(_, s)| s.greeted).map(|(c, s)| (*c, s.peer)).collect();
        for (channel, peer) in channels {
            if told.insert(peer) {
                self.send_certificates(channel, new, out);
            }
        }
    }

    /// Asks for the openings of all seals that aren't open here. Who may not see names gets none, and so never asks for them.
    fn ask_for_openings(&self, channel: Channel, out: &mut Outbox) {
        let sees = self.me().is_some_and(|me| me.is_active() && me.profile.sees_names());
        let people = self.roster().users().filter(|_| sees);
        let seals = people.flat_map(|user| {
            [user.name, user.email].into_iter().chain(user.devices.iter().map(|device| device.label))
        });
        let closed: Vec<Seal> = self
            .roster()
            .organization_name()
            .into_iter()
            .chain(seals)
            .filter(|s| !self.openings.contains_key(s))
            .collect();
        for piece in closed.chunks(limits::LISTED_IDS) {
            send(channel, &Message::WantOpenings(piece.to_vec()), out);
        }
    }

    fn send_openings(&self, channel: Channel, peer: &DeviceId, seals: &[Seal], out: &mut Outbox) {
        let known = seals.iter().take(limits::LISTED_IDS).filter_map(|seal| self.openings.get(seal));
        let visible = known.filter(|opening| self.may_have(peer, opening));
        for piece in codec::in_pieces(visible.map(codec::encode), ROOM) {
            send(channel, &Message::Openings(piece), out);
        }
    }

    fn openings_came(&mut self, came: &[Vec<u8>], out: &mut Outbox) {
        let openings = came.iter().filter_map(|bytes| codec::decode::<Opening>(bytes).ok());
        let own = self.key.device();
        let openings: Vec<Opening> = openings.filter(|opening| self.may_have(&own, opening)).collect();
        let mut batch = Batch::default();
        self.take_openings(openings, &mut batch);
        out.commit(batch);
    }

    /// Tells the network whom to stay connected with and under what to be registered, where that changed.
    pub(super) fn announce(&mut self, now: Moment, out: &mut Outbox) {
        let announced = self.to_announce(now);
        if announced == self.announced {
            return;
        }
        out.push(Output::Advertise {
            namespaces: announced.namespaces.clone(),
            points: announced.points.clone(),
        });
        out.push(Output::StayConnected {
            contacts: announced.contacts.clone(),
            namespaces: announced.members.clone(),
            points: announced.points.clone(),
        });
        self.announced = announced;
    }

    fn to_announce(&self, now: Moment) -> Announced {
        if !self.is_active() {
            return Announced { said: true, ..Announced::default() };
        }
        let own = self.key.device();
        let devices = self.roster().users().filter(|user| user.is_active()).flat_map(|user| &user.devices);
        let contacts = devices.filter(|device| device.id != own).map(|device| Contact {
            device: device.id,
            addresses: self.reached.get(&device.id).cloned().unwrap_or_default(),
        });
        let members: Vec<String> = [now.day(), now.day() + 1].map(|day| self.members_namespace(day)).to_vec();
        let waiting = self.invitations.values().filter(|i| i.ended.is_none() || i.unacknowledged().is_some());
        let namespaces = waiting.map(|i| i.keys.namespace_text()).chain(members.clone()).collect();
        Announced { namespaces, contacts: contacts.collect(), points: self.points(), members, said: true }
    }

    fn members_namespace(&self, day: u64) -> String {
        let secret = self.membership.members_secret.expose();
        data_encoding::HEXLOWER.encode(&derive(label::MEMBERS_NAMESPACE, &[secret, &day.to_be_bytes()]))
    }
}

fn send(channel: Channel, message: &Message, out: &mut Outbox) {
    out.send(channel, codec::encode(message));
}
