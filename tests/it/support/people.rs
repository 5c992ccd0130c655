//! Two honest people in a world: they read their codes to each other and type what they hear.

use muster::core::greeting::Side;
use muster::core::node::conversation::Step;
use muster::core::node::input::ConversationId;

use super::world::{World, email, label};

impl World {
    /// Two honest people: each types what the other reads, the host confirms with this profile. Until nothing is asked
    /// any more.
    pub(crate) fn play(
        &mut self,
        (host, greet): (&str, ConversationId),
        (guest, join): (&str, ConversationId),
        profile: &str,
    ) {
        let mut before = usize::MAX;
        loop {
            let steps = self.steps(host, greet).len() + self.steps(guest, join).len();
            if steps == before {
                return;
            }
            before = steps;
            if let Some(Step::EnterCode { of: Side::Host, .. }) = self.last(guest, join)
                && let Some(code) = self.code(host, greet)
            {
                self.answer(guest, join, &code);
            }
            if let Some(Step::EnterCode { of: Side::Guest, .. }) = self.last(host, greet)
                && let Some(code) = self.code(guest, join)
            {
                self.answer(host, greet, &code);
            }
            if let Some(Step::Details { .. }) = self.last(guest, join) {
                self.answer(guest, join, &format!("{{\"device\":\"{}\",\"yes\":true}}", label(guest)));
            }
            if let Some(Step::Confirm { .. }) = self.last(host, greet) {
                self.answer(host, greet, &format!("{{\"profile\":\"{profile}\"}}"));
            }
        }
    }

    /// The whole way, by two honest people.
    pub(crate) fn enrol(&mut self, host: &str, guest: &str, profile: &str) {
        let link = self.invite(host, &email(guest));
        let join = self.join(guest, &link);
        let greet = self.greet(host);
        self.play((host, greet), (guest, join), profile);
        assert!(matches!(self.last(guest, join), Some(Step::Done { .. })), "{:?}", self.steps(guest, join));
    }
}
