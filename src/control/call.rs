//! What the control socket asks of the daemon. Each call carries the way back.

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

use crate::core::node::conversation::{JoinAnswers, Step};
use crate::core::node::request::{Answer, OrganizationAnswer, Refusal, Request, StatusAnswer, WaitingAnswer};

/// What a client asked, for the daemon to do. A reply that can't be delivered is no error: the client left.
#[derive(Debug)]
pub enum Call {
    /// Where does the daemon stand, in all its organizations?
    Status {
        /// Goes to the client.
        reply: oneshot::Sender<StatusReport>,
    },
    /// Found an organization.
    Create {
        /// The organization's name.
        name: String,
        /// The founder's name.
        person: String,
        /// The founder's email.
        email: String,
        /// The label of this device; the daemon finds one where none is given.
        device: Option<String>,
        /// The organization, once it is durable.
        reply: oneshot::Sender<Result<OrganizationAnswer, Refusal>>,
    },
    /// All organizations of this daemon.
    Organizations {
        /// Goes to the client.
        reply: oneshot::Sender<Vec<OrganizationAnswer>>,
    },
    /// Wipe what is left of a membership that was revoked.
    Forget {
        /// A name, or a prefix of an id; none: the only one.
        organization: Option<String>,
        /// What was wiped.
        reply: oneshot::Sender<Result<OrganizationAnswer, Refusal>>,
    },
    /// Something that one membership's node answers.
    Ask {
        /// A name, or a prefix of an id; none: the only one.
        organization: Option<String>,
        /// What.
        request: Request,
        /// The node's answer.
        reply: oneshot::Sender<Result<Answer, Refusal>>,
    },
    /// Begin a conversation. It ends when either channel is dropped: by the daemon after `done` or `ended`,
    /// by the client by going away (`steps` is closed) or by cancelling (`answers` is closed).
    Converse {
        /// For a greeting; a join has none yet.
        organization: Option<String>,
        /// Which kind.
        about: About,
        /// Each step, in order.
        steps: mpsc::Sender<Step>,
        /// Each answer line, as it was typed.
        answers: mpsc::Receiver<String>,
        /// Whether it begins at all.
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
}

/// What a conversation is about.
#[derive(Debug)]
pub enum About {
    /// Somebody here greets a guest.
    Greet {
        /// An invitation's id, a prefix of it, or the email it was made for; none: the one with a guest.
        invitation: Option<String>,
        /// The ticket of one of several guests.
        guest: Option<String>,
    },
    /// Somebody here is a guest without a link, at a session on the local network.
    JoinOnLan {
        /// Which; none: the only one.
        session: Option<String>,
        /// What need not be asked.
        answers: JoinAnswers,
    },
    /// Somebody here is the guest.
    Join {
        /// As it was pasted.
        link: LinkText,
        /// What need not be asked.
        answers: JoinAnswers,
    },
}

/// An invitation link as it was pasted. It holds a secret: wiped when dropped, never shown.
#[derive(Clone)]
pub struct LinkText(Zeroizing<String>);

impl LinkText {
    /// Takes the text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for the one who has to read it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for LinkText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkText(…)")
    }
}

impl<'de> Deserialize<'de> for LinkText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl Serialize for LinkText {
    /// Only ever into the body of the request that hands it to the daemon.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// The whole of `muster status`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatusReport {
    /// The daemon's.
    pub version: String,
    /// Every membership.
    pub organizations: Vec<OrganizationAnswer>,
    /// Invitations with guests in their queue, of all memberships.
    pub waiting: Vec<WaitingAnswer>,
    /// Sentences for the person: memberships that can't be shown, and what to do about it.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl StatusReport {
    /// Puts together what each membership's node answered.
    #[must_use]
    pub fn new(version: &str, memberships: impl IntoIterator<Item = StatusAnswer>) -> Self {
        let mut report = Self {
            version: version.to_owned(),
            organizations: Vec::new(),
            waiting: Vec::new(),
            notes: Vec::new(),
        };
        memberships.into_iter().for_each(|status| report.add(status));
        report
    }

    /// Adds what one more membership's node answered.
    pub fn add(&mut self, membership: StatusAnswer) {
        self.organizations.push(membership.organization);
        self.waiting.extend(membership.waiting);
    }
}
