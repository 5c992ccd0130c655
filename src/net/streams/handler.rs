//! One connection's side of [`Streams`](super::Streams): negotiates which protocol a stream speaks.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use libp2p::core::upgrade::{InboundUpgrade, OutboundUpgrade, UpgradeInfo};
use libp2p::swarm::handler::{
    ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p::swarm::{ConnectionHandler, ConnectionHandlerEvent, SubstreamProtocol};
use libp2p::{Stream, StreamProtocol};

use super::Request;
use crate::core::node::input::Protocol;
use crate::core::primitives::limits;

const GREETING: StreamProtocol = StreamProtocol::new("/muster/greeting/1");
const SYNC: StreamProtocol = StreamProtocol::new("/muster/sync/1");
const SESSIONS: StreamProtocol = StreamProtocol::new("/muster/sessions/1");

/// What the behaviour tells a connection.
#[derive(Debug)]
pub enum ToHandler {
    /// Open a stream.
    Open(Request, Protocol),
    /// Whether the connection is wanted though idle.
    Keep(bool),
}

/// What a connection tells the behaviour.
#[derive(Debug)]
pub enum FromHandler {
    /// A stream stands.
    Opened {
        /// What is spoken.
        protocol: Protocol,
        /// Bytes both ways.
        stream: Stream,
        /// None where the peer opened it.
        request: Option<Request>,
    },
    /// This one won't come.
    Failed(Request),
}

/// The protocols that a side is ready to speak on one stream.
#[derive(Debug, Clone)]
pub struct Offer(Vec<StreamProtocol>);

impl Offer {
    fn all() -> Self {
        Self(vec![GREETING, SYNC, SESSIONS])
    }

    fn one(protocol: Protocol) -> Self {
        Self(vec![match protocol {
            Protocol::Greeting => GREETING,
            Protocol::Sync => SYNC,
            Protocol::Sessions => SESSIONS,
        }])
    }
}

fn spoken(agreed: &StreamProtocol) -> Protocol {
    match agreed {
        agreed if *agreed == GREETING => Protocol::Greeting,
        agreed if *agreed == SYNC => Protocol::Sync,
        _ => Protocol::Sessions,
    }
}

impl UpgradeInfo for Offer {
    type Info = StreamProtocol;
    type InfoIter = std::vec::IntoIter<StreamProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        self.0.clone().into_iter()
    }
}

impl InboundUpgrade<Stream> for Offer {
    type Output = (Protocol, Stream);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, agreed: StreamProtocol) -> Self::Future {
        ready(Ok((spoken(&agreed), stream)))
    }
}

impl OutboundUpgrade<Stream> for Offer {
    type Output = (Protocol, Stream);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_outbound(self, stream: Stream, agreed: StreamProtocol) -> Self::Future {
        ready(Ok((spoken(&agreed), stream)))
    }
}

/// One connection.
#[derive(Debug)]
pub struct Handler {
    keep: bool,
    to_open: VecDeque<(Request, Protocol)>,
    to_tell: VecDeque<FromHandler>,
}

impl Handler {
    pub(super) fn new(keep: bool) -> Self {
        Self { keep, to_open: VecDeque::new(), to_tell: VecDeque::new() }
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = ToHandler;
    type ToBehaviour = FromHandler;
    type InboundProtocol = Offer;
    type OutboundProtocol = Offer;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Request;

    fn listen_protocol(&self) -> SubstreamProtocol<Offer> {
        SubstreamProtocol::new(Offer::all(), ()).with_timeout(limits::HANDSHAKE)
    }

    fn connection_keep_alive(&self) -> bool {
        self.keep
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Offer, Request, FromHandler>> {
        if let Some(told) = self.to_tell.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(told));
        }
        if let Some((request, protocol)) = self.to_open.pop_front() {
            let protocol =
                SubstreamProtocol::new(Offer::one(protocol), request).with_timeout(limits::HANDSHAKE);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        // libp2p polls a handler after every event that it hands to it, so that no waker is needed.
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, event: ToHandler) {
        match event {
            ToHandler::Open(request, protocol) => self.to_open.push_back((request, protocol)),
            ToHandler::Keep(keep) => self.keep = keep,
        }
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Offer, Offer, (), Request>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: (protocol, stream),
                ..
            }) => self.to_tell.push_back(FromHandler::Opened { protocol, stream, request: None }),
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: (protocol, stream),
                info,
            }) => self.to_tell.push_back(FromHandler::Opened { protocol, stream, request: Some(info) }),
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info, .. }) => {
                self.to_tell.push_back(FromHandler::Failed(info));
            }
            _ => {}
        }
    }
}
