//! At which addresses outside we are reached, though we don't listen at them: because somebody forwarded a port to us, or
//! because a public address is translated to ours. A rendezvous point sees from which address we come; with our own port that
//! is a guess, which the point then tries for us (`callbacks`). What it reached is told like any address of ours, until it isn't
//! reached any more, or nobody has said so for a while.
//!
//! Asked are the points that a person, a link or the organization named, and they alone, about what they saw themselves: a few
//! addresses each. Nothing of it is believed further than an address in a link is: it is one more to try.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libp2p::PeerId;
use tokio::time::Instant;

use super::addresses;
use super::deed::Deed;
use super::driver::Driver;
use crate::core::primitives::{
    address::{Address, Place},
    limits,
};

/// What the points say.
#[derive(Debug, Default)]
pub struct Outside(BTreeMap<PeerId, View>);

/// What one point saw, and reached.
#[derive(Debug)]
struct View {
    v4: Option<Ipv4Addr>,
    v6: Option<Ipv6Addr>,
    asked_at: Option<Instant>,
    ask_at: Instant,
    /// What it is asked about next: one after the other, since each answer takes a connection.
    to_ask: Vec<Address>,
    is_asked: bool,
    /// What it reached, and until when that holds.
    reached: BTreeMap<Address, Instant>,
}

impl View {
    /// Something has changed: it is asked at once, unless it was asked just before.
    fn ask_soon(&mut self, now: Instant) {
        let rested = self.asked_at.map_or(now, |at| at + limits::OUTSIDE_RESTS);
        self.ask_at = rested.max(now);
        self.to_ask.clear();
    }

    /// Where it sees us, with the ports at which we listen.
    fn guesses(&self, listening: &BTreeSet<Address>) -> Vec<Address> {
        let guess = |own: &Address| {
            let place = match own.place {
                Place::Ip4(_) => Place::Ip4(self.v4?),
                Place::Ip6(_) => Place::Ip6(self.v6?),
                Place::Dns(_) => return None,
            };
            Some(Address { place, ..own.clone() })
        };
        let all: BTreeSet<Address> = listening.iter().filter_map(guess).collect();
        all.into_iter().take(limits::OUTSIDE_GUESSES).collect()
    }

    fn sees(&self, address: &Address) -> bool {
        is_at(address, self.v4, self.v6)
    }
}

fn is_at(address: &Address, v4: Option<Ipv4Addr>, v6: Option<Ipv6Addr>) -> bool {
    match address.place {
        Place::Ip4(ip) => v4 == Some(ip),
        Place::Ip6(ip) => v6 == Some(ip),
        Place::Dns(_) => false,
    }
}

impl Outside {
    /// A point that calls who asks for it says from where we come. An address of a private network is of no use outside.
    pub fn seen(&mut self, by: PeerId, at: IpAddr, now: Instant) {
        let at = at.to_canonical();
        if !is_public(at) || !self.has_room_for(&by) {
            return;
        }
        let view = self.0.entry(by).or_insert_with(|| View {
            v4: None,
            v6: None,
            asked_at: None,
            ask_at: now,
            to_ask: Vec::new(),
            is_asked: false,
            reached: BTreeMap::new(),
        });
        let before = (view.v4, view.v6);
        match at {
            IpAddr::V4(ip) => view.v4 = Some(ip),
            IpAddr::V6(ip) => view.v6 = Some(ip),
        }
        if before != (view.v4, view.v6) {
            let (v4, v6) = (view.v4, view.v6);
            view.reached.retain(|address, _| is_at(address, v4, v6));
            view.ask_soon(now);
        }
    }

    /// A point that has said nothing makes room.
    fn has_room_for(&mut self, point: &PeerId) -> bool {
        if self.0.len() >= limits::POINTS && !self.0.contains_key(point) {
            self.0.retain(|_, view| !view.reached.is_empty());
        }
        self.0.len() < limits::POINTS || self.0.contains_key(point)
    }

