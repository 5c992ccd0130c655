//! The sockets: for IPv4 and for IPv6 one that hears what is said to the group, and one for each of this machine's own
//! addresses that speaks from it, so that who hears it sees where it comes from.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, sockopt};
use tokio::net::UdpSocket;

use super::super::links::Interface;
use crate::core::primitives::limits;

/// Where mDNS is spoken.
const PORT: u16 = 5353;
const GROUP_4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const GROUP_6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);

/// The sockets of IPv4, or of IPv6.
#[derive(Debug)]
pub(super) struct Ends {
    is_v4: bool,
    hears: UdpSocket,
    /// The system's own, and never waited for: tokio's have no room until it has looked at them once, and the first
    /// question would be lost.
    speaks: BTreeMap<IpAddr, (u32, std::net::UdpSocket)>,
}

impl Ends {
    /// # Errors
    /// Where the machine doesn't speak this, or somebody keeps the port for itself.
    pub(super) fn open(is_v4: bool) -> io::Result<Self> {
        let (family, any) = match is_v4 {
            true => (AddressFamily::INET, IpAddr::from(Ipv4Addr::UNSPECIFIED)),
            false => (AddressFamily::INET6, IpAddr::from(Ipv6Addr::UNSPECIFIED)),
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = rustix::net::socket_with(family, SocketType::DGRAM, flags, Some(ipproto::UDP))?;
        // The port is shared with whoever else on this machine looks around.
        sockopt::set_socket_reuseaddr(&socket, true)?;
        sockopt::set_socket_reuseport(&socket, true)?;
        if !is_v4 {
            sockopt::set_ipv6_v6only(&socket, true)?;
        }
        rustix::net::bind(&socket, &SocketAddr::new(any, PORT))?;
        let hears = UdpSocket::from_std(socket.into())?;
        Ok(Self { is_v4, hears, speaks: BTreeMap::new() })
    }

    /// The links are these from here on. Whether there is one more.
    pub(super) fn set(&mut self, interfaces: &[Interface]) -> bool {
        let ours = interfaces.iter().filter(|one| one.ip.is_ipv4() == self.is_v4 && one.is_of_use());
        let ours: BTreeMap<IpAddr, u32> = ours.take(limits::LINKS).map(|one| (one.ip, one.index)).collect();
        self.speaks.retain(|ip, (index, _)| ours.get(ip) == Some(index));
        let before = self.speaks.len();
        for (ip, index) in ours {
            if self.speaks.contains_key(&ip) {
                continue;
            }
            match self.join(ip, index) {
                Ok(socket) => drop(self.speaks.insert(ip, (index, socket))),
                Err(error) => tracing::debug!(%ip, %error, "a link can't be searched"),
            }
        }
        self.speaks.len() > before
    }

    fn join(&self, ip: IpAddr, index: u32) -> io::Result<std::net::UdpSocket> {
        let joined = match ip {
            IpAddr::V4(ip) => sockopt::set_ip_add_membership(&self.hears, &GROUP_4, &ip),
            IpAddr::V6(_) => sockopt::set_ipv6_add_membership(&self.hears, &GROUP_6, index),
        };
        // An interface with two addresses is joined once.
        joined.or_else(|error| if error == Errno::ADDRINUSE { Ok(()) } else { Err(error) })?;
        let socket = std::net::UdpSocket::bind(SocketAddr::new(ip, 0))?;
        socket.set_nonblocking(true)?;
        if ip.is_ipv4() {
            sockopt::set_ip_multicast_ttl(&socket, 255)?;
        } else {
            sockopt::set_ipv6_multicast_hops(&socket, 255)?;
        }
        Ok(socket)
    }

    /// The next packet, and who sent it.
    pub(super) async fn hear(&self, packet: &mut [u8]) -> (usize, IpAddr) {
        loop {
            match self.hears.recv_from(packet).await {
                Ok((length, from)) => return (length, from.ip().to_canonical()),
                // An error of an earlier packet of ours, or of a link that is gone.
                Err(error) => tracing::trace!(%error, "nothing heard"),
            }
            tokio::task::yield_now().await;
        }
    }

    /// Speaks on each link what is to be said there; what finds no room is lost, as anything sent like this may be.
    pub(super) fn say(&self, what: impl Fn(IpAddr) -> Option<Vec<u8>>) {
        for (ip, (index, socket)) in &self.speaks {
            let to = match self.is_v4 {
                true => SocketAddr::new(GROUP_4.into(), PORT),
                false => SocketAddrV6::new(GROUP_6, PORT, 0, *index).into(),
            };
            let Some(packet) = what(*ip) else { continue };
            if let Err(error) = socket.send_to(&packet, to) {
                tracing::trace!(%ip, %error, "nothing said");
            }
        }
    }
}
