//! The server: takes connections, asks who they are, and gives each to the routes. Everything is bounded:
//! connections, their heads and bodies, and the time that these take.

use std::collections::VecDeque;
use std::future::{Future, ready};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::middleware::map_request;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::access::Peer;
use super::refuse::Refused;
use super::routes::{self, Desk};
use super::{Access, Call, bind};
use crate::core::node::event::Event;
use crate::core::node::request::{Class, Refusal};
use crate::core::primitives::limits;

/// What a local client needs at most from connecting to its first line.
const A_MOMENT: Duration = Duration::from_millis(100);

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

/// Takes connections as long as there are seats. Beyond that, who has asked nothing for longest gives up theirs, and
/// where all have asked, the others wait in the backlog. Half a request asks nothing yet.
async fn take(listener: &UnixListener, door: &Door, connections: &mut JoinSet<()>) {
    let seats = Arc::new(Semaphore::new(limits::CONTROL_CONNECTIONS));
    let mut silent = Silent::default();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                let Some(seat) = silent.make_room(&seats).await else { return };
                let asked = Asked::default();
                let task = connections.spawn(door.clone().attend(stream, seat, asked.clone()));
                silent.join(asked, task);
            }
            Err(error) => {
                // Out of file descriptors, mostly: somebody has to close some first.
                tracing::warn!(%error, "the control socket takes no connection");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

/// Whether a connection's request is here, its body too.
#[derive(Clone, Default)]
pub(super) struct Asked(Arc<AtomicBool>);

impl Asked {
    pub(super) fn all_is_here(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_whole(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Connections that have asked nothing yet, since when, in the order in which they came.
#[derive(Default)]
struct Silent(VecDeque<(Instant, Asked, AbortHandle)>);

impl Silent {
    fn join(&mut self, asked: Asked, task: AbortHandle) {
        self.forget_the_others();
        self.0.push_back((Instant::now(), asked, task));
    }

    /// The next seat that is free: at once, or because somebody gives theirs up.
    async fn make_room(&mut self, seats: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        let mut seat = pin!(Arc::clone(seats).acquire_owned());
        tokio::select! {
            biased;
            seat = &mut seat => seat.ok(),
            () = self.give_up_a_seat() => seat.await.ok(),
        }
    }

    /// Done when a connection was closed that had its chance to ask; never, where all have asked.
    async fn give_up_a_seat(&mut self) {
        loop {
            self.forget_the_others();
            let Some((since, asked, task)) = self.0.pop_front() else { return std::future::pending().await };
            if since.elapsed() >= A_MOMENT {
                return task.abort();
            }
            self.0.push_front((since, asked, task));
            sleep_until(since + A_MOMENT).await;
        }
    }

    fn forget_the_others(&mut self) {
        self.0.retain(|(_, asked, task)| !asked.is_whole() && !task.is_finished());
    }
}

impl Door {
    /// One connection, from who it is to its end.
    async fn attend(mut self, stream: UnixStream, _seat: OwnedSemaphorePermit, asked: Asked) {
        let Ok(credentials) = stream.peer_cred() else { return };
        let peer = Peer { uid: credentials.uid(), gid: credentials.gid() };
        let access = self.access;
        // The user database may be a directory server far away.
        let admitted = tokio::task::spawn_blocking(move || access.admits(peer)).await.unwrap_or(false);
        let routes = if admitted { self.routes.layer(Extension(peer)) } else { refusing(peer) };
        let routes = routes.layer(map_request(move |mut request: Request| {
            if request.body().is_end_stream() {
                asked.all_is_here();
            }
            request.extensions_mut().insert(asked.clone());
            ready(request)
        }));

        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // One request for each connection: so one that has asked is one that is being answered.
            .keep_alive(false)
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
