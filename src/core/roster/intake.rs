//! How a certificate that was judged is taken into the graph, and the last one taken back.

use smallvec::{SmallVec, smallvec};

use super::act::Act;
use super::body::Body;
use super::certificate::VerifiedCertificate;
use super::graph::Graph;
use super::held::{Facts, Node, Prize};
use super::lineage::Ix;
use super::people::{DeviceIx, UserIx};
use crate::core::primitives::ids::DeviceId;
use crate::core::primitives::kind::Kind;

impl Graph {
    /// Takes in a certificate that was judged. Its parents are held, and so is all that it names.
    pub(super) fn push(&mut self, certificate: VerifiedCertificate, parents: &[Ix], facts: Facts) -> Ix {
        let ix = self.next();
        let (it, signature, id, body) = certificate.into_parts();
        let (prev, auth) = (self.ix(&it.prev), self.ix(&it.auth));
        let names = self.named_in(&body);
        let target = self.target_of(&body);
        body.lets_in().into_iter().for_each(|device| _ = self.devices.find_or_add(device));
        let node = Node {
            id,
            signature,
            time: it.time,
            // Both count ancestors, whose numbers are of this length.
            generation: u32::try_from(it.generation).unwrap_or(u32::MAX),
            seq: u32::try_from(it.seq).unwrap_or(u32::MAX),
            device: self.devices.find_or_add(it.device),
            author: if matches!(body, Body::Found(_)) { self.founder() } else { facts.author },
            let_in: facts.introduction.into(),
            enrolled: facts.enrolment.into(),
            about: target.into(),
            crowd: facts.crowd,
            kind: it.kind,
            act: Act::of(&body),
        };
        self.bodies.push(&it.body);
        self.lists.push([parents, &names, &facts.witnesses, &facts.builds_on, &facts.after]);
        self.chains.push(prev);
        self.grants.push(auth);
        self.nodes.push(node);
        self.index.note(ix, &id, |ix| self.nodes[ix as usize].id);
        self.put_in_order(ix);
        self.list(ix, &body);
        debug_assert_eq!(self.certificate(ix).certificate().id(), id, "what is packed is what came");
        ix
    }

    /// Makes room for so many more, and as many people.
    pub(super) fn reserve(&mut self, more: usize) {
        self.nodes.reserve(more);
        self.lists.reserve(more);
        self.order.reserve(more);
        self.index.reserve(more, |ix| self.nodes[ix as usize].id);
        self.people.reserve(more);
        self.devices.reserve(more);
    }

    /// The numbers of the certificates that a body names.
    fn named_in(&self, body: &Body) -> SmallVec<[Ix; 8]> {
        match body {
            Body::Acknowledge(body) => body.removals.iter().filter_map(|removal| self.ix(removal)).collect(),
            Body::Adopt(body) => self.ix(&body.enrol).into_iter().collect(),
            _ => {
                let ends = body.removal().into_iter().flat_map(|(_, cut)| &cut.0);
                ends.filter_map(|end| self.ix(&end.end)).collect()
            }
        }
    }

    fn target_of(&mut self, body: &Body) -> Option<UserIx> {
        let user = match body {
            Body::Found(body) => body.user,
            Body::Enroll(body) => body.user,
            Body::SetProfile(body) => body.user,
            Body::Revoke(body) => body.user,
            _ => return None,
        };
        Some(self.people.find_or_add(user))
    }

    fn put_in_order(&mut self, ix: Ix) {
        let place = self.node(ix).place();
        let at_the_end = self.order.last().is_none_or(|last| self.node(*last).place() < place);
        let at = if at_the_end { self.order.len() } else { self.within(..place).len() };
        self.order.insert(at, ix);
    }

    pub(super) fn prizes_in(&self, ix: Ix, body: &Body) -> SmallVec<[Prize; 2]> {
        let node = self.node(ix);
        let device = |device: &DeviceId| Prize::Device(self.devices.find(device).unwrap_or(DeviceIx::MAX));
        match body {
            Body::Found(body) => smallvec![device(&body.device)],
            Body::Enroll(body) if body.kind == Kind::User => {
                smallvec![device(&body.device), Prize::Invitation(node.device, body.invitation)]
            }
            Body::Enroll(body) => smallvec![device(&body.device)],
            Body::AddDevice(body) => smallvec![device(&body.device), Prize::Devices(node.author)],
            _ => SmallVec::new(),
        }
    }

