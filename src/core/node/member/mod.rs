//! A device that is in: it holds the roster, answers its person, greets guests, and keeps in step with the
//! other members' devices.
//!
//! ```text
//!  founding    how the first device comes to be; how a stored one comes back
//!  answers     what requests are answered with
//!  inviting    invitations: made, listed, shown, cancelled, expired
//!  sessions    invitations with seats: opened, listed, closed; around: told to neighbours who ask
//!  changing    revoking, and changing profiles; adopting: a guest counts again
//!  pointing    the organization's rendezvous points
//!  telling     what became of each certificate, in words; advising: what the status warns of
//!  following   what changed in the log since somebody last looked
//!  doorway     streams of guests, up to the queue
//!  hosting     greet: from the queue to the confirmation
//!  enrolling   the certificate, and the welcome
//!  witnessing  what a device owes as a witness, and what it has seen for itself
//!  keeping     certificates and openings: signed, taken in, told
//!  meeting     members' devices: connected, and a sync with each
//!  stepping    in step: what each lacks is found out
//!  taking      what came is taken in, at so much of a cost a minute
//!  sending     certificates: what a peer lacks, and what is new
//!  opening     names for who may see them
//!  introducing strangers who show that they are none
//!  farewell    who is out is shown by what, and hands in what it has
//!  announcing  what the network is told
//! ```

mod adopting;
mod advising;
mod announcing;
mod answers;
mod around;
mod changing;
mod doorway;
mod enrolling;
mod farewell;
mod following;
mod founding;
mod hosting;
mod introducing;
mod inviting;
mod keeping;
mod meeting;
mod opening;
mod pointing;
mod sending;
mod sessions;
mod stepping;
mod taking;
mod telling;
mod witnessing;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::conversation::Begin;
use super::event::Happening;
use super::input::{Channel, ConversationId, Input, Protocol};
use super::invitation::Invitation;
use super::outbox::Outbox;
use super::output::Output;
use super::request::{Answer, Class, Refusal, Request};
use super::session::Session;
use super::{Mind, Settings};
use crate::core::primitives::address::Address;
use crate::core::primitives::ids::{DeviceId, InvitationId, OrganizationId, Seal};
use crate::core::primitives::keys::{DeviceKey, UserSecret};
use crate::core::primitives::secret::Secret32;
use crate::core::primitives::time::Moment;
use crate::core::roster::seal::Opening;
use crate::core::roster::{History, Roster, User};

pub use founding::NewOrganization;

/// What a member writes down of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Membership {
    pub(super) organization: OrganizationId,
    /// The user key's secret half, shared by all of one's own devices.
    pub(super) user_secret: UserSecret,
    /// From which the members' namespaces are derived.
    pub(super) members_secret: Secret32,
    /// Rendezvous points that came with the welcome.
    pub(super) points: Vec<Address>,
}

/// A device that is in.
pub(super) struct Member {
    key: DeviceKey,
    settings: Settings,
    membership: Membership,
    history: History,
    openings: BTreeMap<Seal, Opening>,
    invitations: BTreeMap<InvitationId, Invitation>,
    sessions: BTreeMap<InvitationId, Session>,
    around: around::Asking,
    reached: BTreeMap<DeviceId, Vec<Address>>,
    /// How often an address was learned.
    learned: u64,
    listening: Vec<Address>,
    /// Points that can't be reached, and why.
    out_of_reach: BTreeMap<Address, String>,
    connections: meeting::Connections,
    syncs: BTreeMap<Channel, stepping::Session>,
    efforts: taking::Efforts,
    quota: taking::Quota,
    strangers: introducing::Strangers,
    farewells: farewell::Farewells,
    witness: witnessing::Witness,
    disputes: witnessing::Disputes,
    /// Once somebody follows the log.
    changes: Option<super::changes::Changes>,
    door: doorway::Door,
    greets: BTreeMap<ConversationId, hosting::Greet>,
    announced: announcing::Announced,
}

