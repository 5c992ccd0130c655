//! Who is registered under which namespace, and until when. A pure data structure: time comes in with each call.
//!
//! Each registration has a place, counted up for as long as the point lives. A refresh takes the former one's
//! record out and gets a place of its own, so that who asks on with a cookie (the place it has heard of last) hears
//! of it again, and nothing has to be remembered about who has heard what.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use libp2p::PeerId;
use tokio::time::Instant;

use super::answer::{Page, Told};
use super::wire::Status;
use crate::core::primitives::limits;

/// Bits of a place in a cookie; the others say which life of the point it is of.
const PLACE_BITS: u32 = 40;

/// A cookie without the namespace that follows.
const COOKIE: usize = 8;

/// What a registry takes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Registrations of one peer.
    pub per_peer: usize,
    /// Registrations from one address.
    pub per_origin: usize,
    /// Registrations in one namespace.
    pub per_namespace: usize,
    /// Registrations in all.
    pub in_all: usize,
    /// Registrations in one answer.
    pub told_at_once: usize,
    /// The shortest life of a registration.
    pub shortest: Duration,
    /// The longest life of a registration.
    pub longest: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_peer: limits::REGISTRATIONS_PER_PEER,
            per_origin: limits::REGISTRATIONS_PER_IP,
            per_namespace: limits::REGISTRATIONS_PER_NAMESPACE,
            in_all: limits::REGISTRATIONS,
            told_at_once: limits::TOLD_AT_ONCE,
            shortest: limits::SHORTEST_REGISTRATION,
            longest: limits::LONGEST_REGISTRATION,
        }
    }
}

/// Who registers, and from where, as the connection says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Who {
    /// The key.
    pub peer: PeerId,
    /// The address that counts; none on this machine.
    pub from: Option<IpAddr>,
}

#[derive(Debug)]
struct Registration {
    who: Who,
    namespace: Arc<str>,
    record: Arc<[u8]>,
    ends: Instant,
}

/// See the module.
#[derive(Debug)]
pub struct Registry {
    limits: Limits,
    /// Which life of the point this is, so that a cookie of another isn't taken for one of ours.
    life: u64,
    last_place: u64,
    registrations: BTreeMap<u64, Registration>,
    places: BTreeMap<(PeerId, Arc<str>), u64>,
    namespaces: BTreeMap<Arc<str>, BTreeSet<u64>>,
    origins: BTreeMap<IpAddr, usize>,
    ends: BTreeSet<(Instant, u64)>,
}

impl Registry {
    /// An empty one. `life` is drawn anew each time.
    #[must_use]
    pub fn new(limits: Limits, life: u32) -> Self {
        Self {
            limits,
            life: u64::from(life) << PLACE_BITS,
            last_place: 0,
            registrations: BTreeMap::new(),
            places: BTreeMap::new(),
            namespaces: BTreeMap::new(),
            origins: BTreeMap::new(),
            ends: BTreeSet::new(),
        }
    }

    /// Registers a peer, or refreshes its registration; gives the life that it has. A refresh replaces the record,
    /// and finds room however full it is (P2.1).
    ///
    /// # Errors
    /// Where there is no room, or the life that was asked for is too short.
    pub fn register(
        &mut self,
        who: Who,
        namespace: &str,
        record: &[u8],
        life: Option<Duration>,
        now: Instant,
    ) -> Result<Duration, Status> {
        self.expire(now);
        // Who asks for more than there is gets what there is, and is told so (P2.2).
        let life = life.unwrap_or(self.limits.longest).min(self.limits.longest);
        if life < self.limits.shortest {
            return Err(Status::InvalidLife);
        }
        match self.places.get(&(who.peer, namespace.into())).copied() {
            Some(former) => self.remove(former),
            None => self.make_sure_of_room(who, namespace)?,
        }
        self.insert(Registration {
            who,
            namespace: namespace.into(),
            record: record.into(),
            ends: now + life,
        });
        Ok(life)
    }

    fn make_sure_of_room(&self, who: Who, namespace: &str) -> Result<(), Status> {
        let from_there = who.from.and_then(|from| self.origins.get(&from)).copied().unwrap_or_default();
        let of_that_name = self.namespaces.get(namespace).map_or(0, BTreeSet::len);
        let room = self.registrations.len() < self.limits.in_all
            && of_that_name < self.limits.per_namespace
            && from_there < self.limits.per_origin
            && self.registrations_of(who.peer) < self.limits.per_peer;
        if room { Ok(()) } else { Err(Status::Unavailable) }
    }

