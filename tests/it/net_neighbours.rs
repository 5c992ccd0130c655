//! Who is remembered of those who say that they are near: a crowd of names takes nothing from who has one.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use libp2p::PeerId;
use muster::core::primitives::limits;
use muster::net::lan::Seen;
use muster::net::neighbours::Neighbours;
use tokio::time::Instant;

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// Peers and machines by number.
fn peer(number: u32) -> PeerId {
    let mut bytes = [0; 38];
    bytes[..6].copy_from_slice(&[0x00, 0x24, 0x08, 0x01, 0x12, 0x20]);
    bytes[6..10].copy_from_slice(&number.to_be_bytes());
    PeerId::from_bytes(&bytes).unwrap()
}

fn machine(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0a00_0000 + number).into()
}

struct Room {
    known: Neighbours,
    began: Instant,
    now: Instant,
}

impl Room {
    fn empty() -> Self {
        let now = Instant::now();
        Self { known: Neighbours::default(), began: now, now }
    }

    /// Somebody announces a peer, at a port of its machine.
    fn hears(&mut self, from: u32, of: u32, port: u16) {
        let address = format!("/ip4/{}/tcp/{port}", machine(from)).parse().unwrap();
        let seen = Seen { peer: peer(of), addresses: vec![address], from: machine(from), life: YEAR };
        self.known.seen(seen, self.now);
    }

    fn knows(&self, of: u32) -> bool {
        !self.known.addresses(&peer(of)).is_empty()
    }

    fn pass(&mut self, span: Duration) {
        self.now += span;
        self.known.forget(self.now);
    }
}

#[test]
fn ten_thousand_names_of_a_machine_are_a_few_and_leave_when_it_falls_silent() {
    let mut room = Room::empty();
    for n in 0..10_000 {
        room.hears(1, n, 7);
    }
    assert_eq!(room.known.all().count(), limits::NEIGHBOURS_PER_IP);
    room.pass(limits::NEIGHBOUR_KEPT.1);
    assert_eq!(room.known.all().count(), 0, "a year was ten minutes");
}

#[test]
fn who_has_one_name_is_seen_whatever_a_few_machines_announce_before_and_after() {
    let mut room = Room::empty();
    room.hears(1_000, 1_000_000, 7);
    for n in 0..20_000 {
        room.hears(n % 50, n, 7);
    }
    assert_eq!(room.known.all().count(), limits::NEIGHBOURS);
    room.hears(1_001, 1_000_001, 7);
    for n in 20_000..40_000 {
        room.hears(n % 50, n, 7);
        if n % 1_000 == 0 {
            room.pass(Duration::from_secs(5));
        }
    }
    assert!(room.now - room.began < limits::NEIGHBOUR_KEPT.1);
    assert_eq!(room.known.all().count(), limits::NEIGHBOURS);
    assert!(room.knows(1_000_000) && room.knows(1_000_001));
}

#[test]
fn where_each_name_comes_from_another_machine_a_newcomer_waits_until_the_first_could_be_asked() {
    let mut room = Room::empty();
    for n in 0..10_000 {
        room.hears(n, n, 7);
    }
    assert_eq!(room.known.all().count(), limits::NEIGHBOURS);
    room.hears(20_000, 20_000, 7);
    assert!(!room.knows(20_000), "nobody is pushed out at once");
    room.pass(limits::NEIGHBOUR_KEPT.0 - Duration::from_millis(1));
    room.hears(1, 1, 7);
    room.pass(Duration::from_millis(1));
    room.hears(20_000, 20_000, 7);
    assert!(room.knows(20_000));
}

#[test]
fn who_speaks_in_somebodys_name_hides_none_of_their_addresses() {
    let mut room = Room::empty();
    room.hears(1, 1, 7_733);
    for port in 1..10_000 {
        room.hears(2, 1, port);
    }
    let known = room.known.addresses(&peer(1));
    assert_eq!(known.len(), limits::ADDRESSES_PER_DEVICE);
    assert!(known.iter().any(|address| address.ip() == Some(machine(1))), "{known:?}");
}
