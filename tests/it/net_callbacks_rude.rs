//! Points that say more than they did when they are asked to call, and strangers who call.

use std::io;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt};
use libp2p::request_response::{self, Event as RawEvent, Message, ProtocolSupport};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm};
use muster::net::callbacks::{ASK, CALL, Callbacks};
use tokio::sync::mpsc;

use crate::net_callbacks::{Ours, address, answer, asker, connects, lives};
use crate::net_swarms::{bytes, frame, hears, listen, number, swarm_of};

/// Frames as they are: one is read, and whatever is written is written.
#[derive(Debug, Clone, Default)]
struct Frames;

async fn read_one(io: &mut (impl AsyncRead + Unpin + Send)) -> io::Result<Vec<u8>> {
    let mut length = [0];
    io.read_exact(&mut length).await?;
    let mut content = vec![0; length[0].into()];
    io.read_exact(&mut content).await?;
    Ok(content)
}

impl request_response::Codec for Frames {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        read_one(io).await
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        read_one(io).await
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        io.write_all(&bytes).await
    }

    async fn write_response<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        io.write_all(&bytes).await
    }
}

#[derive(NetworkBehaviour)]
struct Rude {
    asked: request_response::Behaviour<Frames>,
    call: request_response::Behaviour<Frames>,
}

fn rude() -> Swarm<Rude> {
    let speaking = |protocol, support| {
        request_response::Behaviour::new([(protocol, support)], request_response::Config::default())
    };
    swarm_of(|_| Rude {
        asked: speaking(ASK, ProtocolSupport::Inbound),
        call: speaking(CALL, ProtocolSupport::Outbound),
    })
}

/// What came of a call that was made, though it wasn't one.
const REACHED: (u64, u64) = (200, 200);

fn outcome((status, call): (u64, u64), which: u64) -> Vec<u8> {
    frame(&[bytes(2, &[number(1, status), number(2, which), number(3, call)].concat())])
}

fn wants_filling(how_much: u64) -> Vec<u8> {
    frame(&[bytes(3, &[number(1, 0), number(2, how_much)].concat())])
}

/// The nonce of a question, whose last field it is.
fn nonce_in(question: &[u8]) -> Vec<u8> {
    [vec![0x09], question[question.len() - 8..].to_vec()].concat()
}

/// Answers each question with the next of these, calls nobody, and sends the questions.
fn answers(mut point: Swarm<Rude>, says: Vec<Vec<u8>>) -> mpsc::UnboundedReceiver<Vec<u8>> {
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut says = says.into_iter().cycle();
        loop {
            if let SwarmEvent::Behaviour(RudeEvent::Asked(RawEvent::Message {
                message: Message::Request { request, channel, .. },
                ..
            })) = point.select_next_some().await
            {
                let _ = tell.send(request);
                let _ = point.behaviour_mut().asked.send_response(channel, says.next().unwrap());
            }
        }
    });
    told
}

#[tokio::test]
async fn a_point_that_says_we_are_reached_and_did_not_call_is_not_believed() {
    let (mut ada, mut point) = (asker(), rude());
    let (at, here) = (listen(&mut point).await, listen(&mut ada).await);
    let said = vec![
        outcome(REACHED, 0),
        outcome(REACHED, 1),
        outcome((200, 0), 0),
        outcome((0, 200), 0),
        outcome((7, 7), 0),
        frame(&[vec![0xff; 40]]),
        vec![0xff; 100_000],
        vec![0],
        Vec::new(),
        wants_filling(29_999),
        wants_filling(u64::MAX),
        [wants_filling(30_000), wants_filling(100_000), outcome(REACHED, 0)].concat(),
        [wants_filling(100_000), outcome(REACHED, 0)].concat(),
    ];
    let times = said.len();
    answers(point, said);
    let point = connects(&mut ada, &at).await;
    for _ in 0..times {
        assert_eq!(answer(&mut ada, point, address(&here)).await, None);
    }
}

#[tokio::test]
async fn a_point_that_calls_over_the_connection_that_was_there_is_not_believed() {
    let (mut ada, mut point) = (asker(), rude());
    let here = listen(&mut ada).await;
    point.dial(here.clone()).unwrap();
    let id = *point.local_peer_id();
    let ada_id = *ada.local_peer_id();
    let (tell, said) = tokio::sync::oneshot::channel();
    tokio::spawn(says_the_nonce_where_it_is(point, ada_id, tell));
    until_connected(&mut ada, id).await;
    assert_eq!(answer(&mut ada, id, address(&here)).await, None);
    assert_eq!(said.await, Ok(false), "and the nonce isn't taken there");
}

