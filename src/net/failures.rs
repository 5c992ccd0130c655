//! Why a way led nowhere, in a few words for a person, who may be able to do something about it.

use std::error::Error;
use std::io::{self, ErrorKind};

use libp2p::relay::outbound::hop::ConnectError;
use libp2p::swarm::DialError;
use libp2p::{TransportError, quic};

/// Why a dial led nowhere.
pub(super) fn phrase(error: &DialError) -> String {
    match error {
        DialError::WrongPeerId { .. } => "another device answers there".to_owned(),
        DialError::LocalPeerId { .. } | DialError::NoAddresses => "that is this device".to_owned(),
        DialError::Denied { .. } => "too many connections".to_owned(),
        DialError::Transport(errors) => match errors.first() {
            Some((_, TransportError::Other(error))) => of_transport(error),
            _ => "no address that this version understands".to_owned(),
        },
        _ => "given up".to_owned(),
    }
}

/// The words of the most telling cause: a relay's, then the system's.
fn of_transport(error: &io::Error) -> String {
    let mut words = None;
    for cause in causes(error) {
        if let Some(relay) = cause.downcast_ref::<ConnectError>() {
            return of_relay(relay).to_owned();
        }
        if matches!(cause.downcast_ref(), Some(quic::Error::HandshakeTimedOut)) {
            words = Some("no answer".to_owned());
        }
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            words = of_system(io).or(words);
        }
    }
    words.unwrap_or_else(|| "no connection".to_owned())
}

fn of_relay(error: &ConnectError) -> &'static str {
    match error {
        ConnectError::NoReservation => "the device is registered there, but not connected",
        ConnectError::ConnectionFailed => "the device does not answer it",
        ConnectError::ResourceLimitExceeded => "it carries too much already; it is tried again",
        ConnectError::PermissionDenied => "it refuses to carry this",
        _ => "it gave no proper answer",
    }
}

fn of_system(error: &io::Error) -> Option<String> {
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => "the machine is there, but nothing listens at that port".to_owned(),
        ErrorKind::TimedOut => "no answer".to_owned(),
        ErrorKind::HostUnreachable => "no such machine on that network".to_owned(),
        ErrorKind::NetworkUnreachable => "no network of this machine leads there".to_owned(),
        // What isn't the system's own has no number, and another cause inside.
        _ => error.raw_os_error().map(|_| error.to_string())?,
    })
}

/// An error and all that is wrapped in it, from outside in.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let this = next?;
        let io = this.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = io.map(|inner| inner as &(dyn Error + 'static)).or_else(|| this.source());
        Some(this)
    })
}
