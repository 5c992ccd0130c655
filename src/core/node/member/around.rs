//! Neighbours who ask which sessions are open here, over `/muster/sessions/1` (G7.2). Who isn't on one of this machine's
//! own links got no further than the door, and nobody learns more than a session's host chose to show.

use std::collections::BTreeMap;

use super::super::input::Channel;
use super::super::outbox::Outbox;
use super::Member;
use crate::core::greeting::sessions::{self, Announced};
use crate::core::primitives::ids::InvitationId;
use crate::core::primitives::limits;
use crate::core::primitives::text::Name;
use crate::core::primitives::time::Moment;

/// Streams on which a question is to come, and until when.
#[derive(Default)]
pub(super) struct Asking(BTreeMap<Channel, Moment>);

impl Asking {
    pub(super) fn has(&self, channel: Channel) -> bool {
        self.0.contains_key(&channel)
    }

    pub(super) fn forget(&mut self, channel: Channel) -> bool {
        self.0.remove(&channel).is_some()
    }

    pub(super) fn next_deadline(&self) -> impl Iterator<Item = Moment> {
        self.0.values().copied()
    }
}

impl Member {
    pub(super) fn neighbour_came(&mut self, channel: Channel, now: Moment, out: &mut Outbox) {
        if self.around.0.len() >= limits::SESSIONS_ASKED
            && let Some((silent, _)) = self.around.0.pop_first()
        {
            out.hang_up(silent);
        }
        self.around.0.insert(channel, now + limits::HANDSHAKE);
    }

    pub(super) fn neighbour_asked(&mut self, channel: Channel, frame: &[u8], out: &mut Outbox) {
        self.around.forget(channel);
        if sessions::is_question(frame) && self.is_active() {
            out.part(channel, sessions::answer(&self.announced_sessions()));
        } else {
            out.hang_up(channel);
        }
    }

    pub(super) fn neighbours_time_out(&mut self, now: Moment, out: &mut Outbox) {
        self.around.0.retain(|channel, deadline| {
            let stays = *deadline > now;
            if !stays {
                out.hang_up(*channel);
            }
            stays
        });
    }

    /// What a neighbour is told of: the open ones that this device may greet for.
    fn announced_sessions(&self) -> Vec<Announced> {
        let open = self.sessions.keys().filter(|id| self.may_greet(id));
        open.filter_map(|id| self.announced(id)).take(limits::SESSIONS).collect()
    }

    fn announced(&self, id: &InvitationId) -> Option<Announced> {
        let session = self.sessions.get(id)?;
        let invitation = self.invitations.get(id).filter(|invitation| invitation.is_pending())?;
        let own_name =
            || self.me().and_then(|me| self.opened(&me.name)).and_then(|name| Name::parse(name).ok());
        Some(Announced {
            session: session.on_lan,
            organization: self.organization().prefix(),
            name: Name::parse(self.organization_name()?).ok()?,
            host: session.show_name.then(own_name).flatten(),
            waiting: u32::try_from(self.door.waiting_on(id)).unwrap_or(u32::MAX),
            expires: invitation.expires_at,
        })
    }
}
