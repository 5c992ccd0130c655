//! The set that is resolved, by places in causal order: an ancestor's place is always the smaller.

use std::collections::{HashMap, HashSet};

use crate::core::primitives::ids::{CertificateId, DeviceId, InvitationId, OrganizationId, UserId};
use crate::core::primitives::kind::Kind;
use crate::core::primitives::limits;
use crate::core::roster::body::{Body, Cut};
use crate::core::roster::resolution::Held;

/// A certificate's number in causal order.
pub(super) type Place = usize;

/// A causally closed set with what holds each certificate up.
pub(super) struct Set<'a> {
    pub(super) organization: OrganizationId,
    pub(super) held: Vec<&'a Held>,
    places: HashMap<CertificateId, Place>,
    /// What let the author's device in; none of Found.
    pub(super) introduction: Vec<Option<Place>>,
    /// The grant acted under, where the act needs one.
    pub(super) grant: Vec<Option<Place>>,
    /// The certificates that fall with this one.
    pub(super) dependents: Vec<Vec<Place>>,
    /// Whether it, or what holds it up, competes with another certificate for one device, one invitation or
    /// one user's last places: then only pass 2 can tell whether it counts.
    pub(super) contested: Vec<bool>,
    by_author: HashMap<UserId, Vec<Place>>,
}

impl<'a> Set<'a> {
    pub(super) fn of(organization: OrganizationId, held: Vec<&'a Held>) -> Self {
        let places: HashMap<_, _> = held.iter().enumerate().map(|(place, held)| (held.id(), place)).collect();
        let find = |id: CertificateId| places.get(&id).copied();
        let introduction: Vec<_> = held.iter().map(|held| held.introduced.and_then(find)).collect();
        let grant_of = |held: &&Held| {
            held.body().needs_administrator().then(|| find(held.certificate.certificate().auth)).flatten()
        };
        let grant: Vec<_> = held.iter().map(grant_of).collect();
        let mut dependents = vec![Vec::new(); held.len()];
        let mut by_author: HashMap<_, Vec<Place>> = HashMap::new();
        for place in 0..held.len() {
            let pillars = [introduction[place], grant[place]];
            pillars.into_iter().flatten().for_each(|pillar: Place| dependents[pillar].push(place));
            by_author.entry(held[place].author).or_default().push(place);
        }
        let mut contested = competing(&held);
        for place in 0..held.len() {
            let pillars = [introduction[place], grant[place]];
            contested[place] |= pillars.into_iter().flatten().any(|pillar: Place| contested[pillar]);
        }
        Self { organization, held, places, introduction, grant, dependents, contested, by_author }
    }

    /// The user's certificates, by all their devices.
    pub(super) fn by(&self, user: &UserId) -> &[Place] {
        self.by_author.get(user).map(Vec::as_slice).unwrap_or_default()
    }

    /// What lies within a cut: the chains that end where it says.
    pub(super) fn within(&self, cut: &Cut) -> HashSet<Place> {
        let mut within = HashSet::new();
        for end in &cut.0 {
            let mut next = self.places.get(&end.end).copied();
            while let Some(place) = next.filter(|place| within.insert(*place)) {
                next = self.places.get(&self.held[place].certificate.certificate().prev).copied();
            }
        }
        within
    }

    /// Whether `ancestor` is in the past of `place`.
    pub(super) fn is_ancestor(&self, ancestor: Place, place: Place) -> bool {
        let mut seen = HashSet::new();
        let mut waiting = vec![place];
        while let Some(place) = waiting.pop() {
            for parent in &self.held[place].certificate.certificate().parents {
                match self.places.get(parent) {
                    Some(parent) if *parent == ancestor => return true,
                    // What comes before it in causal order can't have it in its past.
                    Some(parent) if *parent > ancestor && seen.insert(*parent) => waiting.push(*parent),
                    _ => {}
                }
            }
        }
        false
    }
}

fn competing(held: &[&Held]) -> Vec<bool> {
    let mut devices: HashMap<DeviceId, usize> = HashMap::new();
    let mut guests: HashMap<(DeviceId, InvitationId), usize> = HashMap::new();
    let mut added: HashMap<UserId, usize> = HashMap::new();
    for held in held {
        if let Some(device) = introduces(held.body()) {
            *devices.entry(device).or_default() += 1;
        }
        if let Some(guest) = admits(held) {
            *guests.entry(guest).or_default() += 1;
        }
        if matches!(held.body(), Body::AddDevice(_)) {
            *added.entry(held.author).or_default() += 1;
        }
    }
    let competes = |held: &&Held| {
        introduces(held.body()).is_some_and(|device| devices[&device] > 1)
            || admits(held).is_some_and(|guest| guests[&guest] > 1)
            || matches!(held.body(), Body::AddDevice(_)) && added[&held.author] >= limits::DEVICES_PER_USER
    };
    held.iter().map(competes).collect()
}

fn introduces(body: &Body) -> Option<DeviceId> {
    match body {
        Body::Found(body) => Some(body.device),
        Body::Enroll(body) => Some(body.device),
        Body::AddDevice(body) => Some(body.device),
        _ => None,
    }
}

fn admits(held: &Held) -> Option<(DeviceId, InvitationId)> {
    match held.body() {
        Body::Enroll(body) if body.kind == Kind::User => Some((held.device(), body.invitation)),
        _ => None,
    }
}
