//! One connection's side of [`Callbacks`](super::Callbacks): one question and one answer on each stream, or one nonce; each
//! over soon or not at all.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::IpAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use futures::{AsyncWriteExt, FutureExt};
use libp2p::core::upgrade::{InboundUpgrade, OutboundUpgrade, UpgradeInfo};
use libp2p::swarm::handler::{
    ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p::swarm::{ConnectionHandler, ConnectionHandlerEvent, SubstreamProtocol};
use libp2p::{Stream, StreamProtocol};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::wire::{self, Heard, Outcome};
use super::{ASK, CALL, Question};
use crate::core::primitives::{address::Address, limits};
use crate::net::point::read_frame;

/// An answer that comes later than this comes too late for the libraries that others use.
const ANSWERED_WITHIN: Duration = Duration::from_secs(8);

/// An answer, or a nonce, in bytes.
const SMALL: usize = 64;

/// What the behaviour tells a connection.
#[derive(Debug)]
pub enum ToHandler {
    /// Ask the peer this.
    Ask(Question),
    /// The peer asked to be called: say this.
    Say(u64),
}

/// What a connection tells the behaviour.
#[derive(Debug)]
pub enum FromHandler {
    /// The peer asks to be called; what came of it goes back through the sender. Nowhere, where it names no place that is
    /// its own.
    Asked(Option<Address>, u64, oneshot::Sender<Outcome>),
    /// Somebody called and said this, on a connection that stands since then; whether we had asked for it goes back.
    Called(u64, Instant, oneshot::Sender<bool>),
    /// The peer has answered our question, or will never.
    Answered(Question, Option<Outcome>),
    /// Whether the peer took what we said.
    Said(bool),
}

/// The protocols of one side of a stream.
#[derive(Debug, Clone)]
pub struct Offer(Vec<StreamProtocol>);

impl UpgradeInfo for Offer {
    type Info = StreamProtocol;
    type InfoIter = std::vec::IntoIter<StreamProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        self.0.clone().into_iter()
    }
}

impl InboundUpgrade<Stream> for Offer {
    type Output = (Stream, StreamProtocol);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, chosen: StreamProtocol) -> Self::Future {
        ready(Ok((stream, chosen)))
    }
}

impl OutboundUpgrade<Stream> for Offer {
    type Output = Stream;
    type Error = Infallible;
    type Future = Ready<Result<Stream, Infallible>>;

    fn upgrade_outbound(self, stream: Stream, _: StreamProtocol) -> Self::Future {
        ready(Ok(stream))
    }
}

/// What a stream has come to.
enum Step {
    Asked(Stream, wire::Asked),
    Called(Stream, u64),
    Tell(FromHandler),
    Over,
}

/// One connection.
pub struct Handler {
    /// Where the peer is; unknown of one that comes through a relay.
    peer_at: Option<IpAddr>,
    since: Instant,
    offer: Offer,
    under_way: FuturesUnordered<BoxFuture<'static, Step>>,
    to_open: VecDeque<ToHandler>,
    to_tell: VecDeque<FromHandler>,
}

impl Handler {
    /// A connection on which questions are answered, or a call may come, or both, or neither.
    pub(super) fn new(peer_at: Option<IpAddr>, answers: bool, may_be_a_call: bool) -> Self {
        let protocols = [answers.then_some(ASK), may_be_a_call.then_some(CALL)];
        Self {
            peer_at,
            since: Instant::now(),
            offer: Offer(protocols.into_iter().flatten().collect()),
            under_way: FuturesUnordered::new(),
            to_open: VecDeque::new(),
            to_tell: VecDeque::new(),
        }
    }

    fn go_on(&mut self, step: Step) {
        match step {
            Step::Asked(stream, asked) => {
                let (where_, which) = self.first_of_its_own(asked.addresses);
                let (say, said) = oneshot::channel();
                self.under_way.push(in_time(answer(stream, which, said)));
                self.to_tell.push_back(FromHandler::Asked(where_, asked.nonce, say));
            }
            Step::Called(stream, nonce) => {
                let (say, said) = oneshot::channel();
                self.under_way.push(in_time(confirm(stream, said)));
                self.to_tell.push_back(FromHandler::Called(nonce, self.since, say));
            }
            Step::Tell(told) => self.to_tell.push_back(told),
            Step::Over => {}
        }
    }

    /// A peer is called where it is, and nowhere else: whoever asks to have somebody else called is refused.
    fn first_of_its_own(&self, addresses: Vec<Option<Address>>) -> (Option<Address>, u32) {
        let own = |address: &Address| {
            let at = address.ip().map(|ip| ip.to_canonical());
            at.is_some() && at == self.peer_at
        };
        for (which, address) in (0..).zip(addresses) {
            if let Some(address) = address.filter(own) {
                return (Some(address), which);
            }
        }
        (None, 0)
    }

