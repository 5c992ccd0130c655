//! How long a host is registered, as a point sees it.

use libp2p::Swarm;
use libp2p::rendezvous::{Namespace, server};
use muster::core::primitives::limits;
use muster::net::{Advertised, Command};

use crate::net_devices::{Device, namespace};
use crate::net_swarms::{hears, listen, swarm_of};

type Point = Swarm<server::Behaviour>;

async fn registered(point: &mut Point) -> (String, u64) {
    hears(point, "a registration", |event| match event {
        server::Event::PeerRegistered { registration, .. } => {
            Some((registration.namespace.to_string(), registration.ttl))
        }
        _ => None,
    })
    .await
}

async fn taken_back(point: &mut Point) -> Namespace {
    hears(point, "that a registration is taken back", |event| match event {
        server::Event::PeerUnregistered { namespace, .. } => Some(namespace),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn what_is_brief_is_registered_for_a_short_time_and_taken_back_as_soon_as_it_is_over() {
    let mut point: Point = swarm_of(|_| server::Behaviour::new(server::Config::default().with_min_ttl(60)));
    let points = vec![listen(&mut point).await.to_string().parse().unwrap()];
    let host = Device::start("ada").await;
    let [invitation, session] = ["e1", "e2"].map(namespace);
    let advertised = Advertised {
        namespaces: vec![invitation.clone(), session.clone()],
        brief: vec![session.clone()],
        points,
    };
    host.net.perform(Command::Advertise(advertised.clone())).await;
    let mut both = [registered(&mut point).await, registered(&mut point).await];
    both.sort();
    let [long, brief] = [limits::REGISTRATION, limits::SESSION_REGISTRATION].map(|life| life.as_secs());
    assert_eq!(both, [(invitation.clone(), long), (session.clone(), brief)]);

    let namespaces = vec![invitation];
    let over = Advertised { namespaces, brief: Vec::new(), ..advertised };
    host.net.perform(Command::Advertise(over)).await;
    assert_eq!(taken_back(&mut point).await.to_string(), session);
}
