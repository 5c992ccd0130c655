//! Forks (P16): a device that signs two certificates at one place of its chain. Both are kept; who holds both ends comes to
//! the same, in whatever order they came, and can show both to anybody.

use muster::core::primitives::ids::CertificateId;
use muster::core::roster::body::Body;
use muster::core::roster::{NotAdded, Refused, SignedCertificate, VerifiedCertificate};

use crate::roster_crowd::Crowd;
use crate::roster_random::{Dice, arrive, seeds, standings};
use crate::roster_sketch::{Drawn, sketch};

const FORKED: &str = "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin -> everybody acknowledges
    | bob enrols x:member #x -> bob enrols x2:member #x2
    | bob enrols y:member #y";

/// All orders of arrival that keep ancestors first, for few certificates; the last ones turned round for many.
fn turned(drawn: &Drawn) -> Vec<VerifiedCertificate> {
    drawn.history.in_causal_order().rev().collect()
}

#[test]
fn both_ends_of_a_fork_are_kept_and_count_while_nobody_was_cut() {
    let drawn = sketch(FORKED);
    assert!(drawn.counts("x") && drawn.counts("x2") && drawn.counts("y"));
}

#[test]
fn who_holds_both_ends_comes_to_the_same_whichever_came_first() {
    let drawn = sketch(FORKED);
    let other = arrive(&turned(&drawn), |_| {});
    assert_eq!(other.roster(), drawn.history.roster());
    assert_eq!(standings(&other), standings(&drawn.history));
}

#[test]
fn two_certificates_at_one_place_of_one_chain_prove_a_fork_to_anybody_from_their_bytes_alone() {
    let drawn = sketch(FORKED);
    let shown = ["x", "y"].map(|mark| drawn.history.get(&drawn.mark(mark)).unwrap().signed().bytes());
    let read = shown.map(|bytes| SignedCertificate::from_bytes(&bytes).unwrap().verify().unwrap());
    let place = |it: &VerifiedCertificate| (it.certificate().device, it.certificate().seq);
    assert_eq!(place(&read[0]), place(&read[1]));
    assert_ne!(read[0].id(), read[1].id());
}

#[test]
fn a_removal_that_saw_one_end_of_a_fork_alone_takes_the_other() {
    let drawn = sketch(&format!("{FORKED}\n| after x2: cyd revokes bob #out"));
    assert!(drawn.counts("x") && drawn.counts("x2") && !drawn.counts("y"));
}

#[test]
fn a_removal_that_saw_both_ends_takes_neither() {
    let drawn = sketch(&format!("{FORKED}\ncyd revokes bob #out"));
    assert!(drawn.counts("x") && drawn.counts("x2") && drawn.counts("y"));
}

#[test]
fn who_forks_goes_on_from_either_end() {
    let drawn =
        sketch(&format!("{FORKED}\n| after x2: bob adds phone #phone\n| after y: bob adds watch #watch"));
    assert!(drawn.counts("phone") && drawn.counts("watch"));
}

#[test]
fn who_forked_and_knows_both_ends_follows_either_and_nothing_before_them() {
    let drawn = sketch(FORKED);
    let anything = Body::Unknown { kind: 77, bytes: Vec::new() };
    let following = |mark: &str| {
        let end = drawn.history.get(&drawn.mark(mark)).unwrap();
        let (prev, seq) = (end.id(), end.certificate().seq + 1);
        drawn.forge("bob", &anything, |it| (it.prev, it.seq) = (prev, seq))
    };
    assert_eq!(following("x2"), Ok(()));
    assert_eq!(following("y"), Ok(()));
    assert_eq!(following("x"), Err(NotAdded::Refused(Refused::WrongChain)));
}

#[test]
fn a_demoted_administrator_who_forks_does_nothing_more_at_the_end_that_nobody_saw() {
    let drawn = sketch(&format!(
        "{FORKED}\n| after x2: ada makes bob member #down\n| after y: bob enrols z:member #z"
    ));
    assert!(!drawn.counts("y") && !drawn.counts("z") && drawn.counts("x2"));
}

#[test]
fn random_histories_with_forks_are_alike_for_everybody_who_holds_both_ends() {
    let mut forks = 0;
    for seed in seeds() {
        println!("seed {seed}");
        let mut dice = Dice::of(seed ^ 0x16);
        // Eight of ten acts are under old pasts: that is how chains fork.
        let crowd = Crowd::of(&mut dice, 6, 8, 36);
        forks += forked(&crowd.signed).len();
        let mut signed = crowd.signed.clone();
        dice.shuffle(&mut signed);
        let other = arrive(&signed, |_| {});
        assert_eq!(other.roster(), crowd.history.roster());
        assert_eq!(standings(&other), standings(&crowd.history));
        assert_eq!(forked(&signed), forked(&crowd.signed));
    }
    assert!(forks >= seeds().len(), "{forks} forks");
}

/// Certificates that share a place with another.
fn forked(signed: &[VerifiedCertificate]) -> Vec<CertificateId> {
    let place = |it: &VerifiedCertificate| (it.certificate().device, it.certificate().seq);
    let shares = |it: &&VerifiedCertificate| {
        signed.iter().any(|other| other.id() != it.id() && place(other) == place(it))
    };
    let mut forked: Vec<_> = signed.iter().filter(shares).map(VerifiedCertificate::id).collect();
    forked.sort_unstable();
    forked
}
