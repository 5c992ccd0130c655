//! Who is on this machine's own links, as who comes to a session without a link must be.

use libp2p::Multiaddr;
use muster::net::links::Links;

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
