//! The daemon from start to stop: lock, control socket, memberships, calls, signals.

use std::sync::Arc;

use tokio::sync::{broadcast, mpsc, oneshot};

use super::calls;
use super::clock::Clock;
use super::config;
use super::environment::Environment;
use super::lock::DataLock;
use super::membership::Shared;
use super::memberships::Memberships;
use super::notify::Notifier;
use super::open_files;
use crate::control::{Access, bind, serve};
use crate::core::node::Settings;
use crate::core::node::event::Event;
use crate::core::primitives::limits;
use crate::net::{self, Serves};

/// What a daemon couldn't start with; one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CannotStart(String);

fn cannot(why: impl std::fmt::Display) -> CannotStart {
    CannotStart(why.to_string())
}

/// Runs until it is told to stop by SIGTERM or SIGINT.
///
/// # Errors
/// [`CannotStart`]: the data directory or a chosen address is in use, or the socket can't be made.
pub async fn run(settings: config::Settings, environment: &Environment) -> Result<(), CannotStart> {
    let _lock = DataLock::take(&settings.data_dir).map_err(cannot)?;
    if settings.is_listen_chosen {
        net::check_addresses(&settings.listen).map_err(cannot)?;
    }
    open_files::raise();
    let mut signals = signals().map_err(cannot)?;
    let access = Access::fitting();
    let listener = bind(&settings.socket, access).map_err(cannot)?;
    let (events, _) = broadcast::channel(limits::PENDING_EVENTS);
    let shared = shared(&settings, events.clone());
    let memberships = Arc::new(Memberships::new(&settings.data_dir, settings.serve, shared));
    memberships.start_all().await.map_err(cannot)?;

    let (calls, mut called) = mpsc::channel(limits::CONTROL_CONNECTIONS);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, access, calls, events, async {
        let _ = stopped.await;
    }));
    let notifier = Notifier::new(environment);
    notifier.ready();
    tracing::info!("ready; control socket at {}", settings.socket.display());
    loop {
        tokio::select! {
            Some(call) = called.recv() => calls::take(&memberships, call),
            Some(()) = signals.recv() => break,
        }
    }
    notifier.stopping();
    let _ = stop.send(());
    memberships.stop_all().await;
    let _ = server.await;
    Ok(())
}

fn shared(settings: &config::Settings, events: broadcast::Sender<Event>) -> Shared {
    Shared {
        settings: Settings { points: settings.points.clone(), hints: settings.hints },
        listen: settings.listen.clone(),
        is_listen_chosen: settings.is_listen_chosen,
        serve: Serves::decided(settings.serve),
        relay: settings.relay,
        calls_back: settings.relay || settings.serve == Some(true),
        mdns: settings.mdns,
        upnp: settings.upnp,
        announce: settings.announce.clone(),
        clock: Arc::new(Clock::new()),
        events,
    }
}

fn signals() -> std::io::Result<mpsc::Receiver<()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (tell, told) = mpsc::channel(1);
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let (mut stream, tell) = (signal(kind)?, tell.clone());
        tokio::spawn(async move {
            stream.recv().await;
            let _ = tell.send(()).await;
        });
    }
    Ok(told)
}
