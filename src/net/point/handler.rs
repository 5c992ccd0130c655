//! One connection's side of [`Point`](super::Point): every stream carries one request and one answer, in a frame
//! each, and both are over soon or not at all.
//!
//! Reading, checking signatures and writing are done here, in the connection's own task; the behaviour only looks
//! up what was proved.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Ready, ready};
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
use libp2p::{PeerId, Stream, StreamProtocol};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::answer::{Answer, Heard};
use super::request::{Fault, Request};
use super::under_way::Part;
use super::{PROTOCOL, wire};
use crate::core::primitives::limits;

/// What a connection tells the behaviour.
#[derive(Debug)]
pub enum FromHandler {
    /// The peer asks; what it is told goes back through the sender.
    Asked(Result<Request, Fault>, AnswerTo),
    /// The peer has answered, or will never.
    Heard(Request, Outcome),
}

/// Takes the one answer to one request.
#[derive(Debug)]
pub struct AnswerTo(oneshot::Sender<Weighed>);

/// An answer, and the room that it takes until it is read.
type Weighed = (Answer, Option<Part>);

impl AnswerTo {
    pub(super) fn say(self, answer: Weighed) {
        // Who asked may be gone.
        let _ = self.0.send(answer);
    }
}

/// What came of a request of ours; nothing, where the other didn't keep to the protocol.
#[derive(Debug)]
pub struct Outcome(pub(super) Option<Heard>);

/// The protocol, or none where this device serves nobody.
#[derive(Debug, Clone)]
pub struct Offer(Option<StreamProtocol>);

impl UpgradeInfo for Offer {
    type Info = StreamProtocol;
    type InfoIter = std::option::IntoIter<StreamProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        self.0.clone().into_iter()
    }
}

impl InboundUpgrade<Stream> for Offer {
    type Output = Stream;
    type Error = Infallible;
    type Future = Ready<Result<Stream, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, _: StreamProtocol) -> Self::Future {
        ready(Ok(stream))
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
    Asked(Stream, Result<Request, Fault>),
    Heard(Request, Option<Heard>),
    Over,
}

/// One connection.
pub struct Handler {
    peer: PeerId,
    serves: bool,
    time: Duration,
    under_way: FuturesUnordered<BoxFuture<'static, Step>>,
    /// Requests of ours that wait for a stream.
    to_ask: VecDeque<Request>,
    to_tell: VecDeque<FromHandler>,
}

impl Handler {
    pub(super) fn new(peer: PeerId, serves: bool, time: Duration) -> Self {
        let under_way = FuturesUnordered::new();
        Self { peer, serves, time, under_way, to_ask: VecDeque::new(), to_tell: VecDeque::new() }
    }

    fn go_on(&mut self, step: Step) {
        match step {
            Step::Asked(stream, asked) => {
                let (say, said) = oneshot::channel();
                self.under_way.push(in_time(self.time, answer(stream, said)));
                self.to_tell.push_back(FromHandler::Asked(asked, AnswerTo(say)));
            }
            Step::Heard(request, heard) => self.heard(request, heard),
            Step::Over => {}
        }
    }

    fn heard(&mut self, request: Request, heard: Option<Heard>) {
        self.to_tell.push_back(FromHandler::Heard(request, Outcome(heard)));
    }
}

/// A stream that takes too long is closed.
fn in_time(time: Duration, what: impl Future<Output = Step> + Send + 'static) -> BoxFuture<'static, Step> {
    timeout(time, what).map(|step| step.unwrap_or(Step::Over)).boxed()
}

async fn read_request(mut stream: Stream, from: PeerId) -> Step {
    let content = wire::read_frame(&mut stream, limits::REQUEST).await;
    let asked = content.map_err(|_| Fault::Garbage).and_then(|content| Request::parse(&content, &from));
    Step::Asked(stream, asked)
}

async fn answer(mut stream: Stream, said: oneshot::Receiver<Weighed>) -> Step {
    let Ok((said, _until_it_is_read)) = said.await else { return Step::Over };
    if let Some(frame) = said.frame() {
        // A failure means that nobody waits for the answer.
        let _ = stream.write_all(&frame).await;
    }
    let _ = stream.close().await;
    Step::Over
}

async fn ask(mut stream: Stream, request: Request, time: Duration) -> Step {
    let answered = async {
        stream.write_all(&request.frame()).await.ok()?;
        stream.close().await.ok()?;
        let content = wire::read_frame(&mut stream, limits::ANSWER).await.ok()?;
        Heard::parse(&content, &request)
    };
    let heard = timeout(time, answered).await.ok().flatten();
    Step::Heard(request, heard)
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Request;
    type ToBehaviour = FromHandler;
    type InboundProtocol = Offer;
    type OutboundProtocol = Offer;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Request;

    fn listen_protocol(&self) -> SubstreamProtocol<Offer> {
        SubstreamProtocol::new(Offer(self.serves.then_some(PROTOCOL)), ()).with_timeout(limits::HANDSHAKE)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Offer, Request, FromHandler>> {
        while let Poll::Ready(Some(step)) = self.under_way.poll_next_unpin(cx) {
            self.go_on(step);
        }
        if let Some(told) = self.to_tell.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(told));
        }
        if let Some(request) = self.to_ask.pop_front() {
            let protocol =
                SubstreamProtocol::new(Offer(Some(PROTOCOL)), request).with_timeout(limits::HANDSHAKE);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, request: Request) {
        self.to_ask.push_back(request);
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Offer, Offer, (), Request>) {
        match event {
            // Who has so many under way gets no further one; dropping it says so.
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol: stream, .. })
                if self.under_way.len() < limits::REQUESTS_UNDER_WAY =>
            {
                self.under_way.push(in_time(self.time, read_request(stream, self.peer)));
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: stream,
                info: request,
            }) => self.under_way.push(ask(stream, request, self.time).boxed()),
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info: request, .. }) => {
                self.heard(request, None);
            }
            _ => {}
        }
    }
}