    fn registrations_of(&self, peer: PeerId) -> usize {
        self.places.range((peer, "".into())..).take_while(|((one, _), _)| *one == peer).count()
    }

    fn insert(&mut self, registration: Registration) {
        self.last_place += 1;
        let place = self.last_place;
        let Registration { who, namespace, ends, .. } = &registration;
        self.places.insert((who.peer, Arc::clone(namespace)), place);
        self.namespaces.entry(Arc::clone(namespace)).or_default().insert(place);
        self.ends.insert((*ends, place));
        if let Some(from) = who.from {
            *self.origins.entry(from).or_default() += 1;
        }
        self.registrations.insert(place, registration);
    }

    fn remove(&mut self, place: u64) {
        let Some(Registration { who, namespace, ends, .. }) = self.registrations.remove(&place) else {
            return;
        };
        self.ends.remove(&(ends, place));
        if let Some(places) = self.namespaces.get_mut(&namespace) {
            places.remove(&place);
            if places.is_empty() {
                self.namespaces.remove(&namespace);
            }
        }
        self.places.remove(&(who.peer, namespace));
        if let Some(count) = who.from.and_then(|from| self.origins.get_mut(&from)) {
            *count -= 1;
            if *count == 0 {
                who.from.map(|from| self.origins.remove(&from));
            }
        }
    }

    /// Takes back what this very peer registered under that name, if anything (P2.4).
    pub fn unregister(&mut self, peer: PeerId, namespace: &str) {
        if let Some(place) = self.places.get(&(peer, namespace.into())).copied() {
            self.remove(place);
        }
    }

    /// Forgets whatever has ended.
    pub fn expire(&mut self, now: Instant) {
        while let Some((_, place)) = self.ends.first().copied().filter(|(ends, _)| *ends <= now) {
            self.remove(place);
        }
    }

    /// Who is registered under a name, oldest place first, after what the cookie stands for. Who names no
    /// namespace hears of nobody (P3.2).
    ///
    /// # Errors
    /// Where the cookie isn't one of this registry's for that namespace.
    pub fn discover(
        &mut self,
        namespace: Option<&str>,
        cookie: Option<&[u8]>,
        limit: Option<u64>,
        now: Instant,
    ) -> Result<Page, Status> {
        self.expire(now);
        let Some(namespace) = namespace else {
            return Ok(Page { namespace: String::new(), told: Vec::new(), cookie: self.cookie(0, "") });
        };
        let mut heard = cookie.map_or(Some(0), |cookie| self.place_in(cookie, namespace));
        let heard = heard.as_mut().ok_or(Status::InvalidCookie)?;
        let asked = limit.filter(|limit| *limit > 0).and_then(|limit| usize::try_from(limit).ok());
        let most = asked.unwrap_or(usize::MAX).min(self.limits.told_at_once);
        let after = (Bound::Excluded(*heard), Bound::Unbounded);
        let mut told = Vec::new();
        for place in self.namespaces.get(namespace).into_iter().flat_map(|all| all.range(after)).take(most) {
            let Some(registration) = self.registrations.get(place) else { continue };
            let left = registration.ends.saturating_duration_since(now);
            told.push(Told { record: Arc::clone(&registration.record), left });
            *heard = *place;
        }
        Ok(Page { namespace: namespace.to_owned(), told, cookie: self.cookie(*heard, namespace) })
    }

    /// The life and the place, then the namespace, which libp2p's client wants to see there (P3.3).
    fn cookie(&self, place: u64, namespace: &str) -> Vec<u8> {
        [&(self.life | place).to_be_bytes()[..], namespace.as_bytes()].concat()
    }

    fn place_in(&self, cookie: &[u8], namespace: &str) -> Option<u64> {
        let (number, of) = cookie.split_first_chunk::<COOKIE>()?;
        let number = u64::from_be_bytes(*number);
        let place = number & ((1 << PLACE_BITS) - 1);
        (number == self.life | place && of == namespace.as_bytes()).then_some(place)
    }

    /// How many things are remembered, in every index: nothing else grows.
    #[must_use]
    pub fn remembered(&self) -> [usize; 5] {
        let in_namespaces = self.namespaces.values().map(BTreeSet::len).sum();
        let from_origins = self.origins.values().sum();
        [self.registrations.len(), self.places.len(), in_namespaces, self.ends.len(), from_origins]
    }
}
