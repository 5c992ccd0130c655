//! Two honest people in a world: they read their codes to each other and type what they hear.

use muster::core::greeting::{Reason, Side};
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

    /// Each reads a code to the other, who types it.
    pub(crate) fn exchange_codes(
        &mut self,
        (host, greet): (&str, ConversationId),
        (guest, join): (&str, ConversationId),
    ) {
        let code = self.code(host, greet).unwrap();
        self.answer(guest, join, &code);
        let code = self.code(guest, join).unwrap();
        self.answer(host, greet, &code);
    }

    /// A further device of this machine's user, all the way.
    pub(crate) fn add_device(&mut self, host: &str, device: &str) {
        let link = self.invite_device(host);
        let join = self.join(device, &link);
        let greet = self.greet(host);
        self.play((host, greet), (device, join), "");
        assert!(self.is_member(device), "{:?}", self.steps(device, join));
    }

    /// How a conversation ended.
    pub(crate) fn ended(&self, name: &str, conversation: ConversationId) -> (Reason, Side) {
        match self.last(name, conversation) {
            Some(Step::Ended { reason, by, .. }) => (*reason, *by),
            other => panic!("{other:?}"),
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
