//! Whether addresses can be listened at, before anything else is begun, and after something else has ended.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::NetError;
use crate::core::primitives::address::{Address, Transport};

/// A QUIC socket is closed when its last connection has said goodbye, which takes some round trips.
const CLOSING: Duration = Duration::from_secs(3);

/// How often it is looked whether it is.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Waits until a swarm that is gone has let go of the ports at which it listened, so that the next one gets them: its QUIC
/// sockets live in tasks of their own, a little longer than it does.
pub(super) async fn until_closed(listened: &[Address]) {
    let end = Instant::now() + CLOSING;
    let quic = listened.iter().filter(|address| address.transport == Transport::Quic && address.port != 0);
    for at in quic.filter_map(|address| Some(SocketAddr::new(address.ip()?, address.port))) {
        let in_use = || UdpSocket::bind(at).is_err_and(|error| error.kind() == ErrorKind::AddrInUse);
        while in_use() && Instant::now() < end {
            sleep(LOOK_AGAIN).await;
        }
    }
}

/// Binds each address once and lets go of it again.
///
/// # Errors
/// Says which address can't be had, and why.
pub fn check_addresses(listen: &[Address]) -> Result<(), NetError> {
    for address in listen {
        let Some(ip) = address.ip() else {
            let reason = "a name can't be listened at; name an address".to_owned();
            return Err(NetError::Listen { address: address.clone(), reason });
        };
        let at = SocketAddr::new(ip, address.port);
        let bound = match address.transport {
            Transport::Tcp => TcpListener::bind(at).map(drop),
            Transport::Quic => UdpSocket::bind(at).map(drop),
        };
        bound.map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => NetError::InUse(address.clone()),
            _ => NetError::Listen { address: address.clone(), reason: error.to_string() },
        })?;
    }
    Ok(())
}
