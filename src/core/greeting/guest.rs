//! The guest's side, state by state. Each state is named for what it awaits; a step consumes it.
//!
//! ```text
//! AwaitingReception ─▶ AwaitingCall ─▶ ReadyToReveal ─▶ AwaitingHostCode ─▶ AwaitingTrust ─▶ AwaitingDetails
//!        └──────────────── (returning) ──────────────────────────────────────────────▶ AwaitingWelcome ─▶ Welcomed
//! ```

use super::code::{Code, Codes};
use super::commitment::Commitment;
use super::invitation::{InvitationKeys, Prologue};
use super::message::{
    Details, FirstAnswer, GuestSays, HostSays, Introduction, Knock, Opening, Reception, WelcomeHead,
};
use super::noise::{Cipher, Initiator};
use super::reason::{Ended, OrEnded, Reason};
use crate::core::primitives::codec;
use crate::core::primitives::entropy::Entropy;
use crate::core::primitives::ids::{OrganizationId, OrganizationPrefix};
use crate::core::primitives::limits;
use crate::core::primitives::secret::Secret32;
use crate::core::primitives::time::Moment;

/// The first message is out.
pub struct AwaitingReception {
    noise: Initiator,
    nonce: Option<Secret32>,
    organization: OrganizationPrefix,
}

/// What the host's first answer came to.
pub enum Received {
    /// In the queue.
    Queued(AwaitingCall),
    /// Enrolled already: the welcome follows.
    Enrolled(AwaitingWelcome),
    /// The host won't.
    Closed(Reason, Option<Moment>),
}

/// In the queue; nothing has been revealed yet.
pub struct AwaitingCall {
    cipher: Cipher,
    nonce: Secret32,
    organization: OrganizationId,
}

/// What may happen in the queue.
pub enum InQueue {
    /// Another place.
    Place(AwaitingCall, u32, u32),
    /// The host greets.
    Called(ReadyToReveal),
}

/// The host's nonce came. Revealing ours is what counts as an attempt: it is written down before.
pub struct ReadyToReveal {
    cipher: Cipher,
    nonce: Secret32,
    host_nonce: [u8; 32],
    organization: OrganizationId,
}

/// The guest's person is to type the host's code.
pub struct AwaitingHostCode {
    cipher: Cipher,
    codes: Codes,
    organization: OrganizationId,
}

/// The guest's code is on the screen; the host's person is to type it.
pub struct AwaitingTrust {
    cipher: Cipher,
    organization: OrganizationId,
}

/// Both codes matched: the guest's person is to say who they are.
pub struct AwaitingDetails {
    cipher: Cipher,
    organization: OrganizationId,
}

/// The details are out.
pub struct AwaitingWelcome {
    cipher: Cipher,
    organization: OrganizationId,
    parcel: Parcel,
}

/// A welcome as it comes in: bytes that nobody has verified yet.
#[derive(Default)]
pub struct Parcel {
    /// What comes with the certificates.
    pub head: Option<WelcomeHead>,
    /// As they came.
    pub certificates: Vec<Vec<u8>>,
    /// As they came.
    pub openings: Vec<Vec<u8>>,
    bytes: usize,
}

/// The whole welcome is here.
pub struct Welcomed {
    cipher: Cipher,
    /// What came.
    pub parcel: Parcel,
}

/// The most that a welcome may take, in bytes: ten thousand members with their names.
const LARGEST_PARCEL: usize = 64 * limits::BATCH;

impl AwaitingReception {
    /// Knocks to be greeted, committed to a nonce that nobody has used before.
    #[must_use]
    pub fn greet(keys: &InvitationKeys, prologue: &Prologue, entropy: &mut Entropy) -> (Self, Vec<u8>) {
        let nonce: Secret32 = entropy.secret();
        let knock = Knock::Greet(Commitment::to(&nonce));
        Self::knock(keys, prologue, &knock, Some(nonce), entropy)
    }

    /// Knocks to be welcomed: the details were sent, and no welcome came.
    #[must_use]
    pub fn come_back(keys: &InvitationKeys, prologue: &Prologue, entropy: &mut Entropy) -> (Self, Vec<u8>) {
        Self::knock(keys, prologue, &Knock::Return, None, entropy)
    }

