//! The host's side, state by state. Each state is named for what it awaits; a step consumes it.
//!
//! ```text
//! Knocking ─▶ AwaitingGreet ─▶ AwaitingReveal ─▶ AwaitingGuestsMatch ─▶ AwaitingGuestCode ─▶ AwaitingDetails
//!     └────────────── (returning) ───────────────────────────▶ Welcoming ◀─ AwaitingConfirmation ◀──┘
//! ```

use super::code::{Code, Codes};
use super::commitment::Commitment;
use super::invitation::Prologue;
use super::message::{
    Details, FirstAnswer, GuestSays, HostSays, Introduction, Knock, Reception, WelcomeHead,
};
use super::noise::{Cipher, DoesNotOpen, Responder};
use super::reason::{Ended, OrEnded, Reason, Side};
use crate::core::primitives::codec;
use crate::core::primitives::entropy::Entropy;
use crate::core::primitives::ids::OrganizationId;
use crate::core::primitives::limits;
use crate::core::primitives::secret::Secret32;
use crate::core::primitives::time::Moment;

/// Somebody who has the token; not answered yet.
pub struct Knocking {
    noise: Responder,
    /// What they came for.
    pub knock: Knock,
}

/// In the queue: the host's person is to greet.
pub struct AwaitingGreet {
    cipher: Cipher,
    commitment: Commitment,
}

/// Our nonce is out.
pub struct AwaitingReveal {
    cipher: Cipher,
    commitment: Commitment,
    nonce: Secret32,
}

/// The host's code is on the screen; the guest's person is to type it.
pub struct AwaitingGuestsMatch {
    cipher: Cipher,
    codes: Codes,
}

/// The host's person is to type the guest's code.
pub struct AwaitingGuestCode {
    cipher: Cipher,
    codes: Codes,
}

/// Both codes matched.
pub struct AwaitingDetails {
    cipher: Cipher,
}

/// The host's person is to confirm.
pub struct AwaitingConfirmation {
    cipher: Cipher,
}

/// The guest is enrolled; the welcome goes out, and its acknowledgement is awaited.
pub struct Welcoming {
    cipher: Cipher,
}

impl Knocking {
    /// Reads the first message under the invitation's key. For an unknown invitation the caller hands in a key
    /// that nobody has: the work, and so the time, is the same.
    ///
    /// # Errors
    /// [`DoesNotOpen`]: not from who has the token and comes over this very connection.
    pub fn read(
        psk: &Secret32,
        prologue: &Prologue,
        message: &[u8],
        entropy: &mut Entropy,
    ) -> Result<Self, DoesNotOpen> {
        let (noise, payload) = Responder::read(psk, prologue, message, entropy)?;
        let knock = codec::decode(&payload).map_err(|_| DoesNotOpen)?;
        Ok(Self { noise, knock })
    }

    /// Lets the guest wait, committed to its nonce.
    #[must_use]
    pub fn queue(self, organization: OrganizationId, commitment: Commitment) -> (AwaitingGreet, Vec<u8>) {
        let (cipher, frame) = receive(self.noise, &Reception::Queued { organization });
        (AwaitingGreet { cipher, commitment }, frame)
    }

    /// Tells a device that came back that it is enrolled.
    #[must_use]
    pub fn welcome(self, organization: OrganizationId) -> (Welcoming, Vec<u8>) {
        let (cipher, frame) = receive(self.noise, &Reception::Enrolled { organization });
        (Welcoming { cipher }, frame)
    }

    /// Says no, to who has the token: why, and of an ended invitation, when.
    #[must_use]
    pub fn close(self, reason: Reason, ended_at: Option<Moment>) -> Vec<u8> {
        receive(self.noise, &Reception::Closed { reason, ended_at }).1
    }
}

impl AwaitingGreet {
    /// Tells the guest its place, from 1, and its ticket.
    pub fn place(&mut self, place: u32, ticket: u32) -> Vec<u8> {
        say(&mut self.cipher, &HostSays::Place(place, ticket))
    }

