//! Peers that mean no good. They speak libp2p and the names of our protocols, with any key they got hold of; what they
//! say on a stream is up to them, to the byte, and every byte that they hear is kept.
//!
//! ```text
//!  Intruder   a swarm of its own: connects, opens streams, or waits for others to
//!  Wire       one stream: bytes and frames, and all that was heard
//!  loot       what lies on a stolen disk: the key, the certificates; and what can be forged with them
//!  speech     the messages of `/muster/sync/1`, written after docs/spec/wire.md
//!  pretender  a guest that is greeted like any other and writes down what it was told
//!  trickle    a line to somebody who takes a byte a second of what they asked for
//!  harm       what none of them may have done: the victim lives, and nothing has changed
//! ```

pub(crate) mod harm;
pub(crate) mod loot;
pub(crate) mod pretender;
pub(crate) mod speech;
pub(crate) mod trickle;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::swarm::{Swarm, SwarmEvent, dial_opts::DialOpts};
use libp2p::{Multiaddr, PeerId, Stream};
use muster::core::node::input::Protocol;
use muster::core::primitives::ids::DeviceId;
use muster::core::primitives::keys::DeviceKey;
use muster::core::primitives::secret::Secret32;
use muster::net::streams::Event;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::daemons::LONG;
use super::light::{self, Behaviour, BehaviourEvent, Version};

/// A peer of our own making.
pub(crate) struct Intruder {
    runtime: Arc<Runtime>,
    asks: mpsc::UnboundedSender<Ask>,
    came: mpsc::UnboundedReceiver<Stream>,
    pub(crate) device: DeviceId,
    /// Where others can reach it.
    pub(crate) address: String,
}

/// One stream.
pub(crate) struct Wire {
    runtime: Arc<Runtime>,
    stream: Stream,
    /// Every byte that came, in order.
    pub(crate) heard: Vec<u8>,
    understood: usize,
}

enum Ask {
    Connect(Multiaddr, oneshot::Sender<Result<PeerId, String>>),
    /// Likewise, and by a connection that stands where there is one.
    Reach(Multiaddr, oneshot::Sender<Result<PeerId, String>>),
    Open(PeerId, Protocol, oneshot::Sender<Stream>),
    Count(oneshot::Sender<usize>),
}

impl Intruder {
    /// Somebody with a key that nobody knows.
    pub(crate) fn stranger() -> Self {
        Self::with(DeviceKey::from_seed(Secret32::new(super::fresh_bytes())))
    }

    /// Somebody who has this key, by whatever way.
    pub(crate) fn with(key: DeviceKey) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = Arc::new(runtime.unwrap());
        let (asks, asked) = mpsc::unbounded_channel();
        let (come, came) = mpsc::unbounded_channel();
        let (tell, listening) = std::sync::mpsc::channel();
        let seed = *key.seed().expose();
        runtime.spawn(async move {
            let mut swarm = light::swarm(seed, Version::V1);
            swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
            live(swarm, asked, come, tell).await;
        });
        let address = listening.recv_timeout(LONG).unwrap();
        Self { runtime, asks, came, device: key.device(), address }
    }

    /// One more connection; who answers there, or why nobody is let in.
    pub(crate) fn connects(&self, address: &str) -> Result<PeerId, String> {
        let (tell, connected) = oneshot::channel();
        self.asks.send(Ask::Connect(address.parse().unwrap(), tell)).unwrap();
        self.waits(connected).unwrap()
    }

    /// One more stream to a peer that is connected.
    pub(crate) fn opens(&self, peer: PeerId, protocol: Protocol) -> Wire {
        let (tell, opened) = oneshot::channel();
        self.asks.send(Ask::Open(peer, protocol, tell)).unwrap();
        self.wire(self.waits(opened).unwrap())
    }

    /// Asks for so many streams, as fast as they can be had, and keeps the first ones. How many were opened, and how many of
    /// those that were kept the other end keeps as well.
    pub(crate) fn floods(&self, peer: PeerId, protocol: Protocol, count: usize) -> (usize, usize) {
        let (mut opened, mut kept, mut stand) = (0, Vec::new(), 0);
        for turn in 0..count / 50 {
            let some = (0..50).map(|_| {
                let (tell, opened) = oneshot::channel();
                self.asks.send(Ask::Open(peer, protocol, tell)).unwrap();
                opened
            });
            let come = futures::future::join_all(some.collect::<Vec<_>>());
            let come: Vec<Stream> = self.waits(come).into_iter().flatten().collect();
            opened += come.len();
            if turn == 0 {
                kept.extend(come.into_iter().map(|stream| self.wire(stream)));
                std::thread::sleep(Duration::from_millis(500));
                let stands = |wire: &mut Wire| wire.hears_within(Duration::from_millis(1)).is_none();
                stand = kept.iter_mut().map(stands).filter(|stands| *stands).count();
            }
        }
        (opened, stand)
    }

    /// A stream, over the connection that stands or the first one: a peer gets a few connections and no more.
    pub(crate) fn speaks(&self, address: &str, protocol: Protocol) -> Wire {
        let (tell, reached) = oneshot::channel();
        self.asks.send(Ask::Reach(address.parse().unwrap(), tell)).unwrap();
        let peer =
            self.waits(reached).unwrap().unwrap_or_else(|why| panic!("not let in at {address}: {why}"));
        self.opens(peer, protocol)
    }

    /// How many connections stand.
    pub(crate) fn connections(&self) -> usize {
        let (tell, counted) = oneshot::channel();
        self.asks.send(Ask::Count(tell)).unwrap();
        self.waits(counted).unwrap()
    }

    /// The next stream that somebody opens to this peer.
    pub(crate) fn is_asked(&mut self) -> Wire {
        let stream = self.runtime.block_on(async { timeout(LONG, self.came.recv()).await });
        self.wire(stream.unwrap().unwrap())
    }

    /// Likewise, where somebody has by now.
    pub(crate) fn was_asked(&mut self) -> Option<Wire> {
        let stream = self.came.try_recv().ok()?;
        Some(self.wire(stream))
    }

    fn wire(&self, stream: Stream) -> Wire {
        Wire { runtime: Arc::clone(&self.runtime), stream, heard: Vec::new(), understood: 0 }
    }

    fn waits<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { timeout(LONG, what).await }).unwrap()
    }
}

