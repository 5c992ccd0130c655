//! What random tests are made of, and whether it is worth its name; and random bytes, which nobody takes in.

use std::collections::BTreeMap;

use muster::core::primitives::ids::CertificateId;
use muster::core::roster::body::Body;
use muster::core::roster::{Added, History, NotAdded, SignedCertificate, Standing, VerifiedCertificate};

use crate::roster_crowd::Crowd;

/// Splitmix64: small, and the same everywhere.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}

/// One seed by `MUSTER_SEED`, or as many as `MUSTER_HISTORIES` says; long tests go on from their seed.
pub(crate) fn seeds() -> Vec<u64> {
    let number = |name| std::env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    match (number("MUSTER_SEED"), number("MUSTER_HISTORIES")) {
        (Some(seed), None) if std::env::var_os("MUSTER_LONG").is_some() => (seed..seed + 300).collect(),
        (Some(seed), many) => (seed..seed + many.unwrap_or(1)).collect(),
        (None, many) => (0..many.unwrap_or(8)).collect(),
    }
}

fn ids(known: &History) -> Vec<CertificateId> {
    known.ids().collect()
}

/// Hands all of them to a fresh history as they come, some twice, children before their parents.
pub(crate) fn arrive(signed: &[VerifiedCertificate], mut after_each: impl FnMut(&History)) -> History {
    let mut history = History::new(signed.iter().find(|it| is_found(it)).unwrap().id().into());
    let mut orphans: Vec<VerifiedCertificate> = Vec::new();
    for certificate in signed {
        orphans.push(certificate.clone());
        while let Some(at) = orphans
            .iter()
            .position(|orphan| orphan.certificate().parents.iter().all(|parent| history.contains(parent)))
        {
            history.add(orphans.remove(at)).unwrap();
            after_each(&history);
        }
        if let Some(orphan) = orphans.first() {
            assert!(matches!(history.add(orphan.clone()), Err(NotAdded::MissingParents(_))));
        }
    }
    assert!(orphans.is_empty());
    history
}

fn is_found(certificate: &VerifiedCertificate) -> bool {
    matches!(certificate.body(), Body::Found(_))
}

pub(crate) fn standings(history: &History) -> BTreeMap<CertificateId, Standing> {
    ids(history).into_iter().map(|id| (id, history.standing(&id).unwrap())).collect()
}

#[test]
fn the_random_histories_are_worth_their_name() {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let (mut effective, mut void) = (0, 0);
    for seed in 1_000..1_040 {
        let history = Crowd::of(&mut Dice::of(seed), 8, 4, 40).history;
        for standing in standings(&history).into_values() {
            match standing {
                Standing::Effective => effective += 1,
                Standing::Void(why) => {
                    void += 1;
                    let why = format!("{why:?}");
                    *reasons.entry(why.split('(').next().unwrap().to_owned()).or_default() += 1;
                }
            }
        }
    }
    println!("{effective} effective, {void} void: {reasons:?}");
    assert!(effective > void, "most of it counts");
    let seen: Vec<_> = reasons.keys().map(String::as_str).collect();
    for reason in
        ["AuthorNotIn", "BeyondCut", "DeviceTaken", "InvitationSpent", "LesserRightWins", "TargetRevoked"]
    {
        assert!(seen.contains(&reason), "no random history has {reason}");
    }
}

#[test]
fn random_bytes_and_flipped_bits_are_refused_without_a_panic() {
    let mut dice = Dice::of(7);
    let signed = Crowd::of(&mut dice, 8, 4, 40).signed;
    let mut history = arrive(&signed, |_| {});
    let before = history.len();
    for _ in 0..3_000 {
        let mut bytes = dice.pick(&signed).signed().bytes();
        for _ in 0..1 + dice.below(3) {
            let at = dice.below(bytes.len());
            bytes[at] ^= 1 << dice.below(8);
        }
        bytes.truncate(if dice.below(3) == 0 { dice.below(bytes.len()) } else { bytes.len() });
        if signed.iter().any(|it| it.signed().bytes() == bytes) {
            continue;
        }
        // One flipped bit may make an honest certificate newer, or a stranger's: it is never taken in.
        let Ok(certificate) = SignedCertificate::from_bytes(&bytes).and_then(SignedCertificate::verify)
        else {
            continue;
        };
        assert!(!matches!(history.add(certificate), Ok(Added::New(_))));
    }
    for _ in 0..3_000 {
        let noise: Vec<u8> =
            (0..dice.below(600)).map(|at| if at == 0 { 1 } else { dice.below(256) as u8 }).collect();
        assert!(SignedCertificate::from_bytes(&noise).and_then(SignedCertificate::verify).is_err());
    }
    assert_eq!(history.len(), before);
}
