//! Rendezvous points: keeps connections to those that are needed, keeps our registrations there alive, and
//! asks them for whom we look.
//!
//! A point is known by its address alone; who it is turns out when it is connected. A point forgets
//! everything when it restarts, so that each new connection registers anew.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use libp2p::PeerId;
use tokio::time::Instant;

use super::backoff::Backoff;
use super::deed::{Deed, Place, Purpose};
use super::needs::Needs;
use super::neighbours::Neighbours;
use crate::core::primitives::address::Address;

/// The first and the longest pause before a point is dialled again. A guest waits for the host for three quarters of a minute,
/// and is found by a point that comes back meanwhile.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));

/// A point that held the connection for this long isn't hurried away from.
const LASTED: Duration = Duration::from_secs(60);

/// Before a point that refused a registration or a question is asked again.
const REFUSED: Duration = Duration::from_secs(5);

/// An answer that hasn't come by then won't come: the connection gives up after ten seconds.
const ANSWER: Duration = Duration::from_secs(12);

/// A registration, as far as we know.
#[derive(Debug)]
struct Registered {
    /// When to send it (again).
    due: Instant,
    /// Whether the point may know of it.
    sent: bool,
}

/// A question, as far as it was answered.
#[derive(Debug)]
struct Asked {
    due: Instant,
    answered: bool,
    cookie: Option<Vec<u8>>,
}

#[derive(Debug)]
struct Point {
    peer: Option<PeerId>,
    connected_since: Option<Instant>,
    dialling: usize,
    backoff: Backoff,
    dial_at: Instant,
    problem: Option<String>,
    /// Whether it relays, as it has said.
    relays: bool,
    registered: BTreeMap<String, Registered>,
    asked: BTreeMap<String, Asked>,
}

impl Point {
    fn new(now: Instant) -> Self {
        Self {
            peer: None,
            connected_since: None,
            dialling: 0,
            backoff: Backoff::new(PAUSE.0, PAUSE.1),
            dial_at: now,
            problem: None,
            relays: false,
            registered: BTreeMap::new(),
            asked: BTreeMap::new(),
        }
    }

    fn connected(&mut self, peer: PeerId, now: Instant) {
        self.peer = Some(peer);
        self.connected_since = Some(now);
        self.problem = None;
        for registered in self.registered.values_mut() {
            registered.due = now;
        }
        self.asked.clear();
    }

    fn lost(&mut self, now: Instant) {
        if self.connected_since.take().is_some_and(|since| now - since >= LASTED) {
            self.backoff.reset();
        }
        self.problem = Some("the connection to it was lost".to_owned());
        self.dial_at = now + self.backoff.pause();
    }

    fn dial(&mut self, place: &Place, neighbours: &Neighbours, now: Instant, deeds: &mut Vec<Deed>) {
        self.dial_at = now + PAUSE.1;
        let (peer, addresses) = match place {
            Place::At(address) => (None, std::slice::from_ref(address)),
            Place::Neighbour(peer) => (Some(*peer), neighbours.addresses(peer)),
        };
        self.dialling = addresses.len();
        deeds.extend(addresses.iter().map(|address| Deed::Dial {
            purpose: Purpose::Point(place.clone()),
            peer,
            address: address.clone(),
        }));
    }

    /// Sends what is due, and takes back what is no longer to be registered.
    fn register(&mut self, point: PeerId, wanted: &BTreeSet<String>, now: Instant, deeds: &mut Vec<Deed>) {
        let unwanted: Vec<String> =
            self.registered.keys().filter(|namespace| !wanted.contains(*namespace)).cloned().collect();
        for namespace in unwanted {
            if self.registered.remove(&namespace).is_some_and(|registered| registered.sent) {
                deeds.push(Deed::Unregister { point, namespace });
            }
        }
        for namespace in wanted {
            let registered =
                self.registered.entry(namespace.clone()).or_insert(Registered { due: now, sent: false });
            if registered.due <= now {
                registered.due = now + ANSWER;
                registered.sent = true;
                deeds.push(Deed::Register { point, namespace: namespace.clone() });
            }
        }
    }

    fn ask(&mut self, point: PeerId, namespaces: &BTreeSet<&str>, now: Instant, deeds: &mut Vec<Deed>) {
        self.asked.retain(|namespace, _| namespaces.contains(namespace.as_str()));
        for namespace in namespaces {
            let fresh = Asked { due: now, answered: false, cookie: None };
            let asked = self.asked.entry((*namespace).to_owned()).or_insert(fresh);
            if asked.due <= now {
                asked.due = now + ANSWER;
                let cookie = asked.cookie.clone();
                deeds.push(Deed::Discover { point, namespace: (*namespace).to_owned(), cookie });
            }
        }
    }

