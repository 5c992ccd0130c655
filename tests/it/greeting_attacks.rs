//! Whoever sits in the middle, even with the invitation's token, is caught.

use muster::core::greeting::code::Codes;
use muster::core::greeting::commitment::Commitment;
use muster::core::greeting::guest::{AwaitingReception, Received};
use muster::core::greeting::host::Knocking;
use muster::core::greeting::invitation::Prologue;
use muster::core::greeting::message::{FirstAnswer, GuestSays, Knock, Opening, Reception};
use muster::core::greeting::noise::{Initiator, Responder};
use muster::core::greeting::{Ended, Reason, Side};
use muster::core::primitives::codec;
use muster::core::primitives::ids::{InvitationId, OrganizationId, OrganizationPrefix};
use muster::core::primitives::kind::Kind;
use muster::core::primitives::secret::Secret32;

use crate::support::pair::{ORGANIZATION, call, codes, handshake, keys, prologue};
use crate::support::{device, entropy, secret};

#[test]
fn a_man_in_the_middle_with_the_token_never_makes_the_codes_agree() {
    let mut entropy = entropy("a thousand men in the middle");
    let mut agreements = 0;
    for _ in 0..1_000 {
        // Mallory is the host to Bob and the guest to Ada, with keys of its own on both sides.
        let (_, ada_reads, _) = codes(&keys(1), ("ada", "mallory"), &mut entropy);
        let (_, bob_expects, _) = codes(&keys(1), ("mallory", "bob"), &mut entropy);
        agreements += u32::from(ada_reads == bob_expects);
    }
    assert_eq!(agreements, 0, "a chance of 1 in 1,000 for one agreement in 1,000 runs of 1 in 2^20");
}

#[test]
fn a_nonce_ground_to_make_the_codes_agree_breaks_the_commitment() {
    let (keys, mut entropy) = (keys(1), entropy("grinding"));
    // Bob's side is complete: Mallory knows which code Bob will accept.
    let (_, bob_accepts, _) = codes(&keys, ("mallory", "bob"), &mut entropy);

    // Mallory's own handshake with Ada: Ada's nonce is out, Mallory's isn't.
    let prologue = prologue(&keys, device("ada").device(), device("mallory").device());
    let committed = secret("the nonce Mallory committed to");
    let knock = codec::encode(&Knock::Greet(Commitment::to(&committed)));
    let (noise, message) = Initiator::begin(&keys.psk, &prologue, &knock, &mut entropy);
    let knocking = Knocking::read(&keys.psk, &prologue, &message, &mut entropy).unwrap();
    let Knock::Greet(commitment) = knocking.knock else { panic!("knocked to be greeted") };
    let (ada, frame) = knocking.queue(ORGANIZATION, commitment);
    let Some(FirstAnswer::Noise(message)) = FirstAnswer::read(&frame) else { panic!("answered") };
    let (mut cipher, _) = noise.finish(message).unwrap();
    let (ada, frame) = ada.greet(&mut entropy);
    let muster::core::greeting::message::HostSays::Nonce(ada_nonce) =
        codec::decode(&cipher.open(&frame).unwrap()).unwrap()
    else {
        panic!("a nonce")
    };

    // Grinding works: a second of hashing finds a nonce for which Ada would read out what Bob accepts …
    let hash = *cipher.handshake_hash();
    let ground = (0u64..100_000_000)
        .map(|n| {
            let mut nonce = [0; 32];
            nonce[..8].copy_from_slice(&n.to_le_bytes());
            nonce
        })
        .find(|nonce| Codes::of(&hash, &ada_nonce, nonce).host == bob_accepts)
        .unwrap();

    // … and the commitment is what stops it.
    let frame = cipher.seal(&codec::encode(&GuestSays::Reveal(ground)));
    let (ended, _) = ada.receive(&frame).map(|_| ()).unwrap_err();
    assert_eq!(ended, Ended::by_guest(Reason::CommitmentBroken));
}

#[test]
fn the_nonce_that_was_committed_to_is_taken() {
    let mut entropy = entropy("kept");
    let (host, guest) = handshake(&keys(1), ("ada", "bob"), &mut entropy);
    let (host, guest) = call(host, guest, &mut entropy);
    let (_, frame) = guest.reveal();
    assert!(host.receive(&frame).is_ok());
}

/// Each way in which two ends can differ in what they bind; the message must open for none of them.
#[test]
fn a_first_message_opens_only_where_it_was_meant_to() {
    let (keys, mut entropy) = (keys(1), entropy("prologue"));
    let (ada, bob, mallory) = (device("ada").device(), device("bob").device(), device("mallory").device());
    let meant = prologue(&keys, ada, bob);
    let (_, frame) = AwaitingReception::greet(&keys, &meant, &mut entropy);
    let message = Opening::read(&frame).unwrap().message;
    let mut opens = |prologue: &Prologue| Knocking::read(&keys.psk, prologue, message, &mut entropy).is_ok();

    assert!(opens(&meant));
    assert!(!opens(&Prologue { guest: mallory, ..meant }), "relayed, or replayed by another device");
    assert!(!opens(&Prologue { host: mallory, ..meant }), "sent on to another host");
    assert!(!opens(&Prologue { host: bob, guest: ada, ..meant }), "peers swapped");
    assert!(!opens(&Prologue { organization: OrganizationPrefix([8; 16]), ..meant }), "another organization");
    assert!(!opens(&Prologue { kind: Kind::Device, ..meant }), "another kind");
    assert!(!opens(&Prologue { invitation: InvitationId([8; 16]), ..meant }), "another invitation");
}

