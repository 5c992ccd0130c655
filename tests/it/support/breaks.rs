//! Who hangs up on whom in the middle of a sync, as it looks from outside: an honest device does that to a liar, and to
//! nobody else.

use std::collections::BTreeMap;

use muster::core::node::input::Channel;
use muster::core::primitives::codec;

use super::speech::Says;

/// What each end of each stream said last, and who broke one off with somebody who was told no reason.
#[derive(Default)]
pub(crate) struct Breaks {
    last: BTreeMap<(Channel, String), bool>,
    pub(crate) without_a_reason: Vec<(String, String)>,
}

impl Breaks {
    pub(super) fn said(&mut self, channel: Channel, from: &str, frame: &[u8]) {
        // The farewells: `Stranger` and `Revoked`. What can't be read is none.
        let parting = frame.len() <= 4 + 32
            && matches!(codec::decode::<Says>(frame), Ok(Says::Stranger | Says::Revoked(_)));
        self.last.insert((channel, from.to_owned()), parting);
    }

    /// `name` hangs up; `is_in` is whether it knows itself as a member.
    pub(super) fn note(&mut self, channel: Channel, (name, other): (&str, Option<String>), is_in: bool) {
        let Some(other) = other else { return };
        let parted = |who: &str| self.last.get(&(channel, who.to_owned())).copied();
        // Who said nothing yet has no room for one more stranger.
        let in_the_middle = parted(name) == Some(false) && parted(&other) != Some(true);
        if is_in && in_the_middle {
            self.without_a_reason.push((name.to_owned(), other));
        }
    }
}