    fn failed(&mut self, errand: ToHandler) {
        self.to_tell.push_back(match errand {
            ToHandler::Ask(question) => FromHandler::Answered(question, None),
            ToHandler::Say(_) => FromHandler::Said(false),
        });
    }
}

/// A stream that takes too long is closed.
fn in_time(what: impl Future<Output = Step> + Send + 'static) -> BoxFuture<'static, Step> {
    timeout(limits::HANDSHAKE, what).map(|step| step.unwrap_or(Step::Over)).boxed()
}

async fn read_question(mut stream: Stream) -> Step {
    let content = read_frame(&mut stream, limits::REQUEST).await;
    content
        .ok()
        .and_then(|content| wire::asked(&content))
        .map_or(Step::Over, |asked| Step::Asked(stream, asked))
}

async fn read_nonce(mut stream: Stream) -> Step {
    let content = read_frame(&mut stream, SMALL).await;
    content
        .ok()
        .and_then(|content| wire::nonce(&content))
        .map_or(Step::Over, |nonce| Step::Called(stream, nonce))
}

async fn answer(mut stream: Stream, which: u32, said: oneshot::Receiver<Outcome>) -> Step {
    let outcome = timeout(ANSWERED_WITHIN, said).await.ok().and_then(Result::ok);
    let frame = wire::answer(outcome.unwrap_or(Outcome::NotReached), which);
    // A failure means that nobody waits for the answer.
    let _ = stream.write_all(&frame).await;
    let _ = stream.close().await;
    Step::Over
}

async fn confirm(mut stream: Stream, said: oneshot::Receiver<bool>) -> Step {
    if said.await.is_ok_and(|asked_for| asked_for) {
        let _ = stream.write_all(&wire::TAKEN).await;
    }
    let _ = stream.close().await;
    Step::Over
}

async fn ask(mut stream: Stream, question: Question) -> Step {
    let answered = timeout(limits::MACHINE_STEP, hear(&mut stream, &question)).await;
    Step::Tell(FromHandler::Answered(question, answered.ok().flatten()))
}

async fn hear(stream: &mut Stream, question: &Question) -> Option<Outcome> {
    stream.write_all(&wire::question(&question.address, question.nonce)).await.ok()?;
    stream.flush().await.ok()?;
    let mut heard = wire::heard(&read_frame(stream, SMALL).await.ok()?)?;
    if let Heard::WantsFilling(bytes) = heard {
        for frame in wire::filling(bytes) {
            stream.write_all(&frame).await.ok()?;
        }
        stream.flush().await.ok()?;
        heard = wire::heard(&read_frame(stream, SMALL).await.ok()?)?;
    }
    match heard {
        Heard::Answer(outcome) => Some(outcome),
        // Once was enough.
        Heard::WantsFilling(_) => None,
    }
}

async fn say(mut stream: Stream, nonce: u64) -> Step {
    let taken = async {
        stream.write_all(&wire::said(nonce)).await.ok()?;
        stream.flush().await.ok()?;
        let content = read_frame(&mut stream, SMALL).await.ok()?;
        Some(wire::is_taken(&content))
    };
    let taken = timeout(limits::HANDSHAKE, taken).await;
    Step::Tell(FromHandler::Said(taken.ok().flatten().unwrap_or(false)))
}

impl ConnectionHandler for Handler {
    type FromBehaviour = ToHandler;
    type ToBehaviour = FromHandler;
    type InboundProtocol = Offer;
    type OutboundProtocol = Offer;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ToHandler;

    fn listen_protocol(&self) -> SubstreamProtocol<Offer> {
        SubstreamProtocol::new(self.offer.clone(), ()).with_timeout(limits::HANDSHAKE)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Offer, ToHandler, FromHandler>> {
        while let Poll::Ready(Some(step)) = self.under_way.poll_next_unpin(cx) {
            self.go_on(step);
        }
        if let Some(told) = self.to_tell.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(told));
        }
        if let Some(errand) = self.to_open.pop_front() {
            let name = if matches!(errand, ToHandler::Ask(_)) { ASK } else { CALL };
            let protocol = SubstreamProtocol::new(Offer(vec![name]), errand).with_timeout(limits::HANDSHAKE);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, errand: ToHandler) {
        self.to_open.push_back(errand);
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Offer, Offer, (), ToHandler>) {
        match event {
            // Who has so many under way gets no further one; dropping it says so.
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: (stream, name),
                ..
            }) if self.under_way.len() < limits::CALLS_ASKED_AT_ONCE => {
                let read =
                    if name == ASK { read_question(stream).boxed() } else { read_nonce(stream).boxed() };
                self.under_way.push(in_time(read));
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: stream,
                info: errand,
            }) => self.under_way.push(match errand {
                ToHandler::Ask(question) => ask(stream, question).boxed(),
                ToHandler::Say(nonce) => say(stream, nonce).boxed(),
            }),
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info: errand, .. }) => self.failed(errand),
            _ => {}
        }
    }
}
