//! Streams and their frames: in order, whole, bounded, and cut off where somebody misbehaves.

use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::core::Transport as _;
use libp2p::swarm::SwarmEvent;
use libp2p::{Stream, Swarm, noise, swarm, tcp, yamux};
use muster::core::node::input::{Input, Protocol};
use muster::core::primitives::address::Address;
use muster::core::primitives::limits;
use muster::net::streams::{Event, Streams};
use muster::net::{Command, Pace, Settings};
use tokio::io::AsyncWriteExt as _;

use crate::net_devices::{Device, QUIC, TCP, greeted, settings};

/// A peer that speaks libp2p and our protocols' names, and nothing of our manners.
struct Rude {
    swarm: Swarm<Streams>,
    host: libp2p::PeerId,
}

impl Rude {
    async fn connects_to(host: &Device) -> Self {
        let key = libp2p::identity::Keypair::generate_ed25519();
        let transport = tcp::tokio::Transport::default()
            .upgrade(libp2p::core::upgrade::Version::V1)
            .authenticate(noise::Config::new(&key).unwrap())
            .multiplex(yamux::Config::default())
            .boxed();
        let config = swarm::Config::with_tokio_executor();
        let mut swarm = Swarm::new(transport, Streams::default(), key.public().to_peer_id(), config);
        swarm.dial(host.addresses[0].to_string().parse::<libp2p::Multiaddr>().unwrap()).unwrap();
        loop {
            if let SwarmEvent::ConnectionEstablished { peer_id: host, .. } = swarm.select_next_some().await {
                return Self { swarm, host };
            }
        }
    }

    async fn opens(&mut self, protocol: Protocol) -> Stream {
        self.swarm.behaviour_mut().open(self.host, protocol).unwrap();
        loop {
            if let SwarmEvent::Behaviour(Event::Opened { stream, .. }) = self.swarm.select_next_some().await {
                return stream;
            }
        }
    }

    fn goes_on_in_the_background(mut self) -> tokio::task::JoinHandle<()> {
        tokio::spawn(async move {
            loop {
                self.swarm.select_next_some().await;
            }
        })
    }
}

async fn hears_a_stranger(host: &mut Device) -> muster::core::node::input::Channel {
    host.hears("a stranger's stream", |input| match input {
        Input::Opened { channel, .. } => Some(*channel),
        _ => None,
    })
    .await
}

async fn exchange_frames_over(transport: &str) {
    let mut host = Device::start_with(settings("ada", &[transport])).await.unwrap();
    let mut guest = Device::start("bob").await;
    let (ours, theirs) = greeted(&mut guest, &mut host).await;
    assert_eq!(guest.hears_connected(host.id).await.as_ref(), host.addresses.first());
    assert_eq!(host.hears_connected(guest.id).await, None, "who was dialled knows no address");

    let largest: Vec<u8> = (0..limits::FRAME).map(|at| u8::try_from(at % 251).unwrap()).collect();
    guest.sends(ours, b"one".as_slice()).await;
    guest.sends(ours, largest.clone()).await;
    guest.sends(ours, [3]).await;
    assert_eq!(host.hears_frame(theirs).await, b"one");
    assert!(host.hears_frame(theirs).await == largest, "the largest frame arrives whole");
    assert_eq!(host.hears_frame(theirs).await, [3]);

    host.sends(theirs, b"the last word".as_slice()).await;
    host.net.perform(Command::HangUp(theirs)).await;
    assert_eq!(guest.hears_frame(ours).await, b"the last word", "what was sent leaves before the end");
    guest.hears_closed(ours).await;
    let own_hanging_up = host.hears_within(Duration::from_millis(200), |input| {
        matches!(input, Input::Closed { channel } if *channel == theirs).then_some(())
    });
    assert_eq!(own_hanging_up.await, None, "who hangs up isn't told of it");
}

#[tokio::test]
async fn bob_finds_ada_over_tcp_and_they_exchange_frames_in_order() {
    exchange_frames_over(TCP).await;
}

#[tokio::test]
async fn bob_finds_ada_over_quic_and_they_exchange_frames_in_order() {
    exchange_frames_over(QUIC).await;
}

#[tokio::test]
async fn a_frame_that_is_too_large_or_empty_ends_the_stream() {
    let mut host = Device::start("ada").await;
    let mut guest = Device::start("bob").await;
    for frame in [vec![7; limits::FRAME + 1], Vec::new()] {
        let (ours, theirs) = greeted(&mut guest, &mut host).await;
        guest.sends(ours, frame).await;
        guest.hears_closed(ours).await;
        host.hears_closed(theirs).await;
    }
}

#[tokio::test]
async fn a_peer_that_sends_an_empty_frame_is_cut_off() {
    let mut host = Device::start("ada").await;
    let mut rude = Rude::connects_to(&host).await;
    let mut stream = rude.opens(Protocol::Greeting).await;
    rude.goes_on_in_the_background();
    stream.write_all(&[0, 1, 42, 0, 0]).await.unwrap();
    stream.flush().await.unwrap();
    let channel = hears_a_stranger(&mut host).await;
    assert_eq!(host.hears_frame(channel).await, [42]);
    host.hears_closed(channel).await;
}