    /// The host's person greets: a nonce that was never used goes out.
    #[must_use]
    pub fn greet(mut self, entropy: &mut Entropy) -> (AwaitingReveal, Vec<u8>) {
        let nonce: Secret32 = entropy.secret();
        let frame = say(&mut self.cipher, &HostSays::Nonce(*nonce.expose()));
        (AwaitingReveal { cipher: self.cipher, commitment: self.commitment, nonce }, frame)
    }

    /// Nothing but an end may come in the queue.
    pub fn receive(&mut self, frame: &[u8]) -> Ended {
        only_an_end(&mut self.cipher, frame)
    }

    /// Sends the guest away.
    #[must_use]
    pub fn end(mut self, reason: Reason) -> Vec<u8> {
        say(&mut self.cipher, &HostSays::Ended(reason))
    }
}

impl AwaitingReveal {
    /// Checks the guest's nonce against its commitment; gives the code for the host's screen.
    ///
    /// # Errors
    /// `CommitmentBroken`, the guest's end, or `BadMessage`.
    pub fn receive(mut self, frame: &[u8]) -> OrEnded<(AwaitingGuestsMatch, Code)> {
        let nonce = match hear(&mut self.cipher, frame) {
            Ok(GuestSays::Reveal(nonce)) => nonce,
            Ok(_) => return Err((BAD, say(&mut self.cipher, &HostSays::Ended(Reason::BadMessage)))),
            Err(ended) => return Err((ended, say(&mut self.cipher, &HostSays::Ended(ended.reason)))),
        };
        if !self.commitment.is_to(&nonce) {
            let broken = Reason::CommitmentBroken;
            return Err((Ended::by_guest(broken), say(&mut self.cipher, &HostSays::Ended(broken))));
        }
        let codes = Codes::of(self.cipher.handshake_hash(), self.nonce.expose(), &nonce);
        let own = codes.host.clone();
        Ok((AwaitingGuestsMatch { cipher: self.cipher, codes }, own))
    }

    /// The host's person leaves, or the guest takes too long.
    #[must_use]
    pub fn end(mut self, reason: Reason) -> Vec<u8> {
        say(&mut self.cipher, &HostSays::Ended(reason))
    }
}

impl AwaitingGuestsMatch {
    /// Reads whether the guest's person typed our code.
    ///
    /// # Errors
    /// The guest's end (a wrong code, for one), or `BadMessage`.
    pub fn receive(mut self, frame: &[u8]) -> Result<AwaitingGuestCode, Ended> {
        match hear(&mut self.cipher, frame)? {
            GuestSays::CodeMatches => Ok(AwaitingGuestCode { cipher: self.cipher, codes: self.codes }),
            _ => Err(BAD),
        }
    }

    /// The host's person leaves, or the guest takes too long.
    #[must_use]
    pub fn end(mut self, reason: Reason) -> Vec<u8> {
        say(&mut self.cipher, &HostSays::Ended(reason))
    }
}

impl AwaitingGuestCode {
    /// The host's person typed a code. Right: tells the guest what this is about. Wrong: it is over.
    ///
    /// # Errors
    /// With the frame that tells the guest.
    pub fn enter(
        mut self,
        typed: Option<&Code>,
        introduction: Introduction,
    ) -> OrEnded<(AwaitingDetails, Vec<u8>)> {
        if typed != Some(&self.codes.guest) {
            let frame = say(&mut self.cipher, &HostSays::Ended(Reason::WrongCode));
            return Err((Ended::by_host(Reason::WrongCode), frame));
        }
        let frame = say(&mut self.cipher, &HostSays::Trusted(introduction));
        Ok((AwaitingDetails { cipher: self.cipher }, frame))
    }

    /// Nothing but an end may come while the person types.
    pub fn receive(&mut self, frame: &[u8]) -> Ended {
        only_an_end(&mut self.cipher, frame)
    }