    fn knock(
        keys: &InvitationKeys,
        prologue: &Prologue,
        knock: &Knock,
        nonce: Option<Secret32>,
        entropy: &mut Entropy,
    ) -> (Self, Vec<u8>) {
        let (noise, message) = Initiator::begin(&keys.psk, prologue, &codec::encode(knock), entropy);
        (Self { noise, nonce, organization: prologue.organization }, Opening::write(keys.id, &message))
    }

    /// Reads the host's first answer.
    ///
    /// # Errors
    /// `BadMessage` where it doesn't open, or names an organization that isn't the link's.
    pub fn receive(self, frame: &[u8]) -> Result<Received, Ended> {
        let message = match FirstAnswer::read(frame).ok_or(BAD)? {
            FirstAnswer::Noise(message) => message,
            FirstAnswer::Refused(reason) => return Ok(Received::Closed(reason, None)),
        };
        let (cipher, payload) = self.noise.finish(message).map_err(|_| BAD)?;
        match (codec::decode::<Reception>(&payload).map_err(|_| BAD)?, self.nonce) {
            (Reception::Closed { reason, ended_at }, _) => Ok(Received::Closed(reason, ended_at)),
            (Reception::Queued { organization }, Some(nonce))
                if organization.prefix() == self.organization =>
            {
                Ok(Received::Queued(AwaitingCall { cipher, nonce, organization }))
            }
            // Only who came back takes a welcome here: nobody is talked past the codes by "you are enrolled already".
            (Reception::Enrolled { organization }, None) if organization.prefix() == self.organization => {
                Ok(Received::Enrolled(AwaitingWelcome { cipher, organization, parcel: Parcel::default() }))
            }
            _ => Err(BAD),
        }
    }
}

impl AwaitingCall {
    /// Reads what comes in the queue.
    ///
    /// # Errors
    /// The host's end, or `BadMessage`.
    pub fn receive(mut self, frame: &[u8]) -> Result<InQueue, Ended> {
        match hear(&mut self.cipher, frame)? {
            HostSays::Place(place, ticket) => Ok(InQueue::Place(self, place, ticket)),
            HostSays::Nonce(host_nonce) => Ok(InQueue::Called(ReadyToReveal {
                cipher: self.cipher,
                nonce: self.nonce,
                host_nonce,
                organization: self.organization,
            })),
            _ => Err(BAD),
        }
    }

    /// The guest's person leaves.
    #[must_use]
    pub fn cancel(mut self) -> Vec<u8> {
        say(&mut self.cipher, &GuestSays::Ended(Reason::Cancelled))
    }
}

impl ReadyToReveal {
    /// Lets the nonce go: once for this handshake, since it is consumed.
    #[must_use]
    pub fn reveal(mut self) -> (AwaitingHostCode, Vec<u8>) {
        let codes = Codes::of(self.cipher.handshake_hash(), &self.host_nonce, self.nonce.expose());
        let frame = say(&mut self.cipher, &GuestSays::Reveal(*self.nonce.expose()));
        (AwaitingHostCode { cipher: self.cipher, codes, organization: self.organization }, frame)
    }

    /// Ends it before anything was revealed.
    #[must_use]
    pub fn end(mut self, reason: Reason) -> Vec<u8> {
        say(&mut self.cipher, &GuestSays::Ended(reason))
    }
}

impl AwaitingHostCode {
    /// The guest's person typed a code. Right: shows the guest's own. Wrong: it is over, on both sides, since a
    /// second guess would double a man in the middle's chance.
    ///
    /// # Errors
    /// With the frame that tells the host.
    pub fn enter(mut self, typed: Option<&Code>) -> OrEnded<(AwaitingTrust, Code, Vec<u8>)> {
        if typed != Some(&self.codes.host) {
            let frame = say(&mut self.cipher, &GuestSays::Ended(Reason::WrongCode));
            return Err((Ended::by_guest(Reason::WrongCode), frame));
        }
        let frame = say(&mut self.cipher, &GuestSays::CodeMatches);
        let own = self.codes.guest.clone();
        Ok((AwaitingTrust { cipher: self.cipher, organization: self.organization }, own, frame))
    }

    /// Nothing but an end may come while the person types.
    pub fn receive(&mut self, frame: &[u8]) -> Ended {
        only_an_end(&mut self.cipher, frame)
    }