#[tokio::test]
async fn a_frame_that_trickles_is_cut_off_and_a_stream_that_rests_is_not() {
    let pace = Pace { frame: Duration::from_millis(300), ..Pace::default() };
    let mut host =
        Device::start_with(muster::net::Settings { pace, ..settings("ada", &[TCP]) }).await.unwrap();
    let mut rude = Rude::connects_to(&host).await;
    let mut trickling = rude.opens(Protocol::Greeting).await;
    let mut resting = rude.opens(Protocol::Sync).await;
    rude.goes_on_in_the_background();
    resting.flush().await.unwrap();

    let trickle = tokio::spawn(async move {
        let mut sent = 0;
        for byte in [0, 200].into_iter().chain(std::iter::repeat_n(9, 200)) {
            if trickling.write_all(&[byte]).await.is_err() || trickling.flush().await.is_err() {
                break;
            }
            sent += 1;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        sent
    });
    let cut_off = host
        .hears("the end of the trickle", |input| match input {
            Input::Closed { channel } => Some(*channel),
            _ => None,
        })
        .await;
    assert!(trickle.await.unwrap() < 20, "the peer notices that nobody listens");

    resting.write_all(&[0, 1, 5]).await.unwrap();
    resting.flush().await.unwrap();
    let on = host
        .hears("a frame after a rest", |input| match input {
            Input::Received { channel, .. } => Some(*channel),
            _ => None,
        })
        .await;
    assert_ne!(on, cut_off);
}

#[tokio::test]
async fn a_peer_may_open_so_many_streams_of_each_kind_and_no_more() {
    let mut host = Device::start("ada").await;
    let mut rude = Rude::connects_to(&host).await;
    let mut streams = Vec::new();
    for _ in 0..limits::STREAMS_PER_PEER + 3 {
        let mut stream = rude.opens(Protocol::Greeting).await;
        stream.flush().await.unwrap();
        streams.push(stream);
    }
    let mut sync = rude.opens(Protocol::Sync).await;
    sync.flush().await.unwrap();
    rude.goes_on_in_the_background();
    for _ in 0..=limits::STREAMS_PER_PEER {
        hears_a_stranger(&mut host).await;
    }
    let one_more = host.hears_within(Duration::from_millis(300), |input| {
        matches!(input, Input::Opened { .. }).then_some(())
    });
    assert_eq!(one_more.await, None);

    let mut refused = streams.pop().unwrap();
    let end = tokio::time::timeout(Duration::from_secs(3), refused.read(&mut [0; 1])).await.unwrap();
    assert!(!matches!(end, Ok(1..)), "a stream that is refused ends, it doesn't hang");
}

#[tokio::test]
async fn a_reader_that_reads_nothing_loses_its_stream_and_holds_nobody_up() {
    let mut writer = Device::start("ada").await;
    let mut reader = Device::start("bob").await;
    let mut another = Device::start("eve").await;
    let (ours, _) = greeted(&mut writer, &mut reader).await;
    let still = reader.stops_listening_to_its_inputs();

    // As much as the queues of both sides and of the connection hold, and as much again.
    let frame = vec![1; limits::FRAME];
    for _ in 0..4 * limits::QUEUED_FRAMES {
        writer.sends(ours, frame.clone()).await;
    }
    writer.hears_closed(ours).await;
    let (ours, theirs) = greeted(&mut writer, &mut another).await;
    writer.sends(ours, [1]).await;
    assert_eq!(another.hears_frame(theirs).await, [1]);
    drop(still);
}

#[tokio::test]
async fn a_reader_that_takes_nothing_for_long_loses_its_stream_however_little_waits_for_it() {
    let pace = Pace { frame: Duration::from_millis(200), ..Pace::default() };
    let mut writer = Device::start_with(Settings { pace, ..settings("ada", &[TCP]) }).await.unwrap();
    let mut rude = Rude::connects_to(&writer).await;
    let held = rude.opens(Protocol::Greeting).await;
    let ours = hears_a_stranger(&mut writer).await;
    let lives = rude.goes_on_in_the_background();
    for _ in 0..16 {
        writer.sends(ours, vec![1; limits::FRAME]).await;
    }
    writer.hears_closed(ours).await;
    assert!(!lives.is_finished(), "it never hung up");
    drop(held);
}

#[tokio::test]
async fn a_node_that_is_busy_holds_its_peers_back_and_loses_nothing() {
    let mut writer = Device::start("ada").await;
    let mut reader = Device::start("bob").await;
    let (ours, theirs) = greeted(&mut writer, &mut reader).await;
    let count = u32::try_from(limits::QUEUED_FRAMES).unwrap();
    for number in 0..count {
        writer.sends(ours, number.to_be_bytes()).await;
    }
    // Everything has arrived at the reader's machine, and waits there.
    tokio::time::sleep(Duration::from_millis(300)).await;
    for number in 0..count {
        assert_eq!(reader.hears_frame(theirs).await, number.to_be_bytes());
    }
}

#[tokio::test]
async fn garbage_on_a_raw_connection_disturbs_nobody() {
    let mut host = Device::start("ada").await;
    let port = host.addresses[0].port;
    let mut raw = Vec::new();
    for junk in [b"GET / HTTP/1.1\r\n\r\n".as_slice(), &[0xff; 4096], &[0; 1], b""] {
        let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        socket.write_all(junk).await.unwrap();
        raw.push(socket);
    }
    let mut guest = Device::start("bob").await;
    let (ours, theirs) = greeted(&mut guest, &mut host).await;
    guest.sends(ours, [1]).await;
    assert_eq!(host.hears_frame(theirs).await, [1]);
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let ada = Device::start("ada").await;
    let taken: &Address = &ada.addresses[0];
    let refused = Device::start_with(settings("bob", &[&taken.to_string()])).await;
    let Err(error) = refused else { panic!("two devices share {taken}") };
    assert_eq!(error.to_string(), format!("{taken} is in use by another program"));
}
