//! A host and a guest who drive each other, without a network between them.

use muster::core::greeting::code::{Code, Typed};
use muster::core::greeting::guest::{
    AwaitingCall, AwaitingHostCode, AwaitingReception, InQueue, ReadyToReveal, Received,
};
use muster::core::greeting::host::{AwaitingGreet, AwaitingGuestsMatch, AwaitingReveal, Knocking};
use muster::core::greeting::invitation::{InvitationKeys, Prologue};
use muster::core::greeting::message::{Introduction, Knock, Opening};
use muster::core::primitives::entropy::Entropy;
use muster::core::primitives::ids::{DeviceId, OrganizationId};
use muster::core::primitives::kind::Kind;
use muster::core::primitives::secret::Token;
use muster::core::primitives::text::Name;

use super::device;

pub(crate) const ORGANIZATION: OrganizationId = OrganizationId([7; 32]);

pub(crate) fn keys(token: u8) -> InvitationKeys {
    InvitationKeys::from_token(&Token::new([token; 16]))
}

/// What both ends of a connection between these two devices bind.
pub(crate) fn prologue(keys: &InvitationKeys, host: DeviceId, guest: DeviceId) -> Prologue {
    Prologue { organization: ORGANIZATION.prefix(), kind: Kind::User, invitation: keys.id, host, guest }
}

/// A handshake between two ends that authenticated each other as `host` and `guest`.
pub(crate) fn handshake(
    keys: &InvitationKeys,
    (host, guest): (&str, &str),
    entropy: &mut Entropy,
) -> (AwaitingGreet, AwaitingCall) {
    let prologue = prologue(keys, device(host).device(), device(guest).device());
    let (waiting, frame) = AwaitingReception::greet(keys, &prologue, entropy);
    let opening = Opening::read(&frame).unwrap();
    let knocking = Knocking::read(&keys.psk, &prologue, opening.message, entropy).unwrap();
    let Knock::Greet(commitment) = knocking.knock else { panic!("the guest knocked to be greeted") };
    let (host, frame) = knocking.queue(ORGANIZATION, commitment);
    let Received::Queued(guest) = waiting.receive(&frame).unwrap() else { panic!("queued") };
    (host, guest)
}

/// The host greets; the guest has its nonce and hasn't revealed its own.
pub(crate) fn call(
    host: AwaitingGreet,
    guest: AwaitingCall,
    entropy: &mut Entropy,
) -> (AwaitingReveal, ReadyToReveal) {
    let (host, frame) = host.greet(entropy);
    let InQueue::Called(guest) = guest.receive(&frame).unwrap() else { panic!("called") };
    (host, guest)
}

/// Up to the host's code on its screen.
pub(crate) fn codes(
    keys: &InvitationKeys,
    names: (&str, &str),
    entropy: &mut Entropy,
) -> (AwaitingGuestsMatch, Code, AwaitingHostCode) {
    let (host, guest) = handshake(keys, names, entropy);
    let (host, guest) = call(host, guest, entropy);
    let (guest, frame) = guest.reveal();
    let (host, code) = host.receive(&frame).map_err(|(ended, _)| ended).unwrap();
    (host, code, guest)
}

pub(crate) fn introduction() -> Introduction {
    Introduction { organization: Name::parse("Field Lab").unwrap(), email: None, user: None, account: None }
}

/// What a person types who heard this.
pub(crate) fn heard(code: &str) -> Code {
    match Code::read(code).unwrap() {
        Typed::Code(code) => code,
        Typed::None => panic!("a code"),
    }
}

/// A well-formed code that isn't this one.
pub(crate) fn another_than(code: &Code) -> Code {
    heard(if code.reveal().starts_with('A') { "BCDE" } else { "ABCD" })
}
