//! Which addresses points are asked about, and what follows from their answers.

use std::collections::BTreeSet;
use std::net::IpAddr;

use libp2p::PeerId;
use muster::core::primitives::{address::Address, limits};
use muster::net::outside::Outside;
use tokio::time::Instant;

const PORTS: [&str; 4] = [
    "/ip4/192.168.1.2/tcp/7733",
    "/ip4/192.168.1.2/udp/7733/quic-v1",
    "/ip6/fd00::2/tcp/7733",
    "/ip4/10.0.0.2/tcp/7733",
];

fn all(addresses: &[&str]) -> BTreeSet<Address> {
    addresses.iter().map(|address| address.parse().unwrap()).collect()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// What is asked of whom at this moment, anybody being connected and answering nothing.
fn asked(outside: &mut Outside, now: Instant) -> Vec<(PeerId, String)> {
    asked_about(outside, now, &all(&PORTS), None)
        .into_iter()
        .map(|(point, address)| (point, address.to_string()))
        .collect()
}

/// The same for a device that listens there, each question being answered with this.
fn asked_about(
    outside: &mut Outside,
    now: Instant,
    ports: &BTreeSet<Address>,
    reached: Option<bool>,
) -> Vec<(PeerId, Address)> {
    let mut asked = Vec::new();
    loop {
        let (questions, next) = outside.step(now, ports, |_| true);
        assert!(next.is_none_or(|next| next > now), "nothing is due again at once");
        assert_eq!(outside.step(now, ports, |_| true).0, [], "each point is asked one thing at a time");
        if questions.is_empty() {
            return asked;
        }
        for (point, address) in &questions {
            outside.answered(point, address.clone(), reached, now);
        }
        asked.extend(questions);
    }
}

#[test]
fn a_point_is_asked_about_where_it_saw_us_with_our_own_ports() {
    let (mut outside, now, point) = (Outside::default(), Instant::now(), PeerId::random());
    outside.seen(point, ip("203.0.113.1"), now);
    let addresses = ["/ip4/203.0.113.1/udp/7733/quic-v1", "/ip4/203.0.113.1/tcp/7733"];
    assert_eq!(asked(&mut outside, now), addresses.map(|address| (point, address.to_owned())));
    assert_eq!(asked(&mut outside, now), [], "once");
    let later = now + limits::OUTSIDE_ASKED_AGAIN;
    assert_eq!(asked(&mut outside, later).len(), 2, "and after a while again");
    let (none, _) = outside.step(later + limits::OUTSIDE_ASKED_AGAIN, &all(&PORTS), |_| false);
    assert_eq!(none, [], "who isn't connected, or was named by nobody, isn't asked");
}

#[test]
fn an_address_that_nobody_outside_could_reach_is_not_asked_about() {
    let (mut outside, now) = (Outside::default(), Instant::now());
    for of_no_use in [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.7.7",
        "100.64.0.1",
        "169.254.1.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::",
        "::ffff:10.1.2.3",
    ] {
        outside.seen(PeerId::random(), ip(of_no_use), now);
    }
    assert_eq!(asked(&mut outside, now), []);
    outside.seen(PeerId::random(), ip("2001:db8::1"), now);
    assert_eq!(asked(&mut outside, now).len(), 1);
}

#[test]
fn what_is_reached_is_told_until_it_is_not_or_nobody_has_said_so_for_a_while() {
    let (mut outside, now, point) = (Outside::default(), Instant::now(), PeerId::random());
    let address: Address = "/ip4/203.0.113.1/tcp/7733".parse().unwrap();
    outside.seen(point, ip("203.0.113.1"), now);
    asked(&mut outside, now);
    outside.answered(&point, address.clone(), None, now);
    assert_eq!(outside.reached(), all(&[]), "no answer is none");
    outside.answered(&point, address.clone(), Some(true), now);
    assert_eq!(outside.reached(), BTreeSet::from([address.clone()]));
    outside.lost(&point, now);
    outside.answered(&point, address.clone(), None, now);
    assert_eq!(outside.reached().len(), 1, "a point that is gone for a moment has unsaid nothing");
    outside.answered(&point, address.clone(), Some(false), now);
    assert_eq!(outside.reached(), all(&[]), "a port that is forwarded no more");

    outside.answered(&point, address.clone(), Some(true), now);
    outside.seen(point, ip("203.0.113.9"), now);
    assert_eq!(outside.reached(), all(&[]), "the router has another address");
    outside.answered(&point, address, Some(true), now);
    assert_eq!(outside.reached(), all(&[]), "and an answer about the old one comes too late");

    let address: Address = "/ip4/203.0.113.9/tcp/7733".parse().unwrap();
    outside.answered(&point, address.clone(), Some(true), now);
    outside.moved(now);
    assert_eq!(outside.reached(), all(&[]), "this machine is elsewhere");
    outside.answered(&point, address, Some(true), now);
    outside.step(now + limits::OUTSIDE_HOLDS, &all(&PORTS), |_| false);
    assert_eq!(outside.reached(), all(&[]), "nobody has said so for a while");
}

#[test]
fn a_point_that_sees_us_elsewhere_each_moment_is_asked_seldom_and_nothing_grows() {
    let (mut outside, now, point) = (Outside::default(), Instant::now(), PeerId::random());
    let mut questions = 0;
    for moment in 0..1_000_u32 {
        let seen = IpAddr::from(u32::to_be_bytes(0x0808_0000 + moment));
        outside.seen(point, seen, now);
        questions += asked(&mut outside, now).len();
        outside.answered(&point, format!("/ip4/{seen}/tcp/7733").parse().unwrap(), Some(true), now);
    }
    assert!(questions <= limits::OUTSIDE_GUESSES, "{questions}");
    assert!(outside.reached().len() <= 1);

    for number in 0..10_000_u32 {
        outside.seen(PeerId::random(), IpAddr::from(u32::to_be_bytes(0x0808_0000 + number)), now);
    }
    let questions = asked(&mut outside, now + limits::OUTSIDE_RESTS).len();
    assert!(questions <= limits::POINTS * limits::OUTSIDE_GUESSES, "{questions}");
}

#[test]
fn of_many_ports_and_points_a_few_addresses_are_asked_about_and_told() {
    let (mut outside, now) = (Outside::default(), Instant::now());
    let many: Vec<String> = (1..100).map(|port| format!("/ip4/192.168.1.2/tcp/{port}")).collect();
    let many = all(&many.iter().map(String::as_str).collect::<Vec<_>>());
    for number in 1..9_u8 {
        outside.seen(PeerId::random(), IpAddr::from([203, 0, 113, number]), now);
    }
    let questions = asked_about(&mut outside, now, &many, Some(true)).len();
    assert_eq!(questions, 8 * limits::OUTSIDE_GUESSES);
    assert_eq!(outside.reached().len(), limits::OUTSIDE_GUESSES);
}
