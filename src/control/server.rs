//! The server: takes connections, asks who they are, and gives each to the routes. Everything is bounded:
//! connections, their heads and bodies, and the time that these take.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc, watch};
use tokio::task::JoinSet;

use super::access::Peer;
use super::refuse::Refused;
use super::routes::{self, Desk};
use super::{Access, Call, bind};
use crate::core::node::event::Event;
use crate::core::node::request::{Class, Refusal};
use crate::core::primitives::limits;

/// Serves until `stop` is done; then open connections get a moment to finish, and the socket is removed.
///
/// Conversations are the daemon's to end, within [`limits::CONTROL_FAREWELL`] of `stop`: what it says by then
/// still reaches its client.
///
/// A follower of events that lags behind by the capacity of `events` is told so and dropped: make the
/// channel with [`limits::PENDING_EVENTS`].
pub async fn serve(
    listener: UnixListener,
    access: Access,
    calls: mpsc::Sender<Call>,
    events: broadcast::Sender<Event>,
    stop: impl Future<Output = ()>,
) {
    let (stopping, stopped) = watch::channel(false);
    let path = listener.local_addr().ok().and_then(|address| address.as_pathname().map(ToOwned::to_owned));
    let door = Door { access, routes: routes::all(Desk::new(calls, events, stopped.clone())), stopped };
    let mut connections = JoinSet::new();
    tokio::select! {
        () = stop => {}
        () = take(&listener, &door, &mut connections) => {}
    }

    drop(listener);
    if let Some(path) = path {
        bind::remove(&path);
    }
    let _ = stopping.send(true);
    let farewell = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits::CONTROL_FAREWELL, farewell).await.is_err() {
        connections.shutdown().await;
    }
}

/// What every connection needs.
#[derive(Clone)]
struct Door {
    access: Access,
    routes: Router,
    stopped: watch::Receiver<bool>,
}

/// Takes connections as long as there are seats; beyond that they wait in the backlog.
async fn take(listener: &UnixListener, door: &Door, connections: &mut JoinSet<()>) {
    let seats = Arc::new(Semaphore::new(limits::CONTROL_CONNECTIONS));
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(seat) = seats.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(door.clone().attend(stream, seat));
            }
            Err(error) => {
                // Out of file descriptors, mostly: somebody has to close some first.
                tracing::warn!(%error, "the control socket takes no connection");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

impl Door {
    /// One connection, from who it is to its end.
    async fn attend(mut self, stream: UnixStream, _seat: OwnedSemaphorePermit) {
        let Ok(credentials) = stream.peer_cred() else { return };
        let peer = Peer { uid: credentials.uid(), gid: credentials.gid() };
        let access = self.access;
        // The user database may be a directory server far away.
        let admitted = tokio::task::spawn_blocking(move || access.admits(peer)).await.unwrap_or(false);
        let routes = if admitted { self.routes.layer(Extension(peer)) } else { refusing(peer) };

        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits::CONTROL_TRICKLE)
            .max_buf_size(limits::CONTROL_HEAD)
            .max_headers(limits::CONTROL_HEADERS)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = stopping(&mut self.stopped) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::trace!(%error, "a control connection broke off");
        }
    }
}

/// Done when the daemon stops.
pub(super) async fn stopping(stopped: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, which is the same.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// What a user gets who may not ask anything.
fn refusing(peer: Peer) -> Router {
    tracing::warn!(uid = peer.uid, "refused on the control socket");
    Router::new().fallback(move || async move {
        let why = format!("control socket: user {} may not use this daemon", peer.uid);
        let hint = "root, the daemon's own user and, for a system daemon, members of the group 'muster' may";
        Refused(Refusal::new(Class::NotAllowed, "socket_refused", why).hint(hint))
    })
}
