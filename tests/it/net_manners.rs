//! What is asked of a point: so much by each peer, so much from each address with all its keys.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use libp2p::PeerId;
use muster::core::primitives::limits;
use muster::net::manners::Manners;
use tokio::time::Instant;

fn address(last: u8) -> Option<IpAddr> {
    Some(Ipv4Addr::new(203, 0, 113, last).into())
}

#[test]
fn one_address_asks_so_much_with_however_many_keys_and_others_are_answered() {
    let (mut manners, now) = (Manners::default(), Instant::now());
    let all = limits::ASKED_PER_MINUTE_BY_ADDRESS;
    assert!((0..all).all(|_| manners.asked(PeerId::random(), address(1), now)));
    assert!(!manners.asked(PeerId::random(), address(1), now), "a key that has asked nothing yet");
    assert!(manners.asked(PeerId::random(), address(2), now), "another address");
    assert!(manners.asked(PeerId::random(), None, now), "a program on this machine");
    let later = now + Duration::from_secs(60);
    assert!(manners.asked(PeerId::random(), address(1), later), "a minute later");
}

#[test]
fn who_comes_when_many_are_counted_is_counted_as_well() {
    let (mut manners, now) = (Manners::default(), Instant::now());
    for n in 0..limits::ASKING_PEERS {
        assert!(manners.asked(PeerId::random(), None, now + Duration::from_millis(n as u64)));
    }
    let (eve, later) = (PeerId::random(), now + Duration::from_secs(10));
    assert!((0..limits::ASKED_PER_MINUTE).all(|_| manners.asked(eve, None, later)));
    assert!(!manners.asked(eve, None, later), "however many were there before");
}
