//! Where a device can be reached, in the few forms that links and members carry. Written as a libp2p
//! multiaddress; forms that libp2p knows and this doesn't (relays, websockets) never get here.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

/// How the connection is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Transport {
    /// TCP with Noise and Yamux.
    Tcp,
    /// QUIC version 1.
    Quic,
}

/// What a connection is made to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Place {
    /// An IPv4 address.
    Ip4(Ipv4Addr),
    /// An IPv6 address.
    Ip6(Ipv6Addr),
    /// A name, resolved when it is dialled: at most 253 bytes.
    Dns(String),
}

/// Where a device or a rendezvous point can be reached. Says nothing of who it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The host.
    pub place: Place,
    /// TCP or UDP port.
    pub port: u16,
    /// TCP or QUIC.
    pub transport: Transport,
}

/// The text isn't an address of a form that is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an address like /ip4/192.0.2.7/tcp/7733 or /dns/point.example.org/udp/7733/quic-v1")]
pub struct NotAnAddress(pub String);

impl Address {
    /// Whether it is a loopback address: of use on this machine alone.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.ip().is_some_and(|ip| ip.is_loopback())
    }

    /// The IP address, where it is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self.place {
            Place::Ip4(ip) => Some(ip.into()),
            Place::Ip6(ip) => Some(ip.into()),
            Place::Dns(_) => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Ip4(ip) => write!(f, "/ip4/{ip}")?,
            Place::Ip6(ip) => write!(f, "/ip6/{ip}")?,
            Place::Dns(name) => write!(f, "/dns/{name}")?,
        }
        match self.transport {
            Transport::Tcp => write!(f, "/tcp/{}", self.port),
            Transport::Quic => write!(f, "/udp/{}/quic-v1", self.port),
        }
    }
}

impl FromStr for Address {
    type Err = NotAnAddress;

    /// Reads a multiaddress; a `/p2p/…` at its end is dropped, since an address only says where.
    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let wrong = || NotAnAddress(super::text::shown(&text.chars().take(100).collect::<String>()));
        let parts: Vec<&str> = text.strip_prefix('/').ok_or_else(wrong)?.split('/').collect();
        let [kind, host, protocol, port, rest @ ..] = &parts[..] else { return Err(wrong()) };
        let rest = match rest {
            [head @ .., "p2p", _] => head,
            all => all,
        };
        let transport = match (*protocol, rest) {
            ("tcp", []) => Transport::Tcp,
            ("udp", ["quic-v1"]) => Transport::Quic,
            _ => return Err(wrong()),
        };
        let place = match *kind {
            "ip4" => Place::Ip4(host.parse().map_err(|_| wrong())?),
            "ip6" => Place::Ip6(host.parse().map_err(|_| wrong())?),
            "dns" | "dns4" | "dns6" if is_host_name(host) => Place::Dns((*host).to_owned()),
            _ => return Err(wrong()),
        };
        Ok(Self { place, port: port.parse().map_err(|_| wrong())?, transport })
    }
}

fn is_host_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let address: Self = text.parse().map_err(serde::de::Error::custom)?;
        Ok(address)
    }
}
