//! Whether addresses can be listened at, before anything else is begun.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use super::NetError;
use crate::core::primitives::address::{Address, Transport};

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
