//! What local clients ask of a node, and what it answers. The answers are what `--format json` prints.

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use super::refusal::{Class, Refusal};
use crate::core::primitives::address::Address;
use crate::core::primitives::ids::{CertificateId, DeviceId, InvitationId, OrganizationId, UserId};
use crate::core::primitives::kind::Kind;
use crate::core::primitives::time::Moment;
use crate::core::roster::profile::Profile;

/// One question or order. Users are given as an email address, an id, or a unique prefix of one.
#[derive(Debug, Clone)]
pub enum Request {
    /// Where does this membership stand?
    Status,
    /// About the organization.
    ShowOrganization,
    /// Make an invitation for each address.
    InviteUsers {
        /// As typed.
        emails: Vec<String>,
        /// How long they live; seven days where none is given.
        expires: Option<Duration>,
    },
    /// Make an invitation for a further device of one's own.
    InviteDevice {
        /// How long it lives; a day where none is given.
        expires: Option<Duration>,
    },
    /// The invitations of this daemon.
    ListInvitations {
        /// The ended ones as well.
        all: bool,
    },
    /// One invitation, with its link while it is pending.
    ShowInvitation {
        /// Id, prefix or email.
        invitation: String,
    },
    /// Take an invitation back.
    CancelInvitation {
        /// Id, prefix or email.
        invitation: String,
    },
    /// Open a session: an invitation for a whole room.
    OpenSession {
        /// What guests become where the host says nothing else.
        profile: Option<Profile>,
        /// How long it is open; two hours where nothing is said.
        life: Option<Duration>,
        /// How many it lets in.
        seats: Option<u32>,
        /// Whether the host's name is told to who looks for sessions.
        show_name: bool,
    },
    /// The sessions that are open.
    ListSessions,
    /// Close a session: nobody else comes in by it.
    CloseSession {
        /// Id or prefix; none: the only one.
        session: Option<String>,
    },
    /// The users.
    ListUsers {
        /// The revoked ones as well.
        revoked: bool,
    },
    /// One user.
    ShowUser {
        /// Which.
        user: String,
    },
    /// Revoke users, each with all devices, for ever.
    RevokeUsers {
        /// Which.
        users: Vec<String>,
    },
    /// Give users another profile.
    SetProfiles {
        /// Which profile.
        profile: Profile,
        /// Which users.
        users: Vec<String>,
    },
    /// The devices of one user, or of all.
    ListDevices {
        /// Which.
        user: Option<String>,
    },
    /// Every certificate.
    RosterLog,
    /// The lines of the log that are others than they were.
    LogChanges {
        /// At this revision; without, all of them.
        since: Option<String>,
    },
    /// A guest whose Enroll is void is to count again.
    AdoptEnroll {
        /// The Enroll's id, or a unique prefix.
        certificate: String,
    },
    /// Check every certificate again, from scratch.
    VerifyRoster,
    /// The rendezvous points that are known.
    ListPoints,
    /// Make one the organization's.
    AddPoint {
        /// Where it is.
        point: Address,
    },
    /// Take one from the organization's.
    RemovePoint {
        /// Where it is.
        point: Address,
    },
}

/// What a node answers.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "each variant is named for the request it answers")]
pub enum Answer {
    Status(Box<StatusAnswer>),
    Organization(Box<OrganizationAnswer>),
    Invited(Vec<InvitedAnswer>),
    Invitations(Vec<InvitationAnswer>),
    Invitation(Box<InvitationAnswer>),
    Session(Box<SessionAnswer>),
    Sessions(Vec<SessionAnswer>),
    Users(Vec<UserAnswer>),
    User(Box<UserAnswer>),
    Changes(Vec<ChangeAnswer>),
    Devices(Vec<DeviceAnswer>),
    Log(Vec<LogAnswer>),
    LogChanges(LogChangesAnswer),
    Verified(VerifyAnswer),
    Points(Vec<PointAnswer>),
}

/// One rendezvous point.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the keys of docs/spec/control.md")]
pub struct PointAnswer {
    pub address: Address,
    pub source: PointSource,
    /// Why it can't be reached, where it can't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Where a rendezvous point is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointSource {
    /// An Administrator has set it, for everybody.
    Organization,
    /// It is in this machine's `musterd.toml`.
    Configuration,
    /// It came with the invitation by which this device joined.
    Invitation,
}

/// One membership in `muster status`: an entry of `organizations`, and its part of `waiting`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the keys of the contract")]
pub struct StatusAnswer {
    #[serde(flatten)]
    pub organization: OrganizationAnswer,
    #[serde(skip)]
    pub waiting: Vec<WaitingAnswer>,
}

/// An organization as this device sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the keys of the contract")]
pub struct OrganizationAnswer {
    pub organization_id: OrganizationId,
    pub name: Option<String>,
    pub user_id: UserId,
    pub device_id: DeviceId,
    pub peer_id: String,
    pub addresses: Vec<Address>,
    pub profile: Profile,
    pub state: UserState,
    pub users: usize,
    pub connected: usize,
    pub roster_digest: String,
    /// Sentences for the person: what they had better do.
    pub advice: Vec<String>,
    /// Removals in effect that other things might still undo.
    #[serde(default)]
    pub unsettled: Vec<UnsettledAnswer>,
}

