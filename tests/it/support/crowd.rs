//! Guests by the hundred in one process: each with a key, a connection and a greeting of its own, and no daemon, no store
//! and no disk. What a host sees of them is what it sees of a room full of daemons.
//!
//! ```text
//!  Crowd   gathers, waits, and says what each of them was told last
//!  visit   one guest: dials, knocks, waits to be called, hears the host's code, comes in
//! ```

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::swarm::{Swarm, SwarmEvent, dial_opts::DialOpts};
use libp2p::{Multiaddr, Stream};
use muster::core::greeting::code::{Code, Typed};
use muster::core::greeting::guest::{AwaitingReception, InQueue, Progress, Received};
use muster::core::greeting::invitation::Prologue;
use muster::core::greeting::link::Link;
use muster::core::greeting::message::{Details, Person};
use muster::core::node::input::Protocol;
use muster::core::primitives::entropy::Entropy;
use muster::core::primitives::ids::UserId;
use muster::core::primitives::keys::{DeviceKey, UserSecret};
use muster::core::primitives::secret::Secret32;
use muster::core::primitives::text::{Email, Label, Name};
use muster::core::roster::proof::Claim;
use muster::net::streams::Event;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::light::{self, Behaviour, BehaviourEvent, Version};

/// Longer than anything takes on a busy machine.
const LONG: Duration = Duration::from_secs(300);

/// Who was not let in by then, because so many came at one moment, tries again.
const TRY_AGAIN: Duration = Duration::from_millis(200);

/// All of them.
pub(crate) struct Crowd {
    runtime: Runtime,
    told: mpsc::UnboundedReceiver<(usize, Told)>,
    ears: Vec<Option<oneshot::Sender<Code>>>,
    by_ticket: HashMap<u32, usize>,
    /// For each guest, its code once it is on its screen, and whether it is in.
    codes: Vec<Option<Code>>,
    welcomed: Vec<Option<usize>>,
    tries: Arc<AtomicUsize>,
}

/// What came of one guest's visit so far.
enum Told {
    Place { place: u32, ticket: u32 },
    Shows(Code),
    In { certificates: usize },
    Sent(String),
}

impl Crowd {
    /// So many guests set out at one moment, for the host at this address, with this link.
    pub(crate) fn gathers(count: usize, address: &str, link: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.unwrap();
        let (tell, told) = mpsc::unbounded_channel();
        let tries = Arc::new(AtomicUsize::new(0));
        let link = Arc::new(Link::parse(link).unwrap());
        let ears = (0..count).map(|number| {
            let (ear, hears) = oneshot::channel();
            let mut visit = Visit {
                number,
                address: address.parse().unwrap(),
                link: Arc::clone(&link),
                key: DeviceKey::from_seed(fresh_secret()),
                tries: Arc::clone(&tries),
                tell: tell.clone(),
            };
            runtime.spawn(async move {
                if let Err(why) = visit.goes(hears).await {
                    visit.says(Told::Sent(why));
                }
            });
            Some(ear)
        });
        let ears = ears.collect();
        let (codes, welcomed) = ((0..count).map(|_| None).collect(), vec![None; count]);
        Self { runtime, told, ears, by_ticket: HashMap::new(), codes, welcomed, tries }
    }

    /// Waits until every guest was told its first place; those places and the tickets, in the order of the tickets.
    pub(crate) fn all_wait(&mut self) -> Vec<(u32, u32)> {
        let mut first = HashMap::new();
        while first.len() < self.ears.len() {
            let (guest, told) = self.hears();
            if let Told::Place { place, ticket } = told {
                first.entry(guest).or_insert((ticket, place));
            }
        }
        let mut places: Vec<(u32, u32)> = first.into_values().collect();
        places.sort_unstable();
        places
    }

    /// The guest with this ticket hears the host's code, types it, and reads out its own.
    pub(crate) fn exchanges(&mut self, ticket: u32, heard: &str) -> String {
        let Typed::Code(code) = Code::read(heard).unwrap() else { panic!("'{heard}' is no code") };
        let guest = self.by_ticket[&ticket];
        self.ears[guest].take().unwrap().send(code).unwrap_or_else(|_| panic!("number {ticket} has left"));
        loop {
            if let Some(code) = self.codes[guest].take() {
                return code.reveal();
            }
            self.hears();
        }
    }

    /// Waits until the guest with this ticket was welcomed; how many certificates it was given.
    pub(crate) fn is_in(&mut self, ticket: u32) -> usize {
        let guest = self.by_ticket[&ticket];
        loop {
            if let Some(certificates) = self.welcomed[guest] {
                return certificates;
            }
            self.hears();
        }
    }

    /// How often one of them was not let in at once, and came again.
    pub(crate) fn tries_again(&self) -> usize {
        self.tries.load(Ordering::Relaxed)
    }

    fn hears(&mut self) -> (usize, Told) {
        let heard = self.runtime.block_on(async { timeout(LONG, self.told.recv()).await });
        let (guest, told) = heard.unwrap_or_else(|_| panic!("nothing happens any more")).unwrap();
        match &told {
            Told::Place { ticket, .. } => drop(self.by_ticket.insert(*ticket, guest)),
            Told::Shows(code) => self.codes[guest] = Some(code.clone()),
            Told::In { certificates } => self.welcomed[guest] = Some(*certificates),
            Told::Sent(why) => panic!("guest {guest} was sent away: {why}"),
        }
        (guest, told)
    }
}

/// One guest on its way.
struct Visit {
    number: usize,
    address: Multiaddr,
    link: Arc<Link>,
    key: DeviceKey,
    tries: Arc<AtomicUsize>,
    tell: mpsc::UnboundedSender<(usize, Told)>,
}

