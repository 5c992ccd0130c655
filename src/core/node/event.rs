//! What happens, for whoever follows.

use serde::{Deserialize, Serialize};

use crate::core::greeting::{Reason, Side};
use crate::core::primitives::ids::{CertificateId, DeviceId, InvitationId, OrganizationId, UserId};
use crate::core::primitives::kind::Kind;
use crate::core::primitives::time::Moment;
use crate::core::roster::profile::Profile;

/// Something that happened in one organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What.
    #[serde(flatten)]
    pub what: Happening,
    /// When this daemon saw it.
    pub at: Moment,
    /// Where; null only for `lagged`.
    pub organization_id: Option<OrganizationId>,
}

/// The kinds of events, named as people and programs see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are the ids that their names say")]
pub enum Happening {
    /// A guest finished the handshake and waits to be greeted.
    GuestWaiting { invitation_id: InvitationId, email: Option<String>, ticket: String, guests: u32 },
    /// A waiting guest went away.
    GuestLeft { invitation_id: InvitationId, ticket: String, guests: u32 },
    /// A person began to greet a guest.
    GreetingStarted { invitation_id: InvitationId, ticket: String },
    /// That greeting ended; `reason` is null where the guest was enrolled.
    GreetingEnded { invitation_id: InvitationId, ticket: String, reason: Option<Reason>, by: Option<Side> },
    /// A new user is in the roster.
    UserEnrolled { user_id: UserId, profile: Profile, certificate_id: CertificateId },
    /// A user has a further device.
    DeviceAdded { user_id: UserId, device_id: DeviceId, certificate_id: CertificateId },
    /// A user's profile is another one.
    ProfileChanged { user_id: UserId, profile: Profile, certificate_id: CertificateId },
    /// A user was revoked, with all devices.
    UserRevoked { user_id: UserId, certificate_id: CertificateId },
    /// An invitation was made here.
    InvitationCreated { invitation_id: InvitationId, kind: Kind, email: Option<String> },
    /// An invitation did its work.
    InvitationFinished { invitation_id: InvitationId },
    /// An invitation was taken back.
    InvitationCancelled { invitation_id: InvitationId },
    /// An invitation's time was up.
    InvitationExpired { invitation_id: InvitationId },
    /// A session is open.
    SessionOpened { invitation_id: InvitationId, seats: u32, profile: Option<Profile>, expires_at: Moment },
    /// A session lets nobody else in.
    SessionClosed { invitation_id: InvitationId, why: SessionEnd },
    /// A certificate counts nothing here.
    CertificateVoid {
        certificate_id: CertificateId,
        reason: String,
        #[serde(default)]
        kind: String,
        #[serde(default)]
        author_user: Option<UserId>,
        #[serde(default)]
        subject: Vec<String>,
    },
    /// The log has more lines, or other ones. Told only to who follows the log.
    LogChanged,
    /// Another member's device is connected.
    MemberConnected { user_id: UserId, device_id: DeviceId },
    /// It no longer is.
    MemberDisconnected { user_id: UserId, device_id: DeviceId },
    /// The subscriber was too slow and missed events; the stream ends here.
    Lagged { missed: u64 },
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// Somebody closed it, its maker may no longer invite, or too many attempts broke.
    Closed,
    /// All seats are taken.
    Full,
    /// Its time was up.
    Expired,
}
