//! The link: what a guest holds. Upper-case base32 with a checksum behind `muster:`, short enough for a QR
//! code of 23 lines, and robust against copy and paste (docs/spec/wire.md, W2).
//!
//! ```text
//! version 1 · length 2 · kind 1 · organization 16 · token 16 · host 32 · expiry 4 · hints 1 + … · checksum 4
//! ```

use std::net::{Ipv4Addr, Ipv6Addr};

use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use super::invitation::InvitationKeys;
use crate::core::primitives::address::{Address, Place, Transport};
use crate::core::primitives::digest::{derive, label};
use crate::core::primitives::ids::{DeviceId, OrganizationPrefix};
use crate::core::primitives::kind::Kind;
use crate::core::primitives::limits;
use crate::core::primitives::secret::Token;
use crate::core::primitives::time::Moment;

const VERSION: u8 = 1;
const SCHEME: &str = "muster:";
const FIXED: usize = 1 + 2 + 1 + 16 + 16 + 32 + 4 + 1;
const CHECKSUM: usize = 4;

/// An invitation as its guest holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it is for.
    pub kind: Kind,
    /// Into which organization.
    pub organization: OrganizationPrefix,
    /// The secret; everything else can be public.
    pub token: Token,
    /// Whose device greets.
    pub host: DeviceId,
    /// Until when, to the second.
    pub expires: Moment,
    /// Where the host may be.
    pub hosts: Vec<Address>,
    /// Rendezvous points that may know where the host is.
    pub points: Vec<Address>,
}

/// Why a text isn't a link. Each says what the person can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Nothing there.
    #[error("is empty; paste the whole link, which starts with muster:")]
    Empty,
    /// More than any link has.
    #[error("is too long to be a link; paste the link alone, which starts with muster:")]
    TooLong,
    /// Another scheme, or none.
    #[error("does not start with muster:; paste the whole link")]
    Scheme,
    /// The end is missing.
    #[error("is cut off at its end; paste the whole link")]
    CutOff,
    /// Some character isn't what it was.
    #[error("was altered on its way, a character at least; copy it again from where it was sent")]
    Altered,
    /// From a later Muster.
    #[error("was made by another version of Muster; update this one")]
    OtherVersion,
}

impl Link {
    /// The link as text: `muster:` and upper-case base32. It holds the token, so it is wiped when dropped.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(vec![VERSION, 0, 0, kind_byte(self.kind)]);
        bytes.extend_from_slice(&self.organization.0);
        bytes.extend_from_slice(self.token.expose());
        bytes.extend_from_slice(&self.host.0);
        bytes.extend_from_slice(&u32::try_from(self.expires.0 / 1000).unwrap_or(u32::MAX).to_be_bytes());
        let hints = hints(&self.hosts, &self.points);
        bytes.push(u8::try_from(hints.len()).unwrap_or(0));
        bytes.extend(hints.concat());
        let length = u16::try_from(bytes.len() + CHECKSUM).unwrap_or(u16::MAX);
        bytes[1..3].copy_from_slice(&length.to_be_bytes());
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum);
        Zeroizing::new(format!("{SCHEME}{}", BASE32_NOPAD.encode(&bytes)))
    }

    /// Reads a link: the scheme in either case, white space anywhere, and an https landing page's address in
    /// front of a `#` are all taken.
    ///
    /// # Errors
    /// [`LinkError`]: empty, too long, another scheme, cut off, altered, or of another version.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let body = body(text)?;
        if !body.bytes().all(|b| b.is_ascii_uppercase() || matches!(b, b'2'..=b'7')) {
            return Err(LinkError::Altered);
        }
        let head = BASE32_NOPAD.decode(body.get(..8).ok_or(LinkError::CutOff)?.as_bytes());
        let head = head.map_err(|_| LinkError::Altered)?;
        let length = usize::from(u16::from_be_bytes([head[1], head[2]]));
        if head[0] == VERSION && body.len() < (length * 8).div_ceil(5) {
            return Err(if length <= limits::LINK_TEXT { LinkError::CutOff } else { LinkError::Altered });
        }
        let bytes = Zeroizing::new(BASE32_NOPAD.decode(body.as_bytes()).map_err(|_| LinkError::Altered)?);
        let (content, sum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(LinkError::CutOff)?;
        if checksum(content) != *sum {
            return Err(LinkError::Altered);
        }
        if head[0] != VERSION {
            return Err(LinkError::OtherVersion);
        }
        decode(content).filter(|_| bytes.len() == length).ok_or(LinkError::Altered)
    }

    /// The keys that the token gives.
    #[must_use]
    pub fn keys(&self) -> InvitationKeys {
        InvitationKeys::from_token(&self.token)
    }
}

