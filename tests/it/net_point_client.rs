//! Our rendezvous points and libp2p's own clients and points understand each other.

use futures::StreamExt;
use libp2p::rendezvous::{self, Cookie, ErrorCode, Namespace, client, server};
use libp2p::{Multiaddr, PeerId, Swarm};
use muster::core::primitives::limits;

use crate::net_devices::Device;
use crate::net_swarms::{connect, hears, listen, swarm_of};

type Client = Swarm<client::Behaviour>;

fn named(name: &str) -> Namespace {
    Namespace::new(name.to_owned()).unwrap()
}

async fn client_of(point: &Device, at: &str) -> (Client, PeerId) {
    let mut client = swarm_of(|key| client::Behaviour::new(key.clone()));
    client.add_external_address(at.parse().unwrap());
    let point = connect(&mut client, point).await;
    (client, point)
}

async fn registers(client: &mut Client, at: PeerId, name: &str, life: Option<u64>) -> Result<u64, ErrorCode> {
    client.behaviour_mut().register(named(name), at, life).unwrap();
    hears(client, "what became of the registration", |event| match event {
        client::Event::Registered { ttl, .. } => Some(Ok(ttl)),
        client::Event::RegisterFailed { error, .. } => Some(Err(error)),
        _ => None,
    })
    .await
}

type Known = (Vec<(PeerId, Vec<Multiaddr>)>, Cookie);

async fn discovers(
    client: &mut Client,
    at: PeerId,
    name: Option<&str>,
    cookie: Option<Cookie>,
    limit: Option<u64>,
) -> Result<Known, ErrorCode> {
    client.behaviour_mut().discover(name.map(named), cookie, limit, at);
    hears(client, "an answer", |event| match event {
        client::Event::Discovered { registrations, cookie, .. } => {
            let known = registrations.iter().map(|one| {
                assert_eq!(Some(one.namespace.to_string().as_str()), name);
                (one.record.peer_id(), one.record.addresses().to_vec())
            });
            Some(Ok((known.collect(), cookie)))
        }
        client::Event::DiscoverFailed { error, .. } => Some(Err(error)),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_libp2p_client_registers_refreshes_pages_and_takes_back_at_our_point() {
    let device = Device::start("point").await;
    let (mut ada, point) = client_of(&device, "/ip4/192.0.2.1/tcp/1").await;
    let (mut bob, _) = client_of(&device, "/ip4/192.0.2.2/tcp/2").await;
    let (ada_id, bob_id) = (*ada.local_peer_id(), *bob.local_peer_id());
    assert_eq!(registers(&mut ada, point, "room", Some(600)).await, Ok(600));
    assert_eq!(registers(&mut bob, point, "room", None).await, Ok(limits::LONGEST_REGISTRATION.as_secs()));

    let (first, cookie) = discovers(&mut bob, point, Some("room"), None, Some(1)).await.unwrap();
    assert_eq!(first, [(ada_id, vec!["/ip4/192.0.2.1/tcp/1".parse().unwrap()])]);
    let (second, cookie) = discovers(&mut bob, point, Some("room"), Some(cookie), Some(1)).await.unwrap();
    assert_eq!(second, [(bob_id, vec!["/ip4/192.0.2.2/tcp/2".parse().unwrap()])]);

    ada.add_external_address("/ip4/192.0.2.1/tcp/3".parse().unwrap());
    registers(&mut ada, point, "room", Some(600)).await.unwrap();
    let (again, cookie) = discovers(&mut bob, point, Some("room"), Some(cookie), None).await.unwrap();
    assert_eq!(again.len(), 1, "the refresh is news");
    assert_eq!((again[0].0, again[0].1.len()), (ada_id, 2), "and replaces what was known");
    let (all, _) = discovers(&mut bob, point, Some("room"), None, None).await.unwrap();
    assert_eq!(all.iter().map(|one| one.0).collect::<Vec<_>>(), [bob_id, ada_id]);

    let elsewhere = discovers(&mut bob, point, Some("another"), Some(cookie), None).await;
    assert_eq!(elsewhere.unwrap_err(), ErrorCode::InvalidCookie);

    bob.behaviour_mut().unregister(named("room"), point);
    let mut left = 2;
    for _ in 0..100 {
        left = discovers(&mut bob, point, Some("room"), None, None).await.unwrap().0.len();
        if left == 1 {
            break;
        }
    }
    assert_eq!(left, 1, "Ada is left");
}

#[tokio::test]
async fn a_libp2p_client_that_names_no_namespace_gets_an_empty_list() {
    let device = Device::start("point").await;
    let (mut ada, point) = client_of(&device, "/ip4/192.0.2.1/tcp/1").await;
    registers(&mut ada, point, "room", None).await.unwrap();
    let (known, cookie) = discovers(&mut ada, point, None, None, None).await.unwrap();
    assert_eq!(known, []);
    assert_eq!(discovers(&mut ada, point, None, Some(cookie), None).await.unwrap().0, []);
}

#[tokio::test]
async fn a_libp2p_client_that_asks_for_too_short_a_life_is_told_so() {
    let device = Device::start("point").await;
    let (mut ada, point) = client_of(&device, "/ip4/192.0.2.1/tcp/1").await;
    assert_eq!(registers(&mut ada, point, "room", Some(1)).await, Err(ErrorCode::InvalidTtl));
    let longest = limits::LONGEST_REGISTRATION.as_secs();
    assert_eq!(registers(&mut ada, point, "room", Some(100 * longest)).await, Ok(longest));
}

#[tokio::test]
async fn a_host_is_found_through_a_libp2p_point() {
    let mut point = swarm_of(|_| server::Behaviour::new(server::Config::default().with_min_ttl(60)));
    let address = listen(&mut point).await.to_string().parse().unwrap();
    let known = tokio::spawn(async move {
        let mut taken_back = 0;
        while taken_back == 0 {
            if let libp2p::swarm::SwarmEvent::Behaviour(rendezvous::server::Event::PeerUnregistered {
                ..
            }) = point.select_next_some().await
            {
                taken_back += 1;
            }
        }
        taken_back
    });
    let mut host = Device::start("ada").await;
    let mut guest = Device::start("bob").await;
    host.advertises(&["e1"], std::slice::from_ref(&address)).await;
    guest.seeks(host.id, &[], std::slice::from_ref(&address)).await;
    assert!(guest.hears_opened(host.id).await.1);
    host.hears_opened(guest.id).await;
    host.advertises(&[], &[]).await;
    assert_eq!(known.await.unwrap(), 1, "and takes its registration back");
}
