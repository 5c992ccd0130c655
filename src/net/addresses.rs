//! Our words for who and where, and libp2p's; and which of our own addresses others are told.

use std::collections::BTreeSet;
use std::net::IpAddr;

use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};

use crate::core::primitives::{
    address::{Address, Place, Transport},
    ids::DeviceId,
    limits,
};

/// In front of an Ed25519 key, makes a peer id: identity multihash of 36 bytes, protobuf of a key.
const ED25519_PEER: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

/// The peer id of a device. `None` can't happen for 32 bytes, and is taken as "nobody".
pub(super) fn peer_of(device: &DeviceId) -> Option<PeerId> {
    PeerId::from_bytes(&[&ED25519_PEER[..], &device.0].concat()).ok()
}

/// The device of a peer; peers with other kinds of keys are none.
pub(super) fn device_of(peer: &PeerId) -> Option<DeviceId> {
    let bytes = peer.to_bytes();
    bytes.strip_prefix(&ED25519_PEER[..])?.try_into().ok().map(DeviceId)
}

/// As libp2p writes it.
pub(super) fn multiaddr(address: &Address) -> Multiaddr {
    let mut out = Multiaddr::empty();
    out.push(match &address.place {
        Place::Ip4(ip) => Protocol::Ip4(*ip),
        Place::Ip6(ip) => Protocol::Ip6(*ip),
        Place::Dns(name) => Protocol::Dns(name.as_str().into()),
    });
    match address.transport {
        Transport::Tcp => out.push(Protocol::Tcp(address.port)),
        Transport::Quic => {
            out.push(Protocol::Udp(address.port));
            out.push(Protocol::QuicV1);
        }
    }
    out
}

/// An address that a peer or libp2p named, where it is of a form that we take.
pub(super) fn address(multiaddr: &Multiaddr) -> Option<Address> {
    let taken: Address = multiaddr.to_string().parse().ok()?;
    let of_use = taken.port != 0 && !taken.ip().is_some_and(|ip| ip.is_unspecified() || ip.is_multicast());
    of_use.then_some(taken)
}

/// The IP address (or the name, where we dialled one) in a connection's address.
pub(super) fn host(multiaddr: &Multiaddr) -> String {
    match multiaddr.iter().next() {
        Some(Protocol::Ip4(ip)) => ip.to_string(),
        Some(Protocol::Ip6(ip)) => ip.to_string(),
        Some(Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name)) => name.into_owned(),
        _ => "unknown".to_owned(),
    }
}

/// The IP address in a connection's address.
pub(super) fn ip(multiaddr: &Multiaddr) -> Option<IpAddr> {
    match multiaddr.iter().next()? {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(ip.into()),
        _ => None,
    }
}

/// What others are told of where we listen: the most useful first, as many as a device may have.
///
/// Loopback and link-local addresses are of use to nobody else, unless a person named that very address. Where we are known to be
/// reached from outside is told in any case.
pub(super) fn published<'a>(
    listening: impl Iterator<Item = &'a Multiaddr>,
    named: Option<&[Address]>,
    outside: &BTreeSet<Address>,
) -> Vec<Address> {
    let is_named = |ip| named.is_some_and(|all| all.iter().any(|address| address.ip() == Some(ip)));
    let mut found: Vec<Address> = listening
        .filter_map(address)
        .filter(|address| address.ip().is_some_and(|ip| reaches_beyond_the_link(ip) || is_named(ip)))
        .chain(outside.iter().cloned())
        .collect();
    found.sort_by_key(|address| (!outside.contains(address), usefulness(address), address.clone()));
    found.dedup();
    found.truncate(limits::ADDRESSES_PER_DEVICE);
    found.sort_by_key(|address| (usefulness(address), address.clone()));
    found
}

fn reaches_beyond_the_link(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_link_local(),
        IpAddr::V6(ip) => !ip.is_loopback() && !ip.is_unicast_link_local(),
    }
}

/// IPv4 before IPv6, private networks before public ones, TCP before QUIC: the order in which a guest in the
/// same house gets through soonest.
pub(super) fn usefulness(address: &Address) -> (bool, bool, Transport) {
    let (newer, public) = match address.ip() {
        Some(IpAddr::V4(ip)) => (false, !ip.is_private()),
        Some(IpAddr::V6(ip)) => (true, !ip.is_unique_local()),
        None => (true, true),
    };
    (newer, public, address.transport)
}
