//! Being called back: who asks a point is called where it is and nowhere else, and who is told that it is reached believes it
//! if it was. Ours and libp2p's own understand each other.

use futures::StreamExt;
use libp2p::autonat::v2;
use libp2p::identify;
use libp2p::identity::Keypair;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm};
use muster::core::primitives::{address::Address, limits};
use muster::net::callbacks::{Callbacks, Event};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::net_devices::SOON;
use crate::net_swarms::{hears, listen, swarm_of};
use crate::support::daemons::Machine;

pub(crate) type Ours = Swarm<Callbacks>;

/// libp2p's own, which finds out by identify what its peers speak.
#[derive(NetworkBehaviour)]
struct Theirs<B: NetworkBehaviour> {
    identify: identify::Behaviour,
    autonat: B,
}

fn theirs<B: NetworkBehaviour>(key: &Keypair, autonat: B) -> Theirs<B> {
    let config = identify::Config::new("test/1".to_owned(), key.public());
    Theirs { identify: identify::Behaviour::new(config), autonat }
}

pub(crate) fn asker() -> Ours {
    swarm_of(|_| Callbacks::new(false))
}

fn point() -> Ours {
    swarm_of(|_| Callbacks::new(true))
}

pub(crate) fn address(of: &Multiaddr) -> Address {
    of.to_string().parse().unwrap()
}

/// Goes on by itself.
pub(crate) fn lives<B>(mut swarm: Swarm<B>) -> JoinHandle<()>
where
    B: NetworkBehaviour<ToSwarm: Send, ConnectionHandler: Send> + Send,
{
    tokio::spawn(async move {
        loop {
            swarm.select_next_some().await;
        }
    })
}

pub(crate) async fn connects<B: NetworkBehaviour>(swarm: &mut Swarm<B>, to: &Multiaddr) -> PeerId {
    swarm.dial(to.clone()).unwrap();
    let connected = async {
        loop {
            if let SwarmEvent::ConnectionEstablished { peer_id, .. } = swarm.select_next_some().await {
                return peer_id;
            }
        }
    };
    timeout(SOON, connected).await.unwrap()
}

pub(crate) async fn answer(asker: &mut Ours, point: PeerId, at: Address) -> Option<bool> {
    asker.behaviour_mut().ask(point, at.clone());
    hears(asker, "an answer", |event| match event {
        Event::Answered { point: who, address, reached } if who == point && address == at => Some(reached),
        _ => None,
    })
    .await
}

/// A port at which nothing listens.
fn empty_port() -> Address {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap()
}

#[tokio::test]
async fn who_asks_a_point_is_told_whether_it_is_reached_and_the_call_leaves_no_connection() {
    let (mut ada, mut serving) = (asker(), point());
    let (at, here) = (listen(&mut serving).await, listen(&mut ada).await);
    let _lives = lives(serving);
    let point = connects(&mut ada, &at).await;
    assert_eq!(answer(&mut ada, point, address(&here)).await, Some(true));
    assert_eq!(answer(&mut ada, point, empty_port()).await, Some(false));
    let only_one = async {
        while ada.network_info().connection_counters().num_established() > 1 {
            ada.select_next_some().await;
        }
    };
    timeout(SOON, only_one).await.unwrap();
}

#[tokio::test]
async fn a_point_calls_nobody_but_who_asks() {
    let (mut eve, mut serving) = (asker(), point());
    let at = listen(&mut serving).await;
    listen(&mut eve).await;
    let victim = std::net::TcpListener::bind("127.0.0.2:0").unwrap();
    victim.set_nonblocking(true).unwrap();
    let _lives = lives(serving);
    let point = connects(&mut eve, &at).await;
    let elsewhere = format!("/ip4/127.0.0.2/tcp/{}", victim.local_addr().unwrap().port());
    for other in [elsewhere.as_str(), "/dns/localhost/tcp/80", "/ip4/192.0.2.1/udp/7733/quic-v1"] {
        assert_eq!(answer(&mut eve, point, other.parse().unwrap()).await, None, "{other}");
    }
    assert!(victim.accept().is_err(), "nobody called there");
}

