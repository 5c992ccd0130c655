//! Drives one node: what happens goes in, and what it wants is done in the order in which it says it, a commit
//! durable before anything that follows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::entropy;
use super::membership::{Known, Over, Shared, Told, Trouble};
use crate::core::greeting::{Reason, Side};
use crate::core::node::Node;
use crate::core::node::conversation::{Begin, Step};
use crate::core::node::input::{ConversationId, Input, RequestId};
use crate::core::node::output::Output;
use crate::core::node::request::{Answer, Refusal, Request};
use crate::core::primitives::entropy::Entropy;
use crate::core::primitives::limits;
use crate::net::{self, Net};
use crate::store::Store;

/// How long a membership that just started keeps its callers waiting for the addresses it listens at, which it needs
/// for links; they come in milliseconds, unless the machine has no network. Who joins makes no links, and needn't wait.
const UNTIL_IT_LISTENS: Duration = Duration::from_secs(5);

/// One node with its store and its network.
pub(super) struct Driver {
    node: Node,
    store: Arc<Store>,
    pub(super) net: Option<Net>,
    shared: Shared,
    known: Arc<Mutex<Known>>,
    replies: BTreeMap<RequestId, oneshot::Sender<Result<Answer, Refusal>>>,
    conversations: BTreeMap<ConversationId, Listener>,
    lines: mpsc::Sender<(ConversationId, Option<String>)>,
    typed: mpsc::Receiver<(ConversationId, Option<String>)>,
    number: u64,
}

/// The client at the other end of a conversation.
struct Listener {
    steps: mpsc::Sender<Step>,
    /// A code was shown or asked for: whatever ends the conversation from then on counts as an attempt.
    is_under_way: bool,
}

impl Driver {
    pub(super) fn new(
        node: Node,
        store: Arc<Store>,
        net: Option<Net>,
        shared: Shared,
        known: Arc<Mutex<Known>>,
    ) -> Self {
        let (lines, typed) = mpsc::channel(limits::CONTROL_STEPS);
        let (replies, conversations) = (BTreeMap::new(), BTreeMap::new());
        Self { node, store, net, shared, known, replies, conversations, lines, typed, number: 0 }
    }

    /// From the node's start to its end, or until something fails. `settled` is told once the node has started.
    pub(super) async fn run(
        &mut self,
        mut inputs: mpsc::Receiver<Input>,
        told: &mut mpsc::Receiver<Told>,
        settled: impl FnOnce(),
    ) -> Over {
        if let Err(over) = self.handle(Input::Started).await {
            return over;
        }
        settled();
        let mut unheard_until = self.net.is_some().then(|| Instant::now() + UNTIL_IT_LISTENS);
        loop {
            // Who joins makes no links, and needn't wait.
            let closed_until = unheard_until.filter(|_| self.node.joining().is_none());
            let now = self.shared.clock.now();
            let pause = self.node.poll_timeout(now).map_or(Duration::from_secs(3600), |at| at.since(now));
            let opening = closed_until.map_or_else(tokio::time::Instant::now, Into::into);
            let next = tokio::select! {
                Some(input) = inputs.recv() => Some(input),
                Some((conversation, line)) = self.typed.recv() => Some(match line {
                    Some(line) => Input::Answer { conversation, line },
                    None => Input::Left { conversation },
                }),
                () = tokio::time::sleep_until(opening), if closed_until.is_some() => None,
                told = told.recv(), if closed_until.is_none() => match told {
                    Some(Told::Ask { request, reply }) => Some(self.asked(request, reply)),
                    Some(Told::Begin { begin, steps, answers, reply }) => {
                        // Where the client is gone already, its conversation ends at once.
                        let _ = reply.send(Ok(()));
                        Some(self.begun(begin, steps, answers))
                    }
                    Some(Told::GiveWay(done)) => {
                        self.give_way().await;
                        let _ = done.send(());
                        None
                    }
                    Some(Told::Forget(done)) => return Over::Forgotten(Some(done)),
                    Some(Told::Stop(done)) => return Over::Stopped(done),
                    None => return Over::Stopped(oneshot::channel().0),
                },
                () = tokio::time::sleep(pause) => Some(Input::TimeOut),
            };
            let listens = matches!(next, Some(Input::Listening { .. }));
            if listens || unheard_until.is_some_and(|at| at <= Instant::now()) {
                unheard_until = None;
            }
            if let Some(input) = next
                && let Err(over) = self.handle(input).await
            {
                return over;
            }
        }
    }

    /// A membership that this device was put out of leaves the addresses to one that begins.
    async fn give_way(&mut self) {
        let is_out = self.node.joining().is_none() && !self.node.is_active();
        if let Some(net) = self.net.take_if(|_| is_out) {
            net.stop().await;
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
        self.conversations.insert(conversation, Listener { steps, is_under_way: false });
        Input::Begin { conversation, begin }
    }

    async fn handle(&mut self, input: Input) -> Result<(), Over> {
        let seed = entropy::fresh().map_err(|error| self.fail(Trouble::new("no_entropy", &error)))?;
        self.node.handle(input, self.shared.clock.now(), Entropy::new(&seed));
        while let Some(output) = self.node.poll_output() {
            self.act(output).await?;
        }
        self.note();
        if !self.node.needs_network(self.shared.clock.now())
            && let Some(net) = self.net.take()
        {
            // Out for good: nobody is to be heard from any more.
            tokio::spawn(net.stop());
        }
        Ok(())
    }

    /// Keeps what the daemon knows without asking.
    fn note(&self) {
        let Ok(mut known) = self.known.lock() else { return };
        known.organization = self.node.organization();
        known.name = self.node.organization_name();
        known.joining = self.node.joining();
        known.is_active = self.node.is_active();
        known.trouble = None;
    }

    async fn act(&mut self, output: Output) -> Result<(), Over> {
        match output {
            Output::Commit(batch) => {
                let store = Arc::clone(&self.store);
                let committed = tokio::task::spawn_blocking(move || store.commit(&batch)).await;
                let failed = match committed {
                    Ok(Ok(())) => return Ok(()),
                    Ok(Err(error)) => Trouble::of_store(&error),
                    Err(error) => Trouble::of_store(&error),
                };
                Err(self.fail(failed))
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
        let Some(listener) = self.conversations.get_mut(&conversation) else { return };
        listener.is_under_way |= matches!(step, Step::ShowCode { .. } | Step::EnterCode { .. });
        // A client that doesn't read its steps is a client that went away.
        let is_stuck = listener.steps.try_send(step).is_err();
        if is_last || is_stuck {
            self.conversations.remove(&conversation);
        }
    }

    /// Nothing that followed the commit is done, and everybody who waits is told why.
    fn fail(&mut self, trouble: Trouble) -> Over {
        for (_, reply) in std::mem::take(&mut self.replies) {
            let _ = reply.send(Err(trouble.refusal()));
        }
        for (_, listener) in std::mem::take(&mut self.conversations) {
            let reason = if listener.is_under_way { Reason::BrokenOff } else { Reason::Restarted };
            let message = trouble.refusal().message;
            let _ = listener.steps.try_send(Step::Ended { reason, by: Side::Network, message });
        }
        Over::Failed(trouble)
    }
}
