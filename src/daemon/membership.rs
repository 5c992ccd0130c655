//! One membership: a directory, and the life of what lies in it.
//!
//! It opens the store, restores the node, starts the network and lets the driver run. If a commit fails,
//! everything else that the node wanted is dropped, the network is closed, and the membership comes back from its
//! store: a crash without a restart. Until it is back, whoever asks is told what is wrong.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::clock::Clock;
use super::driver::Driver;
use super::restoring;
use crate::core::node::conversation::{Begin, Step};
use crate::core::node::event::Event;
use crate::core::node::input::Input;
use crate::core::node::output::Output;
use crate::core::node::request::{Answer, Class, Refusal, Request};
use crate::core::node::{Node, Settings};
use crate::core::primitives::address::Address;
use crate::core::primitives::ids::{InvitationId, OrganizationId};
use crate::core::primitives::limits;
use crate::core::primitives::secret::Secret32;
use crate::net::{self, Net};
use crate::store::{Opened, Store, StoreError};

/// How long a membership whose store failed waits before it comes back.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

/// What the daemon hands to a membership.
pub(super) enum Told {
    Ask {
        request: Request,
        reply: oneshot::Sender<Result<Answer, Refusal>>,
    },
    Begin {
        begin: Begin,
        steps: mpsc::Sender<Step>,
        answers: mpsc::Receiver<String>,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    /// Another membership begins, and needs the addresses more than one that this device was put out of.
    GiveWay(oneshot::Sender<()>),
    Forget(oneshot::Sender<()>),
    Stop(oneshot::Sender<()>),
}

/// What the daemon knows of a membership without asking.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) organization: Option<OrganizationId>,
    pub(super) name: Option<String>,
    pub(super) joining: Option<InvitationId>,
    pub(super) is_active: bool,
    /// Why it can't be asked anything at the moment.
    pub(super) trouble: Option<Trouble>,
    /// What its store has lost, as far as this process has seen.
    pub(super) damage: Option<String>,
}

/// Why a membership stands still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    code: &'static str,
    why: String,
}

impl Trouble {
    pub(super) fn new(code: &'static str, why: &impl ToString) -> Self {
        Self { code, why: why.to_string() }
    }

    /// A failed commit may yet be on the disk, so nobody is told that nothing was done.
    pub(super) fn of_store(why: &impl ToString) -> Self {
        Self::new("store_failed", &format!("store: {}", why.to_string()))
    }

    pub(super) fn refusal(&self) -> Refusal {
        Refusal::new(Class::Failed, self.code, self.why.clone())
            .hint("it goes on by itself once that is mended; look whether it was done before you try again")
    }
}

/// What every membership of a daemon shares.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) listen: Vec<Address>,
    pub(super) is_listen_chosen: bool,
    pub(super) serve: net::Serves,
    /// Whether to relay.
    pub(super) relay: bool,
    /// Whether to call back: where somebody decided that others are served, and not where that is a room's courtesy.
    pub(super) calls_back: bool,
    pub(super) mdns: bool,
    pub(super) upnp: bool,
    pub(super) announce: Vec<Address>,
    pub(super) clock: Arc<Clock>,
    pub(super) events: broadcast::Sender<Event>,
}

/// The daemon's handle on one membership.
pub(super) struct Membership {
    tell: mpsc::Sender<Told>,
    known: Arc<Mutex<Known>>,
}

/// Told once a membership has started, or failed to: whether it has a network.
pub(super) type Settled = oneshot::Receiver<bool>;

impl Membership {
    /// Makes a node durable for the first time, in a directory of its own.
    pub(super) fn create(dir: &Path, mut node: Node) -> Result<Store, StoreError> {
        let (store, _) = Store::open(dir)?;
        while let Some(output) = node.poll_output() {
            if let Output::Commit(batch) = output {
                store.commit(&batch)?;
            }
        }
        Ok(store)
    }

    /// Starts what is in `dir`; its store may be open already.
    pub(super) fn start(dir: PathBuf, store: Option<Store>, shared: Shared) -> (Self, Settled) {
        // A client's connection has one request at a time, so that nobody who is there is turned away.
        let (tell, told) = mpsc::channel(limits::CONTROL_CONNECTIONS);
        let known = Arc::new(Mutex::new(Known::default()));
        let (settle, settled) = oneshot::channel();
        let life = Life { dir, store, shared, known: Arc::clone(&known), settle: Some(settle) };
        tokio::spawn(life.live(told));
        (Self { tell, known }, settled)
    }

