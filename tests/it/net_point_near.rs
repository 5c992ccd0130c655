//! Whom a point serves where nobody decided: those on its own links.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use futures::StreamExt;
use libp2p::swarm::SwarmEvent;
use muster::net::Serves;
use muster::net::links::Links;
use muster::net::point::registry::{Limits, Registry};
use muster::net::point::{Event, Point};

use crate::net_devices::namespace;
use crate::net_swarms::{hears, listen, swarm_of};

/// Whether a point with these links answers who asks from this machine.
async fn answers(own: Ipv4Addr, bits: u32) -> bool {
    let patience = Duration::from_secs(5);
    let links = Links::of(&[(IpAddr::V4(own), bits)]);
    let registry = || Registry::new(Limits::default(), 1);
    let mut point = swarm_of(|key| Point::new(key.clone(), Some(registry()), patience).for_links(links));
    let at = listen(&mut point).await;
    let lives = tokio::spawn(async move { while point.next().await.is_some() {} });
    let mut client = swarm_of(|key| Point::new(key.clone(), None, patience));
    client.dial(at).unwrap();
    let peer = loop {
        if let SwarmEvent::ConnectionEstablished { peer_id, .. } = client.select_next_some().await {
            break peer_id;
        }
    };
    client.behaviour_mut().discover(peer, namespace("e1"), None, 16);
    let answered = hears(&mut client, "the end of a question", |event| match event {
        Event::Discovered { .. } => Some(true),
        Event::Refused { why: None, .. } => Some(false),
        _ => None,
    });
    let answered = answered.await;
    lives.abort();
    answered
}

#[tokio::test]
async fn a_point_that_nobody_decided_on_serves_its_own_links_and_is_none_for_others() {
    assert_eq!(Serves::decided(None), Serves::OwnLinks);
    assert_eq!(Serves::decided(Some(true)), Serves::Everybody);
    assert_eq!(Serves::decided(Some(false)), Serves::Nobody);
    assert!(answers(Ipv4Addr::LOCALHOST, 8).await, "who is near");
    assert!(!answers(Ipv4Addr::new(192, 0, 2, 1), 24).await, "who comes from elsewhere");
}
