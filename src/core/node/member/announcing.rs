//! What the network is told: where to be registered, and whom to stay connected with.

use super::super::invitation::Invitation;
use super::super::outbox::Outbox;
use super::super::output::{Contact, Output};
use super::super::session::Session;
use super::Member;
use crate::core::primitives::address::Address;
use crate::core::primitives::digest::{derive, label};
use crate::core::primitives::ids::InvitationId;
use crate::core::primitives::kind::Kind;
use crate::core::primitives::time::Moment;

/// What the network was last told: repeated only when it changes.
#[derive(Default)]
pub(super) struct Announced {
    told: Told,
    cause: Option<Cause>,
}

/// All that it depends on. Most inputs change nothing of it, and an organization may have thousands of devices.
#[derive(PartialEq)]
struct Cause {
    certificates: usize,
    /// How often an address was learned.
    learned: u64,
    /// How many farewells were said, and whether this device goes on.
    farewells: (u64, bool),
    waiting: Vec<InvitationId>,
    day: u64,
}

#[derive(Default, PartialEq)]
struct Told {
    namespaces: Vec<String>,
    brief: Vec<String>,
    contacts: Vec<Contact>,
    points: Vec<Address>,
    members: Vec<String>,
    said: bool,
}

impl Member {
    /// Tells the network whom to stay connected with and under what to be registered, where that changed.
    pub(super) fn announce(&mut self, now: Moment, out: &mut Outbox) {
        let waiting =
            self.invitations.iter().filter(|(id, it)| it.ended.is_none() || self.awaits_somebody(id));
        let cause = Cause {
            certificates: self.history.len(),
            learned: self.learned,
            farewells: (self.farewells.changed, self.goes_on(now)),
            waiting: waiting.map(|(id, _)| *id).collect(),
            day: now.day(),
        };
        if self.announced.cause.as_ref() == Some(&cause) {
            return;
        }
        let told = self.to_announce(&cause, now);
        self.announced.cause = Some(cause);
        if told == self.announced.told {
            return;
        }
        out.push(Output::Advertise {
            namespaces: told.namespaces.clone(),
            brief: told.brief.clone(),
            points: told.points.clone(),
        });
        out.push(Output::StayConnected {
            contacts: told.contacts.clone(),
            namespaces: told.members.clone(),
            points: told.points.clone(),
        });
        self.announced.told = told;
    }

    fn to_announce(&self, cause: &Cause, now: Moment) -> Told {
        if !self.goes_on(now) {
            return Told { said: true, ..Told::default() };
        }
        let own = self.key.device();
        let devices =
            self.roster().active_devices().filter(|device| *device != own && !self.has_parted_from(device));
        let contacts = devices.chain(self.untold(now)).map(|device| Contact {
            device,
            addresses: self.reached.get(&device).cloned().unwrap_or_default(),
        });
        let members: Vec<String> = [cause.day, cause.day + 1].map(|day| self.members_namespace(day)).to_vec();
        let waiting = || cause.waiting.iter().filter_map(|id| self.invitations.get(id));
        let name = |invitation: &Invitation| invitation.keys.namespace_text();
        let brief = waiting().filter(|invitation| invitation.kind == Kind::Session).map(name).collect();
        let namespaces = waiting().map(name).chain(members.clone()).collect();
        Told { namespaces, brief, contacts: contacts.collect(), points: self.points(), members, said: true }
    }

    /// Whether somebody whom this invitation let in may yet come back for the welcome.
    fn awaits_somebody(&self, id: &InvitationId) -> bool {
        self.invitations.get(id).is_some_and(|it| it.unacknowledged().is_some())
            || self.sessions.get(id).is_some_and(Session::has_unacknowledged)
    }

    fn members_namespace(&self, day: u64) -> String {
        let secret = self.membership.members_secret.expose();
        data_encoding::HEXLOWER.encode(&derive(label::MEMBERS_NAMESPACE, &[secret, &day.to_be_bytes()]))
    }
}