    pub(super) fn known(&self) -> Known {
        self.known.lock().map(|known| known.clone()).unwrap_or_default()
    }

    /// Whether its life is over.
    pub(super) fn is_over(&self) -> bool {
        self.tell.is_closed()
    }

    /// Hands it over, after whatever was handed over before. What it can't take is refused by itself.
    pub(super) fn tell(&self, told: Told) {
        let (told, refusal) = match self.tell.try_send(told) {
            Ok(()) => return,
            Err(mpsc::error::TrySendError::Closed(told)) => (told, gone()),
            Err(mpsc::error::TrySendError::Full(told)) => {
                let why = "organization: it is busy with as many requests as it takes";
                (told, Refusal::new(Class::Unreachable, "too_many_requests", why).hint("try again"))
            }
        };
        told.refuse(refusal);
    }

    pub(super) async fn ask(&self, request: Request) -> Result<Answer, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.tell(Told::Ask { request, reply });
        answer.await.map_err(|_| gone())?
    }

    /// Says what ends its life or what it holds, and waits until it did.
    pub(super) async fn end(&self, how: fn(oneshot::Sender<()>) -> Told) {
        let (done, ended) = oneshot::channel();
        if self.tell.send(how(done)).await.is_ok() {
            let _ = ended.await;
        }
    }
}

fn gone() -> Refusal {
    Refusal::new(
        Class::Failed,
        "store_failed",
        "organization: it is not there any more; see the daemon's log",
    )
}

impl Told {
    fn refuse(self, refusal: Refusal) {
        match self {
            Self::Ask { reply, .. } => drop(reply.send(Err(refusal))),
            Self::Begin { reply, .. } => drop(reply.send(Err(refusal))),
            Self::GiveWay(_) | Self::Forget(_) | Self::Stop(_) => {}
        }
    }
}

/// How a stretch of life ended.
pub(super) enum Over {
    Stopped(oneshot::Sender<()>),
    Forgotten(Option<oneshot::Sender<()>>),
    /// The store is empty: it never began, or what it held was set aside.
    Empty,
    Failed(Trouble),
}

struct Life {
    dir: PathBuf,
    /// Its store, for the first stretch, where it was just made.
    store: Option<Store>,
    shared: Shared,
    known: Arc<Mutex<Known>>,
    settle: Option<oneshot::Sender<bool>>,
}

impl Life {
    async fn live(mut self, mut told: mpsc::Receiver<Told>) {
        loop {
            let mut over = self.stretch(&mut told).await;
            if let Over::Failed(trouble) = over {
                match self.pause(trouble, &mut told).await {
                    Some(end) => over = end,
                    None => continue,
                }
            }
            // Nobody finds it from here on.
            self.know(|known| *known = Known::default());
            match over {
                Over::Stopped(done) => {
                    let _ = done.send(());
                }
                Over::Forgotten(done) => {
                    self.off_the_async_threads(wipe).await;
                    if let Some(done) = done {
                        let _ = done.send(());
                    }
                }
                Over::Empty => self.off_the_async_threads(remove_empty).await,
                Over::Failed(_) => {}
            }
            return;
        }
    }

    /// From opening the store to whatever ends that.
    async fn stretch(&mut self, told: &mut mpsc::Receiver<Told>) -> Over {
        let (store, node) = match self.open().await {
            Ok((store, Some(node))) => (store, node),
            Ok((_, None)) => return Over::Empty,
            Err(trouble) => return Over::Failed(trouble),
        };
        let is_out = node.joining().is_none() && !node.is_active();
        let (net, inputs) = if node.needs_network(self.shared.clock.now()) {
            match network(&self.shared, node.key_seed(), is_out).await {
                Ok((net, inputs)) => (Some(net), inputs),
                Err(error) => {
                    return Over::Failed(Trouble::new("network_failed", &format!("network: {error}")));
                }
            }
        } else {
            (None, mpsc::channel(1).1)
        };
        let has_network = net.is_some() && !is_out;
        let known = Arc::clone(&self.known);
        let mut driver = Driver::new(node, Arc::new(store), net, self.shared.clone(), known);
        let over = driver.run(inputs, told, || settle(&mut self.settle, has_network)).await;
        if let Some(net) = driver.net.take() {
            net.stop().await;
        }
        over
    }