fn body(text: &str) -> Result<Zeroizing<String>, LinkError> {
    if text.trim().is_empty() {
        return Err(LinkError::Empty);
    }
    if text.len() > limits::LINK_TEXT {
        return Err(LinkError::TooLong);
    }
    let text: Zeroizing<String> = Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).collect());
    let from_page = text.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("https://"));
    let link = if from_page { text.split_once('#').map_or("", |(_, fragment)| fragment) } else { &text };
    match link.get(..SCHEME.len()) {
        Some(scheme) if scheme.eq_ignore_ascii_case(SCHEME) => {
            Ok(Zeroizing::new(link[SCHEME.len()..].to_ascii_uppercase()))
        }
        _ => Err(LinkError::Scheme),
    }
}

fn checksum(content: &[u8]) -> [u8; CHECKSUM] {
    let digest = derive(label::LINK_CHECKSUM, &[content]);
    [digest[0], digest[1], digest[2], digest[3]]
}

fn kind_byte(kind: Kind) -> u8 {
    match kind {
        Kind::User => 0,
        Kind::Device => 1,
        Kind::Session => 2,
    }
}

fn decode(content: &[u8]) -> Option<Link> {
    let (fixed, mut rest) = content.split_first_chunk::<FIXED>()?;
    let kind = match fixed[3] {
        0 => Kind::User,
        1 => Kind::Device,
        2 => Kind::Session,
        _ => return None,
    };
    let mut link = Link {
        kind,
        organization: OrganizationPrefix(fixed[4..20].try_into().ok()?),
        token: Token::new(fixed[20..36].try_into().ok()?),
        host: DeviceId(fixed[36..68].try_into().ok()?),
        expires: Moment(u64::from(u32::from_be_bytes(fixed[68..72].try_into().ok()?)) * 1000),
        hosts: Vec::new(),
        points: Vec::new(),
    };
    for _ in 0..fixed[72] {
        let (is_point, addresses, after) = read_hint(rest)?;
        if is_point { &mut link.points } else { &mut link.hosts }.extend(addresses);
        rest = after;
    }
    rest.is_empty().then_some(link)
}

const POINT: u8 = 0x80;
const TCP: u8 = 0x10;
const QUIC: u8 = 0x20;

/// One hint each: `role and transports and form 1 · place 4, 16 or 1 + … · port 2`. TCP and QUIC at one port are one.
fn hints(hosts: &[Address], points: &[Address]) -> Vec<Vec<u8>> {
    let mut merged: Vec<(u8, &Address)> = Vec::new();
    for (role, address) in hosts.iter().map(|a| (0, a)).chain(points.iter().map(|a| (POINT, a))) {
        let transport = if address.transport == Transport::Tcp { TCP } else { QUIC };
        let same = |(tag, a): &&mut (u8, &Address)| {
            *tag & POINT == role && (&a.place, a.port) == (&address.place, address.port)
        };
        match merged.iter_mut().find(same) {
            Some((tag, _)) => *tag |= transport,
            None => merged.push((role | transport, address)),
        }
    }
    merged.into_iter().take(limits::LINK_HINTS).map(|(tag, address)| write_hint(tag, address)).collect()
}

fn write_hint(tag: u8, address: &Address) -> Vec<u8> {
    let mut hint = match &address.place {
        Place::Ip4(ip) => [&[tag | 1], ip.octets().as_slice()].concat(),
        Place::Ip6(ip) => [&[tag | 2], ip.octets().as_slice()].concat(),
        Place::Dns(name) => [&[tag | 3, u8::try_from(name.len()).unwrap_or(0)], name.as_bytes()].concat(),
    };
    hint.extend_from_slice(&address.port.to_be_bytes());
    hint
}

fn read_hint(bytes: &[u8]) -> Option<(bool, Vec<Address>, &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (place, rest) = match tag & 0x0f {
        1 => rest.split_first_chunk::<4>().map(|(ip, rest)| (Place::Ip4(Ipv4Addr::from(*ip)), rest))?,
        2 => rest.split_first_chunk::<16>().map(|(ip, rest)| (Place::Ip6(Ipv6Addr::from(*ip)), rest))?,
        3 => {
            let (length, rest) = rest.split_first()?;
            let (name, rest) = rest.split_at_checked(usize::from(*length))?;
            let name = std::str::from_utf8(name).ok()?;
            let address: Address = format!("/dns/{name}/tcp/1").parse().ok()?;
            (address.place, rest)
        }
        _ => return None,
    };
    let (port, rest) = rest.split_first_chunk::<2>()?;
    let port = u16::from_be_bytes(*port);
    let transports = [(TCP, Transport::Tcp), (QUIC, Transport::Quic)];
    let addresses: Vec<Address> = transports
        .into_iter()
        .filter(|(bit, _)| tag & bit != 0)
        .map(|(_, transport)| Address { place: place.clone(), port, transport })
        .collect();
    (!addresses.is_empty()).then_some((tag & POINT != 0, addresses, rest))
}
