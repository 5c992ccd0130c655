//! What is said on the local network: libp2p's own mDNS understands us and is understood; garbage is no packet.

use std::net::IpAddr;
use std::time::Duration;

use futures::StreamExt;
use libp2p::identity::Keypair;
use libp2p::swarm::SwarmEvent;
use libp2p::{PeerId, mdns};
use muster::core::node::input::Input;
use muster::core::primitives::limits;
use muster::net::Settings;
use muster::net::lan::counts::{Counts, Voice};
use muster::net::lan::words::{Said, here, question, read};
use tokio::time::{Instant, timeout};

use crate::net_devices::{Device, SOON, peer_of, settings};
use crate::net_swarms::swarm_of;
use crate::support::chance::Chance;
use crate::support::left_out;

fn somebody() -> PeerId {
    Keypair::generate_ed25519().public().to_peer_id()
}

#[test]
fn what_we_say_is_read_as_it_was_said() {
    assert_eq!(read(&question()), Some(Said::Question));
    let peer = somebody();
    let addresses: Vec<_> = ["/ip4/192.168.1.7/tcp/7733", "/ip6/fd00::7/udp/7733/quic-v1"]
        .map(|address| address.parse().unwrap())
        .into();
    let Some(Said::Here(told)) = read(&here(&peer, &addresses, &[7; 16])) else { panic!() };
    assert_eq!((told.peer, &told.addresses), (peer, &addresses));
    assert!(told.life >= Duration::from_secs(60));
    let many = vec![addresses[0].clone(); 100];
    let Some(Said::Here(told)) = read(&here(&peer, &many, &[7; 16])) else { panic!() };
    assert_eq!(told.addresses.len(), limits::ADDRESSES_PER_DEVICE);
}

#[test]
fn whatever_comes_is_read_in_the_time_that_it_takes_to_look_at_it() {
    let mut chance = Chance::from_environment();
    let good = here(&somebody(), &["/ip4/192.168.1.7/tcp/7733".parse().unwrap()], &[7; 16]);
    for end in 0..good.len() {
        assert!(!matches!(read(&good[..end]), Some(Said::Here(here)) if !here.addresses.is_empty()), "{end}");
    }
    for _ in 0..20_000 {
        let mut packet = good.clone();
        for _ in 0..=chance.below(8) {
            let at = usize::try_from(chance.below(packet.len() as u64)).unwrap();
            packet[at] = u8::try_from(chance.below(256)).unwrap();
        }
        let _ = read(&packet);
    }
    // Names that refer to themselves, or to each other without end.
    let head = [0, 0, 0x84, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0];
    let circle = [&head[..], &[0xc0, 12]].concat();
    assert_eq!(read(&circle), None);
    let chain: Vec<u8> =
        (0..4_000_u16).flat_map(|n| (0xc000 | (12 + 2 * n.saturating_sub(1))).to_be_bytes()).collect();
    assert_eq!(read(&[&head[..], &chain].concat()), None);
}

#[tokio::test]
async fn libp2ps_own_mdns_sees_us_and_is_seen() {
    let Ok(own) = std::net::UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("224.0.0.251:5353")?;
        socket.local_addr()
    }) else {
        left_out("no interface here carries multicast");
        return;
    };
    assert!(!own.ip().is_unspecified());
    let mut other = swarm_of(|key| {
        mdns::tokio::Behaviour::new(mdns::Config::default(), key.public().to_peer_id()).unwrap()
    });
    other.listen_on("/ip4/0.0.0.0/tcp/0".parse().unwrap()).unwrap();
    let them = *other.local_peer_id();
    let settings = Settings { mdns: true, ..settings("ada", &["/ip4/0.0.0.0/tcp/0"]) };
    let mut ada = Device::start_with(settings).await.unwrap();
    let raw = them.to_bytes();
    let device = muster::core::primitives::ids::DeviceId(raw[raw.len() - 32..].try_into().unwrap());
    ada.seeks(device, &[], &[]).await;
    let us = peer_of(ada.id);
    let mut seen = false;
    let mut connected = false;
    let both = async {
        while !(seen && connected) {
            match other.select_next_some().await {
                SwarmEvent::Behaviour(mdns::Event::Discovered(all)) => {
                    seen |= all.iter().any(|(peer, _)| *peer == us);
                }
                SwarmEvent::ConnectionEstablished { peer_id, .. } => connected |= peer_id == us,
                _ => {}
            }
        }
    };
    timeout(SOON, both).await.unwrap();
    ada.hears("that it is connected", |input| {
        matches!(input, Input::Connected { peer, .. } if *peer == device).then_some(())
    })
    .await;
}

#[test]
fn who_says_little_is_heard_however_many_neighbours_say_much() {
    let (mut counts, now) = (Counts::default(), Instant::now());
    let loud = |n: u8| IpAddr::from([10, 81, 1, n]);
    // Fifty of them, a thousand packets each: more than is read of all in a second.
    let read = (0..50_000).filter(|n| counts.another(loud((n % 50) as u8), now).is_some()).count();
    assert!(read <= 2 * limits::LAN_PACKETS as usize, "{read} packets");
    let quiet = IpAddr::from([10, 81, 0, 1]);
    assert_eq!(counts.another(quiet, now), Some(Voice::Quiet));
    // A crowd that says little each, from ever other addresses, is bounded as well.
    let ever_other = |n: u16| IpAddr::from([10, 82, n.to_be_bytes()[0], n.to_be_bytes()[1]]);
    let read = (0..60_000).filter(|n| counts.another(ever_other(*n), now).is_some()).count();
    assert!(read <= limits::LAN_PACKETS as usize, "{read} packets");
}