    /// Enters the last certificate in all lists.
    fn list(&mut self, ix: Ix, body: &Body) {
        let node = self.node(ix);
        let (author, target, act) = (node.author, node.target(), node.act);
        let prizes = self.prizes_in(ix, body);
        for pillar in self.pillars(ix).into_iter().flatten() {
            self.dependents.entry(pillar).or_default().push(ix);
        }
        self.people.get_mut(author).deeds_mut().acts.push(ix);
        for enrol in self.builds_on(ix).to_vec() {
            let user = self.owner(enrol);
            self.people.built_mut(user).push(ix);
        }
        for removal in self.acknowledges(ix).to_vec() {
            self.acknowledgements.entry(removal).or_default().push(ix);
        }
        if let Some(target) = target {
            self.list_target(ix, author, target);
        }
        match act {
            Act::AddDevice => self.people.get_mut(author).deeds_mut().additions.push(ix),
            Act::Setting => self.settings.push(ix),
            Act::Adopt => self.adopts.push(ix),
            _ => {}
        }
        prizes.into_iter().for_each(|prize| self.compete(ix, prize));
    }

    /// What lets the author in, and what is acted under: with either it falls.
    fn pillars(&self, ix: Ix) -> [Option<Ix>; 2] {
        [self.node(ix).introduction(), self.grant(ix)]
    }

    fn list_target(&mut self, ix: Ix, author: UserIx, target: UserIx) {
        let node = self.node(ix);
        let (enrols, is_grant, is_removal) =
            (node.act.enrolled_as().is_some(), node.is_grant(), node.is_removal());
        if is_removal {
            self.removals.push(ix);
            self.people.get_mut(author).deeds_mut().removing.push(ix);
            self.people.get_mut(target).deeds_mut().removals.push(ix);
        }
        if is_grant {
            self.administrators.insert(target);
        }
        if enrols {
            self.enrolments.push(ix);
            self.people.enrol(target, ix);
        } else if is_grant {
            self.people.get_mut(target).deeds_mut().promotions.push(ix);
        }
    }

    fn compete(&mut self, ix: Ix, prize: Prize) {
        let competitors = match prize {
            Prize::Device(device) => self.devices.introduce(device, ix),
            Prize::Invitation(host, invitation) => {
                let key = (host, invitation);
                if self.first_spent(&key).is_some() {
                    let later = self.spent_again.entry(key).or_default();
                    later.push(ix);
                    later.len() + 1
                } else {
                    let mut spent = std::mem::take(&mut self.spent);
                    spent.note(ix, &key, |enrol| self.spends(enrol));
                    self.spent = spent;
                    1
                }
            }
            Prize::Devices(user) => self.person(user).deeds().additions.len(),
        };
        if competitors > prize.places() {
            self.contested.insert(prize);
        }
    }
}

/// The last one taken back.
impl Graph {
    /// Takes back the last one.
    pub(super) fn pop(&mut self) {
        let Some(last) = self.next().checked_sub(1) else { return };
        let drop_last = |list: &mut Vec<Ix>| _ = list.pop_if(|ix| *ix == last);
        let (prizes, place) = (self.prizes(last), self.node(last).place());
        for pillar in self.pillars(last).into_iter().flatten() {
            self.dependents.get_mut(&pillar).into_iter().for_each(drop_last);
        }
        for user in [Some(self.author(last)), self.node(last).target()].into_iter().flatten() {
            self.people.forget(user, last);
        }
        [&mut self.removals, &mut self.enrolments, &mut self.settings, &mut self.adopts]
            .into_iter()
            .for_each(drop_last);
        for enrol in self.builds_on(last).to_vec() {
            let user = self.owner(enrol);
            self.people.built_mut(user).retain(|by| *by != last);
        }
        for removal in self.acknowledges(last).to_vec() {
            self.acknowledgements.get_mut(&removal).into_iter().for_each(drop_last);
        }
        prizes.into_iter().for_each(|prize| self.give_up(last, prize));
        let at = self.within(..place).len();
        self.order.remove(at);
        self.index.forget(last, &place.1);
        self.nodes.pop();
        self.bodies.pop();
        self.lists.pop();
        self.chains.pop();
        self.grants.pop();
    }

    fn give_up(&mut self, last: Ix, prize: Prize) {
        match prize {
            Prize::Device(device) => self.devices.forget(device, last),
            Prize::Invitation(host, invitation) => {
                let key = (host, invitation);
                if self.first_spent(&key) == Some(last) {
                    self.spent.forget(last, &key);
                }
                if let Some(later) = self.spent_again.get_mut(&key) {
                    later.retain(|ix| *ix != last);
                }
            }
            // The user's own list is cut already.
            Prize::Devices(_) => {}
        }
        if self.competitors(&prize).len() <= prize.places() {
            self.contested.remove(&prize);
        }
    }
}