impl Member {
    fn roster(&self) -> Roster<'_> {
        self.history.roster()
    }

    fn organization(&self) -> OrganizationId {
        self.membership.organization
    }

    /// One's own user; absent only from a store that was tampered with.
    fn me(&self) -> Option<User> {
        self.roster().user_of(&self.key.device())
    }

    pub(super) fn key_seed(&self) -> Secret32 {
        self.key.seed().clone()
    }

    pub(super) fn is_active(&self) -> bool {
        self.roster().is_active(&self.key.device())
    }

    pub(super) fn id(&self) -> OrganizationId {
        self.organization()
    }

    /// The organization's name, where it is known.
    pub(super) fn name(&self) -> Option<String> {
        self.organization_name().map(str::to_owned)
    }

    /// Takes one input.
    pub(super) fn handle(&mut self, input: Input, mind: &mut Mind, out: &mut Outbox) {
        match input {
            Input::Started | Input::TimeOut => {}
            Input::Listening { addresses } => self.listens_at(addresses, out),
            Input::Connected { peer, dialed, address } => self.connected(peer, dialed, address, mind, out),
            Input::Disconnected { peer } => self.disconnected(peer, mind.now, out),
            Input::Opened { channel, peer, protocol, by_us, from, near } => match protocol {
                Protocol::Greeting if !by_us => {
                    self.knocked(doorway::Visit { channel, peer, from, near }, mind, out);
                }
                Protocol::Sessions if near && !by_us => self.neighbour_came(channel, mind.now, out),
                Protocol::Greeting | Protocol::Sessions => out.hang_up(channel),
                Protocol::Sync => self.sync_opened(channel, peer, by_us, mind.now, out),
            },
            Input::Received { channel, frame } => self.received(channel, &frame, mind, out),
            Input::Closed { channel } => self.closed(channel, mind, out),
            Input::NotFound { .. } => {}
            Input::PointsOutOfReach { points } => self.out_of_reach = points.into_iter().collect(),
            Input::Request { id, request } => {
                let answer = self.answer(request, mind, out);
                out.push(Output::Reply { id, answer });
            }
            Input::Begin { conversation, begin } => self.begin(conversation, begin, mind, out),
            Input::Answer { conversation, line } => self.answered(conversation, &line, mind, out),
            Input::Left { conversation } => self.left(conversation, mind, out),
        }
        self.time_passes(mind.now, out);
        self.acknowledge(mind.now, out);
        self.announce(mind.now, out);
    }

    fn received(&mut self, channel: Channel, frame: &[u8], mind: &mut Mind, out: &mut Outbox) {
        if self.syncs.contains_key(&channel) {
            self.sync_received(channel, frame, mind, out);
        } else if self.strangers.has(channel) {
            self.stranger_said(channel, frame, mind, out);
        } else if self.farewells.has(channel) {
            self.out_said(channel, frame, mind.now, out);
        } else if self.around.has(channel) {
            self.neighbour_asked(channel, frame, out);
        } else {
            self.guest_said(channel, frame, mind, out);
        }
    }

    fn closed(&mut self, channel: Channel, mind: &mut Mind, out: &mut Outbox) {
        match self.syncs.remove(&channel) {
            Some(session) => self.meet(&session.peer, mind.now, out),
            None if self.strangers.forget(channel) || self.around.forget(channel) => {}
            None => match self.farewells.forget(channel) {
                Some(peer) => self.meet(&peer, mind.now, out),
                None => self.guest_lost(channel, mind, out),
            },
        }
    }

    fn begin(&mut self, conversation: ConversationId, begin: Begin, mind: &mut Mind, out: &mut Outbox) {
        match begin {
            Begin::Greet { invitation, guest } => self.greet(conversation, invitation, guest, mind, out),
            Begin::Join { .. } => {
                let ended = crate::core::greeting::Ended::by_guest(crate::core::greeting::Reason::BadMessage);
                out.end_saying(conversation, ended, "this device is a member already".to_owned());
            }
        }
    }

    fn answer(&mut self, request: Request, mind: &mut Mind, out: &mut Outbox) -> Result<Answer, Refusal> {
        match request {
            Request::Status => Ok(Answer::Status(Box::new(self.status()?))),
            Request::ShowOrganization => Ok(Answer::Organization(Box::new(self.about()?))),
            Request::InviteUsers { emails, expires } => self.invite_users(&emails, expires, mind, out),
            Request::InviteDevice { expires } => self.invite_device(expires, mind, out),
            Request::ListInvitations { all } => Ok(self.list_invitations(all)),
            Request::ShowInvitation { invitation } => self.show_invitation(&invitation),
            Request::CancelInvitation { invitation } => self.cancel_invitation(&invitation, mind.now, out),
            Request::OpenSession { profile, life, seats, show_name } => {
                self.open_session(sessions::NewSession { profile, life, seats, show_name }, mind, out)
            }
            Request::ListSessions => Ok(self.list_sessions()),
            Request::CloseSession { session } => self.close_session(session.as_deref(), mind.now, out),
            Request::ListUsers { revoked } => Ok(self.list_users(revoked)),
            Request::ShowUser { user } => self.show_user(&user),
            Request::RevokeUsers { users } => self.revoke_users(users, mind.now, out),
            Request::SetProfiles { profile, users } => self.set_profiles(profile, users, mind.now, out),
            Request::ListDevices { user } => self.list_devices(user.as_deref()),
            Request::RosterLog => Ok(self.log()),
            Request::LogChanges { since } => Ok(self.log_changes(since.as_deref())),
            Request::AdoptEnroll { certificate } => self.adopt(&certificate, mind.now, out),
            Request::VerifyRoster => Ok(self.verify()),
            Request::ListPoints => Ok(self.list_points()),
            Request::AddPoint { point } => self.add_point(point, mind.now, out),
            Request::RemovePoint { point } => self.remove_point(&point, mind.now, out),
        }
    }

    /// Everything that time ends or begins: invitations, steps, delayed refusals, syncs.
    fn time_passes(&mut self, now: Moment, out: &mut Outbox) {
        self.expire_invitations(now, out);
        self.guests_time_out(now, out);
        self.strangers_time_out(now, out);
        self.farewells_time_out(now, out);
        self.neighbours_time_out(now, out);
        self.frames_waited(now, out);
        self.open_syncs(now, out);
    }

    /// When something next ends by itself.
    pub(super) fn next_deadline(&self, now: Moment) -> Option<Moment> {
        let pending = self.invitations.values().filter(|i| i.is_pending()).map(|i| i.expires_at);
        let tomorrow = Moment((now.day() + 1) * 24 * 3600 * 1000);
        let streams = self.strangers.next_deadline().chain(self.farewells.next_deadline());
        let streams = streams.chain(self.connections.next_deadline()).chain(self.next_vouching());
        let streams = streams.chain(self.around.next_deadline()).chain(self.next_effort());
        pending.chain(self.door.next_deadline()).chain(streams).chain([tomorrow]).min()
    }

    fn notify(&self, now: Moment, what: Happening, out: &mut Outbox) {
        out.notify(self.organization(), now, what);
    }

    /// Only an Administrator, and only while active.
    fn require_administrator(&self, what: &str) -> Result<(), Refusal> {
        self.require_active()?;
        if self.me().is_some_and(|me| me.is_active_administrator()) {
            return Ok(());
        }
        Err(Refusal::new(Class::NotAllowed, "not_allowed", format!("{what}: only an Administrator may"))
            .hint("ask an Administrator; muster user list shows who is one"))
    }

    fn require_active(&self) -> Result<(), Refusal> {
        if self.is_active() {
            return Ok(());
        }
        Err(Refusal::new(Class::NotAllowed, "revoked", "you were revoked from this organization")
            .hint("an Administrator can invite you again; muster org forget wipes what is left here"))
    }
}
