//! What a rendezvous point remembers, and for how long. Time is a number here: nobody waits.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use libp2p::PeerId;
use muster::net::point::registry::{Limits, Registry, Who};
use muster::net::point::{Page, Status};
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);
const ROOM: &str = "a room";

/// A registry and its clock.
struct World {
    registry: Registry,
    now: Instant,
}

fn small() -> Limits {
    Limits { per_peer: 3, per_origin: 5, per_namespace: 6, in_all: 8, told_at_once: 4, ..Limits::default() }
}

fn somebody() -> Who {
    Who { peer: PeerId::random(), from: None }
}

fn from(last: u8) -> Who {
    Who { from: Some(IpAddr::V4(Ipv4Addr::new(203, 0, 113, last))), ..somebody() }
}

impl World {
    fn new(limits: Limits) -> Self {
        Self { registry: Registry::new(limits, 7), now: Instant::now() }
    }

    fn registers(&mut self, who: Who, name: &str, record: &str) -> Result<Duration, Status> {
        self.registry.register(who, name, record.as_bytes(), Some(MINUTE), self.now)
    }

    fn asks(&mut self, name: &str, cookie: Option<&[u8]>, limit: Option<u64>) -> Page {
        self.registry.discover(Some(name), cookie, limit, self.now).unwrap()
    }

    /// The records under a name, read page by page.
    fn knows(&mut self, name: &str) -> Vec<String> {
        let (mut all, mut cookie) = (Vec::new(), None);
        loop {
            let page = self.asks(name, cookie.as_deref(), None);
            if page.told.is_empty() {
                return all;
            }
            all.extend(records(&page));
            cookie = Some(page.cookie);
        }
    }

    fn remembers(&self, count: usize) {
        let [registrations, places, in_namespaces, ends, from_origins] = self.registry.remembered();
        assert_eq!([registrations, places, in_namespaces, ends], [count; 4]);
        assert!(from_origins <= count);
    }
}

fn records(page: &Page) -> Vec<String> {
    page.told.iter().map(|told| String::from_utf8(told.record.to_vec()).unwrap()).collect()
}

#[test]
fn a_refresh_replaces_its_record_and_is_taken_however_full_it_is() {
    let mut world = World::new(Limits { in_all: 1, per_peer: 1, per_namespace: 1, per_origin: 1, ..small() });
    let ada = from(1);
    world.registers(ada, ROOM, "ada at home").unwrap();
    assert_eq!(world.registers(from(2), ROOM, "bob"), Err(Status::Unavailable));
    for day in 0..100 {
        world.registers(ada, ROOM, &format!("ada, day {day}")).unwrap();
    }
    assert_eq!(world.knows(ROOM), ["ada, day 99"]);
    world.remembers(1);
}

#[test]
fn one_peer_takes_so_many_places_and_no_more() {
    let mut world = World::new(small());
    let eve = somebody();
    for name in ["1", "2", "3"] {
        world.registers(eve, name, "eve").unwrap();
    }
    assert_eq!(world.registers(eve, "4", "eve"), Err(Status::Unavailable));
    world.registers(somebody(), "4", "bob").unwrap();
    world.registry.unregister(eve.peer, "2");
    world.registers(eve, "4", "eve").unwrap();
}

#[test]
fn one_address_takes_so_many_places_with_however_many_keys() {
    let mut world = World::new(small());
    for name in ["1", "2", "3", "4", "5"] {
        world.registers(from(1), name, "eve").unwrap();
    }
    assert_eq!(world.registers(from(1), "6", "eve"), Err(Status::Unavailable));
    world.registers(from(2), "6", "bob").unwrap();
    world.registers(somebody(), "6", "a program on the point's own machine").unwrap();
    world.now += MINUTE;
    world.registers(from(1), "6", "a neighbour, once they have ended").unwrap();
    world.remembers(1);
}

