//! What a device has seen for itself (docs/spec/roster.md, R4.12): no set of certificates tells two histories apart that a founder
//! forked at the root, so who has seen one of them keeps to it.

use muster::core::roster::{Added, History, NotAdded, Pins, VerifiedCertificate};

use crate::roster_sketch::{Drawn, sketch, user};

/// Ada was removed by Bob, and everybody saw it. She forks her chain at the root, makes six people up who vouch for each other,
/// and has one of them remove Bob before he removed her.
fn forked() -> Drawn {
    let puppets: String = (0..6).map(|n| format!(" -> ada enrols q{n}:admin")).collect();
    let duties: String = (0..6).map(|n| format!(" -> q{n} adds x")).collect();
    let words: String = (1..6).map(|n| format!(" -> q{n} acknowledges coup")).collect();
    sketch(&format!(
        "ada founds #root -> ada enrols bob:admin #bob -> ada enrols cyd:member -> bob adds x -> ada enrols dan:member -> everybody acknowledges
         bob revokes ada #out -> everybody acknowledges #seen -> bob adds y #last
         | after root: ada adds z{puppets}{duties} #puppets
         | after bob puppets: q0 revokes bob #coup{words}"
    ))
}

/// What arrives at somebody who holds everything up to a mark.
fn rest_after(drawn: &Drawn, mark: &str) -> (History, Vec<VerifiedCertificate>) {
    let known = drawn.history.with_ancestors(&[drawn.mark(mark)]);
    let (before, after): (Vec<_>, Vec<_>) =
        drawn.history.in_causal_order().partition(|it| known.contains(&it.id()));
    let mut history = History::new(drawn.history.organization());
    before.into_iter().for_each(|it| assert!(matches!(history.add(it), Ok(Added::New(_)))));
    (history, after)
}

#[test]
fn a_founder_who_forks_at_the_root_undoes_what_nobody_pinned() {
    let drawn = forked();
    assert!(drawn.settled("coup") && drawn.counts("coup"));
    assert!(!drawn.active().contains("bob"));
}

#[test]
fn who_saw_a_removal_settled_keeps_it_and_can_show_that_the_founder_forked() {
    let drawn = forked();
    let (mut history, rest) = rest_after(&drawn, "last");
    assert!(history.acknowledged(&drawn.mark("out")).unwrap().settled);
    assert!(!history.pin(&user("cyd")).is_empty());
    assert!(history.pin(&user("cyd")).is_empty(), "nothing more to write down");
    let before = history.roster().digest();
    let mut disputes = Vec::new();
    for certificate in rest {
        match history.add(certificate) {
            Err(NotAdded::Disputed(dispute)) => disputes.push(*dispute),
            Ok(_) | Err(NotAdded::MissingParents(_)) => {}
            Err(refused) => panic!("{refused}"),
        }
    }
    assert!(history.roster().user(&user("bob")).unwrap().is_active());
    assert!(!history.roster().user(&user("ada")).unwrap().is_active());
    assert_eq!(history.roster().digest(), before);
    assert!(history.is_consistent());
    assert_eq!(disputes.len(), 1, "the one that would undo it; what builds on that has no parent here");
    assert_eq!(disputes[0].undoes, [drawn.mark("out")]);
    let (one, other) = disputes[0].proof.unwrap();
    let places = [one, other].map(|id| {
        let it = drawn.history.get(&id).unwrap().certificate().clone();
        (it.device, it.seq)
    });
    assert_eq!(places[0], places[1]);
    assert_ne!(one, other);
}

#[test]
fn a_guest_whose_host_was_just_removed_has_no_dispute_about_it() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin #cyd -> ada enrols dan:member -> everybody acknowledges -> dan adds x #last
         | cyd enrols eve:member #eve
         | bob revokes cyd #out
         everybody acknowledges",
    );
    let (mut history, rest) = rest_after(&drawn, "eve");
    history.pin(&user("eve"));
    assert_eq!(history.pins().enrolment, Some(drawn.mark("eve")));
    for certificate in rest {
        history.add(certificate).unwrap();
    }
    assert!(drawn.settled("out"));
    assert!(history.roster().user(&user("eve")).is_none());
}

/// Every order in which these can come.
fn orders<T: Clone>(of: &[T]) -> Vec<Vec<T>> {
    let Some((first, rest)) = of.split_first() else { return vec![Vec::new()] };
    let with_it = |order: Vec<T>| {
        (0..=order.len()).map(move |at| {
            let mut order = order.clone();
            order.insert(at, first.clone());
            order
        })
    };
    orders(rest).into_iter().flat_map(with_it).collect()
}

#[test]
fn two_administrators_who_revoke_the_same_user_at_one_moment_bring_nobody_into_dispute() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin -> ada enrols dan:member -> ada enrols eve:member
         everybody acknowledges
         cyd enrols tom:member #tom
         | ada revokes cyd #wide
         | after tom: bob revokes cyd #other
         eve adds x #last
         | ada acknowledges
         | bob acknowledges
         | dan acknowledges
         | eve acknowledges",
    );
    assert!(["wide", "other"].iter().all(|it| drawn.settled(it) && drawn.counts(it)));
    let (history, acknowledgements) = rest_after(&drawn, "last");
    for order in orders(&acknowledgements) {
        let mut history = history.clone();
        for certificate in order {
            assert!(matches!(history.add(certificate), Ok(Added::New(_))));
            history.pin(&user("eve"));
        }
        assert_eq!(history.roster().digest(), drawn.history.roster().digest());
    }
}

#[test]
fn pins_are_plain_data_that_a_store_can_keep() {
    let drawn = forked();
    let (mut history, rest) = rest_after(&drawn, "last");
    let pins = Pins { enrolment: None, settled: [drawn.mark("out")].into() };
    history.set_pins(pins.clone());
    assert_eq!(*history.pins(), pins);
    for certificate in rest {
        let _ = history.add(certificate);
    }
    assert!(history.roster().user(&user("bob")).unwrap().is_active());
}