    fn next(&self) -> Option<Instant> {
        if self.connected_since.is_none() {
            return (self.dialling == 0).then_some(self.dial_at);
        }
        let renewals = self.registered.values().map(|registered| registered.due);
        let questions = self.asked.values().map(|asked| asked.due);
        renewals.chain(questions).min()
    }
}

/// All points that are needed.
#[derive(Debug, Default)]
pub(super) struct Points {
    needs: Needs,
    points: BTreeMap<Place, Point>,
}

impl Points {
    /// What the points are needed for from here on.
    pub(super) fn set(&mut self, needs: Needs) {
        self.needs = needs;
    }

    /// The peers that are points, as far as they are connected.
    pub(super) fn peers(&self) -> impl Iterator<Item = PeerId> {
        self.connected().filter_map(|point| point.peer)
    }

    /// A peer has said whether it relays.
    pub(super) fn relays(&mut self, peer: &PeerId, relays: bool) {
        self.points
            .values_mut()
            .filter(|point| point.peer == Some(*peer))
            .for_each(|point| point.relays = relays);
    }

    /// Whether this is a point that is connected, and relays.
    pub(super) fn is_relay(&self, peer: &PeerId) -> bool {
        self.connected().any(|point| point.relays && point.peer == Some(*peer))
    }

    /// Whether this is a point that is connected, and that somebody named: a neighbour is nobody's choice.
    pub(super) fn is_named(&self, peer: &PeerId) -> bool {
        let named = self.points.iter().filter(|(place, _)| matches!(place, Place::At(_)));
        named
            .map(|(_, point)| point)
            .any(|point| point.connected_since.is_some() && point.peer == Some(*peer))
    }

    /// What a person calls a point: its address.
    pub(super) fn name(&self, peer: &PeerId) -> String {
        let named = self.points.iter().find(|(_, point)| point.peer == Some(*peer)).map(|(place, _)| place);
        match named {
            Some(Place::At(address)) => address.to_string(),
            _ => peer.to_string(),
        }
    }

    /// The points that relay and know us: where we are registered others may ask for a way to us.
    pub(super) fn relays_for_us(&self) -> BTreeSet<PeerId> {
        let known = self.connected().filter(|point| point.relays && !point.registered.is_empty());
        known.filter_map(|point| point.peer).collect()
    }

    fn connected(&self) -> impl Iterator<Item = &Point> {
        self.points.values().filter(|point| point.connected_since.is_some())
    }

    /// Everything that we have registered, to be taken back.
    pub(super) fn registrations(&self) -> Vec<(PeerId, String)> {
        let all = self.connected().filter_map(|point| Some((point.peer?, &point.registered)));
        all.flat_map(|(peer, names)| names.keys().map(move |name| (peer, name.clone()))).collect()
    }

    /// Those at which we are to be registered and that can't be reached, and why.
    pub(super) fn out_of_reach(&self) -> Vec<(Address, String)> {
        let ours = self.needs.points.iter().filter_map(|address| {
            let point = self.points.get(&Place::At(address.clone()))?;
            let why = point.problem.as_ref().filter(|_| point.connected_since.is_none())?;
            Some((address.clone(), why.clone()))
        });
        ours.collect()
    }

    /// What came of asking a point: nothing yet, or a phrase.
    pub(super) fn verdict(&self, point: &Address, namespace: &str) -> Option<String> {
        let Some(point) = self.points.get(&Place::At(point.clone())) else {
            return Some("there are too many rendezvous points to ask them all".to_owned());
        };
        let answered = point.asked.get(namespace).is_some_and(|asked| asked.answered);
        let answer = answered
            .then(|| "it does not know the device, which is switched off or knows no point".to_owned());
        answer.or_else(|| point.problem.clone())
    }

    /// A dial reached a point.
    pub(super) fn dial_succeeded(&mut self, place: &Place, peer: PeerId, now: Instant) {
        let Some(point) = self.points.get_mut(place) else { return };
        point.dialling = point.dialling.saturating_sub(1);
        if point.connected_since.is_none() {
            point.connected(peer, now);
        }
    }

    /// A dial led nowhere.
    pub(super) fn dial_failed(&mut self, place: &Place, why: String, now: Instant) {
        let Some(point) = self.points.get_mut(place) else { return };
        point.dialling = point.dialling.saturating_sub(1);
        if point.dialling == 0 && point.connected_since.is_none() {
            point.problem = Some(why);
            point.dial_at = now + point.backoff.pause();
        }
    }

