//! Tells the service manager how it goes (`sd_notify(3)`): a datagram to the socket that it named.

use std::{
    ffi::OsStr,
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStrExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
};

use super::environment::Environment;

/// The way to the service manager; leads nowhere where there is none.
#[derive(Debug, Clone)]
pub struct Notifier {
    address: Option<SocketAddr>,
}

impl Notifier {
    /// The one that `NOTIFY_SOCKET` names.
    #[must_use]
    pub fn new(environment: &Environment) -> Self {
        Self { address: environment.variable("NOTIFY_SOCKET").and_then(address) }
    }

    /// The daemon listens, and its control socket answers.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// The daemon is on its way out.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    fn tell(&self, state: &str) {
        let Some(address) = &self.address else { return };
        if let Err(error) = send(address, state) {
            // It will take us for hung; that it can't be told is for it to log.
            tracing::warn!(%error, state, "the service manager could not be told");
        }
    }
}

fn send(address: &SocketAddr, state: &str) -> io::Result<()> {
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), address).map(drop)
}

/// A path, or `@` and an abstract name.
fn address(name: &OsStr) -> Option<SocketAddr> {
    match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name).ok(),
        [b'/', ..] => SocketAddr::from_pathname(name).ok(),
        _ => None,
    }
}
