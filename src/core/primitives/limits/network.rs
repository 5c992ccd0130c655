//! The bounds of connections, streams, neighbours, rendezvous points and relays.

use std::num::NonZeroU32;
use std::time::Duration;

use super::MEMBERSHIPS;

/// Streams that all peers together may hold open: every guest of a full session has one, and as many again.
pub const STREAMS: usize = 2_560;

/// Frames that wait to be written to one stream (at most 8 MiB): a whole welcome fits; who reads slower than
/// that is hung up on.
pub const QUEUED_FRAMES: usize = 128;

/// What a stream may take to let out what was queued when it is hung up on.
pub const LINGER: Duration = Duration::from_secs(10);

/// Connections with one peer: TCP and QUIC, over IPv4 and over IPv6; and a call that it was asked for, while the one before ends.
pub const CONNECTIONS_PER_PEER: u32 = 6;

/// Connections that came in: every guest of a full session, members besides. When they are this many, the address that
/// holds most gives one to who comes from elsewhere.
pub const INCOMING_CONNECTIONS: u32 = 1_280;

/// Files and connections that the daemon asks the system for: every connection that came in, over TCP, twice as many
/// that it dials or that wait, and the stores and the control socket of many memberships besides.
pub const OPEN_FILES: u64 = 8_192;

/// Connections that are coming in and have not yet said who they are.
pub const PENDING_CONNECTIONS: u32 = 256;

/// Those of them from one IPv4 address, or from one IPv6 network of 64 bits: a room that joins at one moment, and
/// never more than half of what is left, so that a few addresses can't keep everybody out.
pub const PENDING_PER_IP: usize = 64;

/// Connections that are coming in through relays and have not yet said who they are.
pub const PENDING_RELAYED: usize = 64;

/// Connections that came in through relays: as many as one relay carries, and never all places.
pub const INCOMING_RELAYED: usize = 512;

/// Connections from one IPv4 address, or from one IPv6 network of 64 bits: an office behind one router.
pub const CONNECTIONS_PER_IP: usize = 64;

/// What one IPv6 network of 48 bits may have of what is counted for one of 64 bits: who is given the larger one has 65,536 of these.
pub const SHARES_OF_A_SITE: usize = 4;

/// How often a peer is pinged, and how long it may take to answer. Who doesn't answer twice in a row is gone: a cable that is
/// out is noticed after 36 seconds at the latest, and one lost packet is forgiven.
pub const PING: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(8));

/// Contacts that a device keeps connections to; with more, whoever connects first.
pub const KEPT_CONTACTS: usize = 256;

/// Contacts that are dialled at one moment.
pub const CONTACTS_DIALLED: usize = 8;

/// Devices on the local network that are remembered.
pub const NEIGHBOURS: usize = 512;

/// Those of them that speak from one address: a machine with as many memberships as there can be, and as many again.
pub const NEIGHBOURS_PER_IP: usize = 2 * MEMBERSHIPS;

/// How long a device on the local network is remembered after it was seen, whatever it says: at least, so that it can be
/// asked, and at most, so that one that fell silent leaves its place.
pub const NEIGHBOUR_KEPT: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(10 * 60));

/// Links of this machine on which it looks around, of IPv4 and of IPv6: the system lets one socket join twenty groups.
pub const LINKS: usize = 16;

/// Packets in a second that are read of one sender on the local network: a room full of questions is answered ten times a
/// second, by each of a machine's few memberships.
pub const LAN_PACKETS_PER_IP: u32 = 64;

/// Who sends no more in a second than this is quiet: its packets are read whatever the others send.
pub const LAN_PACKETS_OF_THE_QUIET: u32 = 4;

/// Packets in a second that are read on the local network in all, of quiet senders and of the others each: a large room, each
/// of whom says something.
pub const LAN_PACKETS: u32 = 2_048;

/// Neighbours that are asked to serve as rendezvous points.
pub const NEIGHBOURS_ASKED: usize = 8;

/// Rendezvous points that are used at one moment.
pub const POINTS: usize = 32;

/// Registrations that we keep at one rendezvous point; below what a point takes, so that each can be renewed.
pub const REGISTRATIONS_PER_POINT: usize = 60;

/// Registrations that a point takes from one peer: a host with many pending invitations.
pub const REGISTRATIONS_PER_PEER: usize = 64;

/// Registrations that a point takes from one IPv4 address, or from one IPv6 network of 64 bits: a whole office behind
/// one router, and never all places.
pub const REGISTRATIONS_PER_IP: usize = 2_048;

/// Registrations that a point takes in one namespace: all devices of a large organization, and never all places.
pub const REGISTRATIONS_PER_NAMESPACE: usize = 4_096;

/// Registrations that a point holds in all: 32 MiB of records at the very most, five as they usually are.
pub const REGISTRATIONS: usize = 16_384;

/// A signed record of a peer's addresses, in bytes: thirty addresses and a signature.
pub const RECORD: usize = 2 * 1024;

/// The name of a namespace, in bytes, as libp2p has it.
pub const NAMESPACE: usize = 255;

/// What a point's answer ends with and the next question begins with, in bytes: a number and a namespace, and room.
pub const COOKIE: usize = 512;

/// One request to a point, in bytes: a record, a namespace, a cookie, and room.
pub const REQUEST: usize = 4 * 1024;

/// One answer of a point, in bytes: as many records as we ask for, each as large as may be.
pub const ANSWER: usize = 64 * 1024;

