//! The least of a libp2p peer that speaks our protocols: a key, TCP, streams, and an answer to every ping. Tests and
//! benches that need other ends by the dozen, or by the thousand, have one of these for each.

use std::time::Duration;

use libp2p::core::Transport as _;
pub(crate) use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::swarm::{self, NetworkBehaviour, Swarm};
use libp2p::{noise, ping, tcp, yamux};
use muster::net::streams::Streams;

/// Longer than anybody is left without a word.
const PATIENCE: Duration = Duration::from_secs(60);

/// Our protocols, and an answer to every ping: who gives none is soon hung up on.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    pub(crate) streams: Streams,
    ping: ping::Behaviour,
}

/// One peer, with the key of this seed. Daemons agree on protocols `V1Lazy`: what is to be said is sent along with the
/// protocol's name; `V1` waits for a yes first, as libp2p does where nobody says otherwise.
pub(crate) fn swarm(seed: [u8; 32], agrees: Version) -> Swarm<Behaviour> {
    with(seed, agrees, Behaviour { streams: Streams::default(), ping: ping::Behaviour::default() })
}

/// One that behaves otherwise.
pub(crate) fn with<B: NetworkBehaviour>(mut seed: [u8; 32], agrees: Version, behaviour: B) -> Swarm<B> {
    let key = Keypair::ed25519_from_bytes(&mut seed).unwrap();
    let transport = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
        .upgrade(agrees)
        .authenticate(noise::Config::new(&key).unwrap())
        .multiplex(yamux::Config::default())
        .boxed();
    let patient = swarm::Config::with_tokio_executor()
        .with_idle_connection_timeout(PATIENCE)
        .with_substream_upgrade_protocol_override(agrees);
    Swarm::new(transport, behaviour, key.public().to_peer_id(), patient)
}