impl Visit {
    fn says(&self, told: Told) {
        // The crowd is dropped where nobody wants to know any more.
        let _ = self.tell.send((self.number, told));
    }

    /// From the dial to the welcome. The connection stands for as long as `swarm` is polled, and ends with it.
    async fn goes(&mut self, hears: oneshot::Receiver<Code>) -> Result<(), String> {
        // Half of them as daemons do, half as any libp2p program may.
        let agrees = if self.number.is_multiple_of(2) { Version::V1Lazy } else { Version::V1 };
        let mut swarm = light::swarm(*self.key.seed().expose(), agrees);
        let mut stream = self.arrives(&mut swarm).await;
        tokio::select! {
            came_in = self.is_greeted(&mut stream, hears) => came_in,
            () = async { loop { swarm.select_next_some().await; } } => Ok(()),
        }?;
        let _ = timeout(LONG, parts(swarm, stream)).await;
        Ok(())
    }

    async fn arrives(&self, swarm: &mut Swarm<Behaviour>) -> Stream {
        let dial = || DialOpts::unknown_peer_id().address(self.address.clone()).build();
        swarm.dial(dial()).unwrap();
        loop {
            match swarm.select_next_some().await {
                SwarmEvent::ConnectionEstablished { peer_id, .. } => {
                    swarm.behaviour_mut().streams.open(peer_id, Protocol::Greeting).unwrap();
                }
                SwarmEvent::Behaviour(BehaviourEvent::Streams(Event::Opened {
                    stream,
                    request: Some(_),
                    ..
                })) => return stream,
                SwarmEvent::OutgoingConnectionError { .. } | SwarmEvent::ConnectionClosed { .. } => {
                    self.tries.fetch_add(1, Ordering::Relaxed);
                    sleep(TRY_AGAIN).await;
                    swarm.dial(dial()).unwrap();
                }
                _ => {}
            }
        }
    }

    async fn is_greeted(&self, stream: &mut Stream, hears: oneshot::Receiver<Code>) -> Result<(), String> {
        let (keys, prologue) = (self.link.keys(), self.prologue());
        let mut entropy = Entropy::new(&fresh_secret());
        let (stage, knock) = AwaitingReception::greet(&keys, &prologue, &mut entropy);
        write(stream, &knock).await?;
        let Received::Queued(mut queue) = stage.receive(&read(stream).await?).map_err(said)? else {
            return Err("not taken into the queue".to_owned());
        };
        let ready = loop {
            match queue.receive(&read(stream).await?).map_err(said)? {
                InQueue::Place(stage, place, ticket) => {
                    self.says(Told::Place { place, ticket });
                    queue = stage;
                }
                InQueue::Called(ready) => break ready,
            }
        };
        let (stage, nonce) = ready.reveal();
        write(stream, &nonce).await?;
        let code = hears.await.map_err(|_| "nobody reads a code".to_owned())?;
        let (stage, own, matches) = stage.enter(Some(&code)).map_err(|(ended, _)| said(ended))?;
        write(stream, &matches).await?;
        self.says(Told::Shows(own));
        let (stage, _) = stage.receive(&read(stream).await?).map_err(said)?;
        let details = self.details(&prologue, stage.organization());
        let (mut stage, details) = stage.send(details);
        write(stream, &details).await?;
        let welcomed = loop {
            match stage.receive(&read(stream).await?).map_err(said)? {
                Progress::More(more) => stage = more,
                Progress::Whole(welcomed) => break welcomed,
            }
        };
        let certificates = welcomed.parcel.certificates.len();
        write(stream, &welcomed.acknowledge()).await?;
        self.says(Told::In { certificates });
        Ok(())
    }

    fn prologue(&self) -> Prologue {
        Prologue {
            organization: self.link.organization,
            kind: self.link.kind,
            invitation: self.link.keys().id,
            host: self.link.host,
            guest: self.key.device(),
        }
    }

    fn details(
        &self,
        prologue: &Prologue,
        organization: muster::core::primitives::ids::OrganizationId,
    ) -> Details {
        let user = UserId::of_first_device(&self.key.device());
        let user_key = UserSecret::new(fresh_secret()).public();
        let Prologue { kind, invitation, host, .. } = *prologue;
        let claim = Claim { organization, host, kind, invitation, user, user_key };
        let person = Person {
            name: Name::parse(&format!("Guest {}", self.number)).unwrap(),
            email: Email::parse(&format!("guest{}@example.org", self.number)).unwrap(),
        };
        let device = Label::parse("laptop").unwrap();
        Details { person: Some(person), device, user_key, proof: claim.prove(&self.key) }
    }
}

/// Closes the own half and waits for the host to close its own: then it has every word.
async fn parts(mut swarm: Swarm<Behaviour>, mut stream: Stream) {
    let closed = async {
        if stream.close().await.is_ok() {
            while matches!(stream.read(&mut [0; 64]).await, Ok(1..)) {}
        }
    };
    tokio::select! {
        () = closed => {}
        () = async { loop { swarm.select_next_some().await; } } => {}
    }
}

fn said(ended: muster::core::greeting::Ended) -> String {
    format!("{ended:?}")
}

async fn write(stream: &mut Stream, frame: &[u8]) -> Result<(), String> {
    let length = u16::try_from(frame.len()).unwrap().to_be_bytes();
    let bytes = [&length, frame].concat();
    stream.write_all(&bytes).await.map_err(|e| e.to_string())?;
    stream.flush().await.map_err(|e| e.to_string())
}

async fn read(stream: &mut Stream) -> Result<Vec<u8>, String> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).await.map_err(|e| e.to_string())?;
    let mut frame = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut frame).await.map_err(|e| e.to_string())?;
    Ok(frame)
}

fn fresh_secret() -> Secret32 {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).unwrap();
    Secret32::new(bytes)
}
