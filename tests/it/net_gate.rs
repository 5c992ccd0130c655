//! Who may connect, when many come from several addresses: nobody is kept out by those who were there first.

use std::collections::BTreeSet;
use std::task::{Context, Poll, Waker};

use libp2p::swarm::{CloseConnection, ConnectionId, NetworkBehaviour, ToSwarm};
use libp2p::{Multiaddr, PeerId};
use muster::core::primitives::limits;
use muster::net::gate::Gate;

const OWN: &str = "/ip4/192.0.2.1/tcp/7733";

/// The gate, and how many have come to it.
#[derive(Default)]
struct Door {
    gate: Gate,
    so_far: usize,
}

impl Door {
    /// Somebody connects, and says nothing yet.
    fn knocks(&mut self, from: &str) -> Option<ConnectionId> {
        self.so_far += 1;
        let connection = ConnectionId::new_unchecked(self.so_far);
        let (own, from) = (multiaddr(OWN), multiaddr(from));
        self.gate.handle_pending_inbound_connection(connection, &own, &from).ok().map(|()| connection)
    }

    fn says_who(&mut self, connection: ConnectionId, peer: PeerId, from: &str) -> bool {
        let (own, from) = (multiaddr(OWN), multiaddr(from));
        self.gate.handle_established_inbound_connection(connection, peer, &own, &from).is_ok()
    }

    /// Somebody connects and says who they are; the connection, if they are in.
    fn enters(&mut self, peer: PeerId, from: &str) -> Option<ConnectionId> {
        let connection = self.knocks(from)?;
        self.says_who(connection, peer, from).then_some(connection)
    }

    /// As many connections as there are places, from as few addresses as that takes.
    fn is_full(&mut self) -> Vec<(PeerId, ConnectionId)> {
        let addresses = limits::INCOMING_CONNECTIONS as usize / limits::CONNECTIONS_PER_IP;
        let all = (0..addresses * limits::CONNECTIONS_PER_IP).map(|n| {
            let peer = PeerId::random();
            (peer, self.enters(peer, &at(n % addresses)).expect("there is room"))
        });
        all.collect()
    }

    /// Who has to leave.
    fn closes(&mut self) -> Vec<ConnectionId> {
        let mut closed = Vec::new();
        while let Poll::Ready(asked) = self.gate.poll(&mut Context::from_waker(Waker::noop())) {
            if let ToSwarm::CloseConnection { connection: CloseConnection::One(one), .. } = asked {
                closed.push(one);
            }
        }
        closed
    }
}

fn multiaddr(text: &str) -> Multiaddr {
    text.parse().unwrap()
}

fn at(address: usize) -> String {
    format!("/ip4/203.0.113.{address}/tcp/1")
}

#[test]
fn who_holds_most_places_gives_one_to_who_comes_from_elsewhere_and_it_is_the_newest() {
    let mut door = Door::default();
    let all = door.is_full();
    assert_eq!(door.closes(), []);
    assert!(door.enters(PeerId::random(), "/ip4/198.51.100.1/tcp/1").is_some(), "somebody comes");
    let closed = door.closes();
    assert_eq!(closed.len(), 1);
    assert!(all[all.len() - 20..].iter().any(|(_, newest)| closed.contains(newest)));
}

#[test]
fn members_stay_and_who_greets_stays_while_another_can_go() {
    let mut door = Door::default();
    let all = door.is_full();
    let addresses = limits::INCOMING_CONNECTIONS as usize / limits::CONNECTIONS_PER_IP;
    // From each address: the newest is a member, the others greet but for one, and that is the oldest.
    let newest = &all[all.len() - addresses..];
    door.gate.keep(newest.iter().map(|(peer, _)| *peer).collect());
    all[addresses..].iter().for_each(|(_, connection)| door.gate.greets(*connection));
    let gone: BTreeSet<ConnectionId> = (0..addresses)
        .flat_map(|_| {
            assert!(door.enters(PeerId::random(), "/ip4/198.51.100.1/tcp/1").is_some());
            door.closes()
        })
        .collect();
    assert_eq!(gone, all[..addresses].iter().map(|(_, connection)| *connection).collect());
    // Of those that are left some greet, and go; the members never.
    for _ in 0..20 {
        assert!(door.enters(PeerId::random(), "/ip4/198.51.100.2/tcp/1").is_some());
        let gone = door.closes();
        assert!(gone.len() == 1 && !newest.iter().any(|(_, member)| gone.contains(member)));
    }
}

#[test]
fn who_holds_as_many_as_anybody_takes_no_place_and_nobody_takes_those_of_members() {
    let mut door = Door::default();
    let all = door.is_full();
    // A place that became free is taken by the first address; then all have as many again.
    assert!((0..limits::CONNECTIONS_PER_IP - 4).all(|_| {
        door.enters(PeerId::random(), "/ip4/198.51.100.1/tcp/1").is_some() && door.closes().len() == 1
    }));
    assert!(door.enters(PeerId::random(), "/ip4/198.51.100.1/tcp/1").is_none(), "others have no more");
    door.gate.keep(all.iter().map(|(peer, _)| *peer).collect());
    assert!(door.enters(PeerId::random(), "/ip4/198.51.100.3/tcp/1").is_some(), "of those who came last");
    let gone = door.closes();
    assert!(!all.iter().any(|(_, member)| gone.contains(member)));
}

#[test]
fn four_silent_addresses_leave_places_at_the_door_and_each_that_comes_finds_one() {
    let mut door = Door::default();
    let silent: usize = (0..4)
        .map(|address| (0..100).filter(|_| door.knocks(&at(address)).is_some()).count())
        .inspect(|held| assert!((20..=limits::PENDING_PER_IP).contains(held), "{held}"))
        .sum();
    assert!(silent < limits::PENDING_CONNECTIONS as usize - 40, "{silent}");
    for guest in 10..50 {
        let from = at(guest);
        let knocked = door.knocks(&from).expect("a place at the door");
        assert!(door.says_who(knocked, PeerId::random(), &from));
    }
}

#[test]
fn many_networks_of_one_customer_have_the_places_of_four() {
    let mut door = Door::default();
    let entered = (0..1_000)
        .filter(|n| door.enters(PeerId::random(), &format!("/ip6/2001:db8:7:{n:x}::1/tcp/1")).is_some())
        .count();
    assert_eq!(entered, limits::SHARES_OF_A_SITE * limits::CONNECTIONS_PER_IP);
    assert!(door.enters(PeerId::random(), "/ip6/2001:db8:8::1/tcp/1").is_some(), "another customer");
}