/// Requests of one connection that a point answers at one moment: all registrations of a busy host at once.
pub const REQUESTS_UNDER_WAY: usize = 64;

/// Registrations in one answer of a point, however many are asked for; the cookie asks for the next ones.
pub const TOLD_AT_ONCE: usize = 128;

/// Answers of a point that one address hasn't taken yet, in bytes, with all its keys; that of a peer whose address doesn't
/// count: four hundred devices that ask for a large organization's members at one moment.
pub const ANSWERS_OF_ONE: usize = 2 * 1024 * 1024;

/// Answers of a point that nobody has taken yet, in bytes, in all.
pub const ANSWERS_IN_ALL: usize = 32 * 1024 * 1024;

/// Registrations that we ask a point for at once.
pub const DISCOVERED_AT_ONCE: u64 = 16;

/// Peers whose connections a point holds open because they are registered with it, though idle.
pub const HELD_CONNECTIONS: usize = 256;

/// The shortest life of a registration that a point takes.
pub const SHORTEST_REGISTRATION: Duration = Duration::from_secs(60);

/// The longest life of a registration that a point takes.
pub const LONGEST_REGISTRATION: Duration = Duration::from_secs(2 * 3600);

/// Requests that a point serves for one peer in a minute: all registrations of a busy host, five times over.
pub const ASKED_PER_MINUTE: u32 = 300;

/// Requests that a point serves from one IPv4 address, or from one IPv6 network of 64 bits, in a minute: an office behind one
/// router whose guests all look for their hosts.
pub const ASKED_PER_MINUTE_BY_ADDRESS: u32 = 20 * ASKED_PER_MINUTE;

/// Peers whose requests to a point are counted, and addresses; with more, who was counted for longest is forgotten.
pub const ASKING_PEERS: usize = 4_096;

/// How long a peer that asked for more than that, and its address, are kept out.
pub const KEPT_OUT: Duration = Duration::from_secs(10 * 60);

/// Peers and addresses that are kept out at one moment; with more, the ones kept out longest may come back.
pub const KEPT_OUT_AT_ONCE: usize = 1_024;

/// Peers for whom a relay holds a place.
pub const RELAY_PLACES: usize = 1024;

/// Connections that a relay carries at once, and of one peer: a room full of guests of one host, all waiting.
pub const CIRCUITS: usize = 512;
/// See [`CIRCUITS`].
pub const CIRCUITS_PER_PEER: usize = 128;

/// Connections that a relay carries at once that were opened from one IPv4 address, or from one IPv6 network of 64 bits: an
/// office behind one router, and never all of them.
pub const CIRCUITS_PER_IP: usize = 96;

/// Connections that a relay carries at once to one peer, when more than half of all are taken: until then a large session has
/// what nobody else wants.
pub const CIRCUITS_PER_DESTINATION: usize = CIRCUITS / 4;

/// How long a relay carries one: a guest may wait half an hour, and the greeting follows.
pub const CIRCUIT: Duration = Duration::from_secs(3600);

/// What a relay carries over one connection, in bytes: greetings, and the roster of an organization of some thousands.
pub const CIRCUIT_BYTES: u64 = 4 * 1024 * 1024;

/// How often one peer may ask a relay for a place, or a connection: so often at once, and once more after each such span.
pub const RELAY_RATE_PER_PEER: (NonZeroU32, Duration) =
    (NonZeroU32::new(30).unwrap(), Duration::from_secs(10));

/// The same for one address, behind which a whole office may be.
pub const RELAY_RATE_PER_IP: (NonZeroU32, Duration) = (NonZeroU32::new(120).unwrap(), Duration::from_secs(1));

/// Rendezvous points that an organization sets: they fit a setting, and a link names them.
pub const ORGANIZATION_POINTS: usize = 8;

/// Addresses that a person says lead here from outside: TCP and QUIC, over IPv4 and over IPv6; half of what is told of a device.
pub const ANNOUNCED: usize = 4;

/// Addresses at which one point is asked to call us: TCP and QUIC, over IPv4 and over IPv6; and as many are told.
pub const OUTSIDE_GUESSES: usize = 4;

/// How long it is believed that we are reached at an address outside, and after what time it is asked again: twice in vain
/// is forgiven.
pub const OUTSIDE_HOLDS: Duration = Duration::from_secs(30 * 60);
/// See [`OUTSIDE_HOLDS`].
pub const OUTSIDE_ASKED_AGAIN: Duration = Duration::from_secs(10 * 60);

/// After what time a point is asked again that gave no answer.
pub const OUTSIDE_UNANSWERED: Duration = Duration::from_secs(60);

/// A point is asked no sooner than that after it was asked, whatever happens: it may see us at another address each moment.
pub const OUTSIDE_RESTS: Duration = Duration::from_secs(10);

/// Streams on one connection on which somebody asks to be called, or calls, at one moment: all guesses, twice.
pub const CALLS_ASKED_AT_ONCE: usize = 8;

/// Calls that a point makes for one peer in a minute: all guesses, twice.
pub const CALLS_PER_PEER: u32 = 8;

/// Calls that it makes in a minute to one IPv4 address, or to one IPv6 network of 64 bits: an office behind one router.
pub const CALLS_PER_IP: u32 = 32;

/// Calls that it makes in a minute in all.
pub const CALLS_PER_MINUTE: u32 = 256;

/// Calls that it makes at one moment.
pub const CALLS_UNDER_WAY: usize = 32;