#[test]
fn one_namespace_takes_so_many_places_and_leaves_the_others_theirs() {
    let mut world = World::new(small());
    for number in 0..6 {
        world.registers(somebody(), ROOM, &number.to_string()).unwrap();
    }
    assert_eq!(world.registers(somebody(), ROOM, "too many"), Err(Status::Unavailable));
    world.registers(somebody(), "another room", "bob").unwrap();
    world.registers(somebody(), "another room", "dan").unwrap();
    assert_eq!(world.registers(somebody(), "a third", "eve"), Err(Status::Unavailable), "eight in all");
    world.remembers(8);
}

#[test]
fn a_registration_ends_when_it_said_unless_it_is_refreshed() {
    let mut world = World::new(small());
    let (ada, bob) = (somebody(), somebody());
    world.registers(ada, ROOM, "ada").unwrap();
    world.registers(bob, ROOM, "bob").unwrap();
    world.now += MINUTE / 2;
    world.registers(bob, ROOM, "bob again").unwrap();
    world.now += MINUTE / 2 - Duration::from_millis(1);
    assert_eq!(world.knows(ROOM), ["ada", "bob again"]);
    world.now += Duration::from_millis(1);
    assert_eq!(world.knows(ROOM), ["bob again"]);
    assert_eq!(world.asks(ROOM, None, None).told[0].left, MINUTE / 2, "what is left is told");
    world.now += MINUTE / 2;
    assert_eq!(world.knows(ROOM), [""; 0]);
    world.remembers(0);
}

#[test]
fn a_life_that_is_too_long_is_cut_and_one_that_is_too_short_refused() {
    let mut world = World::new(small());
    let (ada, longest, second) = (somebody(), small().longest, Duration::from_secs(1));
    let mut asks = |life| world.registry.register(ada, ROOM, b"ada", life, world.now);
    assert_eq!(asks(Some(Duration::from_secs(u64::MAX))), Ok(longest));
    assert_eq!(asks(None), Ok(longest));
    assert_eq!(asks(Some(small().shortest)), Ok(small().shortest));
    assert_eq!(asks(Some(small().shortest - second)), Err(Status::InvalidLife));
    assert_eq!(asks(Some(Duration::ZERO)), Err(Status::InvalidLife));
    assert_eq!(world.knows(ROOM), ["ada"], "the registration before it stands");
}

#[test]
fn who_asks_on_with_a_cookie_hears_of_everybody_once_and_of_who_has_moved_again() {
    let mut world = World::new(small());
    let people: Vec<Who> = (0..6).map(|_| somebody()).collect();
    for (number, who) in people.iter().enumerate() {
        world.registers(*who, ROOM, &number.to_string()).unwrap();
    }
    let first = world.asks(ROOM, None, Some(2));
    assert_eq!(records(&first), ["0", "1"]);
    let second = world.asks(ROOM, Some(&first.cookie), None);
    assert_eq!(records(&second), ["2", "3", "4", "5"], "so many at once at most");
    let none = world.asks(ROOM, Some(&second.cookie), None);
    assert_eq!(records(&none), [""; 0]);

    world.registers(people[3], ROOM, "3 has moved").unwrap();
    world.registry.unregister(people[4].peer, ROOM);
    assert_eq!(records(&world.asks(ROOM, Some(&none.cookie), None)), ["3 has moved"]);
    assert_eq!(records(&world.asks(ROOM, Some(&first.cookie), Some(9))), ["2", "5", "3 has moved"]);
    assert_eq!(records(&world.asks(ROOM, None, Some(0))).len(), 4, "no limit of one's own");
}

#[test]
fn a_cookie_of_another_namespace_or_of_another_life_is_none() {
    let mut world = World::new(small());
    world.registers(somebody(), ROOM, "ada").unwrap();
    let cookie = world.asks(ROOM, None, None).cookie;
    let foreign = World { registry: Registry::new(small(), 8), ..world }.asks(ROOM, None, None).cookie;
    let mut world = World::new(small());
    for wrong in [foreign.as_slice(), &cookie[..8], &cookie[..5], b"", &[0; 400]] {
        let answer = world.registry.discover(Some(ROOM), Some(wrong), None, world.now);
        assert_eq!(answer, Err(Status::InvalidCookie), "{wrong:?}");
    }
    let elsewhere = world.registry.discover(Some("another"), Some(&cookie), None, world.now);
    assert_eq!(elsewhere, Err(Status::InvalidCookie));
    assert!(world.registry.discover(Some(ROOM), Some(&cookie), None, world.now).is_ok());
}

