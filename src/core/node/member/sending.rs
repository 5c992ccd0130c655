//! Sending certificates: what a peer lacks, a few frames at a time, so that a whole roster goes over a slow line without
//! lying in memory; and what is new, to everybody. Who signed it here pushes it; who heard of it offers it, since in an
//! organization where everybody is connected most have it already.

use super::super::input::Channel;
use super::super::outbox::Outbox;
use super::super::output::Output;
use super::super::syncing::Message;
use super::Member;
use super::stepping::{ROOM, send};
use crate::core::primitives::ids::{CertificateId, DeviceId};
use crate::core::primitives::limits;
use crate::core::roster::reconcile::Reconciling;

impl Member {
    /// Sends of the queue what there is room for.
    pub(super) fn pump(&mut self, channel: Channel, out: &mut Outbox) {
        let Some(session) = self.syncs.get_mut(&channel) else { return };
        while session.under_way < limits::SYNC_FRAMES && !session.queue.is_empty() {
            let mut room = ROOM;
            let mut frame = Vec::new();
            while let Some(id) = session.queue.front() {
                let bytes = self.history.get(id).map(|it| it.signed().bytes()).unwrap_or_default();
                let Some(left) = room.checked_sub(bytes.len() + 8) else { break };
                room = left;
                session.queue.pop_front();
                frame.push(bytes);
            }
            session.under_way += 1;
            send(channel, &Message::Certificates(frame), out);
        }
        // All of it came: whether both hold the same is looked at once more.
        if session.under_way == 0 && std::mem::take(&mut session.to_check) {
            send(channel, &Message::Reconcile(Reconciling::holds(&self.history)), out);
        }
    }

    /// The peer took one frame. Who says so more often than something was sent is a liar.
    pub(super) fn was_taken(&mut self, channel: Channel, out: &mut Outbox) {
        let Some(session) = self.syncs.get_mut(&channel) else { return };
        let Some(left) = session.under_way.checked_sub(1) else { return self.stop_sync(channel, out) };
        session.under_way = left;
        session.was_of_use();
        self.pump(channel, out);
    }

    /// Passes on what is new to every connected member but the one that it came from; first of all, whom it takes
    /// off the roster is shown that, and hung up on.
    pub(super) fn push_to_members(&mut self, from: Option<Channel>, new: &[CertificateId], out: &mut Outbox) {
        let removed: Vec<(Channel, DeviceId)> = self
            .syncs
            .iter()
            .filter(|(_, session)| !self.is_member(&session.peer))
            .map(|(channel, session)| (*channel, session.peer))
            .collect();
        for (channel, peer) in removed {
            self.put_out(channel, new, out);
            out.push(Output::Disconnect { peer });
        }
        // Where two streams to one device stand, one of them may be broken without our knowing: both are used.
        let others = self.syncs.iter_mut().filter(|(channel, it)| it.greeted && Some(**channel) != from);
        let mut channels = Vec::new();
        for (channel, session) in others {
            match from {
                None => session.queue.extend(new),
                Some(_) => {
                    for ids in new.chunks(limits::LISTED_IDS) {
                        send(*channel, &Message::Offer(ids.to_vec()), out);
                    }
                }
            }
            channels.push(*channel);
        }
        for channel in channels {
            self.pump(channel, out);
        }
    }

    /// Asks for what isn't held here of what a member offers.
    pub(super) fn was_offered(&mut self, channel: Channel, ids: Vec<CertificateId>, out: &mut Outbox) {
        if ids.len() > limits::LISTED_IDS {
            return self.stop_sync(channel, out);
        }
        let missing: Vec<CertificateId> = ids.into_iter().filter(|id| !self.history.contains(id)).collect();
        if !missing.is_empty() {
            send(channel, &Message::Want(missing), out);
        }
    }

    /// Sends what a member wants, if it is still one.
    pub(super) fn is_wanted(&mut self, channel: Channel, ids: &[CertificateId], out: &mut Outbox) {
        if ids.len() > limits::LISTED_IDS {
            return self.stop_sync(channel, out);
        }
        let wanted = self.history.in_order_of_ancestry(ids);
        let Some(session) = self.syncs.get_mut(&channel) else { return };
        match session.queue.len() < limits::SYNC_QUEUE {
            true => session.queue.extend(wanted),
            // What there is no room for is found out at the end.
            false => session.to_check = true,
        }
        self.pump(channel, out);
    }
}
