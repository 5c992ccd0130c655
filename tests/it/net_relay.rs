//! What a relay gives away: whoever wants more than their share is refused, and the others keep theirs.

use std::io;
use std::time::Duration;

use futures::future::Either;
use futures::{AsyncRead, AsyncReadExt, FutureExt, StreamExt};
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::{Boxed, OptionalTransport};
use libp2p::core::{Transport as _, upgrade::Version};
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::request_response::ProtocolSupport;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{self, NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm, noise, ping, relay, tcp, yamux};
use muster::core::node::input::Protocol as NodeProtocol;
use muster::core::primitives::limits;
use muster::net::streams::Streams;
use muster::net::{Pace, Settings};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::net_devices::{Device, SOON, TCP, settings};
use crate::net_swarms::{Bytes, Raw};

/// Somebody who uses relays, made of libp2p alone.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    relay: relay::client::Behaviour,
    ping: ping::Behaviour,
    raw: Raw,
    streams: Streams,
}

/// Whether a circuit is spoken over, or kept open in silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Speaks,
    IsSilent,
}

/// One client, and the relay that it is connected with.
pub(crate) struct Client {
    pub(crate) swarm: Swarm<Behaviour>,
    pub(crate) relay: Multiaddr,
}

impl Client {
    pub(crate) async fn of(relay: &Multiaddr, manner: Manner) -> Self {
        let mut swarm = swarm(manner);
        swarm.dial(relay.clone()).unwrap();
        let connected = async {
            loop {
                if let SwarmEvent::ConnectionEstablished { peer_id, .. } = swarm.select_next_some().await {
                    return peer_id;
                }
            }
        };
        let peer = timeout(SOON, connected).await.unwrap();
        let relay = relay.clone().with_p2p(peer).unwrap();
        Self { swarm, relay }
    }

    pub(crate) fn id(&self) -> PeerId {
        *self.swarm.local_peer_id()
    }

    /// Asks for a place; whether it is held.
    async fn asks_for_a_place(&mut self) -> bool {
        let listener = self.swarm.listen_on(self.relay.clone().with(Protocol::P2pCircuit)).unwrap();
        let told = async {
            loop {
                match self.swarm.select_next_some().await {
                    SwarmEvent::Behaviour(BehaviourEvent::Relay(
                        relay::client::Event::ReservationReqAccepted { .. },
                    )) => return true,
                    SwarmEvent::ListenerClosed { listener_id, .. } if listener_id == listener => {
                        return false;
                    }
                    _ => {}
                }
            }
        };
        timeout(SOON, told).await.unwrap()
    }

    /// Asks for a circuit to somebody; whether it stands.
    pub(crate) async fn asks_for_a_circuit(&mut self, to: PeerId) -> bool {
        let dialled = self.dials(to);
        let told = async {
            loop {
                match self.swarm.select_next_some().await {
                    SwarmEvent::ConnectionEstablished { connection_id, .. } if connection_id == dialled => {
                        return true;
                    }
                    SwarmEvent::OutgoingConnectionError { connection_id, .. } if connection_id == dialled => {
                        return false;
                    }
                    _ => {}
                }
            }
        };
        timeout(SOON, told).await.unwrap()
    }

    /// Asks for a circuit and doesn't wait.
    pub(crate) fn dials(&mut self, to: PeerId) -> swarm::ConnectionId {
        let circuit = self.relay.clone().with(Protocol::P2pCircuit).with(Protocol::P2p(to));
        let opts = DialOpts::peer_id(to).condition(PeerCondition::Always).addresses(vec![circuit]).build();
        let connection = opts.connection_id();
        self.swarm.dial(opts).unwrap();
        connection
    }

    /// How many of the circuits that were asked for come to an end meanwhile.
    pub(crate) async fn ended_within(&mut self, span: Duration) -> usize {
        let mut ended = 0;
        let counted = async {
            loop {
                if let SwarmEvent::OutgoingConnectionError { .. } = self.swarm.select_next_some().await {
                    ended += 1;
                }
            }
        };
        let _: Result<(), _> = timeout(span, counted).await;
        ended
    }