#[tokio::test]
async fn whoever_asks_without_end_is_called_a_few_times_and_others_are_called() {
    let (mut eve, mut ada, mut serving) = (asker(), asker(), point());
    let at = listen(&mut serving).await;
    let (evil, good) = (listen(&mut eve).await, listen(&mut ada).await);
    let _lives = lives(serving);
    let point = connects(&mut eve, &at).await;
    let mut reached = 0;
    for _ in 0..4 * limits::CALLS_PER_PEER {
        reached += u32::from(answer(&mut eve, point, address(&evil)).await == Some(true));
    }
    assert_eq!(reached, limits::CALLS_PER_PEER);
    let point = connects(&mut ada, &at).await;
    assert_eq!(answer(&mut ada, point, address(&good)).await, Some(true));
}

#[tokio::test]
async fn one_address_with_many_keys_is_called_so_often_and_no_more() {
    let mut serving = point();
    let at = listen(&mut serving).await;
    let _lives = lives(serving);
    let mut reached = 0;
    for _ in 0..2 + limits::CALLS_PER_IP / limits::CALLS_PER_PEER {
        let mut one = asker();
        let here = listen(&mut one).await;
        let point = connects(&mut one, &at).await;
        for _ in 0..limits::CALLS_PER_PEER {
            reached += u32::from(answer(&mut one, point, address(&here)).await == Some(true));
        }
    }
    assert_eq!(reached, limits::CALLS_PER_IP);
}

#[tokio::test]
async fn who_serves_nobody_calls_nobody() {
    let (mut ada, mut other) = (asker(), asker());
    let (at, here) = (listen(&mut other).await, listen(&mut ada).await);
    let _lives = lives(other);
    let other = connects(&mut ada, &at).await;
    assert_eq!(answer(&mut ada, other, address(&here)).await, None);
    assert_eq!(answer(&mut ada, PeerId::random(), address(&here)).await, None, "nor who isn't there");
}

#[tokio::test]
async fn a_daemon_calls_who_asks_only_where_somebody_decided_that_it_serves() {
    for (configuration, calls) in
        [("", false), ("[rendezvous]\nserve = true\n", true), ("[relay]\nserve = true\n", true)]
    {
        let machine = Machine::with("point", configuration);
        let mut ada = asker();
        let here = listen(&mut ada).await;
        let point = connects(&mut ada, &machine.address().parse().unwrap()).await;
        let reached = answer(&mut ada, point, address(&here)).await;
        assert_eq!(reached, calls.then_some(true), "{configuration}");
    }
}

#[tokio::test]
async fn libp2ps_server_calls_us_and_says_so() {
    let mut server = swarm_of(|key| theirs(key, v2::server::Behaviour::default()));
    let mut ada = asker();
    let (at, here) = (listen(&mut server).await, listen(&mut ada).await);
    let _lives = lives(server);
    let server = connects(&mut ada, &at).await;
    assert_eq!(answer(&mut ada, server, address(&here)).await, Some(true));
    assert_eq!(answer(&mut ada, server, empty_port()).await, Some(false));
}

#[tokio::test]
async fn libp2ps_client_is_called_by_us_and_knows_that_it_is_reached() {
    let mut serving = swarm_of(|key| theirs(key, Callbacks::new(true)));
    let mut client = swarm_of(|key| theirs(key, v2::client::Behaviour::default()));
    let at = listen(&mut serving).await;
    let here = listen(&mut client).await;
    let _lives = lives(serving);
    connects(&mut client, &at).await;
    let result = hears(&mut client, "that it is reached", |event| match event {
        TheirsEvent::Autonat(v2::client::Event { tested_addr, result, .. }) => {
            Some((tested_addr, result.is_ok()))
        }
        TheirsEvent::Identify(_) => None,
    })
    .await;
    assert_eq!(result, (here, true));
}