#[test]
fn who_names_no_namespace_hears_of_nobody() {
    let mut world = World::new(small());
    world.registers(somebody(), ROOM, "ada").unwrap();
    let page = world.registry.discover(None, None, None, world.now).unwrap();
    assert_eq!(records(&page), [""; 0]);
    let on = world.registry.discover(None, Some(&page.cookie), None, world.now).unwrap();
    assert_eq!(records(&on), [""; 0]);
}

#[test]
fn nobody_takes_back_what_somebody_else_registered() {
    let mut world = World::new(small());
    let (ada, eve) = (somebody(), somebody());
    world.registers(ada, ROOM, "ada").unwrap();
    world.registers(eve, "another", "eve").unwrap();
    world.registry.unregister(eve.peer, ROOM);
    assert_eq!(world.knows(ROOM), ["ada"]);
    world.registry.unregister(ada.peer, ROOM);
    assert_eq!(world.knows(ROOM), [""; 0]);
    assert_eq!(world.knows("another"), ["eve"]);
    world.remembers(1);
}

#[test]
fn ten_thousand_registrations_and_forty_thousand_refreshes_are_ten_thousand_records() {
    let mut world = World::new(Limits { per_namespace: 10_000, ..Limits::default() });
    let people: Vec<Who> = (0..10_000).map(|_| somebody()).collect();
    for who in &people {
        world.registers(*who, ROOM, "here").unwrap();
    }
    for _ in 0..4 {
        world.now += Duration::from_secs(1);
        for who in &people {
            world.registers(*who, ROOM, "still here").unwrap();
        }
    }
    world.remembers(10_000);
    assert_eq!(world.asks(ROOM, None, Some(16)).told.len(), 16);
    world.now += MINUTE;
    world.registry.expire(world.now);
    world.remembers(0);
}

/// A list and a clock: what the registry has to come to.
#[derive(Default)]
struct Model(BTreeMap<(PeerId, usize), (Instant, u32)>);

#[test]
fn whatever_happens_in_whatever_order_it_knows_whom_a_plain_list_knows() {
    let mut chance = crate::support::chance::Chance::from_environment();
    let mut world = World::new(Limits { told_at_once: 100, ..small() });
    let mut model = Model::default();
    let people: Vec<Who> = (0..6).map(|_| somebody()).collect();
    let names = ["a", "b", "c"];
    for step in 0..4_000_u32 {
        let mut below = |bound: usize| usize::try_from(chance.below(bound as u64)).unwrap();
        let (who, name) = (people[below(6)], below(3));
        let now = world.now;
        model.0.retain(|_, (ends, _)| *ends > now);
        match below(4) {
            0 => {
                world.registry.unregister(who.peer, names[name]);
                model.0.remove(&(who.peer, name));
            }
            1 => world.now += Duration::from_secs(below(30) as u64),
            _ => {
                let taken = world.registers(who, names[name], &step.to_string());
                let known = model.0.contains_key(&(who.peer, name));
                assert_eq!(taken.is_ok(), known || model.0.len() < 8, "step {step}");
                if taken.is_ok() {
                    model.0.insert((who.peer, name), (now + MINUTE, step));
                }
            }
        }
        let now = world.now;
        model.0.retain(|_, (ends, _)| *ends > now);
        for (at, name) in names.iter().enumerate() {
            let mut expected: Vec<u32> =
                model.0.iter().filter(|((_, of), _)| *of == at).map(|(_, (_, step))| *step).collect();
            expected.sort_unstable();
            let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
            assert_eq!(world.knows(name), expected, "step {step}");
        }
        world.remembers(model.0.len());
    }
}