    /// Asks for a circuit until it stands.
    pub(crate) async fn reaches(&mut self, to: PeerId) {
        let reached = async {
            while !self.asks_for_a_circuit(to).await {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        timeout(SOON, reached).await.unwrap();
    }

    /// Knocks, and says nothing.
    pub(crate) fn opens_a_greeting(&mut self, host: PeerId) {
        assert!(self.swarm.behaviour_mut().streams.open(host, NodeProtocol::Greeting).is_some());
    }

    /// Until a circuit is closed, while the relay stays connected.
    async fn loses_its_circuit(&mut self) {
        let closed = async {
            loop {
                if let SwarmEvent::ConnectionClosed { endpoint, .. } = self.swarm.select_next_some().await {
                    assert!(endpoint.is_relayed());
                    return;
                }
            }
        };
        timeout(SOON, closed).await.unwrap();
    }

    /// Goes on by itself.
    pub(crate) fn lives(mut self) -> JoinHandle<()> {
        tokio::spawn(async move {
            loop {
                self.swarm.select_next_some().await;
            }
        })
    }
}

fn swarm(manner: Manner) -> Swarm<Behaviour> {
    let key = Keypair::generate_ed25519();
    let peer = key.public().to_peer_id();
    let (circuits, relay) = relay::client::new(peer);
    let (spoken, silent) = match manner {
        Manner::Speaks => (OptionalTransport::some(encrypted(circuits, &key)), OptionalTransport::none()),
        Manner::IsSilent => (
            OptionalTransport::none(),
            OptionalTransport::some(circuits.and_then(|circuit, _| until_it_ends(circuit)).boxed()),
        ),
    };
    let direct = encrypted(tcp::tokio::Transport::default(), &key);
    let transport = spoken
        .or_transport(silent)
        .or_transport(direct)
        .map(|either, _| match either {
            Either::Left(either) => either.into_inner(),
            Either::Right(direct) => direct,
        })
        .boxed();
    let raw = Bytes::default().behaviour(ProtocolSupport::Full);
    let behaviour = Behaviour { relay, ping: ping::Behaviour::default(), raw, streams: Streams::default() };
    let config = swarm::Config::with_tokio_executor().with_idle_connection_timeout(Duration::from_secs(60));
    Swarm::new(transport, behaviour, peer, config)
}

fn encrypted<T>(transport: T, key: &Keypair) -> Boxed<(PeerId, StreamMuxerBox)>
where
    T: libp2p::Transport + Send + Unpin + 'static,
    T::Output: AsyncRead + futures::AsyncWrite + Send + Unpin + 'static,
    T::Error: Send + Sync,
    T::ListenerUpgrade: Send,
    T::Dial: Send,
{
    transport
        .upgrade(Version::V1)
        .authenticate(noise::Config::new(key).unwrap())
        .multiplex(yamux::Config::default())
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)))
        .boxed()
}

