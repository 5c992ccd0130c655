//! The Noise handshake, by snow; the only file that names it (G2).
//!
//! `NNpsk0`: two messages, no static keys, since both devices were authenticated by the connection, and the
//! prologue binds them. The pre-shared key is mixed in first, so that a wrong token fails on the first message.

use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::{Builder, HandshakeState, TransportState, types};

use super::invitation::Prologue;
use crate::core::primitives::entropy::Entropy;
use crate::core::primitives::limits;
use crate::core::primitives::secret::Secret32;

const PATTERN: &str = "Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s";

/// The message isn't what the holder of the key would have sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message does not open")]
pub struct DoesNotOpen;

/// The guest's side, after its first message.
pub struct Initiator(HandshakeState);

/// The host's side, after it has read the first message and before it answers.
pub struct Responder(HandshakeState);

/// Both sides after the handshake: everything is sealed from here on. That somebody holds the token is
/// all that is known of the other end.
pub struct Cipher {
    transport: TransportState,
    hash: [u8; 32],
}

impl Initiator {
    /// Begins a handshake; gives the first message, which carries `payload`.
    #[must_use]
    pub fn begin(
        psk: &Secret32,
        prologue: &Prologue,
        payload: &[u8],
        entropy: &mut Entropy,
    ) -> (Self, Vec<u8>) {
        let mut state = state(psk, prologue, entropy, true);
        let message = write(&mut state, payload);
        (Self(state), message)
    }

    /// Reads the second message; gives what it carried.
    ///
    /// # Errors
    /// [`DoesNotOpen`]: not from who has the same key and prologue.
    pub fn finish(mut self, message: &[u8]) -> Result<(Cipher, Vec<u8>), DoesNotOpen> {
        let payload = read(&mut self.0, message)?;
        Ok((Cipher::of(self.0), payload))
    }
}

impl Responder {
    /// Reads the first message; gives what it carried. Costs no Diffie-Hellman where the key is wrong.
    ///
    /// # Errors
    /// [`DoesNotOpen`]: not from who has the same key and prologue.
    pub fn read(
        psk: &Secret32,
        prologue: &Prologue,
        message: &[u8],
        entropy: &mut Entropy,
    ) -> Result<(Self, Vec<u8>), DoesNotOpen> {
        let mut state = state(psk, prologue, entropy, false);
        let payload = read(&mut state, message)?;
        Ok((Self(state), payload))
    }

    /// Answers with the second message, which carries `payload`.
    #[must_use]
    pub fn answer(mut self, payload: &[u8]) -> (Cipher, Vec<u8>) {
        let message = write(&mut self.0, payload);
        (Cipher::of(self.0), message)
    }
}

impl Cipher {
    #[expect(clippy::expect_used, reason = "only called once both messages have passed")]
    fn of(state: HandshakeState) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(state.get_handshake_hash());
        Self { transport: state.into_transport_mode().expect("both messages have passed"), hash }
    }

    /// The digest of the whole handshake: equal on both sides only if nobody sits between them.
    #[must_use]
    pub fn handshake_hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// Seals one message; `plain` is at most [`limits::NOISE_PAYLOAD`] bytes.
    #[expect(clippy::expect_used, reason = "our own messages are bounded, and 2^64 of them are never sent")]
    pub fn seal(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut frame = vec![0; plain.len() + 16];
        let length = self.transport.write_message(plain, &mut frame).expect("a bounded message");
        frame.truncate(length);
        frame
    }

    /// Opens one message.
    ///
    /// # Errors
    /// [`DoesNotOpen`]: altered, repeated, or out of order.
    pub fn open(&mut self, frame: &[u8]) -> Result<Vec<u8>, DoesNotOpen> {
        let mut plain = vec![0; frame.len()];
        let length = self.transport.read_message(frame, &mut plain).map_err(|_| DoesNotOpen)?;
        plain.truncate(length);
        Ok(plain)
    }
}

#[expect(clippy::expect_used, reason = "pattern, key and prologue are of the right form by their types")]
fn state(psk: &Secret32, prologue: &Prologue, entropy: &mut Entropy, initiator: bool) -> HandshakeState {
    let resolver = Box::new(HandedIn { entropy: entropy.draw() });
    let prologue = prologue.bytes();
    let builder = Builder::with_resolver(PATTERN.parse().expect("a pattern of Noise"), resolver)
        .psk(0, psk.expose())
        .and_then(|builder| builder.prologue(&prologue))
        .expect("a key of 32 bytes and a prologue");
    if initiator { builder.build_initiator() } else { builder.build_responder() }
        .expect("all that the pattern needs")
}

#[expect(clippy::expect_used, reason = "our own payloads are bounded, and it is our turn")]
fn write(state: &mut HandshakeState, payload: &[u8]) -> Vec<u8> {
    let mut message = vec![0; payload.len() + 64];
    let length = state.write_message(payload, &mut message).expect("a bounded payload in our turn");
    message.truncate(length);
    message
}

fn read(state: &mut HandshakeState, message: &[u8]) -> Result<Vec<u8>, DoesNotOpen> {
    if message.len() > limits::FRAME {
        return Err(DoesNotOpen);
    }
    let mut payload = vec![0; message.len()];
    let length = state.read_message(message, &mut payload).map_err(|_| DoesNotOpen)?;
    payload.truncate(length);
    Ok(payload)
}

/// snow's own primitives, but with the entropy that was handed in: the core draws none of its own.
struct HandedIn {
    entropy: [u8; 32],
}

struct Stream(blake3::OutputReader);

impl types::Random for Stream {
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), snow::Error> {
        self.0.fill(dest);
        Ok(())
    }
}

impl CryptoResolver for HandedIn {
    fn resolve_rng(&self) -> Option<Box<dyn types::Random>> {
        Some(Box::new(Stream(blake3::Hasher::new_keyed(&self.entropy).finalize_xof())))
    }
    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn types::Dh>> {
        DefaultResolver.resolve_dh(choice)
    }
    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn types::Hash>> {
        DefaultResolver.resolve_hash(choice)
    }
    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn types::Cipher>> {
        DefaultResolver.resolve_cipher(choice)
    }
}