    async fn open(&mut self) -> Result<(Store, Option<Node>), Trouble> {
        let (dir, store, settings) = (self.dir.clone(), self.store.take(), self.shared.settings.clone());
        let opening = tokio::task::spawn_blocking(move || {
            let (store, opened) =
                store.map_or_else(|| Store::open(&dir), |store| Ok((store, Opened::Sound)))?;
            let node = restoring::restore(store.load()?, settings);
            Ok((store, opened, node))
        });
        let opened: Result<_, StoreError> = opening.await.map_err(|error| Trouble::of_store(&error))?;
        let (store, opened, node) = opened.map_err(|error| Trouble::of_store(&error))?;
        match &opened {
            Opened::Sound => {}
            Opened::SnapshotRebuilt => tracing::warn!("{}: {opened}; nothing is lost", self.dir.display()),
            Opened::Shortened { .. } | Opened::SetAside(_) => {
                tracing::warn!("{}: {opened}", self.dir.display());
                self.know(|known| known.damage = Some(opened.to_string()));
            }
        }
        Ok((store, node.map_err(|error| Trouble::of_store(&error))?))
    }

    /// Before the next try: whoever asks meanwhile is told what is wrong. Gives how it is to end, if it is.
    async fn pause(&mut self, trouble: Trouble, told: &mut mpsc::Receiver<Told>) -> Option<Over> {
        settle(&mut self.settle, false);
        if self.known.lock().is_ok_and(|known| known.trouble.as_ref() != Some(&trouble)) {
            tracing::error!("{}: {}; trying again until it works", self.dir.display(), trouble.why);
        }
        self.know(|known| known.trouble = Some(trouble.clone()));
        let end = Instant::now() + AFTER_A_FAILURE;
        loop {
            match tokio::select! { told = told.recv() => told, () = sleep_until(end) => return None } {
                Some(Told::Forget(done)) => return Some(Over::Forgotten(Some(done))),
                Some(Told::Stop(done)) => return Some(Over::Stopped(done)),
                Some(told) => told.refuse(trouble.refusal()),
                None => return Some(Over::Stopped(oneshot::channel().0)),
            }
        }
    }

    fn know(&self, change: impl FnOnce(&mut Known)) {
        if let Ok(mut known) = self.known.lock() {
            change(&mut known);
        }
    }

    async fn off_the_async_threads(&self, work: fn(&Path)) {
        let dir = self.dir.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || work(&dir)).await {
            tracing::error!("{}: {error}", self.dir.display());
        }
    }
}

/// Says, the first time, how it began.
fn settle(waiting: &mut Option<oneshot::Sender<bool>>, has_network: bool) {
    if let Some(waiting) = waiting.take() {
        let _ = waiting.send(has_network);
    }
}

fn wipe(dir: &Path) {
    if let Err(error) = Store::open(dir).and_then(|(store, _)| store.wipe()) {
        tracing::error!("cannot wipe {}: {error}", dir.display());
    }
}

/// Removes the directory alone, and not what was set aside of it: that may be all that is left of a membership.
fn remove_empty(dir: &Path) {
    if let Err(error) = std::fs::remove_dir_all(dir) {
        tracing::error!("cannot remove {}: {error}", dir.display());
    }
}

/// The configured addresses where they are free; else ports of the system's choosing beside them, and those for a
/// membership that this device was put out of, which leaves the others to another one.
async fn network(
    shared: &Shared,
    key_seed: Secret32,
    is_out: bool,
) -> Result<(Net, mpsc::Receiver<Input>), net::NetError> {
    let elsewhere = || shared.listen.iter().map(|address| Address { port: 0, ..address.clone() }).collect();
    let settings = net::Settings {
        key_seed,
        listen: if is_out { elsewhere() } else { shared.listen.clone() },
        explicit: shared.is_listen_chosen,
        serve: shared.serve,
        relay: shared.relay,
        calls_back: shared.calls_back,
        mdns: shared.mdns,
        upnp: shared.upnp,
        announce: shared.announce.clone(),
        pace: net::Pace::default(),
    };
    match net::start(settings.clone()).await {
        Ok(started) => Ok(started),
        Err(error) => {
            tracing::warn!("{error}; listening on another port");
            net::start(net::Settings { listen: elsewhere(), ..settings }).await
        }
    }
}
