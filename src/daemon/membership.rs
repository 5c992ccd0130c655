//! One membership: its store, its node, its network, and the loop that drives them.
//!
//! Whatever is to be done is done in the order in which the node says it, and a commit is durable before anything
//! that follows. If a commit fails, everything else that the node wanted is dropped, the network is closed,
//! and the membership comes back from its store: a crash without a restart.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{broadcast, mpsc, oneshot};

use super::clock::Clock;
use super::entropy;
use crate::core::node::conversation::{Begin, Step};
use crate::core::node::event::Event;
use crate::core::node::input::{ConversationId, Input, RequestId};
use crate::core::node::output::Output;
use crate::core::node::request::{Answer, Class, Refusal, Request};
use crate::core::node::{Node, Settings};
use crate::core::primitives::address::Address;
use crate::core::primitives::entropy::Entropy;
use crate::core::primitives::ids::{InvitationId, OrganizationId};
use crate::net::{self, Net};
use crate::store::{Store, StoreError};

/// Requests and conversations that wait for one node.
const WAITING: usize = 64;

/// How long a membership whose store failed waits before it comes back.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

/// How long a membership that just started keeps its callers waiting for the addresses it listens at, which it needs
/// for links; they come in milliseconds, unless the machine has no network. Who joins makes no links, and needn't wait.
const UNTIL_IT_LISTENS: Duration = Duration::from_secs(1);

/// What the daemon hands to a membership.
pub(super) enum Told {
    Ask { request: Request, reply: oneshot::Sender<Result<Answer, Refusal>> },
    Begin { begin: Begin, steps: mpsc::Sender<Step>, answers: mpsc::Receiver<String> },
    Forget(oneshot::Sender<()>),
    Stop(oneshot::Sender<()>),
}

/// What the daemon knows of a membership without asking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) organization: Option<OrganizationId>,
    pub(super) joining: Option<InvitationId>,
    pub(super) is_active: bool,
}

/// What every membership of a daemon shares.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) listen: Vec<Address>,
    pub(super) is_listen_chosen: bool,
    pub(super) serve: bool,
    pub(super) mdns: bool,
    pub(super) clock: Arc<Clock>,
    pub(super) events: broadcast::Sender<Event>,
}

