//! The token exchange between two honest people, and their slips.

use muster::core::greeting::code::{ALPHABET, Code, Typed, Typo};
use muster::core::greeting::guest::{AwaitingReception, InQueue, Progress, Received};
use muster::core::greeting::host::Knocking;
use muster::core::greeting::message::{Details, Knock, Opening, Person, WelcomeHead};
use muster::core::greeting::{Ended, Reason};
use muster::core::primitives::ids::{CertificateId, Signature, UserKey};
use muster::core::primitives::limits;
use muster::core::primitives::text::{Email, Label, Name};
use muster::core::primitives::time::Moment;

use crate::support::pair::{
    ORGANIZATION, another_than, codes, handshake, heard, introduction, keys, prologue,
};
use crate::support::{device, entropy, secret};

#[test]
fn two_people_who_read_their_codes_to_each_other_come_through() {
    let (host, host_code, guest) = codes(&keys(1), ("ada", "bob"), &mut entropy("honest"));
    let (guest, guest_code, frame) =
        guest.enter(Some(&heard(&host_code.reveal()))).map_err(|(e, _)| e).unwrap();
    let host = host.receive(&frame).unwrap();
    let (host, frame) =
        host.enter(Some(&heard(&guest_code.reveal())), introduction()).map_err(|(e, _)| e).unwrap();
    let (guest, told) = guest.receive(&frame).unwrap();
    assert_eq!(told, introduction());
    assert_eq!(guest.organization(), ORGANIZATION);

    let details = Details {
        person: Some(Person {
            name: Name::parse("Bob").unwrap(),
            email: Email::parse("bob@example.org").unwrap(),
        }),
        device: Label::parse("laptop").unwrap(),
        user_key: UserKey([3; 32]),
        proof: Signature([4; 64]),
    };
    let (mut guest, frame) = guest.send(details.clone());
    let (host, came) = host.receive(&frame).unwrap();
    assert_eq!(came, details);

    let head = WelcomeHead {
        certificate: CertificateId([5; 32]),
        members_secret: secret("members"),
        user_secret: None,
        points: vec![],
        addresses: vec![],
    };
    let certificates: Vec<Vec<u8>> = (0..500u16).map(|n| vec![n.to_le_bytes()[0]; 700]).collect();
    let mut host = host.welcome();
    let frames = host.parcel(head.clone(), certificates.clone(), vec![vec![1]]);
    assert!(frames.iter().all(|frame| frame.len() <= limits::FRAME));
    let mut welcomed = None;
    for frame in &frames {
        match guest.receive(frame).unwrap() {
            Progress::More(more) => guest = more,
            Progress::Whole(whole) => {
                welcomed = Some(whole);
                break;
            }
        }
    }
    let welcomed = welcomed.unwrap();
    assert_eq!(welcomed.parcel.head, Some(head));
    assert_eq!(welcomed.parcel.certificates, certificates);
    host.receive(&welcomed.acknowledge()).unwrap();
}

#[test]
fn a_guest_who_types_a_wrong_code_ends_the_attempt_on_both_sides() {
    let (host, code, guest) = codes(&keys(1), ("ada", "bob"), &mut entropy("wrong guest"));
    let (ended, frame) = guest.enter(Some(&another_than(&code))).map(|_| ()).unwrap_err();
    assert_eq!(ended, Ended::by_guest(Reason::WrongCode));
    assert_eq!(host.receive(&frame).map(|_| ()).unwrap_err(), Ended::by_guest(Reason::WrongCode));
}

#[test]
fn a_guest_who_answers_none_ends_the_attempt_on_both_sides() {
    let (host, _, guest) = codes(&keys(1), ("ada", "bob"), &mut entropy("none"));
    let (ended, frame) = guest.enter(None).map(|_| ()).unwrap_err();
    assert_eq!(ended, Ended::by_guest(Reason::WrongCode));
    assert_eq!(host.receive(&frame).map(|_| ()).unwrap_err(), ended);
}