async fn until_connected(swarm: &mut Ours, with: PeerId) {
    while !swarm.is_connected(&with) {
        swarm.select_next_some().await;
    }
}

/// Says the nonce at once, waits for what becomes of that, and tells that somebody was reached.
async fn says_the_nonce_where_it_is(
    mut point: Swarm<Rude>,
    asker: PeerId,
    tell: tokio::sync::oneshot::Sender<bool>,
) {
    let (channel, nonce) = hears(&mut point, "a question", |event| match event {
        RudeEvent::Asked(RawEvent::Message {
            message: Message::Request { request, channel, .. }, ..
        }) => Some((channel, nonce_in(&request))),
        _ => None,
    })
    .await;
    point.behaviour_mut().call.send_request(&asker, frame(&[nonce]));
    let taken = hears(&mut point, "whether the nonce is taken", |event| match event {
        RudeEvent::Call(RawEvent::Message { .. }) => Some(true),
        RudeEvent::Call(RawEvent::OutboundFailure { .. }) => Some(false),
        _ => None,
    })
    .await;
    let _ = tell.send(taken);
    let _ = point.behaviour_mut().asked.send_response(channel, outcome(REACHED, 0));
    loop {
        point.select_next_some().await;
    }
}

#[tokio::test]
async fn a_question_ends_with_its_connection_and_a_strangers_nonce_is_nobodys() {
    let (mut ada, mut point, mut eve) = (asker(), rude(), rude());
    let (at, here) = (listen(&mut point).await, listen(&mut ada).await);
    let ada_id = *ada.local_peer_id();
    let running = tokio::spawn(async move {
        hears(&mut point, "a question", |event| match event {
            RudeEvent::Asked(RawEvent::Message { .. }) => Some(()),
            _ => None,
        })
        .await;
    });
    let point = connects(&mut ada, &at).await;
    assert_eq!(answer(&mut ada, point, address(&here)).await, None, "it went away");
    running.await.unwrap();

    let _lives = lives(ada);
    connects(&mut eve, &here).await;
    eve.behaviour_mut().call.send_request(&ada_id, frame(&[vec![0x09; 9]]));
    let taken = hears(&mut eve, "what becomes of the nonce", |event| match event {
        RudeEvent::Call(RawEvent::Message { .. }) => Some(true),
        RudeEvent::Call(RawEvent::OutboundFailure { .. }) => Some(false),
        _ => None,
    })
    .await;
    assert!(!taken);
}

#[tokio::test]
async fn what_cannot_be_read_as_a_question_gets_no_answer_and_nobody_is_called() {
    let mut serving = swarm_of(|_| Callbacks::new(true));
    let at: Multiaddr = listen(&mut serving).await;
    let _lives = lives(serving);
    let asking = |protocol| {
        request_response::Behaviour::<Frames>::new(
            [(protocol, ProtocolSupport::Outbound)],
            request_response::Config::default(),
        )
    };
    let mut eve = swarm_of(|_| asking(ASK));
    let point = connects(&mut eve, &at).await;
    let nothing = frame(&[bytes(1, &[])]);
    for (said, answered) in [
        (vec![0xff; 200], false),
        (frame(&[vec![0xff; 40]]), false),
        (frame(&[bytes(2, &[])]), false),
        (nothing, true),
        (frame(&[bytes(1, &bytes(1, &[9; 30]))]), true),
    ] {
        eve.behaviour_mut().send_request(&point, said.clone());
        let refused = hears(&mut eve, "an answer, or the end", |event| match event {
            RawEvent::Message { message: Message::Response { response, .. }, .. } => Some(Some(response)),
            RawEvent::OutboundFailure { .. } => Some(None),
            _ => None,
        })
        .await;
        assert_eq!(refused.is_some(), answered, "{said:?}");
        let refusal = [bytes(2, &number(1, 101))].concat();
        assert_eq!(refused.unwrap_or_else(|| refusal.clone()), refusal);
    }
}
