//! What the network is told: where to be registered, and whom to stay connected with.

use super::super::outbox::Outbox;
use super::super::output::{Contact, Output};
use super::Member;
use crate::core::primitives::address::Address;
use crate::core::primitives::digest::{derive, label};
use crate::core::primitives::time::Moment;

/// What the network was last told: repeated only when it changes.
#[derive(Default, PartialEq)]
pub(super) struct Announced {
    namespaces: Vec<String>,
    contacts: Vec<Contact>,
    points: Vec<Address>,
    members: Vec<String>,
    said: bool,
}

impl Member {
    /// Tells the network whom to stay connected with and under what to be registered, where that changed.
    pub(super) fn announce(&mut self, now: Moment, out: &mut Outbox) {
        let announced = self.to_announce(now);
        if announced == self.announced {
            return;
        }
        out.push(Output::Advertise {
            namespaces: announced.namespaces.clone(),
            points: announced.points.clone(),
        });
        out.push(Output::StayConnected {
            contacts: announced.contacts.clone(),
            namespaces: announced.members.clone(),
            points: announced.points.clone(),
        });
        self.announced = announced;
    }

    fn to_announce(&self, now: Moment) -> Announced {
        if !self.is_active() {
            return Announced { said: true, ..Announced::default() };
        }
        let own = self.key.device();
        let devices = self.roster().users().filter(|user| user.is_active()).flat_map(|user| &user.devices);
        let contacts = devices.filter(|device| device.id != own).map(|device| Contact {
            device: device.id,
            addresses: self.reached.get(&device.id).cloned().unwrap_or_default(),
        });
        let members: Vec<String> = [now.day(), now.day() + 1].map(|day| self.members_namespace(day)).to_vec();
        let waiting = self.invitations.values().filter(|i| i.ended.is_none() || i.unacknowledged().is_some());
        let namespaces = waiting.map(|i| i.keys.namespace_text()).chain(members.clone()).collect();
        Announced { namespaces, contacts: contacts.collect(), points: self.points(), members, said: true }
    }

    fn members_namespace(&self, day: u64) -> String {
        let secret = self.membership.members_secret.expose();
        data_encoding::HEXLOWER.encode(&derive(label::MEMBERS_NAMESPACE, &[secret, &day.to_be_bytes()]))
    }
}
