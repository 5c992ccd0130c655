//! What a host says of its sessions to neighbours who ask over `/muster/sessions/1`: one question, one answer, both a
//! frame (docs/spec/greeting.md, G7.2). Nobody has proved anything here but the key of its connection.

use serde::{Deserialize, Serialize};

use super::invitation::{Destination, InvitationKeys};
use crate::core::primitives::address::Address;
use crate::core::primitives::codec;
use crate::core::primitives::ids::{DeviceId, InvitationId, OrganizationPrefix};
use crate::core::primitives::kind::Kind;
use crate::core::primitives::limits;
use crate::core::primitives::text::Name;
use crate::core::primitives::time::Moment;

/// The version that this code speaks.
const VERSION: u8 = 1;

/// A session, as its host announces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// What it is called on the local network.
    pub session: InvitationId,
    /// Whose it is.
    pub organization: OrganizationPrefix,
    /// The organization's name.
    pub name: Name,
    /// The host's name, where the host chose to show it.
    pub host: Option<Name>,
    /// Guests in its queue.
    pub waiting: u32,
    /// Until when it is open.
    pub expires: Moment,
}

/// The question.
#[must_use]
pub fn question() -> Vec<u8> {
    vec![VERSION]
}

/// Whether a frame asks for sessions in a way that is understood here.
#[must_use]
pub fn is_question(frame: &[u8]) -> bool {
    frame == [VERSION]
}

/// The answer.
#[must_use]
pub fn answer(sessions: &[Announced]) -> Vec<u8> {
    codec::encode(sessions)
}

/// Reads an answer; none where it isn't one, or longer than any host's.
#[must_use]
pub fn read_answer(frame: &[u8]) -> Option<Vec<Announced>> {
    let sessions: Vec<Announced> = codec::decode(frame).ok()?;
    (sessions.len() <= limits::SESSIONS).then_some(sessions)
}

impl Announced {
    /// The way to it, at the device that announced it.
    #[must_use]
    pub fn destination(&self, host: DeviceId, hosts: Vec<Address>, now: Moment) -> Destination {
        Destination {
            kind: Kind::Session,
            organization: self.organization,
            keys: InvitationKeys::without_link(self.session),
            host,
            // It is the host who says so: not for ever, and whatever our own clock shows, for as long as one usually lasts.
            expires: self.expires.clamp(now + limits::SESSION, now + limits::LONGEST_SESSION),
            hosts,
            points: Vec::new(),
        }
    }
}
