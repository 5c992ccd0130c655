//! Every bound, with its reason. What a peer can make grow is listed here; what the network's part holds, in `network`.

use std::time::Duration;

mod network;

pub use network::*;

/// Reading a code aloud takes a minute; five is kind. Unit of every human step of a greeting.
pub const HUMAN_STEP: Duration = Duration::from_secs(5 * 60);

/// A Noise handshake is two small messages; who takes longer isn't coming.
pub const HANDSHAKE: Duration = Duration::from_secs(10);

/// A machine's answer within a greeting (a reveal, an acknowledgement): a slow satellite link, twice.
pub const MACHINE_STEP: Duration = Duration::from_secs(30);

/// How long a guest may wait in the queue of an invitation, the connection being kept alive.
pub const IDLE_WAIT: Duration = Duration::from_secs(30 * 60);

/// How long a guest's daemon looks for the host before it tells the person that nothing was found.
pub const REACH: Duration = Duration::from_secs(45);

/// How long a welcome may take once the host has confirmed: many certificates over a slow line.
pub const WELCOME: Duration = Duration::from_secs(120);

/// One frame on any of our protocols, in bytes. Noise allows 65,535 for a message with its tag.
pub const FRAME: usize = 65_535;

/// What one Noise message can carry, in bytes: a frame less the 16 bytes of its tag.
pub const NOISE_PAYLOAD: usize = FRAME - 16;

/// One certificate with its signature, in bytes: a cut that names 16 forked devices still fits.
pub const CERTIFICATE: usize = 8 * 1024;

/// Parents of one certificate; who knows more heads ties them first.
pub const PARENTS: usize = 16;

/// Devices of one user, ever: phones, laptops and their replacements.
pub const DEVICES_PER_USER: usize = 16;

/// Ends that a cut names of one device's chain: one, but two after a restored backup. Somebody who forks
/// a chain more often than that loses the shorter ends when they are removed, and can't make themselves
/// too large to be named.
pub const ENDS_PER_CUT: usize = 4;

/// Whom a removal or an Enroll asks. More would be slower to gather, fewer easier to outvote; an odd number has no ties.
pub const WITNESSES: usize = 7;

/// Removals that one Acknowledge names: with parents and all else that still fits a certificate.
pub const ACKNOWLEDGED: usize = 128;

/// The value of a setting, in bytes.
pub const SETTING: usize = 1024;

/// A person's or an organization's name, in bytes of UTF-8: long names in three-byte scripts fit.
pub const NAME: usize = 128;

/// An email address, in bytes (RFC 5321, erratum 1690).
pub const EMAIL: usize = 254;

/// A device's label, in bytes of UTF-8.
pub const LABEL: usize = 64;

/// An invitation link as pasted, in characters: a landing page's address around 195 characters.
pub const LINK_TEXT: usize = 1024;

/// Hints of where to look that one link carries.
pub const LINK_HINTS: usize = 8;

/// A user invitation's life where nothing else is said.
pub const USER_INVITATION: Duration = Duration::from_secs(7 * 24 * 3600);

/// A device invitation's life where nothing else is said: one's other device is near.
pub const DEVICE_INVITATION: Duration = Duration::from_secs(24 * 3600);

/// The longest life that can be asked for: a forgotten link must die.
pub const LONGEST_INVITATION: Duration = Duration::from_secs(90 * 24 * 3600);

/// The shortest life that makes sense for something a person must receive and open.
pub const SHORTEST_INVITATION: Duration = Duration::from_secs(10);

/// How long the keys of an ended invitation are kept, to tell its guest what became of it.
pub const ENDED_INVITATION_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Pending invitations of one daemon: a large company's first day.
pub const PENDING_INVITATIONS: usize = 1024;

/// Guests that wait on one invitation: the link was copied, or somebody plays.
pub const WAITING_GUESTS: usize = 8;

/// A session's life where nothing else is said: a workshop's first hours.
pub const SESSION: Duration = Duration::from_secs(2 * 3600);

/// The longest life of a session: a course of a week.
pub const LONGEST_SESSION: Duration = Duration::from_secs(7 * 24 * 3600);

/// Seats of a session where nothing else is said: a full room.
pub const SEATS: u32 = 64;

/// The most seats that a session may have, and so the most guests that wait for one.
pub const MOST_SEATS: u32 = 1024;

/// Sessions of one daemon that are open at one moment, and so the longest list that a neighbour is told.
pub const SESSIONS: usize = 16;

