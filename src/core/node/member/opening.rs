//! Openings: what the seals in certificates are over. They go to users alone whose profile may see them in the roster
//! of that moment; who asks for more gets less.

use std::collections::BTreeSet;

use super::super::input::Channel;
use super::super::outbox::Outbox;
use super::super::output::Batch;
use super::super::syncing::Message;
use super::Member;
use super::stepping::{ROOM, send};
use crate::core::primitives::codec;
use crate::core::primitives::ids::{CertificateId, DeviceId, Seal};
use crate::core::primitives::limits;
use crate::core::roster::Body;
use crate::core::roster::seal::Opening;

impl Member {
    /// All seals that this device may see opened and that aren't. Who may not see names gets none, and so asks for none.
    pub(super) fn closed_seals(&self) -> Vec<Seal> {
        let sees_names = self.sees_names();
        let people = self.roster().users().filter(|_| sees_names);
        let seals = people.flat_map(|user| {
            [user.name, user.email].into_iter().chain(user.devices.into_iter().map(|device| device.label))
        });
        let all = self.roster().organization_name().into_iter().chain(seals);
        all.filter(|seal| !self.openings.contains_key(seal)).collect()
    }

    /// The same, of these certificates alone.
    pub(super) fn closed_seals_of(&self, ids: &[CertificateId]) -> Vec<Seal> {
        let sees_names = self.sees_names();
        let certificates = ids.iter().filter(|_| sees_names).filter_map(|id| self.history.get(id));
        let seals = certificates.flat_map(|it| match it.body() {
            Body::Enroll(enroll) => vec![enroll.name, enroll.email, enroll.label],
            Body::AddDevice(add) => vec![add.label],
            _ => Vec::new(),
        });
        seals.filter(|seal| !self.openings.contains_key(seal)).collect()
    }

    fn sees_names(&self) -> bool {
        self.me().is_some_and(|me| me.is_active() && me.profile.sees_names())
    }

    pub(super) fn ask_for_openings(&self, channel: Channel, closed: &[Seal], out: &mut Outbox) {
        for piece in closed.chunks(limits::LISTED_IDS) {
            send(channel, &Message::WantOpenings(piece.to_vec()), out);
        }
    }

    /// Answers with those that are known. The others may be on their way here: who asks early gets them once they came.
    pub(super) fn send_openings(
        &mut self,
        channel: Channel,
        peer: &DeviceId,
        asked: &[Seal],
        out: &mut Outbox,
    ) {
        let asked = &asked[..asked.len().min(limits::LISTED_IDS)];
        if let Some(session) = self.syncs.get_mut(&channel) {
            let room = limits::LISTED_IDS.saturating_sub(session.asked_seals.len());
            let closed = asked.iter().filter(|seal| !self.openings.contains_key(seal));
            session.asked_seals.extend(closed.take(room));
        }
        self.show_openings(channel, peer, asked, out);
    }

    /// Those of these that are known and that the peer may have.
    fn show_openings(&self, channel: Channel, peer: &DeviceId, seals: &[Seal], out: &mut Outbox) {
        let known = seals.iter().filter_map(|seal| self.openings.get(seal));
        let visible = known.filter(|opening| self.may_have(peer, opening));
        for piece in codec::in_pieces(visible.map(codec::encode), ROOM) {
            send(channel, &Message::Openings(piece), out);
        }
    }

    pub(super) fn openings_came(&mut self, came: &[Vec<u8>], out: &mut Outbox) {
        let openings = came.iter().filter_map(|bytes| codec::decode::<Opening>(bytes).ok());
        let own = self.key.device();
        let openings: Vec<Opening> = openings.filter(|opening| self.may_have(&own, opening)).collect();
        let mut batch = Batch::default();
        self.take_openings(openings, &mut batch);
        out.commit(batch);
        self.pass_openings_on(out);
    }

    /// To those who asked for them before they came.
    fn pass_openings_on(&mut self, out: &mut Outbox) {
        let mut due = Vec::new();
        for (channel, session) in &mut self.syncs {
            let asked = std::mem::take(&mut session.asked_seals);
            let (came, closed): (BTreeSet<Seal>, _) =
                asked.into_iter().partition(|seal| self.openings.contains_key(seal));
            session.asked_seals = closed;
            due.push((*channel, session.peer, Vec::from_iter(came)));
        }
        for (channel, peer, seals) in due {
            self.show_openings(channel, &peer, &seals, out);
        }
    }
}
