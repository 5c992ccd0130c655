//! Who is on this machine's own links, as who comes to a session without a link must be; and connections whose own end is gone.

use std::time::Duration;

use libp2p::Multiaddr;
use libp2p::core::{ConnectedPoint, Endpoint, transport::PortUse};
use libp2p::swarm::ConnectionId;
use tokio::time::Instant;

use muster::net::links::Links;
use muster::net::own_ends::OwnEnds;

fn near(remote: &str) -> bool {
    let own =
        [("192.168.7.20", 24), ("fd00:1::20", 64), ("fe80::20", 64), ("127.0.0.1", 8), ("203.0.113.9", 0)];
    let own = own.map(|(ip, bits)| (ip.parse().unwrap(), bits));
    Links::of(&own).lead_to(&remote.parse::<Multiaddr>().unwrap())
}

#[test]
fn who_is_on_the_same_link_is_near_and_nobody_else() {
    for there in ["/ip4/192.168.7.99/tcp/1", "/ip6/fd00:1::99/udp/1/quic-v1", "/ip4/127.0.0.1/tcp/1"] {
        assert!(near(there), "{there}");
    }
    assert!(near("/ip6/::ffff:192.168.7.99/tcp/1") && near("/ip6/fe80::99/tcp/1"));
    for there in ["/ip4/192.168.8.99/tcp/1", "/ip6/fd00:2::99/tcp/1", "/ip4/203.0.113.10/tcp/1"] {
        assert!(!near(there), "{there}");
    }
    assert!(!near("/dns/host.example/tcp/1"));
}

#[test]
fn who_comes_over_a_relay_next_door_is_not_near() {
    let relay = "/ip4/192.168.7.99/tcp/1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
    assert!(near(relay));
    assert!(!near(&format!("{relay}/p2p-circuit")));
}

#[test]
fn this_machines_own_loopback_is_a_link() {
    assert!(Links::default().lead_to(&"/ip4/127.0.0.1/tcp/7733".parse().unwrap()));
}

const OWN: &str = "127.0.0.1";

/// The connections that are given up, of one over TCP and one over QUIC, when this machine has lost the address at which they
/// end: at once, and when it has been away for long enough, or was back before.
fn given_up(comes_back: bool) -> (Vec<ConnectionId>, Vec<ConnectionId>) {
    let (mut ends, now) = (OwnEnds::default(), Instant::now());
    for (number, remote) in [(1, "/ip4/127.0.0.1/tcp/7733"), (2, "/ip4/127.0.0.1/udp/7733/quic-v1")] {
        let address = remote.parse().unwrap();
        let (role_override, port_use) = (Endpoint::Dialer, PortUse::Reuse);
        let dialled = ConnectedPoint::Dialer { address, role_override, port_use };
        ends.opened(ConnectionId::new_unchecked(number), &dialled);
    }
    ends.changed("192.0.2.1".parse().unwrap(), false, now);
    assert_eq!(ends.next(), None, "another address is nobody's concern");
    ends.changed(OWN.parse().unwrap(), false, now);
    let at_once = ends.given_up(now);
    if comes_back {
        ends.changed(OWN.parse().unwrap(), true, now);
    }
    (at_once, ends.given_up(now + Duration::from_secs(60)))
}

#[test]
fn a_tcp_connection_ends_with_the_address_it_had_unless_that_comes_back_soon_and_quic_moves_over() {
    assert_eq!(given_up(false), (vec![], vec![ConnectionId::new_unchecked(1)]));
    assert_eq!(given_up(true), (vec![], vec![]));
}