#[test]
fn a_host_who_types_a_wrong_code_ends_the_attempt_on_both_sides() {
    let (host, code, guest) = codes(&keys(1), ("ada", "bob"), &mut entropy("wrong host"));
    let (guest, guest_code, frame) = guest.enter(Some(&code)).map_err(|(e, _)| e).unwrap();
    let host = host.receive(&frame).unwrap();
    let (ended, frame) =
        host.enter(Some(&another_than(&guest_code)), introduction()).map(|_| ()).unwrap_err();
    assert_eq!(ended, Ended::by_host(Reason::WrongCode));
    assert_eq!(guest.receive(&frame).map(|_| ()).unwrap_err(), ended);
}

#[test]
fn a_second_attempt_has_other_codes() {
    let mut entropy = entropy("twice");
    let (_, first, _) = codes(&keys(1), ("ada", "bob"), &mut entropy);
    let (_, second, _) = codes(&keys(1), ("ada", "bob"), &mut entropy);
    assert_ne!(first.reveal(), second.reveal());
}

#[test]
fn the_guest_sees_its_place_and_may_leave_the_queue() {
    let (mut host, guest) = handshake(&keys(1), ("ada", "bob"), &mut entropy("queue"));
    let InQueue::Place(guest, place, ticket) = guest.receive(&host.place(3, 17)).unwrap() else {
        panic!("a place")
    };
    assert_eq!((place, ticket), (3, 17));
    assert_eq!(host.receive(&guest.cancel()), Ended::by_guest(Reason::Cancelled));
}

#[test]
fn a_host_who_refuses_says_so() {
    let (host, guest) = handshake(&keys(1), ("ada", "bob"), &mut entropy("refused"));
    let ended = guest.receive(&host.end(Reason::Refused)).map(|_| ()).unwrap_err();
    assert_eq!(ended, Ended::by_host(Reason::Refused));
}

#[test]
fn what_became_of_an_invitation_is_told_to_who_has_the_token() {
    let (keys, mut entropy) = (keys(1), entropy("ended"));
    let prologue = prologue(&keys, device("ada").device(), device("bob").device());
    let (guest, frame) = AwaitingReception::greet(&keys, &prologue, &mut entropy);
    let opening = Opening::read(&frame).unwrap();
    let knocking = Knocking::read(&keys.psk, &prologue, opening.message, &mut entropy).unwrap();
    assert!(matches!(knocking.knock, Knock::Greet(_)));
    let told = guest.receive(&knocking.close(Reason::InvitationFinished, Some(Moment(5)))).unwrap();
    assert!(matches!(told, Received::Closed(Reason::InvitationFinished, Some(Moment(5)))));
}

#[test]
fn a_code_is_read_in_either_case_with_spaces_and_hyphens() {
    for typed in ["TP9W", "tp9w", " t p 9 w ", "tp-9w"] {
        let Ok(Typed::Code(code)) = Code::read(typed) else { panic!("{typed}") };
        assert_eq!(code.reveal(), "TP9W");
    }
    assert!(matches!(Code::read("None"), Ok(Typed::None)));
}

#[test]
fn what_cannot_be_a_code_is_a_typo_and_no_guess() {
    for typed in ["", "TP9", "TP9WX", "........................"] {
        assert_eq!(Code::read(typed).unwrap_err(), Typo::Length, "{typed}");
    }
    for typed in ["TP0W", "IP9W", "TP1W", "OP9W", "T!9W", "TÉ9W"] {
        assert_eq!(Code::read(typed).unwrap_err(), Typo::Character, "{typed}");
    }
}

#[test]
fn every_character_of_the_alphabet_is_told_apart_from_every_other() {
    let distinct: std::collections::BTreeSet<u8> = ALPHABET.iter().copied().collect();
    assert_eq!(distinct.len(), 32);
    assert!(!ALPHABET.iter().any(|c| b"IO01".contains(c)));
}

#[test]
fn codes_and_nonces_never_show_in_debug_output() {
    let (_, code, _) = codes(&keys(1), ("ada", "bob"), &mut entropy("debug"));
    assert_eq!(format!("{code:?}"), "Code(…)");
    assert_eq!(format!("{:?}", secret("nonce")), "Secret(…)");
}