/// A removal in effect that isn't settled.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the keys of the answer")]
pub struct UnsettledAnswer {
    pub certificate_id: CertificateId,
    pub kind: String,
    pub user: UserId,
    pub by: UserId,
    pub time: Moment,
    /// Who was asked, and how many of them have acknowledged it.
    pub witnesses: usize,
    pub acknowledged: usize,
    /// Whether its target removed its author as well.
    pub contested: bool,
}

/// An invitation with guests in its queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the keys of the contract")]
pub struct WaitingAnswer {
    pub invitation_id: InvitationId,
    pub email: Option<String>,
    pub guests: usize,
    pub since: Moment,
    pub organization_id: OrganizationId,
}

/// One entry of `muster invite user`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the keys of the contract")]
pub struct InvitedAnswer {
    pub invitation_id: InvitationId,
    pub email: Option<String>,
    /// Holds the token: for standard output alone.
    pub link: String,
    pub expires_at: Moment,
    pub state: InvitationState,
    /// Whether mail was sent: always `no` where none was asked for.
    pub sent: String,
    pub error: Option<String>,
}

/// One entry of `muster invite list`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the keys of the contract")]
pub struct InvitationAnswer {
    pub invitation_id: InvitationId,
    pub kind: Kind,
    pub email: Option<String>,
    pub created_by: UserId,
    pub created_at: Moment,
    pub expires_at: Moment,
    pub state: InvitationState,
    pub waiting: usize,
    /// Who cancelled or finished it; told to Administrators alone.
    pub ended_by: Option<UserId>,
    pub ended_at: Option<Moment>,
    /// Greetings that ended after a nonce had left.
    pub attempts: u32,
    /// Only in `show`, and only while it is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// One entry of `muster session list`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the keys of the answer")]
pub struct SessionAnswer {
    pub invitation_id: InvitationId,
    /// What it is called by who finds it on the local network.
    pub lan_id: InvitationId,
    /// What guests become where the host says nothing else.
    pub profile: Option<Profile>,
    pub seats: u32,
    pub taken: u32,
    pub show_name: bool,
    pub created_at: Moment,
    pub expires_at: Moment,
    pub state: InvitationState,
    pub waiting: usize,
    /// Only where it was just opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// Where an invitation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words of the contract")]
pub enum InvitationState {
    Pending,
    Ready,
    Greeting,
    Finished,
    Cancelled,
    Expired,
}

/// Active, or revoked for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words of the contract")]
pub enum UserState {
    Active,
    Revoked,
}

/// One entry of `muster user list`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the keys of the contract")]
pub struct UserAnswer {
    pub user_id: UserId,
    pub name: Option<String>,
    pub email: Option<String>,
    pub profile: Profile,
    pub state: UserState,
    pub enrolled_at: Moment,
    /// The user who enrolled them; the founder enrolled themselves.
    pub enrolled_by: UserId,
    /// Who made them an Administrator, where they came in as something else.
    #[serde(default)]
    pub appointed_by: Option<UserId>,
    pub devices: Vec<DeviceAnswer>,
}

/// One device.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the keys of the contract")]
pub struct DeviceAnswer {
    pub device_id: DeviceId,
    pub label: Option<String>,
    pub peer_id: String,
    pub user_id: UserId,
    /// Whether a connection to it stands; true of this very device.
    pub connected: bool,
}

/// What became of one user that was named in `set-profile` or `revoke`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the keys of the contract")]
pub struct ChangeAnswer {
    /// As given.
    pub user: String,
    pub user_id: Option<UserId>,
    pub email: Option<String>,
    pub result: ChangeResult,
    /// One sentence, where nothing was changed.
    pub reason: Option<String>,
    /// The exit code that this reason alone would have: 3, 4 or 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<u8>,
}

/// How a change went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words of the contract")]
pub enum ChangeResult {
    Changed,
    Unchanged,
    Refused,
    NotFound,
}

/// One line of `muster roster log`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the keys of the contract")]
pub struct LogAnswer {
    pub certificate_id: CertificateId,
    pub kind: String,
    pub author_user: UserId,
    pub author_device: DeviceId,
    /// The ids that it is about.
    pub subject: Vec<String>,
    pub time: Moment,
    /// `effective`, `void` or `settled`.
    pub standing: String,
    pub reason: Option<String>,
    /// Who signed it, by name; by short id where the reader may not see names.
    #[serde(default)]
    pub by: String,
    /// What it is about, in words.
    #[serde(default)]
    pub about: String,
}

/// The lines of the log that are others than at an earlier revision.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the keys of the answer")]
pub struct LogChangesAnswer {
    /// To be given as `since` the next time.
    pub revision: String,
    pub changed: Vec<LogAnswer>,
}

/// What `muster roster verify` found.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the keys of the contract")]
pub struct VerifyAnswer {
    pub certificates: usize,
    pub effective: usize,
    pub void: usize,
    pub roster_digest: String,
    pub problems: Vec<String>,
    /// The disputes among the problems.
    #[serde(default)]
    pub disputes: Vec<DisputeAnswer>,
}

/// A certificate that was set aside.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the keys of the answer")]
pub struct DisputeAnswer {
    pub certificate_id: CertificateId,
    pub undoes: Vec<CertificateId>,
    /// Two certificates at one place of one chain, where a device forked.
    pub proof: Option<(CertificateId, CertificateId)>,
}
