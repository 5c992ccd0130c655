//! What is derived from an invitation's token. The token itself is never sent anywhere.

use serde::{Deserialize, Serialize};

use super::link::Link;
use crate::core::primitives::address::Address;
use crate::core::primitives::digest::{derive, label};
use crate::core::primitives::ids::{DeviceId, InvitationId, OrganizationPrefix};
use crate::core::primitives::kind::Kind;
use crate::core::primitives::secret::{Secret32, Token};
use crate::core::primitives::time::Moment;

/// The keys of one invitation, each under its own label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationKeys {
    /// Names the invitation in clear at the head of a greeting.
    pub id: InvitationId,
    /// Where the host registers at rendezvous points; tells them nothing.
    pub namespace: [u8; 32],
    /// The pre-shared key of the Noise handshake.
    pub psk: Secret32,
}

impl InvitationKeys {
    /// Derives all three from the token.
    #[must_use]
    pub fn from_token(token: &Token) -> Self {
        let from = |label| derive(label, &[token.expose()]);
        let mut id = [0; 16];
        id.copy_from_slice(&from(label::INVITATION_ID)[..16]);
        Self {
            id: InvitationId(id),
            namespace: from(label::INVITATION_NAMESPACE),
            psk: Secret32::new(from(label::INVITATION_PSK)),
        }
    }

    /// The keys by which somebody comes to a session that they found on the local network. They protect nothing:
    /// only the codes do (G7.3).
    #[must_use]
    pub fn without_link(session_on_lan: InvitationId) -> Self {
        Self {
            id: session_on_lan,
            // Nobody registers there: who is found on the network is dialled on the network.
            namespace: derive(label::SESSION_ON_LAN, &[&session_on_lan.0]),
            psk: Secret32::new(derive(label::SESSION_PUBLIC_PSK, &[])),
        }
    }

    /// The namespace as rendezvous points see it: 64 hexadecimal digits.
    #[must_use]
    pub fn namespace_text(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.namespace)
    }
}

/// What a session is called by who found it on the local network: derived from its id, which only who has its link
/// knows, so that the first frame of a greeting says which key it is under.
#[must_use]
pub fn on_lan(session: &InvitationId) -> InvitationId {
    let digest = derive(label::SESSION_ON_LAN, &[&session.0]);
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    InvitationId(id)
}

/// Where a guest is going, by a link or by what was found on the local network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// What it is for.
    pub kind: Kind,
    /// Into which organization.
    pub organization: OrganizationPrefix,
    /// How one comes in there.
    pub keys: InvitationKeys,
    /// Whose device greets.
    pub host: DeviceId,
    /// Until when.
    pub expires: Moment,
    /// Where the host may be.
    pub hosts: Vec<Address>,
    /// Rendezvous points that may know where the host is.
    pub points: Vec<Address>,
}

impl From<&Link> for Destination {
    fn from(link: &Link) -> Self {
        Self {
            kind: link.kind,
            organization: link.organization,
            keys: link.keys(),
            host: link.host,
            expires: link.expires,
            hosts: link.hosts.clone(),
            points: link.points.clone(),
        }
    }
}

/// What both sides must agree on before a word is said: it goes into the handshake's prologue, so that a
/// message relayed between other devices, or meant for another invitation, opens nothing (G2.3).
#[derive(Debug, Clone, Copy)]
pub struct Prologue {
    /// The organization, as the link has it.
    pub organization: OrganizationPrefix,
    /// What the invitation is for.
    pub kind: Kind,
    /// Which invitation.
    pub invitation: InvitationId,
    /// The host's device, as the connection authenticated it.
    pub host: DeviceId,
    /// The guest's device, as the connection authenticated it.
    pub guest: DeviceId,
}

impl Prologue {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let kind = match self.kind {
            Kind::User => 0,
            Kind::Device => 1,
            Kind::Session => 2,
        };
        [
            b"muster greeting prologue 1".as_slice(),
            &[super::message::VERSION, kind],
            &self.organization.0,
            &self.invitation.0,
            &self.host.0,
            &self.guest.0,
        ]
        .concat()
    }
}
