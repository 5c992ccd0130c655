//! The frames of one stream: two bytes of length, big-endian, and as many bytes.
//!
//! Reading waits while the node has enough to do; that holds the peer back and nobody else. A frame that has
//! begun must be there soon: a peer that lets it trickle is cut off. Writing takes what is queued; a peer that takes nothing
//! for long is cut off, and a stream whose queue is full is closed by [`Channels`](super::channels::Channels). Never reported from here: that
//! the stream is closed, which is said when the task has ended, after all that it read.

use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::core::node::input::{Channel, Input};
use crate::core::primitives::limits;

/// Times as long as a frame takes at most: who takes nothing for that long won't.
const TAKES_NOTHING: u32 = 6;

/// What a peer that hangs up slowly may still say, unheard.
const UNHEARD: u64 = 1024 * 1024;

/// What ends a stream from outside.
pub(super) struct Ends {
    /// We hang up, once its sender is dropped.
    pub(super) parting: oneshot::Receiver<()>,
    /// The connection that carried it is gone.
    pub(super) connection_lost: oneshot::Receiver<()>,
}

/// Carries frames both ways until the peer hangs up, something is wrong, or we have hung up (the sender of
/// `parting` and that of `frames` are dropped) and what was queued has left.
pub(super) async fn run(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    channel: Channel,
    frames: mpsc::Receiver<Vec<u8>>,
    ends: Ends,
    inputs: mpsc::Sender<Input>,
    frame_time: Duration,
) {
    let Ends { parting, mut connection_lost } = ends;
    let (mut reader, writer) = stream.split();
    let mut writing = std::pin::pin!(write(writer, frames, frame_time * TAKES_NOTHING));
    let written = tokio::select! {
        () = read(&mut reader, &mut connection_lost, channel, &inputs, frame_time) => return,
        written = &mut writing => Some(written),
        _ = parting => None,
    };
    let leave = async {
        let all_written = match written {
            Some(written) => written,
            None => writing.await,
        };
        if let Some(writer) = all_written {
            part(reader, writer).await;
        }
    };
    let _ = timeout(limits::LINGER, leave).await;
}

async fn read(
    reader: &mut (impl AsyncRead + Unpin),
    connection_lost: &mut oneshot::Receiver<()>,
    channel: Channel,
    inputs: &mpsc::Sender<Input>,
    frame_time: Duration,
) {
    let mut first = [0; 1];
    loop {
        // Between frames a stream may rest for as long as its protocol allows, and the connection stands.
        let begun = tokio::select! {
            biased;
            begun = reader.read_exact(&mut first) => begun,
            _ = &mut *connection_lost => return,
        };
        if begun.is_err() {
            return;
        }
        let Ok(Some(frame)) = timeout(frame_time, rest(reader, first[0])).await else { return };
        if inputs.send(Input::Received { channel, frame }).await.is_err() {
            return;
        }
    }
}

/// The frame whose first byte is read. Memory is taken as bytes come, not as the length claims.
async fn rest(reader: &mut (impl AsyncRead + Unpin), first: u8) -> Option<Vec<u8>> {
    let mut second = [0; 1];
    reader.read_exact(&mut second).await.ok()?;
    let length = u16::from_be_bytes([first, second[0]]);
    let mut frame = Vec::new();
    reader.take(u64::from(length)).read_to_end(&mut frame).await.ok()?;
    // An empty frame says nothing and costs an input; nothing of ours sends one.
    (!frame.is_empty() && frame.len() == usize::from(length)).then_some(frame)
}

/// Writes what is queued; gives the stream back when all was written and no more will come.
async fn write<W: AsyncWrite + Unpin>(
    mut writer: W,
    mut frames: mpsc::Receiver<Vec<u8>>,
    patience: Duration,
) -> Option<W> {
    // A stream that we opened announces itself with its first bytes, whoever speaks first on it.
    writer.flush().await.ok()?;
    while let Some(frame) = frames.recv().await {
        let length = u16::try_from(frame.len()).ok()?;
        let mut bytes = Vec::with_capacity(2 + frame.len());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&frame);
        // Little may wait here for a peer that reads nothing, and waits for ever.
        timeout(patience, writer.write_all(&bytes)).await.ok()?.ok()?;
        if frames.is_empty() {
            writer.flush().await.ok()?;
        }
    }
    Some(writer)
}

/// Closes our half and waits for the peer to close its own: then it has everything.
async fn part(reader: impl AsyncRead + Unpin, mut writer: impl AsyncWrite + Unpin) {
    if writer.close().await.is_ok() {
        let _ = futures::io::copy(reader.take(UNHEARD), &mut futures::io::sink()).await;
    }
}
