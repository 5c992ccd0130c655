//! A session whose guests all come through one relay: it has room for them, and takes no other session's.

use std::net::{Ipv4Addr, SocketAddr};

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId, relay};
use muster::core::primitives::limits;
use muster::net::shares::Shares;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;

use crate::net_relay::{Client, Manner, at, friend, relaying};

/// Clients from so many addresses come to fewer than each may have, and to more than half of all.
const ADDRESSES: u8 = 3;
const CIRCUITS_OF_EACH: usize = 84;

/// Where the relay is reached from another address of this machine.
async fn from_elsewhere(last: u8, relay: &Multiaddr) -> Multiaddr {
    let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = door.local_addr().unwrap().port();
    let to = relay.iter().find_map(|part| match part {
        Protocol::Tcp(port) => Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        _ => None,
    });
    let to = to.unwrap();
    tokio::spawn(async move {
        loop {
            let (mut guest, _) = door.accept().await.unwrap();
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into()).unwrap();
            let mut relay = socket.connect(to).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut guest, &mut relay).await });
        }
    });
    format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap()
}

/// Guests from one address.
async fn guests(last: u8, relay: Multiaddr, host: PeerId) -> Vec<Client> {
    let relay = from_elsewhere(last, &relay).await;
    let mut guests = Vec::new();
    for _ in 0..CIRCUITS_OF_EACH / 21 {
        let mut guest = Client::of(&relay, Manner::Speaks).await;
        for _ in 0..21 {
            assert!(guest.asks_for_a_circuit(host).await);
        }
        guests.push(guest);
    }
    guests
}

#[tokio::test]
async fn a_session_with_hundreds_of_guests_keeps_its_relay_and_leaves_room_for_others() {
    let device = relaying(limits::CIRCUIT).await;
    let relay = at(&device, "/ip4").unwrap();
    let (host, _lives) = friend(&relay).await;
    let mut room = JoinSet::new();
    (0..ADDRESSES).for_each(|one| drop(room.spawn(guests(10 + one, relay.clone(), host))));
    let crowd = room.join_all().await.into_iter().flatten().map(Client::lives).collect::<Vec<_>>();
    assert_eq!(crowd.iter().filter(|lives| lives.is_finished()).count(), 0);
    // The session has half of all: from now on it is the address with most guests that gives way.
    let mut bob = Client::of(&from_elsewhere(20, &relay).await, Manner::Speaks).await;
    for _ in 0..20 {
        assert!(bob.asks_for_a_circuit(host).await, "the host is where it was");
    }
    assert!(bob.ended_within(std::time::Duration::from_secs(1)).await == 0);
    assert!(bob.swarm.is_connected(&host));
}

/// One guest after the other reaches a host; who has to leave for it.
fn reach(shares: &Shares, address: u8, host: PeerId, guests: usize) -> Vec<PeerId> {
    let reached = (0..guests).map(|_| {
        let src_peer_id = PeerId::random();
        assert!(shares.grant(src_peer_id, Ipv4Addr::new(10, 0, 0, address).into()));
        shares.note(&relay::Event::CircuitReqAccepted { src_peer_id, dst_peer_id: host })
    });
    reached.collect::<Vec<_>>().into_iter().flatten().collect()
}

#[test]
fn one_host_has_half_of_all_circuits_where_nobody_else_wants_them_and_then_no_more_than_a_quarter() {
    let shares = Shares::default();
    let (flooded, other) = (PeerId::random(), PeerId::random());
    assert_eq!(reach(&shares, 1, flooded, 90), []);
    assert_eq!(reach(&shares, 2, flooded, 90), []);
    assert_eq!(reach(&shares, 3, flooded, 76), [], "half of all");
    assert_eq!(reach(&shares, 4, other, 50), [], "another host's guests come in");
    let honest = PeerId::random();
    assert!(shares.grant(honest, Ipv4Addr::new(10, 0, 0, 5).into()));
    let stands = relay::Event::CircuitReqAccepted { src_peer_id: honest, dst_peer_id: flooded };
    let gives_way = shares.note(&stands).expect("one too many");
    assert_ne!(gives_way, honest, "of the address that has most");
    assert_eq!(reach(&shares, 6, flooded, 40).len(), 40, "one for each that comes");
}

#[test]
fn what_failed_leaves_its_share_and_a_refusal_that_was_not_heard_frees_nothing() {
    let shares = Shares::default();
    let (eve, host) = (PeerId::random(), PeerId::random());
    let from = Ipv4Addr::new(10, 0, 0, 1).into();
    assert!((0..limits::CIRCUITS_PER_IP).all(|_| shares.grant(eve, from)));
    assert!(!shares.grant(eve, from));
    let status = relay::StatusCode::ResourceLimitExceeded;
    let full = relay::Event::CircuitReqDenied { src_peer_id: eve, dst_peer_id: host, status };
    assert_eq!(shares.note(&full), None);
    assert!(!shares.grant(eve, from), "what is refused for want of room was never counted");
    let status = relay::StatusCode::NoReservation;
    let nobody = relay::Event::CircuitReqDenied { src_peer_id: eve, dst_peer_id: host, status };
    assert_eq!(shares.note(&nobody), None);
    assert!(shares.grant(eve, from));
    assert!(!shares.grant(eve, from));
}
