//! The bare rendezvous point: what a daemon is to others while it is in no organization itself.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::entropy;
use super::membership::Shared;
use crate::core::node::input::Input;
use crate::core::primitives::secret::{Secret, Secret32};
use crate::net::{self, Command, Net};

/// The point, standing or not.
pub(super) struct Point {
    key: PathBuf,
    /// Whether to serve, if somebody decided.
    serve: Option<bool>,
    net: Option<Net>,
}

impl Point {
    /// One whose key lies at `key`. It doesn't stand yet.
    pub(super) fn new(key: PathBuf, serve: Option<bool>) -> Self {
        Self { key, serve, net: None }
    }

    /// Lets it stand where it should: told to serve, always; told nothing, while there are no memberships.
    pub(super) async fn keep(&mut self, shared: &Shared, has_memberships: bool) {
        if self.net.is_some() || !self.serve.unwrap_or(!has_memberships) {
            return;
        }
        let key_seed = match seed(&self.key) {
            Ok(seed) => seed,
            Err(error) => return tracing::error!("{}: {error}", self.key.display()),
        };
        let settings = net::Settings {
            key_seed,
            listen: shared.listen.clone(),
            explicit: shared.is_listen_chosen,
            serve: shared.serve,
            relay: shared.relay,
            calls_back: shared.calls_back,
            mdns: shared.mdns,
            upnp: shared.upnp,
            announce: shared.announce.clone(),
            pace: net::Pace::default(),
        };
        match net::start(settings).await {
            Ok((net, mut inputs)) => {
                let hears = net.clone();
                tokio::spawn(async move {
                    while let Some(input) = inputs.recv().await {
                        // It is no member and no host: who wants to talk to one is told so at once.
                        if let Input::Opened { channel, .. } = input {
                            hears.perform(Command::HangUp(channel)).await;
                        }
                    }
                });
                self.net = Some(net);
            }
            Err(error) => tracing::error!("rendezvous point: {error}"),
        }
    }

    /// Leaves the addresses to a membership, unless it was told to serve: then they are its own for good.
    pub(super) async fn give_way(&mut self) {
        if self.serve.is_none() {
            self.stop().await;
        }
    }

    pub(super) async fn stop(&mut self) {
        if let Some(net) = self.net.take() {
            net.stop().await;
        }
    }
}

/// The point's own key: no membership's, so that nobody links a point with an organization.
fn seed(path: &Path) -> io::Result<Secret32> {
    if let Ok(bytes) = std::fs::read(path)
        && let Ok(seed) = <[u8; 32]>::try_from(bytes.as_slice())
    {
        return Ok(Secret::new(seed));
    }
    let seed = entropy::fresh().map_err(io::Error::other)?;
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(seed.expose())?;
    file.sync_all()?;
    Ok(seed)
}
