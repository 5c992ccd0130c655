//! Who isn't in: a stranger gets the refusal and nothing else, a revoked device its own revocation and nothing else.

use muster::core::node::input::Protocol;
use muster::core::primitives::codec;
use muster::core::primitives::ids::CertificateId;
use muster::core::roster::Profile;

use crate::support::daemons::{Machine, agree, eventually, greet};
use crate::support::hostile::Intruder;
use crate::support::hostile::harm::Before;
use crate::support::hostile::loot::{Loot, found};
use crate::support::hostile::speech::{learn, seals};
use crate::support::speech::Says;

/// Names, emails and labels of Ada, Bob and Carol.
const SECRETS: [&str; 7] =
    ["Ada", "ada@example.org", "Bob", "bob@example.org", "Carol", "carol@example.org", "Field Lab"];

#[test]
fn a_stranger_hears_that_it_is_one_and_not_a_byte_more() {
    let ada = Machine::start("ada");
    ada.found("Field Lab", "Ada", "ada@example.org");
    let before = Before::of(&ada);
    let stranger = Intruder::stranger();
    let peer = stranger.connects(&ada.address()).unwrap();
    let words = [
        Says::hello_of(Vec::new()),
        Says::hello_of(vec![CertificateId([1; 32])]),
        Says::WantOpenings(vec![muster::core::primitives::ids::Seal([1; 32])]),
        Says::Certificates(vec![vec![1; 300]]),
        Says::Revoked(CertificateId([1; 32])),
    ];
    for word in words {
        let mut wire = stranger.opens(peer, Protocol::Sync);
        wire.speaks(&word);
        assert_eq!(wire.hears_to_the_end(), [codec::encode(&Says::Stranger)], "{word:?}");
        assert_eq!(wire.heard.len(), 2 + 4, "nothing but the refusal's number: {:?}", wire.heard);
    }
    before.no_harm_came_to(&ada);
}

/// Bob was an Administrator. His daemon is off, so that it holds what it held before his revocation, and somebody
/// has his key.
fn bob_is_revoked() -> (Machine, Loot) {
    let (ada, mut bob) = (Machine::start("ada"), Machine::start("bob"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    greet(&ada, &bob, "bob@example.org", "Bob", "administrator");
    agree(&[&ada, &bob]);
    bob.stop();
    (ada, Loot::of(&bob))
}

fn revoke_bob(ada: &Machine) {
    let said = ada.muster(&["--yes", "user", "revoke", "bob@example.org"]);
    assert_eq!(said.code, 0, "{}", said.err);
}

#[test]
fn a_revoked_device_is_shown_its_revocation_without_a_name_and_nothing_it_hands_in_counts() {
    let (ada, mut bob) = bob_is_revoked();
    revoke_bob(&ada);
    let mut before = Before::of(&ada);
    // In order in its own past, which doesn't know of the revocation. It is kept, and counts nothing.
    before.certificates += 1;
    let late = bob.forges(&bob.enrols("puppet", Profile::Administrator), |_| {});
    let thief = Intruder::with(bob.key.clone());
    let peer = thief.connects(&ada.address()).unwrap();
    for _ in 0..2 {
        let mut wire = thief.opens(peer, Protocol::Sync);
        wire.speaks(&Says::hello_of(Vec::new()));
        wire.speaks(&Says::Certificates(vec![late.clone()]));
        wire.speaks(&Says::WantOpenings(seals(&bob.history)));
        wire.speaks(&Says::Revoked(CertificateId([1; 32])));
        let mut said: Vec<Says> = wire.hears_to_the_end().iter().map(|frame| Says::read(frame)).collect();
        assert!(matches!(said.pop(), Some(Says::Revoked(_))), "hung up on after the last word");
        for message in said {
            let Says::Certificates(shown) = message else { panic!("more than certificates: {message:?}") };
            assert!(learn(&mut bob.history, shown).is_empty());
        }
        assert_eq!(found(&SECRETS, &wire.heard), [""; 0]);
    }
    let roster = bob.history.roster();
    assert!(!roster.user(&bob.user()).unwrap().is_active(), "it can see that it was revoked, and by whom");
    before.no_harm_came_to(&ada);
}

#[test]
fn a_device_that_is_revoked_while_it_listens_hears_of_that_and_of_nothing_after() {
    let (ada, mut bob) = bob_is_revoked();
    let thief = Intruder::with(bob.key.clone());
    let mut wire = thief.speaks(&ada.address(), Protocol::Sync);
    wire.speaks(&Says::hello(&bob.history));
    let Some(Says::Hello { .. }) = wire.hears_said() else { panic!("ada takes bob for a member") };
    revoke_bob(&ada);
    let before = Before::of(&ada);
    let carol = Machine::start("carol");
    greet(&ada, &carol, "carol@example.org", "Carol", "member");
    let late = bob.forges(&bob.enrols("puppet", Profile::Administrator), |_| {});
    wire.speaks(&Says::Certificates(vec![late]));

    let mut said: Vec<Says> = wire.hears_to_the_end().iter().map(|frame| Says::read(frame)).collect();
    assert!(matches!(said.pop(), Some(Says::Revoked(_))));
    for message in said {
        let Says::Certificates(shown) = message else { panic!("more than certificates: {message:?}") };
        assert!(learn(&mut bob.history, shown).is_empty());
    }
    assert_eq!(bob.history.len(), 3, "Ada's founding, Bob's Enroll and his Revoke; nothing of Carol's");
    assert_eq!(found(&SECRETS, &wire.heard), [""; 0]);
    drop(wire);
    eventually("the connection is closed, too", || thief.connections() == 0);
    let after = Before::of(&ada);
    assert_eq!(after.certificates, before.certificates + 1, "Carol's Enroll alone");
    after.no_harm_came_to(&ada);
}