/// Says nothing, for as long as the other end lets it.
async fn until_it_ends(mut circuit: impl AsyncRead + Unpin) -> io::Result<(PeerId, StreamMuxerBox)> {
    let mut all = Vec::new();
    let _ = circuit.read_to_end(&mut all).await;
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// A device that relays, over IPv4 and, where the machine speaks it, over IPv6.
pub(crate) async fn relaying(circuit: Duration) -> Device {
    let pace = Pace { circuit, ..Pace::default() };
    let listening = |listen: &[&str]| Settings { relay: true, pace, ..settings("point", listen) };
    match Device::start_with(listening(&[TCP, "/ip6/::1/tcp/0"])).await {
        Ok(both) => both,
        Err(_) => Device::start_with(listening(&[TCP])).await.unwrap(),
    }
}

pub(crate) fn at(device: &Device, family: &str) -> Option<Multiaddr> {
    let all = device.addresses.iter().map(|address| address.to_string());
    all.filter(|address| address.starts_with(family)).map(|address| address.parse().unwrap()).next()
}

/// Somebody who has a place and waits.
pub(crate) async fn friend(relay: &Multiaddr) -> (PeerId, JoinHandle<()>) {
    let mut friend = Client::of(relay, Manner::Speaks).await;
    assert!(friend.asks_for_a_place().await);
    (friend.id(), friend.lives())
}

#[tokio::test]
async fn one_peer_that_asks_for_circuits_without_end_gets_a_few_and_others_get_theirs() {
    let device = relaying(limits::CIRCUIT).await;
    let relay = at(&device, "/ip4").unwrap();
    let (friend, _lives) = friend(&relay).await;
    let mut eve = Client::of(&relay, Manner::Speaks).await;
    let mut granted = 0;
    for _ in 0..60 {
        granted += u32::from(eve.asks_for_a_circuit(friend).await);
    }
    let rate = limits::RELAY_RATE_PER_PEER.0.get();
    assert!((rate..rate + 10).contains(&granted), "{granted}");
    let mut bob = Client::of(&relay, Manner::Speaks).await;
    assert!(bob.asks_for_a_circuit(friend).await);
    assert!(!bob.asks_for_a_circuit(PeerId::random()).await, "who has no place isn't reached");
}

#[tokio::test]
async fn one_address_with_many_keys_has_its_share_of_circuits_and_no_more_until_it_gives_some_back() {
    let device = relaying(limits::CIRCUIT).await;
    let relay = at(&device, "/ip4").unwrap();
    let (waiting, _lives) = friend(&relay).await;
    let mut granted = 0;
    let mut crowd = Vec::new();
    for _ in 0..5 {
        let mut one = Client::of(&relay, Manner::Speaks).await;
        for _ in 0..23 {
            granted += usize::from(one.asks_for_a_circuit(waiting).await);
        }
        crowd.push(one.lives());
    }
    assert_eq!(granted, limits::CIRCUITS_PER_IP);
    if let Some(elsewhere) = at(&device, "/ip6") {
        let mut bob = Client::of(&elsewhere, Manner::Speaks).await;
        assert!(bob.asks_for_a_circuit(waiting).await, "another address has its own");
    }
    for one in crowd {
        one.abort();
    }
    let mut late = Client::of(&relay, Manner::Speaks).await;
    late.reaches(waiting).await;
}

#[tokio::test]
async fn one_peer_that_asks_for_places_without_end_is_refused_and_others_get_theirs() {
    let device = relaying(limits::CIRCUIT).await;
    let relay = at(&device, "/ip4").unwrap();
    let mut eve = Client::of(&relay, Manner::Speaks).await;
    let mut refused = false;
    for _ in 0..60 {
        refused |= !eve.asks_for_a_place().await;
    }
    assert!(refused);
    let (friend, _lives) = friend(&relay).await;
    let mut bob = Client::of(&relay, Manner::Speaks).await;
    assert!(bob.asks_for_a_circuit(friend).await);
}

#[tokio::test]
async fn a_circuit_that_carries_too_much_ends_and_others_stand() {
    let device = relaying(limits::CIRCUIT).await;
    let relay = at(&device, "/ip4").unwrap();
    let (friend, _lives) = friend(&relay).await;
    let mut bob = Client::of(&relay, Manner::Speaks).await;
    assert!(bob.asks_for_a_circuit(friend).await);
    let mut eve = Client::of(&relay, Manner::Speaks).await;
    assert!(eve.asks_for_a_circuit(friend).await);
    for _ in 0..8 {
        let much = vec![0; usize::try_from(limits::CIRCUIT_BYTES / 4).unwrap()];
        eve.swarm.behaviour_mut().raw.send_request(&friend, much);
    }
    eve.loses_its_circuit().await;
    assert!(bob.swarm.is_connected(&friend));
    let lost = bob.loses_its_circuit().now_or_never();
    assert!(lost.is_none(), "what others carry is theirs");
}

#[tokio::test]
async fn a_circuit_ends_after_its_time() {
    let device = relaying(Duration::from_secs(2)).await;
    let relay = at(&device, "/ip4").unwrap();
    let (friend, _lives) = friend(&relay).await;
    let mut eve = Client::of(&relay, Manner::Speaks).await;
    assert!(eve.asks_for_a_circuit(friend).await);
    eve.loses_its_circuit().await;
    assert!(eve.asks_for_a_circuit(friend).await, "and another may be had");
}