/// Guests without a link that wait from one address: a household's machines, and never the whole room.
pub const WAITING_WITHOUT_LINK: usize = 8;

/// How long a guest who lost the connection keeps its place: a cable that is out for five minutes, and the time to be
/// found again.
pub const PLACE_KEPT: Duration = Duration::from_secs(10 * 60);

/// Places that are kept for guests who lost the connection, in all.
pub const PLACES_KEPT: usize = 2_048;

/// Neighbours that are being asked for their sessions, or are asking us, at one moment; of more, who said nothing for
/// longest makes room.
pub const SESSIONS_ASKED: usize = 64;

/// Neighbours that are dialled at one moment to be asked for sessions: of forty who look at once, each dials forty.
pub const NEIGHBOURS_DIALLED: usize = 8;

/// Sessions that a guest is shown.
pub const SESSIONS_SHOWN: usize = 64;

/// How long a guest's daemon looks for a session before it tells the person that there is none: a room in which everybody
/// begins at once is loud.
pub const LOOK_AROUND: Duration = Duration::from_secs(2 * 60);

/// How often a neighbour is asked again while a person looks for sessions.
pub const ASK_AGAIN: Duration = Duration::from_secs(3);

/// How long other sessions may take to show up once one was found.
pub const OTHERS_SHOW_UP: Duration = Duration::from_millis(1500);

/// Guests that have opened a stream and not yet said their first word, in all: a full session whose guests come at one moment.
pub const HANDSHAKES_UNDER_WAY: usize = MOST_SEATS as usize;

/// Failed handshakes from one address in a minute before refusals are delayed.
pub const FREE_FAILURES_PER_MINUTE: u32 = 5;

/// The longest that a refusal is delayed.
pub const LONGEST_REFUSAL_DELAY: Duration = Duration::from_secs(30);

/// Refusals that are being delayed at one moment; beyond it the stream is closed at once.
pub const DELAYED_REFUSALS: usize = 64;

/// Addresses whose failures are remembered.
pub const FAILING_ADDRESSES: usize = 1024;

/// Attempts that ended after a nonce had left, before the invitation (or the link) is closed: a man in
/// the middle gets one chance in 2^20 at each, so that all of them together stay below 1 in 50,000.
pub const ATTEMPTS: u32 = 20;

/// The same in a session with more seats than [`ATTEMPTS`]: each guest may mishear once, and all attempts together stay below
/// 1 in 16,000.
pub const SESSION_ATTEMPTS: u32 = 64;

/// From this many such attempts on, the next one has to wait (a growing pause).
pub const ATTEMPTS_WITHOUT_PAUSE: u32 = 2;

/// The first such pause; it doubles with each further attempt.
pub const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// The longest such pause.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// Certificates in one batch of a sync or a welcome, in bytes.
pub const BATCH: usize = 1024 * 1024;

/// Digests that one sync message lists.
pub const LISTED_IDS: usize = 1024;

/// Messages of one sync in a minute; with more the session ends: a liar could go on for ever. A whole history of ten
/// thousand certificates takes a hundred; a script that enrols people as fast as it can, one for each of them.
pub const SYNC_MESSAGES: u32 = 3_000;

/// Frames of certificates on their way to one peer: a megabyte, enough for a fast line with a long round trip.
pub const SYNC_FRAMES: usize = 16;

/// How long a witness waits for something else to sign before it vouches for who came in: those who come in together are
/// vouched for together. The rules allow a day; until then who came in counts little as a witness.
pub const VOUCHING: Duration = Duration::from_secs(10 * 60);

/// Disputes that are shown.
pub const DISPUTES: usize = 16;

/// Earlier certificates that one change may make stand otherwise and that are named one by one; of more, the number.
pub const RESTANDING: usize = 256;

/// Events about certificates that became void by one change; the last one says how many more there are.
pub const VOID_EVENTS: usize = 32;

/// Changed lines of the log that are remembered for who follows it; who lags further behind gets the whole log.
pub const LOG_CHANGES: usize = 1024;

/// Removals that aren't settled yet which the status lists, the latest first.
pub const UNSETTLED_SHOWN: usize = 16;

/// Certificates that are known to build on disputed ones, so that they aren't asked for again.
pub const SET_ASIDE: usize = 4096;

/// Certificates that wait to be sent to one peer because it asked for them, whatever else it lacks.
pub const SYNC_QUEUE: usize = 4096;

