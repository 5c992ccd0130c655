//! What is said by multicast, as libp2p's mDNS has it. A question asks for the service `_p2p._udp.local`. Who is there
//! answers with a name that means nothing, and with a line `dnsaddr=ADDRESS/p2p/PEER` under that name for each address.
//!
//! Of a packet that somebody sent as much is read as one peer has to say; it ends at the first thing that isn't DNS.

use std::time::Duration;

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use super::super::addresses;
use crate::core::primitives::{address::Address, limits};

/// `_p2p._udp.local`, as DNS writes names.
const SERVICE: &[u8] = b"\x04_p2p\x04_udp\x05local\x00";

/// How long the others may remember us.
const LIFE: Duration = Duration::from_secs(6 * 60);

/// Kinds of records.
const POINTER: u16 = 12;
const TEXT: u16 = 16;

/// Names of the internet.
const CLASS: u16 = 1;

/// Marks an answer that its sender has authority for.
const IS_ANSWER: u16 = 0x8400;

/// A name refers back within its packet this often at most.
const REFERENCES: usize = 8;

/// The longest name, as DNS has it.
const LONGEST_NAME: usize = 255;

/// What a packet says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Who is there?
    Question,
    /// Somebody is.
    Here(Here),
}

/// Somebody who says where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Here {
    /// Who, as they say.
    pub peer: PeerId,
    /// Where.
    pub addresses: Vec<Address>,
    /// For how long that is to be remembered.
    pub life: Duration,
}

/// Asks who is there.
#[must_use]
pub fn question() -> Vec<u8> {
    let mut out = head(0, [1, 0, 0, 0]);
    out.extend(SERVICE);
    push(&mut out, &[POINTER, CLASS]);
    out
}

/// Says that this peer is at these addresses. The name is drawn afresh by each sender.
#[must_use]
pub fn here(peer: &PeerId, addresses: &[Address], name: &[u8; 16]) -> Vec<u8> {
    let addresses = &addresses[..addresses.len().min(limits::ADDRESSES_PER_DEVICE)];
    let label = data_encoding::HEXLOWER.encode(name);
    let name = [&[32], label.as_bytes(), &[0]].concat();
    let mut out = head(IS_ANSWER, [0, 1, 0, u16::try_from(addresses.len()).unwrap_or(0)]);
    record(&mut out, SERVICE, POINTER, &name);
    for address in addresses {
        let line = format!("dnsaddr={address}/p2p/{peer}");
        // Ours are IP addresses, and far shorter than that.
        let Ok(length) = u8::try_from(line.len()) else { continue };
        record(&mut out, &name, TEXT, &[&[length], line.as_bytes()].concat());
    }
    out
}

fn head(flags: u16, counts: [u16; 4]) -> Vec<u8> {
    let mut out = Vec::new();
    push(&mut out, &[0, flags]);
    push(&mut out, &counts);
    out
}

fn record(out: &mut Vec<u8>, name: &[u8], kind: u16, content: &[u8]) {
    let life = u32::try_from(LIFE.as_secs()).unwrap_or(u32::MAX);
    out.extend(name);
    push(out, &[kind, CLASS]);
    out.extend(life.to_be_bytes());
    push(out, &[u16::try_from(content.len()).unwrap_or(0)]);
    out.extend(content);
}

fn push(out: &mut Vec<u8>, numbers: &[u16]) {
    out.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
}

/// What a packet says; nothing, where it is of no interest or no packet at all.
#[must_use]
pub fn read(packet: &[u8]) -> Option<Said> {
    let mut reader = Reader { packet, at: 0 };
    reader.numbers::<2>()?;
    let [questions, answers, authorities, more] = reader.numbers()?;
    if questions > 0 {
        let asks = (0..questions).map_while(|_| reader.question()).any(|name| name == SERVICE);
        return asks.then_some(Said::Question);
    }
    let mut found: Option<(Vec<u8>, Duration)> = None;
    let mut peer = None;
    let mut addresses = Vec::new();
    for _ in 0..usize::from(answers) + usize::from(authorities) + usize::from(more) {
        let record = reader.record()?;
        match &found {
            None if record.kind == POINTER && record.name == SERVICE => {
                found = Some((reader.at(record.content).name()?, record.life));
            }
            Some((name, _)) if record.kind == TEXT && record.name == *name => {
                let lines = Lines(&packet[record.content..record.end]);
                for (who, address) in lines.filter_map(address) {
                    if *peer.get_or_insert(who) == who && addresses.len() < limits::ADDRESSES_PER_DEVICE {
                        addresses.push(address);
                    }
                }
            }
            _ => {}
        }
    }
    Some(Said::Here(Here { peer: peer?, addresses, life: found?.1 }))
}

/// The address in a line, and whose it is.
fn address(line: &[u8]) -> Option<(PeerId, Address)> {
    let text = std::str::from_utf8(line.strip_prefix(b"dnsaddr=")?).ok()?;
    let mut address: Multiaddr = text.parse().ok()?;
    let Some(Protocol::P2p(peer)) = address.pop() else { return None };
    Some((peer, addresses::address(&address)?))
}

/// Reads a packet from its beginning to its end.
#[derive(Debug, Clone, Copy)]
struct Reader<'a> {
    packet: &'a [u8],
    at: usize,
}

struct Record {
    name: Vec<u8>,
    kind: u16,
    life: Duration,
    /// Where its content begins and ends.
    content: usize,
    end: usize,
}

impl Reader<'_> {
    fn at(self, at: usize) -> Self {
        Self { at, ..self }
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = self.packet.get(self.at..)?.first_chunk::<N>()?;
        self.at += N;
        Some(*taken)
    }

    fn numbers<const N: usize>(&mut self) -> Option<[u16; N]> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = u16::from_be_bytes(self.take()?);
        }
        Some(numbers)
    }

    fn question(&mut self) -> Option<Vec<u8>> {
        let name = self.name()?;
        self.numbers::<2>()?;
        Some(name)
    }

    fn record(&mut self) -> Option<Record> {
        let name = self.name()?;
        let [kind, _] = self.numbers()?;
        let life = Duration::from_secs(u32::from_be_bytes(self.take()?).into());
        let [length] = self.numbers()?;
        let content = self.at;
        let end = content + usize::from(length);
        self.packet.get(content..end)?;
        self.at = end;
        Some(Record { name, kind, life, content, end })
    }

    /// A name, in lower case, with what it refers back to.
    fn name(&mut self) -> Option<Vec<u8>> {
        let mut name = Vec::new();
        let mut reader = *self;
        let mut references = 0;
        loop {
            let [length] = reader.take()?;
            match length {
                0 => break,
                1..=63 => {
                    let end = reader.at + usize::from(length);
                    let label = reader.packet.get(reader.at..end)?;
                    name.push(length);
                    name.extend(label.to_ascii_lowercase());
                    reader.at = end;
                }
                0xc0.. => {
                    let [low] = reader.take()?;
                    if references == 0 {
                        self.at = reader.at;
                    }
                    references += 1;
                    reader.at = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                }
                _ => return None,
            }
            if name.len() >= LONGEST_NAME || references > REFERENCES {
                return None;
            }
        }
        if references == 0 {
            self.at = reader.at;
        }
        name.push(0);
        Some(name)
    }
}

/// The lines of a text record.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first()?;
        let (line, rest) = rest.split_at_checked((*length).into())?;
        self.0 = rest;
        Some(line)
    }
}
