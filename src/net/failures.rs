//! Why a way led nowhere, in a few words for a person, who may be able to do something about it.

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
            _ => "an address that this version does not understand".to_owned(),
        },
        _ => "given up".to_owned(),
    }
}

/// Whether it never left this machine, because the port that it was to leave from is another's.
pub(super) fn is_of_the_own_port(error: &DialError) -> bool {
    let DialError::Transport(errors) = error else { return false };
    let number = |error: &TransportError<io::Error>| match error {
        TransportError::Other(error) => system_error(&error.to_string()),
        TransportError::MultiaddrNotSupported(_) => None,
    };
    let kind = |number| io::Error::from_raw_os_error(number).kind();
    errors.iter().filter_map(|(_, error)| number(error)).any(|number| kind(number) == ErrorKind::AddrInUse)
}

/// What became of one connection. Libraries wrap what happened in types that don't hand it out again, so it is known by its own words.
#[must_use]
pub fn of_transport(error: &io::Error) -> String {
    let text = error.to_string();
    let told = |words: &str| text.contains(words);
    let relay = relays_words().into_iter().find(|(error, _)| told(&error.to_string()));
    if let Some((_, words)) = relay {
        return words.to_owned();
    }
    if let Some(number) = system_error(&text) {
        return of_system(&io::Error::from_raw_os_error(number));
    }
    let late = told(&quic::Error::HandshakeTimedOut.to_string()) || told("Timeout has been reached");
    if late { "no answer" } else { "no connection" }.to_owned()
}

fn relays_words() -> [(ConnectError, &'static str); 4] {
    [
        (ConnectError::NoReservation, "the device is registered there, but not connected"),
        (ConnectError::ConnectionFailed, "the device does not answer it"),
        (ConnectError::ResourceLimitExceeded, "it carries too much already; it is tried again"),
        (ConnectError::PermissionDenied, "it refuses to carry this"),
    ]
}

/// The number that the system gives an error, which ends its words.
fn system_error(text: &str) -> Option<i32> {
    let (_, rest) = text.rsplit_once("(os error ")?;
    rest.split_once(')')?.0.parse().ok()
}

fn of_system(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "the machine is there, but nothing listens at that port".to_owned(),
        ErrorKind::TimedOut => "no answer".to_owned(),
        ErrorKind::HostUnreachable => "no such machine on that network".to_owned(),
        ErrorKind::NetworkUnreachable => "no network of this machine leads there".to_owned(),
        _ => error.to_string(),
    }
}
