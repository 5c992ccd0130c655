//! Signatures verified together: the same verdict as one by one, whatever is among them (P15).

use muster::core::primitives::batch::all_signed;
use muster::core::primitives::digest::label::CERTIFICATE_SIGNATURE as LABEL;
use muster::core::primitives::ids::{DeviceId, Signature};
use muster::core::roster::{Body, History, NotAdded, Profile, Refused, SignedCertificate};

use crate::roster_random::{Dice, seeds};
use crate::roster_sketch::{enrolment, founding, invitation, key, now, sketch};
use crate::support::device;

type Signed = (DeviceId, Vec<u8>, Signature);

fn together(batch: &[Signed]) -> bool {
    all_signed(LABEL, batch.iter().map(|(device, message, signature)| (device, &message[..], signature)))
}

fn alone((device, message, signature): &Signed) -> bool {
    device.signed(LABEL, message, signature)
}

/// The signatures of tests/vectors: of small order, with torsion, in longer forms, with scalars that aren't reduced.
fn vectors() -> Vec<Signed> {
    let text = include_str!("../vectors/signatures.txt");
    let value = |line: &str, key: &str| Some(line.strip_prefix(key)?.strip_prefix(": ")?.to_owned());
    let devices = text.lines().filter_map(|line| value(line, "device"));
    let signatures = text.lines().filter_map(|line| value(line, "signature"));
    let pairs = devices.zip(signatures).map(|(device, signature)| {
        let signature = data_encoding::HEXLOWER.decode(signature.as_bytes()).unwrap();
        (device.parse().unwrap(), b"muster".to_vec(), Signature(signature.try_into().unwrap()))
    });
    let all: Vec<Signed> = pairs.collect();
    assert!(all.iter().any(alone) && !all.iter().all(alone));
    all
}

#[test]
fn a_batch_holds_exactly_if_each_of_its_signatures_does() {
    let vectors = vectors();
    for vector in &vectors {
        assert_eq!(together(std::slice::from_ref(vector)), alone(vector), "{vector:?}");
    }
    for seed in seeds() {
        println!("seed {seed}");
        let mut dice = Dice::of(seed);
        for _ in 0..40 {
            let batch: Vec<Signed> = (0..=dice.below(12)).map(|_| anything(&mut dice, &vectors)).collect();
            assert_eq!(together(&batch), batch.iter().all(alone), "{batch:?}");
        }
    }
}

/// Mostly right: a batch in which everything holds must come up as well.
fn anything(dice: &mut Dice, vectors: &[Signed]) -> Signed {
    let signer = device(["ada", "bob", "eve"][dice.below(3)]);
    let message = vec![dice.below(256) as u8; dice.below(40)];
    let mut signature = signer.sign(LABEL, &message);
    match dice.below(24) {
        0 => signature.0[dice.below(64)] ^= 1 << dice.below(8),
        1..=6 => return vectors[dice.below(vectors.len())].clone(),
        _ => {}
    }
    (signer.device(), message, signature)
}

#[test]
fn one_wrong_signature_among_many_is_found_and_the_others_are_taken() {
    let found = History::found(&key("ada"), founding("ada"), now()).unwrap().signed().clone();
    let mut forged = found.bytes();
    *forged.last_mut().unwrap() ^= 1;
    let forged = SignedCertificate::from_bytes(&forged).unwrap();
    let mut all = vec![found; 300];
    all[270] = forged;
    let verdicts = SignedCertificate::verify_all(all);
    for (at, verdict) in verdicts.iter().enumerate() {
        assert_eq!(verdict.as_ref().err(), (at == 270).then_some(&Refused::SignatureWrong), "{at}");
    }
}

#[test]
fn a_wrong_proof_among_many_right_ones_lets_nobody_in_and_keeps_nobody_out() {
    let drawn = sketch("ada founds #found");
    let mut history = drawn.history.clone();
    let organization = history.organization();
    let enrol = |guest: &str, prover: &str| {
        let mut body = enrolment(organization, "ada", guest, Profile::Member, invitation(guest));
        body.proof = enrolment(organization, "ada", prover, Profile::Member, invitation(prover)).proof;
        SignedCertificate::sign(drawn.raw("ada", &Body::Enroll(body)), &key("ada"))
    };
    let all = vec![enrol("tom", "tom"), enrol("eve", "tom")];
    let verified = SignedCertificate::verify_all(all);
    assert!(verified.iter().all(Result::is_ok), "what is proved is for the verdict in its own past");
    let mut outcomes = verified.into_iter().map(|it| history.add(it.unwrap()));
    assert!(outcomes.next().unwrap().is_ok());
    assert_eq!(outcomes.next().unwrap(), Err(NotAdded::Refused(Refused::ProofWrong)));
}
