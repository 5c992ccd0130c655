//! The node: one device in one organization. It takes [`Input`] and gives [`Output`], and decides everything in
//! between.
//!
//! The contract with whoever drives it:
//!
//! 1. `handle(input, now, entropy)`, then drain `poll_output()` to the end, in order, then wait for the next
//!    input or for `poll_timeout()`, whichever is first. `handle` is never called before the queue is drained.
//! 2. A `Commit` is durable before the next output is taken. So every crash is a crash between two outputs.
//! 3. If a commit fails, the driver drops the queue, hangs up on everybody, and restores the node from the
//!    store: a crash without a restart.
//!
//! ```text
//!  input, output      what comes in, what goes out
//!  conversation       greet and join, step by step, as a person or a program sees them
//!  request, event     what local clients ask, and what they are told; refusal: why not
//!  changes            what changed lately in the log, for who follows it
//!  looking            for sessions on the local network, before anything is joined
//!  joining            a guest's device on its way in
//!  member             a device that is in
//!  records            what is written down
//! ```
//!
//! Not here: sockets, disks, clocks. The node names streams by numbers that the driver gives.

pub mod changes;
pub mod conversation;
pub mod event;
pub mod input;
mod invitation;
mod joining;
pub mod looking;
mod member;
mod outbox;
pub mod output;
mod records;
mod refusal;
pub mod request;
mod session;
mod syncing;

use input::Input;
use joining::{Joining, Pending};
use member::{Member, Membership};
use outbox::Outbox;
use output::{Output, Snapshot};
use request::Refusal;

use crate::core::greeting::invitation::Destination;
use crate::core::primitives::address::Address;
use crate::core::primitives::entropy::Entropy;
use crate::core::primitives::ids::{DeviceId, InvitationId, OrganizationId};
use crate::core::primitives::keys::DeviceKey;
use crate::core::primitives::secret::Secret32;
use crate::core::primitives::time::Moment;
use crate::core::roster::VerifiedCertificate;

pub use member::NewOrganization;
pub use records::{Damaged, Records};

/// What the daemon's configuration says to a node.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Rendezvous points to register and to look at.
    pub points: Vec<Address>,
    /// What goes into links.
    pub hints: Hints,
}

/// Which hints a link carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hints {
    /// Addresses and rendezvous points.
    #[default]
    All,
    /// The host's addresses alone.
    Addresses,
    /// Rendezvous points alone: who reads the link doesn't learn where the host is.
    Points,
}

impl Hints {
    fn addresses(self) -> bool {
        self != Self::Points
    }

    fn points(self) -> bool {
        self != Self::Addresses
    }
}

/// What comes with every input: the time, and randomness of its own.
struct Mind {
    now: Moment,
    entropy: Entropy,
}

enum Phase {
    Joining(Box<Joining>),
    Member(Box<Member>),
}

/// One device in one organization, or on its way into it.
pub struct Node {
    phase: Phase,
    device: DeviceId,
    listening: Vec<Address>,
    connected: Vec<(DeviceId, bool)>,
    out: Outbox,
}

impl Node {
    /// Founds an organization. Its first outputs write it down.
    ///
    /// # Errors
    /// [`Refusal`] where a field can't be taken.
    pub fn found(
        key: DeviceKey,
        new: &NewOrganization,
        settings: Settings,
        now: Moment,
        entropy: Entropy,
    ) -> Result<Self, Refusal> {
        let device = key.device();
        let (member, batch) = Member::found(key, new, settings, &mut Mind { now, entropy })?;
        let mut node = Self::of(device, Phase::Member(Box::new(member)));
        node.out.commit(batch);
        Ok(node)
    }

    /// Begins to join, with a link or with what was found on the local network. Its first outputs write that down.
    #[must_use]
    pub fn join(
        key: DeviceKey,
        to: impl Into<Destination>,
        settings: Settings,
        now: Moment,
        entropy: Entropy,
    ) -> Self {
        let device = key.device();
        let (joining, batch) = Joining::new(key, to.into(), settings, &mut Mind { now, entropy });
        let mut node = Self::of(device, Phase::Joining(Box::new(joining)));
        node.out.commit(batch);
        node
    }

    /// Comes back as the store has it; none where the store is empty.
    ///
    /// # Errors
    /// [`Damaged`] where a record can't be read.
    pub fn restore(snapshot: Snapshot, settings: Settings) -> Result<Option<Self>, Damaged> {
        let records = Records::new(snapshot);
        Self::restore_from(&records, records.certificates(), settings)
    }

