//! What a local client and the node say to each other while people greet: each step is one object, each
//! answer one line.

use serde::{Deserialize, Serialize};

use crate::core::greeting::{Reason, Side};
use crate::core::primitives::ids::{DeviceId, InvitationId, OrganizationId, UserId};
use crate::core::primitives::kind::Kind;
use crate::core::primitives::time::Moment;
use crate::core::roster::profile::Profile;

/// How a conversation begins.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Begin {
    /// An Administrator (or a user, for their own device) greets a guest.
    Greet {
        /// An invitation's id, a prefix of it, or the email it was made for; none: the one with a guest.
        invitation: Option<String>,
        /// The ticket of one of several guests.
        guest: Option<String>,
    },
    /// A guest joins. The link went into the node when it was made.
    Join {
        /// Pre-answers of the details step.
        #[serde(default)]
        answers: JoinAnswers,
    },
}

/// What a guest says of themselves, asked for or beforehand.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct JoinAnswers {
    /// The person's name.
    pub name: Option<String>,
    /// Their email.
    pub email: Option<String>,
    /// The label of their device.
    pub device: Option<String>,
    /// For a device: yes, this machine is to become a device of that user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yes: Option<bool>,
}

/// The host's answer to `confirm`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Confirmation {
    /// The profile; there is no default. Not for a device.
    pub profile: Option<String>,
    /// A correction of the name.
    pub name: Option<String>,
    /// A correction of the email.
    pub email: Option<String>,
    /// A correction of the device's label.
    pub device: Option<String>,
}

/// One of several guests that wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingGuest {
    /// Its number in the queue's book; the guest sees the same.
    pub ticket: String,
    /// Since when it waits.
    pub since: Moment,
    /// From where, as the connection sees it.
    pub address: String,
    /// For which invitation.
    pub invitation_id: InvitationId,
    /// The email which that invitation was made for.
    pub email: Option<String>,
    /// It found a session on the local network, and only the codes tell who it is.
    #[serde(default)]
    pub without_link: bool,
}

/// A session that a guest found on the local network. Its host says all of this, and nobody has proved any of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundSession {
    /// What it is called on the local network; its first digits name it.
    pub session: InvitationId,
    /// The organization's name.
    pub organization: String,
    /// The host's name, where the host chose to show it.
    pub host: Option<String>,
    /// Where its host is.
    pub address: String,
    /// Guests in its queue.
    pub waiting: u32,
    /// Until when it is open.
    pub expires_at: Moment,
}

/// What a guest joins, once the host may say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// As a new person, or as a further device of one.
    pub kind: Kind,
    /// The organization's name.
    pub organization: String,
}

/// One step, as both the CLI and programs see it. Strings from a peer are raw here: whoever prints them
/// for a person escapes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// The other side is awaited.
    Waiting {
        /// Whom.
        #[serde(rename = "for")]
        awaited: Side,
        /// The guest's place in the queue, from 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<u32>,
        /// The guest's ticket.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket: Option<String>,
        /// After the codes, to a guest: what is being joined.
        #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
        joining: Option<Joined>,
    },
    /// Several guests wait: which?
    Choose {
        /// All of them.
        guests: Vec<WaitingGuest>,
        /// Why it is asked again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<String>,
    },
    /// Read this code to the other person.
    ShowCode {
        /// Four characters.
        code: String,
        /// To the host: the guest came to a session without its link.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        without_link: bool,
    },
    /// The sessions on the local network, to a guest without a link.
    Sessions {
        /// All that were found, or those that were named.
        sessions: Vec<FoundSession>,
        /// Whether one of them is to be chosen: the answer is what it is called, or the first digits.
        choose: bool,
        /// Why it is asked again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<String>,
    },
    /// Type the code that the other person reads.
    EnterCode {
        /// Whose.
        of: Side,
        /// Why it is asked again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<String>,
    },
    /// What is this about, and who are you?
    Details {
        /// A new person, or a further device of `user`.
        kind: Kind,
        /// The organization's name.
        organization: Option<String>,
        /// The user whose device this would become.
        user: Option<String>,
        /// The email that was invited, or pre-answered.
        email: Option<String>,
        /// Pre-answered.
        name: Option<String>,
        /// Pre-answered.
        device: Option<String>,
        /// Why it is asked again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<String>,
    },
    /// Is this the person, and what profile are they to have?
    Confirm {
        /// What they call themselves (of a device: null).
        name: Option<String>,
        /// Their email (of a device: null).
        email: Option<String>,
        /// The email that was invited (null where none was).
        invited_email: Option<String>,
        /// What they become where the answer names no profile: of a session that has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        profile: Option<Profile>,
        /// Their device's label.
        device: String,
        /// Why it is asked again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<String>,
    },
    /// They are in.
    Done {
        /// The user.
        user_id: UserId,
        /// Their device.
        device_id: DeviceId,
        /// Their profile.
        profile: Profile,
        /// The organization's name.
        organization: Option<String>,
        /// The organization's id.
        organization_id: OrganizationId,
    },
    /// It is over without.
    Ended {
        /// Why, as a word.
        reason: Reason,
        /// Who ended it.
        by: Side,
        /// One sentence of ours for the person.
        message: String,
    },
}

impl Step {
    /// The other side is awaited; nothing more is known.
    #[must_use]
    pub fn waiting_for(awaited: Side) -> Self {
        Self::Waiting { awaited, place: None, ticket: None, joining: None }
    }
}