impl Wire {
    /// Bytes, whatever they mean; whether the stream still took them.
    pub(crate) fn says(&mut self, bytes: &[u8]) -> bool {
        let written = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        self.runtime.block_on(async { timeout(LONG, written).await }).is_ok_and(|done| done.is_ok())
    }

    /// A frame as it should be.
    pub(crate) fn says_frame(&mut self, frame: &[u8]) -> bool {
        let length = u16::try_from(frame.len()).unwrap().to_be_bytes();
        self.says(&[&length, frame].concat())
    }

    /// Closes the own half: nothing more will come.
    pub(crate) fn falls_silent(&mut self) {
        let _ = self.runtime.block_on(self.stream.close());
    }

    /// The next frame; none once the stream has ended.
    pub(crate) fn hears(&mut self) -> Option<Vec<u8>> {
        self.hears_within(LONG).unwrap_or_else(|| panic!("the stream neither speaks nor ends"))
    }

    /// Likewise, with less patience: none where nothing came at all.
    pub(crate) fn hears_within(&mut self, patience: Duration) -> Option<Option<Vec<u8>>> {
        let runtime = Arc::clone(&self.runtime);
        runtime.block_on(async { timeout(patience, self.reads()).await }).ok()
    }

    /// Every frame up to the end of the stream.
    pub(crate) fn hears_to_the_end(&mut self) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.hears()).collect()
    }

    async fn reads(&mut self) -> Option<Vec<u8>> {
        let mut some = [0; 4096];
        loop {
            if let Some((length, rest)) = self.heard[self.understood..].split_first_chunk::<2>() {
                let length = usize::from(u16::from_be_bytes(*length));
                if let Some(frame) = rest.get(..length) {
                    self.understood += 2 + length;
                    return Some(frame.to_vec());
                }
            }
            match self.stream.read(&mut some).await {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.heard.extend(&some[..count]),
            }
        }
    }
}

fn stands(swarm: &Swarm<Behaviour>, peer: Option<&PeerId>) -> bool {
    peer.is_some_and(|peer| swarm.is_connected(peer))
}

async fn live(
    mut swarm: Swarm<Behaviour>,
    mut asked: mpsc::UnboundedReceiver<Ask>,
    come: mpsc::UnboundedSender<Stream>,
    tell: std::sync::mpsc::Sender<String>,
) {
    let mut dials = HashMap::new();
    let mut reached = HashMap::new();
    let mut opening = HashMap::new();
    let mut connections = 0;
    loop {
        let event = tokio::select! {
            ask = asked.recv() => {
                match ask {
                    None => return,
                    Some(Ask::Reach(address, tell)) if stands(&swarm, reached.get(&address)) => {
                        let _ = tell.send(Ok(reached[&address]));
                    }
                    Some(Ask::Connect(address, tell) | Ask::Reach(address, tell)) => {
                        let dial = DialOpts::unknown_peer_id().address(address.clone());
                        let dial = dial.allocate_new_port().build();
                        dials.insert(dial.connection_id(), (address, tell));
                        swarm.dial(dial).unwrap();
                    }
                    Some(Ask::Open(peer, protocol, tell)) => {
                        if let Some(request) = swarm.behaviour_mut().streams.open(peer, protocol) {
                            opening.insert(format!("{request:?}"), tell);
                        }
                    }
                    Some(Ask::Count(tell)) => drop(tell.send(connections)),
                }
                continue;
            }
            event = swarm.select_next_some() => event,
        };
        match event {
            SwarmEvent::NewListenAddr { address, .. } => drop(tell.send(address.to_string())),
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, .. } => {
                connections += 1;
                if let Some((address, tell)) = dials.remove(&connection_id) {
                    reached.insert(address, peer_id);
                    let _ = tell.send(Ok(peer_id));
                }
            }
            SwarmEvent::ConnectionClosed { .. } => connections -= 1,
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                if let Some((_, tell)) = dials.remove(&connection_id) {
                    let _ = tell.send(Err(format!("{error:?}")));
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Streams(Event::Opened {
                stream, request: None, ..
            })) => drop(come.send(stream)),
            SwarmEvent::Behaviour(BehaviourEvent::Streams(Event::Opened {
                stream,
                request: Some(request),
                ..
            })) => {
                if let Some(tell) = opening.remove(&format!("{request:?}")) {
                    let _ = tell.send(stream);
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Streams(Event::Failed { request, .. })) => {
                drop(opening.remove(&format!("{request:?}")))
            }
            _ => {}
        }
    }
}