    /// The same, where its certificates are read by somebody else, who may be ahead: another thread, say.
    ///
    /// # Errors
    /// Likewise.
    pub fn restore_from(
        records: &Records,
        certificates: impl Iterator<Item = Result<VerifiedCertificate, Damaged>>,
        settings: Settings,
    ) -> Result<Option<Self>, Damaged> {
        let Some(seed) = records.one::<Secret32>(records::DEVICE_KEY)? else { return Ok(None) };
        let key = DeviceKey::from_seed(seed);
        let device = key.device();
        let phase = match records.one::<Membership>(records::MEMBERSHIP)? {
            Some(membership) => {
                Phase::Member(Box::new(Member::restore(key, membership, settings, records, certificates)?))
            }
            None => match records.one::<Pending>(records::JOIN)? {
                Some(pending) => Phase::Joining(Box::new(Joining::restore(key, pending, settings))),
                None => return Ok(None),
            },
        };
        Ok(Some(Self::of(device, phase)))
    }

    fn of(device: DeviceId, phase: Phase) -> Self {
        Self { phase, device, listening: Vec::new(), connected: Vec::new(), out: Outbox::default() }
    }

    /// This device.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// The device key's seed, for the network, whose identity it is.
    #[must_use]
    pub fn key_seed(&self) -> Secret32 {
        match &self.phase {
            Phase::Member(member) => member.key_seed(),
            Phase::Joining(joining) => joining.key_seed(),
        }
    }

    /// The organization that this device is or was in; none while it joins.
    #[must_use]
    pub fn organization(&self) -> Option<OrganizationId> {
        match &self.phase {
            Phase::Member(member) => Some(member.id()),
            Phase::Joining(_) => None,
        }
    }

    /// The organization's name, where this device is in it and knows it.
    #[must_use]
    pub fn organization_name(&self) -> Option<String> {
        match &self.phase {
            Phase::Member(member) => member.name(),
            Phase::Joining(_) => None,
        }
    }

    /// The invitation by which this device joins; none once it is in.
    #[must_use]
    pub fn joining(&self) -> Option<InvitationId> {
        match &self.phase {
            Phase::Joining(joining) => Some(joining.invitation()),
            Phase::Member(_) => None,
        }
    }

    /// Whether the device is in and wasn't revoked, as it knows.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(&self.phase, Phase::Member(member) if member.is_active())
    }

    /// Whether it has anything to do on the network: a device that was put out by what may be undone does, for a while.
    #[must_use]
    pub fn needs_network(&self, now: Moment) -> bool {
        match &self.phase {
            Phase::Member(member) => member.goes_on(now),
            Phase::Joining(_) => true,
        }
    }

    /// Takes one thing that happened.
    pub fn handle(&mut self, input: Input, now: Moment, entropy: Entropy) {
        self.notice(&input);
        let mut mind = Mind { now, entropy };
        let admitted = match &mut self.phase {
            Phase::Member(member) => {
                member.handle(input, &mut mind, &mut self.out);
                None
            }
            Phase::Joining(joining) => joining.handle(input, &mut mind, &mut self.out),
        };
        if let Some(admitted) = admitted {
            self.enter(*admitted, &mut mind);
        }
    }

    /// What the network stands at outlives the step from guest to member.
    fn notice(&mut self, input: &Input) {
        match input {
            Input::Listening { addresses } => self.listening.clone_from(addresses),
            Input::Connected { peer, dialed, .. } => self.connected.push((*peer, *dialed)),
            Input::Disconnected { peer } => self.connected.retain(|(p, _)| p != peer),
            _ => {}
        }
    }

    /// The guest is a member: written down first, then the host is told, then the person.
    fn enter(&mut self, admitted: joining::Admitted, mind: &mut Mind) {
        let mut member = Box::new(admitted.member);
        self.out.commit(admitted.batch);
        if let Some((channel, frame)) = admitted.acknowledgement {
            self.out.part(channel, frame);
        }
        if let Some((conversation, step)) = admitted.done {
            self.out.say(conversation, step);
        }
        member.handle(Input::Listening { addresses: self.listening.clone() }, mind, &mut self.out);
        for (peer, dialed) in self.connected.clone() {
            member.handle(Input::Connected { peer, dialed, address: None }, mind, &mut self.out);
        }
        self.phase = Phase::Member(member);
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.next()
    }

    /// When to come back with `TimeOut` if nothing else happens before.
    #[must_use]
    pub fn poll_timeout(&self, now: Moment) -> Option<Moment> {
        match &self.phase {
            Phase::Member(member) => member.next_deadline(now),
            Phase::Joining(joining) => joining.next_deadline(),
        }
    }
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Node({})", self.device.short())
    }
}