    /// A point is gone. When it is back, it is asked again; what it said holds meanwhile.
    pub fn lost(&mut self, point: &PeerId, now: Instant) {
        if let Some(view) = self.0.get_mut(point) {
            view.ask_soon(now);
        }
    }

    /// Our own addresses are others than before: we may be elsewhere.
    pub fn moved(&mut self, now: Instant) {
        for view in self.0.values_mut() {
            view.reached.clear();
            view.ask_soon(now);
        }
    }

    /// A point was asked, and this came of it; of none nothing follows.
    pub fn answered(&mut self, point: &PeerId, address: Address, reached: Option<bool>, now: Instant) {
        let Some(view) = self.0.get_mut(point) else { return };
        view.is_asked = false;
        match reached {
            Some(true) if view.sees(&address) => {
                view.reached.insert(address, now + limits::OUTSIDE_HOLDS);
            }
            Some(true) => {}
            Some(false) => {
                view.reached.remove(&address);
            }
            None => view.ask_at = view.ask_at.min(now + limits::OUTSIDE_UNANSWERED),
        }
    }

    /// Asks what is due; says when something will be.
    pub fn step(
        &mut self,
        now: Instant,
        listening: &BTreeSet<Address>,
        may_be_asked: impl Fn(&PeerId) -> bool,
    ) -> (Vec<(PeerId, Address)>, Option<Instant>) {
        let mut questions = Vec::new();
        for (point, view) in &mut self.0 {
            view.reached.retain(|_, until| *until > now);
            if !may_be_asked(point) {
                continue;
            }
            if view.ask_at <= now {
                view.asked_at = Some(now);
                view.ask_at = now + limits::OUTSIDE_ASKED_AGAIN;
                view.to_ask = view.guesses(listening);
            }
            if let Some(guess) = (!view.is_asked).then(|| view.to_ask.pop()).flatten() {
                view.is_asked = true;
                questions.push((*point, guess));
            }
        }
        let edges = self.0.values().flat_map(|view| view.reached.values().copied().chain([view.ask_at]));
        (questions, edges.filter(|at| *at > now).min())
    }

    /// Where we are reached, as far as is known.
    #[must_use]
    pub fn reached(&self) -> BTreeSet<Address> {
        let all: BTreeSet<&Address> = self.0.values().flat_map(|view| view.reached.keys()).collect();
        all.into_iter().take(limits::OUTSIDE_GUESSES).cloned().collect()
    }
}

impl Driver<'_> {
    /// Asks points what is to be asked of them, and has it told if we are reached elsewhere than before. When to look again.
    pub(super) fn look_outside(&mut self, now: Instant, deeds: &mut Vec<Deed>) -> Option<Instant> {
        let of_use = |address: &Address| !address.is_loopback();
        let listening = self.swarm.listeners().filter_map(addresses::address).filter(of_use).collect();
        let (questions, next) = self.outside.step(now, &listening, |point| self.points.is_named(point));
        let asks = |(point, address)| Deed::AskToBeCalled { point, address };
        deeds.extend(questions.into_iter().map(asks));
        if self.reached_outside() != self.told_outside {
            self.announce_at = Some(now);
        }
        next
    }

    /// Where others reach us though we don't listen there.
    pub(super) fn reached_outside(&self) -> BTreeSet<Address> {
        let opened = self.opened.iter().filter_map(addresses::address);
        opened.chain(self.outside.reached()).chain(self.settings.announce.iter().cloned()).collect()
    }
}

/// Whether it may be an address on the Internet.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let shared = ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64;
            let special = ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || ip.is_multicast();
            !ip.is_private() && !shared && !special && !ip.is_broadcast()
        }
        // 2000::/3 is all that is given out.
        IpAddr::V6(ip) => ip.segments()[0] & 0xe000 == 0x2000,
    }
}