    /// The host's person leaves, or takes too long.
    #[must_use]
    pub fn end(mut self, reason: Reason) -> Vec<u8> {
        say(&mut self.cipher, &HostSays::Ended(reason))
    }
}

impl AwaitingDetails {
    /// Reads who the guest says they are. Nothing in it is checked yet but its form.
    ///
    /// # Errors
    /// The guest's end, or `BadMessage`.
    pub fn receive(mut self, frame: &[u8]) -> Result<(AwaitingConfirmation, Details), Ended> {
        match hear(&mut self.cipher, frame)? {
            GuestSays::Details(details) => Ok((AwaitingConfirmation { cipher: self.cipher }, details)),
            _ => Err(BAD),
        }
    }

    /// The host's person leaves, or the guest takes too long.
    #[must_use]
    pub fn end(mut self, reason: Reason) -> Vec<u8> {
        say(&mut self.cipher, &HostSays::Ended(reason))
    }
}

impl AwaitingConfirmation {
    /// The guest is enrolled, durably.
    #[must_use]
    pub fn welcome(self) -> Welcoming {
        Welcoming { cipher: self.cipher }
    }

    /// Nothing but an end may come while the person decides.
    pub fn receive(&mut self, frame: &[u8]) -> Ended {
        only_an_end(&mut self.cipher, frame)
    }

    /// The host's person refuses, leaves, or takes too long.
    #[must_use]
    pub fn end(mut self, reason: Reason) -> Vec<u8> {
        say(&mut self.cipher, &HostSays::Ended(reason))
    }
}

impl Welcoming {
    /// The frames of the whole welcome, each within [`limits::FRAME`].
    pub fn parcel(
        &mut self,
        head: WelcomeHead,
        certificates: Vec<Vec<u8>>,
        openings: Vec<Vec<u8>>,
    ) -> Vec<Vec<u8>> {
        let mut frames = vec![say(&mut self.cipher, &HostSays::Welcome(head))];
        for some in codec::in_pieces(certificates, ROOM) {
            frames.push(say(&mut self.cipher, &HostSays::Certificates(some)));
        }
        for some in codec::in_pieces(openings, ROOM) {
            frames.push(say(&mut self.cipher, &HostSays::Openings(some)));
        }
        frames.push(say(&mut self.cipher, &HostSays::WelcomeEnd));
        frames
    }

    /// Reads the acknowledgement.
    ///
    /// # Errors
    /// The guest's end, or `BadMessage`. Enrolled it is all the same.
    pub fn receive(mut self, frame: &[u8]) -> Result<(), Ended> {
        match hear(&mut self.cipher, frame)? {
            GuestSays::Acknowledged => Ok(()),
            _ => Err(BAD),
        }
    }
}

/// What one message can carry beside its own head and the list's length, in bytes.
const ROOM: usize = limits::NOISE_PAYLOAD - 64;

const BAD: Ended = Ended { reason: Reason::BadMessage, by: Side::Guest };

fn receive(noise: Responder, reception: &Reception) -> (Cipher, Vec<u8>) {
    let (cipher, message) = noise.answer(&codec::encode(reception));
    (cipher, FirstAnswer::noise(&message))
}

fn say(cipher: &mut Cipher, message: &HostSays) -> Vec<u8> {
    cipher.seal(&codec::encode(message))
}

fn hear(cipher: &mut Cipher, frame: &[u8]) -> Result<GuestSays, Ended> {
    let plain = cipher.open(frame).map_err(|_| BAD)?;
    match codec::decode(&plain).map_err(|_| BAD)? {
        GuestSays::Ended(reason) => Err(Ended::by_guest(reason)),
        said => Ok(said),
    }
}

fn only_an_end(cipher: &mut Cipher, frame: &[u8]) -> Ended {
    hear(cipher, frame).err().unwrap_or(BAD)
}