#[test]
fn a_wrong_token_fails_on_the_first_message() {
    let mut entropy = entropy("wrong token");
    let (right, wrong) = (keys(1), keys(2));
    let prologue = prologue(&right, device("ada").device(), device("bob").device());
    let (_, frame) = AwaitingReception::greet(&wrong, &prologue, &mut entropy);
    let message = Opening::read(&frame).unwrap().message;
    assert!(Knocking::read(&right.psk, &prologue, message, &mut entropy).is_err());
}

#[test]
fn an_answer_from_who_has_not_the_token_is_no_answer() {
    let mut entropy = entropy("answered by a stranger");
    let keys = keys(1);
    let prologue = prologue(&keys, device("ada").device(), device("bob").device());
    let (guest, _) = AwaitingReception::greet(&keys, &prologue, &mut entropy);
    let ended = guest.receive(&FirstAnswer::noise(&[5; 48])).map(|_| ()).unwrap_err();
    assert_eq!(ended, Ended { reason: Reason::BadMessage, by: Side::Host });
}

/// What a false host with the token can answer, and what becomes of it.
fn a_false_host_answers(reception: &Reception, knock_to_greet: bool) -> Result<Received, Ended> {
    let (keys, mut entropy) = (keys(1), entropy("a false host"));
    let prologue = prologue(&keys, device("ada").device(), device("bob").device());
    let (guest, frame) = if knock_to_greet {
        AwaitingReception::greet(&keys, &prologue, &mut entropy)
    } else {
        AwaitingReception::come_back(&keys, &prologue, &mut entropy)
    };
    let message = Opening::read(&frame).unwrap().message;
    let (noise, _) = Responder::read(&keys.psk, &prologue, message, &mut entropy).unwrap();
    let (_, answer) = noise.answer(&codec::encode(reception));
    guest.receive(&FirstAnswer::noise(&answer))
}

#[test]
fn a_false_host_that_says_you_are_enrolled_already_gets_nowhere() {
    let enrolled = Reception::Enrolled { organization: ORGANIZATION };
    let ended = a_false_host_answers(&enrolled, true).map(|_| ()).unwrap_err();
    assert_eq!(ended.reason, Reason::BadMessage);
    // Only who had already typed and read codes, and came back for it, takes a welcome.
    assert!(matches!(a_false_host_answers(&enrolled, false), Ok(Received::Enrolled(_))));
}

#[test]
fn a_host_of_another_organization_than_the_links_is_refused() {
    let other = OrganizationId([8; 32]);
    for (reception, greet) in [
        (Reception::Queued { organization: other }, true),
        (Reception::Enrolled { organization: other }, false),
    ] {
        let ended = a_false_host_answers(&reception, greet).map(|_| ()).unwrap_err();
        assert_eq!(ended.reason, Reason::BadMessage);
    }
}

#[test]
fn an_altered_repeated_or_reordered_message_ends_the_greeting() {
    let mut entropy = entropy("tampering");
    let (mut host, guest) = handshake(&keys(1), ("ada", "bob"), &mut entropy);
    let mut altered = host.place(1, 1);
    altered[3] ^= 1;
    assert_eq!(guest.receive(&altered).map(|_| ()).unwrap_err().reason, Reason::BadMessage);

    let (mut host, guest) = handshake(&keys(1), ("ada", "bob"), &mut entropy);
    let (_, second) = (host.place(2, 1), host.place(1, 1));
    assert_eq!(guest.receive(&second).map(|_| ()).unwrap_err().reason, Reason::BadMessage);
}

#[test]
fn garbage_in_the_place_of_any_frame_is_an_end_and_no_panic() {
    let mut entropy = entropy("garbage");
    for length in [0, 1, 2, 17, 48, 1_000, 65_535] {
        let garbage = vec![0xa5; length];
        let (mut host, guest) = handshake(&keys(1), ("ada", "bob"), &mut entropy);
        assert_eq!(guest.receive(&garbage).map(|_| ()).unwrap_err().reason, Reason::BadMessage);
        assert_eq!(host.receive(&garbage).reason, Reason::BadMessage);
        if let Some(opening) = Opening::read(&garbage) {
            let prologue = prologue(&keys(1), device("ada").device(), device("bob").device());
            assert!(Knocking::read(&keys(1).psk, &prologue, opening.message, &mut entropy).is_err());
        }
    }
}

#[test]
fn the_same_token_gives_id_namespace_and_key_that_say_nothing_of_each_other() {
    let keys = keys(1);
    assert_ne!(&keys.namespace[..16], keys.id.as_bytes());
    assert_ne!(Secret32::new(keys.namespace), keys.psk);
    assert_eq!(keys.namespace_text().len(), 64);
}
