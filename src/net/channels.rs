//! The streams that stand, by their numbers, and the tasks that carry their frames.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use libp2p::swarm::ConnectionId;
use libp2p::{PeerId, Stream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use super::pipe;
use crate::core::node::input::{Channel, Input, Protocol};
use crate::core::primitives::limits;

/// A stream that stands and that the node hasn't been told of.
#[derive(Debug)]
pub(super) struct Fresh {
    pub(super) peer: PeerId,
    pub(super) connection: ConnectionId,
    pub(super) protocol: Protocol,
    pub(super) by_us: bool,
    pub(super) from: String,
    pub(super) near: bool,
    pub(super) stream: Stream,
}

/// A channel that the node knows.
#[derive(Debug)]
struct Open {
    peer: PeerId,
    /// None once the stream is on its way to be closed.
    way: Option<Way>,
    task: AbortHandle,
}

/// The way into a stream's task; dropping it hangs up.
#[derive(Debug)]
struct Way {
    frames: mpsc::Sender<Vec<u8>>,
    _stay: oneshot::Sender<()>,
}

/// What a task carries; it may outlive its channel, while the last frames leave.
#[derive(Debug)]
struct Carried {
    channel: Channel,
    peer: PeerId,
    connection: ConnectionId,
    /// Says that the connection is gone, until that was said.
    lost: Option<oneshot::Sender<()>>,
    protocol: Protocol,
    by_us: bool,
}

/// All channels of one network. Numbers are never used twice.
#[derive(Debug, Default)]
pub(super) struct Channels {
    numbered_so_far: u64,
    open: BTreeMap<Channel, Open>,
    carried: HashMap<Id, Carried>,
    pipes: JoinSet<()>,
}

impl Channels {
    pub(super) fn next_number(&mut self) -> Channel {
        self.numbered_so_far += 1;
        Channel(self.numbered_so_far)
    }

    /// Begins to carry frames: from here on inputs come.
    pub(super) fn begin(
        &mut self,
        channel: Channel,
        fresh: Fresh,
        inputs: mpsc::Sender<Input>,
        frame_time: Duration,
    ) {
        let Fresh { peer, connection, protocol, by_us, stream, .. } = fresh;
        let (frames, queued) = mpsc::channel(limits::QUEUED_FRAMES);
        let (stay, parting) = oneshot::channel();
        let (lost, connection_lost) = oneshot::channel();
        let ends = pipe::Ends { parting, connection_lost };
        let task = self.pipes.spawn(pipe::run(stream, channel, queued, ends, inputs, frame_time));
        let lost = Some(lost);
        self.carried.insert(task.id(), Carried { channel, peer, connection, lost, protocol, by_us });
        self.open.insert(channel, Open { peer, way: Some(Way { frames, _stay: stay }), task });
    }

    /// Queues a frame. A frame that can't be one, or that finds the queue full, ends the stream.
    pub(super) fn send(&mut self, channel: Channel, frame: Vec<u8>) {
        let Some(open) = self.open.get_mut(&channel) else { return };
        let Some(way) = &open.way else { return };
        let is_a_frame = !frame.is_empty() && frame.len() <= limits::FRAME;
        // Where the receiver is gone, the task has ended, and that is about to be told.
        if !is_a_frame || matches!(way.frames.try_send(frame), Err(mpsc::error::TrySendError::Full(_))) {
            tracing::debug!(channel = channel.0, "a stream that takes no more frames is closed");
            open.way = None;
            open.task.abort();
        }
    }

    /// Lets out what is queued and closes; nothing more is said of this channel.
    pub(super) fn hang_up(&mut self, channel: Channel) {
        self.open.remove(&channel);
    }

    /// Lets out what is queued for a peer and closes; that is reported.
    pub(super) fn hang_up_on(&mut self, peer: &PeerId) {
        self.open.values_mut().filter(|open| open.peer == *peer).for_each(|open| open.way = None);
    }

    /// A connection is gone: its streams end once what has come by it is read. Those of a connection that we gave up
    /// ourselves don't notice by themselves.
    pub(super) fn connection_lost(&mut self, connection: ConnectionId) {
        let of_it = self.carried.values_mut().filter(|carried| carried.connection == connection);
        for lost in of_it.filter_map(|carried| carried.lost.take()) {
            // Nobody listens any more where the stream has ended meanwhile.
            let _ = lost.send(());
        }
    }

    /// Lets out what is queued everywhere and closes.
    pub(super) fn hang_up_on_all(&mut self) {
        self.open.clear();
    }

    /// The node is told that it is closed. Whether it still has to be.
    pub(super) fn forget(&mut self, channel: Channel) -> bool {
        self.open.remove(&channel).is_some()
    }

    /// Streams of a peer that are being carried, those included that are about to close.
    pub(super) fn of_peer(&self, peer: &PeerId) -> usize {
        self.carried.values().filter(|carried| carried.peer == *peer).count()
    }

    /// Streams that a peer opened on one protocol.
    pub(super) fn opened_by(&self, peer: &PeerId, by: Protocol) -> usize {
        let theirs = |one: &&Carried| one.peer == *peer && one.protocol == by && !one.by_us;
        self.carried.values().filter(theirs).count()
    }

    /// Whether a stream of this protocol is carried to or from a peer.
    pub(super) fn speaks(&self, peer: &PeerId, protocol: Protocol) -> bool {
        self.carried.values().any(|one| one.peer == *peer && one.protocol == protocol)
    }

    /// All streams.
    pub(super) fn count(&self) -> usize {
        self.carried.len()
    }

    /// The next stream that has ended, and with whom it was; waits for ever where there is none.
    pub(super) async fn ended(&mut self) -> (Channel, PeerId) {
        loop {
            let id = match self.pipes.join_next_with_id().await {
                Some(Ok((id, ()))) => id,
                Some(Err(error)) => JoinError::id(&error),
                None => std::future::pending().await,
            };
            if let Some(carried) = self.carried.remove(&id) {
                return (carried.channel, carried.peer);
            }
        }
    }

    /// Ends all streams at once; gives the channels that the node believes to be open.
    pub(super) async fn shut_down(&mut self) -> Vec<Channel> {
        self.pipes.shutdown().await;
        self.carried.clear();
        std::mem::take(&mut self.open).into_keys().collect()
    }
}