/// Frames that show a revoked device its revocation, with the ancestors that it lacks; and that it hands in.
pub const FAREWELL_FRAMES: usize = 64;

/// How long after a removal, by its own time, the device that it put out goes on to meet others, and who signed it to tell
/// it so: who was away for longer hears of it when it meets somebody.
pub const FAREWELLS: Duration = Duration::from_secs(30 * 24 * 3600);

/// Removals that a revoked device is shown: its own, that of who signed it, and so on.
pub const FAREWELL_CAUSES: usize = 16;

/// Devices that were put out, and are dialled to tell them so.
pub const FAREWELL_CONTACTS: usize = 64;

/// Certificates beyond the cut of one removal, by its target and by whom they let in, that are taken from who was put out, and
/// of a settled Revoke from anybody: an honest person's work of a week away, and nothing that fills a disk.
pub const KEPT_BEYOND: usize = 64;

/// Certificates that one device may make us go through again in a minute, where it sends what doesn't follow from what was
/// resolved last: a second or two of work, with ten thousand held a hundred such verdicts.
pub const GONE_THROUGH: u64 = 1_000_000;

/// How often in a row somebody may send certificates that follow from nothing held here, and is asked once more for what
/// lies between; pushes that were on their way while it was asked are among them.
pub const ASKED_AGAIN: u32 = 64;

/// How often in a row a peer is sent the very same that it lacks; it may have set it aside.
pub const SENT_AGAIN: u32 = 3;

/// How long who didn't dial waits for a sync to be opened, before it opens one itself; it doubles with each try.
pub const SYNC_PATIENCE: Duration = Duration::from_secs(3);

/// The longest pause between two such tries.
pub const LONGEST_SYNC_PAUSE: Duration = Duration::from_secs(5 * 60);

/// Certificates by which a device shows that it is in, to one who was away meanwhile; they fit one frame.
pub const INTRODUCTION: usize = 128;

/// Introductions of one device that are looked at in a minute: it learns nothing from trying more often.
pub const INTRODUCTIONS_PER_PEER: u32 = 2;

/// Introductions that are looked at in a minute in all, each at the cost of copying what is held.
pub const INTRODUCTIONS: u32 = 32;

/// Streams of strangers on which an introduction may come.
pub const STRANGERS: usize = 16;

/// Streams that one peer may hold open on one of our protocols.
pub const STREAMS_PER_PEER: usize = 8;

/// Answers of a client in one conversation that can't be taken, before it is hung up on.
pub const UNUSABLE_ANSWERS: u32 = 100;

/// Events that wait for one subscriber; then it is dropped and told so (`lagged`).
pub const PENDING_EVENTS: usize = 1024;

/// Addresses remembered for one device.
pub const ADDRESSES_PER_DEVICE: usize = 8;

/// Memberships of one daemon, those that are being joined included.
pub const MEMBERSHIPS: usize = 32;

/// Joins among them that were begun and not finished; each is forgotten when its link has expired.
pub const UNFINISHED_JOINS: usize = 16;

/// The life of a registration at a rendezvous point; renewed at half of it.
pub const REGISTRATION: Duration = Duration::from_secs(10 * 60);

/// The life of a session's registration: who closes it takes that back, and a host that is gone at once is sought in vain for no
/// longer than this.
pub const SESSION_REGISTRATION: Duration = Duration::from_secs(2 * 60);

/// Connections to the control socket at one moment: a dashboard, some shells, and room.
pub const CONTROL_CONNECTIONS: usize = 128;

/// Followers of events among them, so that they never take the last connection.
pub const CONTROL_FOLLOWERS: usize = 32;

/// Conversations among them: as many people greeting and joining through one daemon.
pub const CONTROL_CONVERSATIONS: usize = 32;

/// The body of one request on the control socket, in bytes: 250 of the longest email addresses.
pub const CONTROL_BODY: usize = 64 * 1024;

/// The head of one request on the control socket, in bytes.
pub const CONTROL_HEAD: usize = 16 * 1024;

/// Header lines of one request on the control socket.
pub const CONTROL_HEADERS: usize = 64;

/// Head and body of a request on the control socket: a local client writes them at once.
pub const CONTROL_TRICKLE: Duration = Duration::from_secs(10);

/// Steps, and answers, of one conversation that nobody has taken yet.
pub const CONTROL_STEPS: usize = 64;

/// What open connections get to finish when the daemon stops.
pub const CONTROL_FAREWELL: Duration = Duration::from_secs(2);