/// The daemon's handle on one membership.
pub(super) struct Membership {
    pub(super) tell: mpsc::Sender<Told>,
    known: Arc<Mutex<Known>>,
}

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
    pub(super) fn start(dir: PathBuf, opened: Option<Store>, shared: Shared) -> Self {
        let (tell, told) = mpsc::channel(WAITING);
        let known = Arc::new(Mutex::new(Known::default()));
        tokio::spawn(live(dir, opened, shared, told, Arc::clone(&known)));
        Self { tell, known }
    }

    pub(super) fn known(&self) -> Known {
        self.known.lock().map(|known| *known).unwrap_or_default()
    }

    pub(super) async fn ask(&self, request: Request) -> Result<Answer, Refusal> {
        let (reply, answer) = oneshot::channel();
        let gone = || {
            Refusal::new(Class::Failed, "store_failed", "the membership is not there: see the daemon's log")
        };
        self.tell.send(Told::Ask { request, reply }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// How a stretch of life ended.
enum Over {
    Stopped(oneshot::Sender<()>),
    Forgotten(Option<oneshot::Sender<()>>),
    Failed(String),
}

async fn live(
    dir: PathBuf,
    mut opened: Option<Store>,
    shared: Shared,
    mut told: mpsc::Receiver<Told>,
    known: Arc<Mutex<Known>>,
) {
    loop {
        match stretch(&dir, opened.take(), &shared, &mut told, &known).await {
            Over::Stopped(done) => {
                let _ = done.send(());
                return;
            }
            Over::Forgotten(done) => {
                if let Ok((store, _)) = Store::open(&dir)
                    && let Err(error) = store.wipe()
                {
                    tracing::error!("cannot wipe {}: {error}", dir.display());
                }
                if let Some(done) = done {
                    let _ = done.send(());
                }
                return;
            }
            Over::Failed(why) => {
                tracing::error!("{}: {why}; starting again from the store", dir.display());
                tokio::time::sleep(AFTER_A_FAILURE).await;
            }
        }
    }
}

async fn stretch(
    dir: &Path,
    opened: Option<Store>,
    shared: &Shared,
    told: &mut mpsc::Receiver<Told>,
    known: &Arc<Mutex<Known>>,
) -> Over {
    let opened = opened.map_or_else(
        || {
            Store::open(dir)
                .inspect(|(_, how)| tracing::debug!("{}: {how}", dir.display()))
                .map(|(store, _)| store)
        },
        Ok,
    );
    let store = match opened {
        Ok(store) => Arc::new(store),
        Err(error) => return Over::Failed(error.to_string()),
    };
    let snapshot = match store.load() {
        Ok(snapshot) => snapshot,
        Err(error) => return Over::Failed(error.to_string()),
    };
    let (node, key_seed) = match Node::restore(snapshot, shared.settings.clone()) {
        Ok(Some(node)) => {
            let seed = node.key_seed();
            (node, seed)
        }
        Ok(None) => return Over::Forgotten(None),
        Err(error) => return Over::Failed(error.to_string()),
    };
    let (net, inputs) = if node.is_active() || node.joining().is_some() {
        match network(shared, key_seed).await {
            Ok((net, inputs)) => (Some(net), inputs),
            Err(error) => return Over::Failed(error.to_string()),
        }
    } else {
        (None, mpsc::channel(1).1)
    };
    let mut driver = Driver::new(node, store, net, shared.clone(), Arc::clone(known));
    let over = driver.run(inputs, told).await;
    if let Some(net) = driver.net.take() {
        net.stop().await;
    }
    over
}

/// The configured addresses where they are free; else ports of the system's choosing beside them.
async fn network(
    shared: &Shared,
    key_seed: crate::core::primitives::secret::Secret32,
) -> Result<(Net, mpsc::Receiver<Input>), net::NetError> {
    let settings = net::Settings {
        key_seed,
        listen: shared.listen.clone(),
        explicit: shared.is_listen_chosen,
        serve: shared.serve,
        mdns: shared.mdns,
        pace: net::Pace::default(),
    };
    match net::start(settings.clone()).await {
        Ok(started) => Ok(started),
        Err(error) => {
            tracing::warn!("{error}; listening on another port");
            let listen = settings.listen.iter().map(|a| Address { port: 0, ..a.clone() }).collect();
            net::start(net::Settings { listen, ..settings }).await
        }
    }
}

/// Drives one node.
struct Driver {
    node: Node,
    store: Arc<Store>,
    net: Option<Net>,
    shared: Shared,
    known: Arc<Mutex<Known>>,
    replies: BTreeMap<RequestId, oneshot::Sender<Result<Answer, Refusal>>>,
    conversations: BTreeMap<ConversationId, mpsc::Sender<Step>>,
    lines: mpsc::Sender<(ConversationId, Option<String>)>,
    typed: mpsc::Receiver<(ConversationId, Option<String>)>,
    number: u64,
}

impl Driver {
    fn new(
        node: Node,
        store: Arc<Store>,
        net: Option<Net>,
        shared: Shared,
        known: Arc<Mutex<Known>>,
    ) -> Self {
        let (lines, typed) = mpsc::channel(WAITING);
        let (replies, conversations) = (BTreeMap::new(), BTreeMap::new());
        Self { node, store, net, shared, known, replies, conversations, lines, typed, number: 0 }
    }

    async fn run(&mut self, mut inputs: mpsc::Receiver<Input>, told: &mut mpsc::Receiver<Told>) -> Over {
        let mut next = Some(Input::Started);
        let makes_links = self.net.is_some() && self.node.joining().is_none();
        let mut closed_until = makes_links.then(|| Instant::now() + UNTIL_IT_LISTENS);
        loop {
            if matches!(next, Some(Input::Listening { .. }))
                || closed_until.is_some_and(|at| at <= Instant::now())
            {
                closed_until = None;
            }
            if let Some(input) = next.take()
                && let Err(over) = self.handle(input).await
            {
                return over;
            }
            let now = self.shared.clock.now();
            let pause = self.node.poll_timeout(now).map_or(Duration::from_secs(3600), |at| at.since(now));
            let opening = closed_until.map(Into::into).unwrap_or_else(tokio::time::Instant::now);
            next = tokio::select! {
                Some(input) = inputs.recv() => Some(input),
                Some((conversation, line)) = self.typed.recv() => Some(match line {
                    Some(line) => Input::Answer { conversation, line },
                    None => Input::Left { conversation },
                }),
                () = tokio::time::sleep_until(opening), if closed_until.is_some() => None,
                told = told.recv(), if closed_until.is_none() => match told {
                    Some(Told::Ask { request, reply }) => Some(self.asked(request, reply)),
                    Some(Told::Begin { begin, steps, answers }) => Some(self.begun(begin, steps, answers)),
                    Some(Told::Forget(done)) => return Over::Forgotten(Some(done)),
                    Some(Told::Stop(done)) => return Over::Stopped(done),
                    None => return Over::Stopped(oneshot::channel().0),
                },
                () = tokio::time::sleep(pause) => Some(Input::TimeOut),
            };
        }
    }

    fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    fn asked(&mut self, request: Request, reply: oneshot::Sender<Result<Answer, Refusal>>) -> Input {
        let id = RequestId(self.next_number());
        self.replies.insert(id, reply);
        Input::Request { id, request }
    }

    /// From here on the client's lines come as answers, and its going away as `Left`.
    fn begun(
        &mut self,
        begin: Begin,
        steps: mpsc::Sender<Step>,
        mut answers: mpsc::Receiver<String>,
    ) -> Input {
        let conversation = ConversationId(self.next_number());
        let (lines, here) = (self.lines.clone(), steps.clone());
        tokio::spawn(async move {
            loop {
                let line = tokio::select! {
                    line = answers.recv() => line,
                    () = here.closed() => None,
                };
                let gone = line.is_none();
                if lines.send((conversation, line)).await.is_err() || gone {
                    return;
                }
            }
        });
        self.conversations.insert(conversation, steps);
        Input::Begin { conversation, begin }
    }

    async fn handle(&mut self, input: Input) -> Result<(), Over> {
        let seed = entropy::fresh().map_err(|error| Over::Failed(error.to_string()))?;
        self.node.handle(input, self.shared.clock.now(), Entropy::new(&seed));
        while let Some(output) = self.node.poll_output() {
            self.act(output).await?;
        }
        let known = Known {
            organization: self.node.organization(),
            joining: self.node.joining(),
            is_active: self.node.is_active(),
        };
        let was = self.known.lock().map(|mut k| std::mem::replace(&mut *k, known)).unwrap_or_default();
        if was.is_active && !known.is_active {
            // Revoked: nobody is to be heard from any more, and the port is free for another membership.
            if let Some(net) = self.net.take() {
                tokio::spawn(net.stop());
            }
        }
        Ok(())
    }

    async fn act(&mut self, output: Output) -> Result<(), Over> {
        match output {
            Output::Commit(batch) => {
                let store = Arc::clone(&self.store);
                let committed = tokio::task::spawn_blocking(move || store.commit(&batch)).await;
                match committed {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(error)) => Err(self.fail(&error.to_string())),
                    Err(error) => Err(self.fail(&error.to_string())),
                }
            }
            Output::Reply { id, answer } => {
                if let Some(reply) = self.replies.remove(&id) {
                    let _ = reply.send(answer);
                }
                Ok(())
            }
            Output::Say { conversation, step } => {
                self.say(conversation, step);
                Ok(())
            }
            Output::Notify(event) => {
                let _ = self.shared.events.send(event);
                Ok(())
            }
            Output::Forget => Err(Over::Forgotten(None)),
            other => {
                if let (Some(net), Ok(command)) = (&self.net, net::Command::try_from(other)) {
                    net.perform(command).await;
                }
                Ok(())
            }
        }
    }

    fn say(&mut self, conversation: ConversationId, step: Step) {
        let is_last = matches!(step, Step::Done { .. } | Step::Ended { .. });
        let Some(steps) = self.conversations.get(&conversation) else { return };
        // A client that doesn't read its steps is a client that went away.
        let is_stuck = steps.try_send(step).is_err();
        if is_last || is_stuck {
            self.conversations.remove(&conversation);
        }
    }

    /// Nothing that followed the commit is done, and everybody who waits is told why.
    fn fail(&mut self, why: &str) -> Over {
        for (_, reply) in std::mem::take(&mut self.replies) {
            let message = format!("store: {why}; nothing was changed");
            let _ = reply.send(Err(Refusal::new(Class::Failed, "store_failed", message)));
        }
        self.conversations.clear();
        Over::Failed(why.to_owned())
    }
}
