//! A revoked device: it is shown its revocation, with those ancestors that it lacks, so that its own human knows. No
//! name, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::super::input::Channel;
use super::super::outbox::Outbox;
use super::super::syncing::Message;
use super::Member;
use super::stepping::{ROOM, send};
use crate::core::primitives::codec;
use crate::core::primitives::ids::{CertificateId, DeviceId};
use crate::core::primitives::limits;
use crate::core::primitives::time::Moment;

/// Streams of revoked devices whose first word is awaited, and until when: it says what they hold.
#[derive(Default)]
pub(super) struct Farewells(BTreeMap<Channel, (DeviceId, Moment)>);

impl Farewells {
    pub(super) fn has(&self, channel: Channel) -> bool {
        self.0.contains_key(&channel)
    }

    pub(super) fn forget(&mut self, channel: Channel) -> bool {
        self.0.remove(&channel).is_some()
    }

    pub(super) fn next_deadline(&self) -> impl Iterator<Item = Moment> {
        self.0.values().map(|(_, deadline)| *deadline)
    }
}

impl Member {
    /// A revoked device opened a sync, or was found while it is not known there yet.
    pub(super) fn revoked_came(&mut self, channel: Channel, peer: DeviceId, now: Moment, out: &mut Outbox) {
        if self.farewells.0.len() >= limits::STRANGERS || self.farewells.0.values().any(|(it, _)| *it == peer)
        {
            return out.hang_up(channel);
        }
        self.farewells.0.insert(channel, (peer, now + limits::HANDSHAKE));
    }

    pub(super) fn revoked_said(&mut self, channel: Channel, frame: &[u8], out: &mut Outbox) {
        let Some((peer, _)) = self.farewells.0.remove(&channel) else { return };
        // Whoever says something else first isn't asked what they hold, and hears no more than that they are revoked.
        let lacking = match codec::decode::<Message>(frame) {
            Ok(Message::Hello { holds, .. }) => self.history.lacking(&[holds.heads, holds.past].concat()),
            _ => Vec::new(),
        };
        self.show_revocation(channel, &peer, &lacking, out);
    }

    /// Of `lacking`, the removal of this device's user with its ancestors: certificates alone, and then the end.
    pub(super) fn show_revocation(
        &self,
        channel: Channel,
        peer: &DeviceId,
        lacking: &[CertificateId],
        out: &mut Outbox,
    ) {
        let revocation = self.roster().user_of(peer).and_then(|user| user.revoked);
        let lacking: BTreeSet<CertificateId> = lacking.iter().copied().collect();
        let shown = self.history.ancestry_within(revocation, &lacking);
        let bytes = shown.iter().filter_map(|id| self.history.get(id)).map(|it| it.signed().bytes());
        for piece in codec::in_pieces(bytes, ROOM).into_iter().take(limits::FAREWELL_FRAMES) {
            send(channel, &Message::Certificates(piece), out);
        }
        send(channel, &Message::Revoked, out);
        out.hang_up(channel);
    }

    /// Revoked devices that said nothing in time hear that they are revoked, for what it is worth.
    pub(super) fn farewells_time_out(&mut self, now: Moment, out: &mut Outbox) {
        let late = self.farewells.0.iter().filter(|(_, (_, deadline))| *deadline <= now);
        let late: Vec<Channel> = late.map(|(channel, _)| *channel).collect();
        for channel in late {
            self.farewells.forget(channel);
            send(channel, &Message::Revoked, out);
            out.hang_up(channel);
        }
    }
}
