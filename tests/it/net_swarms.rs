//! Peers that are made of libp2p alone, and of none of our code.

use std::io;
use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt};
use libp2p::core::Transport as _;
use libp2p::identity::Keypair;
use libp2p::request_response::{self, Behaviour, Event, Message, OutboundRequestId, ProtocolSupport};
use libp2p::swarm::{self, NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, noise, tcp, yamux};
use tokio::time::timeout;

use crate::net_devices::{Device, SOON, TCP};

/// A swarm over TCP, with a key of its own.
pub(crate) fn swarm_of<B: NetworkBehaviour>(make: impl FnOnce(&Keypair) -> B) -> Swarm<B> {
    let key = Keypair::generate_ed25519();
    let transport = tcp::tokio::Transport::default()
        .upgrade(libp2p::core::upgrade::Version::V1)
        .authenticate(noise::Config::new(&key).unwrap())
        .multiplex(yamux::Config::default())
        .boxed();
    let behaviour = make(&key);
    let config = swarm::Config::with_tokio_executor().with_idle_connection_timeout(Duration::from_secs(60));
    Swarm::new(transport, behaviour, key.public().to_peer_id(), config)
}

/// Connects a swarm with a device.
pub(crate) async fn connect<B: NetworkBehaviour>(swarm: &mut Swarm<B>, to: &Device) -> PeerId {
    swarm.dial(to.addresses[0].to_string().parse::<Multiaddr>().unwrap()).unwrap();
    loop {
        if let SwarmEvent::ConnectionEstablished { peer_id, .. } = swarm.select_next_some().await {
            return peer_id;
        }
    }
}

/// Lets a swarm listen; gives where.
pub(crate) async fn listen<B: NetworkBehaviour>(swarm: &mut Swarm<B>) -> Multiaddr {
    swarm.listen_on(TCP.parse().unwrap()).unwrap();
    loop {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            return address;
        }
    }
}

/// The next event that is recognised.
pub(crate) async fn hears<B: NetworkBehaviour, T>(
    swarm: &mut Swarm<B>,
    what: &str,
    mut recognise: impl FnMut(B::ToSwarm) -> Option<T>,
) -> T {
    let heard = async {
        loop {
            if let SwarmEvent::Behaviour(event) = swarm.select_next_some().await
                && let Some(found) = recognise(event)
            {
                return found;
            }
        }
    };
    timeout(SOON, heard).await.unwrap_or_else(|_| panic!("never heard {what}"))
}

/// Bytes as they are, under the name of the rendezvous protocol.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bytes {
    /// The pause between any two bytes.
    pub(crate) pause: Option<Duration>,
}

pub(crate) type Raw = Behaviour<Bytes>;

impl Bytes {
    pub(crate) fn behaviour(self, support: ProtocolSupport) -> Raw {
        let protocol = StreamProtocol::new("/rendezvous/1.0.0");
        Behaviour::with_codec(self, [(protocol, support)], request_response::Config::default())
    }

    async fn write(&self, io: &mut (impl AsyncWrite + Unpin + Send), bytes: &[u8]) -> io::Result<()> {
        match self.pause {
            None => io.write_all(bytes).await?,
            Some(pause) => {
                for byte in bytes {
                    io.write_all(&[*byte]).await?;
                    io.flush().await?;
                    tokio::time::sleep(pause).await;
                }
            }
        }
        io.flush().await
    }
}

async fn read_all(io: &mut (impl AsyncRead + Unpin + Send)) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    // How it ends makes no difference.
    let _ = io.read_to_end(&mut all).await;
    Ok(all)
}

impl request_response::Codec for Bytes {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        read_all(io).await
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        read_all(io).await
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        self.write(io, &bytes).await
    }

    async fn write_response<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        self.write(io, &bytes).await
    }
}

/// What a peer answers to these bytes; nothing, where it closes the stream.
pub(crate) async fn answer(swarm: &mut Swarm<Raw>, of: PeerId, bytes: Vec<u8>) -> Vec<u8> {
    let request = swarm.behaviour_mut().send_request(&of, bytes);
    hears(swarm, "an answer, or the end", |event| ended(event, request)).await
}

fn ended(event: Event<Vec<u8>, Vec<u8>>, of: OutboundRequestId) -> Option<Vec<u8>> {
    match event {
        Event::Message { message: Message::Response { request_id, response }, .. } if request_id == of => {
            Some(response)
        }
        Event::OutboundFailure { request_id, .. } if request_id == of => Some(Vec::new()),
        _ => None,
    }
}

/// One field of a protobuf message: a number.
pub(crate) fn number(tag: u8, value: u64) -> Vec<u8> {
    [vec![tag << 3], varint(value)].concat()
}

/// One field of a protobuf message: bytes, a text, or a message.
pub(crate) fn bytes(tag: u8, value: &[u8]) -> Vec<u8> {
    [vec![tag << 3 | 2], varint(value.len() as u64), value.to_vec()].concat()
}

/// A frame.
pub(crate) fn frame(fields: &[Vec<u8>]) -> Vec<u8> {
    let content = fields.concat();
    [varint(content.len() as u64), content].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let byte = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        if value == 0 {
            out.push(byte);
            return out;
        }
        out.push(byte | 0x80);
    }
}