    /// The guest's person leaves, or takes too long.
    #[must_use]
    pub fn end(mut self, reason: Reason) -> Vec<u8> {
        say(&mut self.cipher, &GuestSays::Ended(reason))
    }
}

impl AwaitingTrust {
    /// Reads whether the host's person typed our code.
    ///
    /// # Errors
    /// The host's end, or `BadMessage`.
    pub fn receive(mut self, frame: &[u8]) -> Result<(AwaitingDetails, Introduction), Ended> {
        match hear(&mut self.cipher, frame)? {
            HostSays::Trusted(introduction) => {
                Ok((AwaitingDetails { cipher: self.cipher, organization: self.organization }, introduction))
            }
            _ => Err(BAD),
        }
    }

    /// The guest's person leaves, or the host takes too long.
    #[must_use]
    pub fn end(mut self, reason: Reason) -> Vec<u8> {
        say(&mut self.cipher, &GuestSays::Ended(reason))
    }
}

impl AwaitingDetails {
    /// The organization that was pinned.
    #[must_use]
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// Sends who they are. The caller has written down the keys and the pending join before.
    #[must_use]
    pub fn send(mut self, details: Details) -> (AwaitingWelcome, Vec<u8>) {
        let frame = say(&mut self.cipher, &GuestSays::Details(details));
        let parcel = Parcel::default();
        (AwaitingWelcome { cipher: self.cipher, organization: self.organization, parcel }, frame)
    }

    /// Nothing but an end may come while the person types.
    pub fn receive(&mut self, frame: &[u8]) -> Ended {
        only_an_end(&mut self.cipher, frame)
    }

    /// The guest's person leaves, or takes too long.
    #[must_use]
    pub fn end(mut self, reason: Reason) -> Vec<u8> {
        say(&mut self.cipher, &GuestSays::Ended(reason))
    }
}

/// Where a welcome stands after one more frame.
pub enum Progress {
    /// More is to come.
    More(AwaitingWelcome),
    /// All of it is here.
    Whole(Welcomed),
}

impl AwaitingWelcome {
    /// The organization that was pinned.
    #[must_use]
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// Reads one more frame of the welcome.
    ///
    /// # Errors
    /// The host's end (refused, for one), or `BadMessage`.
    pub fn receive(mut self, frame: &[u8]) -> Result<Progress, Ended> {
        let parcel = &mut self.parcel;
        parcel.bytes += frame.len();
        if parcel.bytes > LARGEST_PARCEL {
            return Err(BAD);
        }
        match hear(&mut self.cipher, frame)? {
            HostSays::Welcome(head) if parcel.head.is_none() => parcel.head = Some(head),
            HostSays::Certificates(more) => parcel.certificates.extend(more),
            HostSays::Openings(more) => parcel.openings.extend(more),
            HostSays::WelcomeEnd if parcel.head.is_some() => {
                return Ok(Progress::Whole(Welcomed { cipher: self.cipher, parcel: self.parcel }));
            }
            _ => return Err(BAD),
        }
        Ok(Progress::More(self))
    }

    /// The guest's person leaves, or the host takes too long.
    #[must_use]
    pub fn end(mut self, reason: Reason) -> Vec<u8> {
        say(&mut self.cipher, &GuestSays::Ended(reason))
    }
}

impl Welcomed {
    /// Everything is on disk: tells the host.
    #[must_use]
    pub fn acknowledge(mut self) -> Vec<u8> {
        say(&mut self.cipher, &GuestSays::Acknowledged)
    }
}

const BAD: Ended = Ended { reason: Reason::BadMessage, by: super::reason::Side::Host };

fn say(cipher: &mut Cipher, message: &GuestSays) -> Vec<u8> {
    cipher.seal(&codec::encode(message))
}

fn hear(cipher: &mut Cipher, frame: &[u8]) -> Result<HostSays, Ended> {
    let plain = cipher.open(frame).map_err(|_| BAD)?;
    match codec::decode(&plain).map_err(|_| BAD)? {
        HostSays::Ended(reason) => Err(Ended::by_host(reason)),
        said => Ok(said),
    }
}

fn only_an_end(cipher: &mut Cipher, frame: &[u8]) -> Ended {
    hear(cipher, frame).err().unwrap_or(BAD)
}
