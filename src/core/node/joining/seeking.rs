//! Looking for the host: what the network is asked to try, and what a person is told where nothing led there.

use super::super::Mind;
use super::super::outbox::Outbox;
use super::super::output::Output;
use super::Joining;
use crate::core::greeting::{Reason, Side};
use crate::core::primitives::limits;
use crate::core::primitives::time::Moment;

impl Joining {
    /// Tries all that is known, until a person has waited for long enough.
    pub(super) fn seek(&mut self, mind: &Mind, out: &mut Outbox) {
        let mut points = self.pending.points.clone();
        points.extend(self.settings.points.iter().filter(|p| !self.pending.points.contains(p)).cloned());
        if self.seeks_until <= mind.now {
            self.seeks_until = mind.now + limits::REACH;
        }
        self.deadline = self.conversation.map(|_| self.seeks_until);
        out.push(Output::Seek {
            device: self.pending.host,
            addresses: self.pending.hosts.clone(),
            points,
            namespace: self.pending.keys.namespace_text(),
        });
    }

    /// Whether it is looked for on where a handshake came to nothing.
    pub(super) fn searches(&self, now: Moment) -> bool {
        self.seeks_until > now || (self.is_confirmed() && self.conversation.is_none())
    }

    /// That the host wasn't reached: what was tried, and what else may be the matter.
    pub(super) fn not_reached(&self, now: Moment) -> String {
        let mut message = Reason::Unreachable.sentence(Side::Network);
        if !self.tried.is_empty() {
            message = format!("{message} (tried {})", self.tried.join("; "));
        }
        if self.pending.points.is_empty() && self.settings.points.is_empty() {
            message.push_str("; there is no rendezvous point to ask, so both must be on one network");
        }
        if self.is_confirmed() {
            message = format!("{message}; both codes matched, so this machine goes on trying by itself");
        } else if self.pending.expires <= now {
            // The host decides whether it has; a clock that is wrong must not.
            let expires = self.pending.expires;
            message = format!("{message}; by this machine's clock the link expired at {expires}");
        }
        message
    }
}
