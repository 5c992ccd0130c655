//! This machine's own links: which addresses are reached without a router.

use std::net::IpAddr;
use std::time::Duration;

use libp2p::{Multiaddr, multiaddr::Protocol};
use nix::ifaddrs::getifaddrs;
use nix::net::if_::{InterfaceFlags, if_nametoindex};
use nix::sys::socket::SockaddrStorage;
use tokio::time::Instant;

use super::addresses;

/// Interfaces change seldom, and reading them is a system call.
const READ_AGAIN: Duration = Duration::from_secs(1);

/// A network that is larger than that is nobody's link, whatever an interface says: of IPv4, and of IPv6.
const LARGEST: (u32, u32) = (8, 48);

/// The networks of this machine's interfaces, as they were read last.
#[derive(Debug, Default)]
pub struct Links {
    read_at: Option<Instant>,
    nets: Vec<Net>,
}

/// An address of ours, and how many of its bits are the network's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Net(IpAddr, u32);

impl Links {
    /// These, each an address of ours and how many of its bits are the network's, and not the machine's.
    #[must_use]
    pub fn of(nets: &[(IpAddr, u32)]) -> Self {
        let never = Instant::now() + Duration::from_secs(3600);
        Self { read_at: Some(never), nets: nets.iter().map(|(ip, bits)| Net(*ip, *bits)).collect() }
    }

    /// Whether this is the other end of a direct connection from one of our own links.
    pub fn lead_to(&mut self, remote: &Multiaddr) -> bool {
        // Of a relayed connection the address is the relay's, which may well be next door.
        let relayed = remote.iter().any(|part| matches!(part, Protocol::P2pCircuit));
        !relayed && addresses::ip(remote).is_some_and(|ip| self.hold(ip.to_canonical()))
    }

    /// Whether an address is on one of our own links.
    pub fn hold(&mut self, ip: IpAddr) -> bool {
        let now = Instant::now();
        if self.read_at.is_none_or(|at| now.duration_since(at) >= READ_AGAIN) {
            (self.read_at, self.nets) = (Some(now), read());
        }
        self.nets.iter().any(|net| net.holds(ip))
    }
}

impl Net {
    fn holds(&self, ip: IpAddr) -> bool {
        match (self.0, ip) {
            (IpAddr::V4(own), IpAddr::V4(ip)) => {
                self.1 >= LARGEST.0 && same(own.to_bits().into(), ip.to_bits().into(), 32 - self.1)
            }
            (IpAddr::V6(own), IpAddr::V6(ip)) => {
                self.1 >= LARGEST.1 && same(own.to_bits(), ip.to_bits(), 128 - self.1)
            }
            _ => false,
        }
    }
}

fn same(one: u128, other: u128, host_bits: u32) -> bool {
    (one ^ other).checked_shr(host_bits).unwrap_or(0) == 0
}

/// One address of one of this machine's interfaces.
#[derive(Debug, Clone, Copy)]
pub struct Interface {
    /// The address.
    pub ip: IpAddr,
    /// The interface's number.
    pub index: u32,
}

impl Interface {
    /// Whether others can reach us there: with an address of the link alone they can't.
    #[must_use]
    pub fn is_of_use(&self) -> bool {
        !matches!(self.ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
    }
}

/// The interfaces that are up and carry multicast, in the system's order: real ones come before those of containers.
pub(super) fn interfaces() -> Vec<Interface> {
    let carries = InterfaceFlags::IFF_UP | InterfaceFlags::IFF_MULTICAST;
    let all = getifaddrs().ok().into_iter().flatten();
    let live =
        all.filter(|one| one.flags.contains(carries) && !one.flags.contains(InterfaceFlags::IFF_LOOPBACK));
    live.filter_map(|one| {
        Some(Interface { ip: ip(one.address?)?, index: if_nametoindex(one.interface_name.as_str()).ok()? })
    })
    .collect()
}

/// A system that doesn't tell has no links.
fn read() -> Vec<Net> {
    let interfaces =
        getifaddrs().inspect_err(|error| tracing::warn!(%error, "interfaces can't be read")).ok();
    let nets = interfaces.into_iter().flatten().filter_map(|interface| {
        let mask = ip(interface.netmask?)?;
        let bits = match mask {
            IpAddr::V4(mask) => mask.to_bits().leading_ones(),
            IpAddr::V6(mask) => mask.to_bits().leading_ones(),
        };
        Some(Net(ip(interface.address?)?, bits))
    });
    nets.collect()
}

fn ip(address: SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|it| IpAddr::V4(it.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|it| IpAddr::V6(it.ip())))
}