    /// The last connection to a peer is gone.
    pub(super) fn disconnected(&mut self, peer: &PeerId, now: Instant) {
        for point in self.points.values_mut().filter(|point| point.peer == Some(*peer)) {
            if point.connected_since.is_some() {
                point.lost(now);
            }
        }
    }

    /// A point has taken a registration, for so long. Whether we still want it.
    pub(super) fn registered(
        &mut self,
        peer: &PeerId,
        namespace: &str,
        life: Duration,
        now: Instant,
    ) -> bool {
        let mut wanted = false;
        for point in self.points.values_mut().filter(|point| point.peer == Some(*peer)) {
            if let Some(registered) = point.registered.get_mut(namespace) {
                registered.due = now + life / 2;
                wanted = true;
            }
        }
        wanted
    }

    /// A point has refused a registration, or didn't answer.
    pub(super) fn not_registered(&mut self, peer: &PeerId, namespace: &str, now: Instant) {
        for point in self.points.values_mut().filter(|point| point.peer == Some(*peer)) {
            if let Some(registered) = point.registered.get_mut(namespace) {
                registered.due = now + REFUSED;
            }
        }
    }

    /// Our own addresses are others than before: every registration is out of date.
    pub(super) fn moved(&mut self, now: Instant) {
        for registered in self.points.values_mut().flat_map(|point| point.registered.values_mut()) {
            registered.due = now;
        }
    }

    /// A point has answered; where there may be more, it is asked on at once.
    pub(super) fn answered(
        &mut self,
        peer: &PeerId,
        namespace: &str,
        cookie: Vec<u8>,
        more: bool,
        now: Instant,
    ) {
        let every = self.pace_of(namespace);
        for point in self.points.values_mut().filter(|point| point.peer == Some(*peer)) {
            if let Some(asked) = point.asked.get_mut(namespace) {
                let pause = if more { every / 8 } else { every };
                let cookie = Some(cookie.clone());
                *asked = Asked { due: now + pause, answered: true, cookie };
            }
        }
    }

    /// Points tell what is new since they were asked last. Somebody whom we wait for may be among what they told before,
    /// when it was of no interest.
    pub(super) fn ask_afresh(&mut self, namespaces: &[String], now: Instant) {
        for point in self.points.values_mut() {
            for (_, asked) in point.asked.iter_mut().filter(|(name, _)| namespaces.contains(name)) {
                *asked = Asked { due: now, answered: asked.answered, cookie: None };
            }
        }
    }

    /// A point gave no answer, or none that is one.
    pub(super) fn not_answered(&mut self, peer: &PeerId, namespace: &str, now: Instant) {
        for point in self.points.values_mut().filter(|point| point.peer == Some(*peer)) {
            if let Some(asked) = point.asked.get_mut(namespace) {
                *asked = Asked { due: now + REFUSED, answered: false, cookie: None };
                point.problem = Some("gave no answer".to_owned());
            }
        }
    }

    fn pace_of(&self, namespace: &str) -> Duration {
        let asking = self.needs.questions.iter().filter(|question| question.namespace == namespace);
        asking.map(|question| question.every).min().unwrap_or(REFUSED)
    }

    /// Says what is due.
    pub(super) fn step(
        &mut self,
        now: Instant,
        neighbours: &Neighbours,
        is_connected: impl Fn(&PeerId) -> bool,
        deeds: &mut Vec<Deed>,
    ) {
        let Self { needs, points } = self;
        let places = needs.places(&neighbours.points());
        for place in &places {
            points.entry(place.clone()).or_insert_with(|| Point::new(now));
        }
        let nothing = BTreeSet::new();
        for (place, point) in points.iter_mut() {
            let connected = point.peer.or(neighbour(place)).filter(&is_connected);
            match connected {
                None if places.contains(place) && point.dialling == 0 && point.dial_at <= now => {
                    point.dial(place, neighbours, now, deeds);
                }
                None => {}
                Some(peer) => {
                    if point.connected_since.is_none() {
                        point.connected(peer, now);
                    }
                    let wanted = if needs.registers_at(place) { &needs.namespaces } else { &nothing };
                    point.register(peer, wanted, now, deeds);
                    let asked = needs.questions_for(place).map(|question| question.namespace.as_str());
                    point.ask(peer, &asked.collect(), now, deeds);
                }
            }
        }
        points.retain(|place, _| places.contains(place));
    }

    /// When to step again.
    pub(super) fn next(&self) -> Option<Instant> {
        self.points.values().filter_map(Point::next).min()
    }
}

fn neighbour(place: &Place) -> Option<PeerId> {
    match place {
        Place::Neighbour(peer) => Some(*peer),
        Place::At(_) => None,
    }
}
