//! Random histories by honest and hostile people: whatever was signed, in whatever order it arrives,
//! everybody comes to the same roster. `MUSTER_SEED=7` repeats one, `MUSTER_HISTORIES=5000` tries more.

use std::collections::BTreeMap;

use muster::core::primitives::ids::CertificateId;
use muster::core::roster::body::{Acknowledge, AddDevice, Adopt, Body, Setting, setting};
use muster::core::roster::{
    Added, History, NotAdded, Profile, SignedCertificate, Standing, VerifiedCertificate,
};

use crate::roster_sketch::{enrolment, founding, further_device, invitation, key, now, user};

const STEPS: usize = 36;
const PEOPLE: usize = 9;

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

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}

fn seeds() -> Vec<u64> {
    match std::env::var("MUSTER_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (0..std::env::var("MUSTER_HISTORIES").map_or(14, |many| many.parse().unwrap())).collect(),
    }
}

fn devices() -> Vec<String> {
    let named = |n| [format!("p{n}"), format!("p{n}@a"), format!("p{n}@b")];
    (0..PEOPLE).flat_map(named).collect()
}

/// Everything that was ever signed: each step by somebody who knew what one, or two, of the earlier knew. So people
/// rewind, fork their own chains, backdate, and let the same guest in twice.
fn everything(dice: &mut Dice) -> Vec<VerifiedCertificate> {
    let found = History::found(&key("p0"), founding("p0"), now()).unwrap();
    let mut first = History::new(found.id().into());
    first.add(found.clone()).unwrap();
    let mut knowing = vec![first];
    let mut signed = vec![found];
    while signed.len() < STEPS {
        let recent = knowing.len().saturating_sub(6);
        let lately = recent + dice.below(knowing.len() - recent);
        let anywhen = dice.below(knowing.len());
        let mut known = knowing[if dice.below(8) == 0 { anywhen } else { lately }].clone();
        if dice.below(3) > 0 {
            learn(&mut known, dice.pick(&knowing));
        }
        if let Some(certificate) = (0..20).find_map(|_| something(dice, &known)) {
            known.add(certificate.clone()).unwrap();
            signed.push(certificate);
            knowing.push(known);
        }
    }
    signed
}

/// What somebody who is in might say; often nobody may say it.
fn something(dice: &mut Dice, known: &History) -> Option<VerifiedCertificate> {
    let author = dice.pick(&devices()).clone();
    known.roster().user_of(&key(&author).device())?;
    let body = anything(dice, known, &author);
    known.author(&key(&author), body, now()).ok()
}

fn learn(history: &mut History, other: &History) {
    for id in other.lacking(&history.heads()) {
        history.add(other.get(&id).unwrap().clone()).unwrap();
    }
}

fn anything(dice: &mut Dice, known: &History, author: &str) -> Body {
    let somebody = format!("p{}", dice.below(PEOPLE));
    let profile =
        *dice.pick(&[Profile::Administrator, Profile::Administrator, Profile::Member, Profile::External]);
    match dice.below(12) {
        0..=3 => {
            let link = invitation(&format!("link {}", dice.below(30)));
            Body::Enroll(enrolment(known.organization(), author, &somebody, profile, link))
        }
        4 => Body::AddDevice(added(dice, known, author)),
        5..=7 => {
            let profile = *dice.pick(&[Profile::Administrator, Profile::Member]);
            known.profile_change(&user(&somebody), profile)
        }
        8 => known.revocation(&user(&somebody)),
        9 => {
            let acknowledged = dice.pick(&ids(known)).to_owned();
            Body::Acknowledge(Acknowledge {
                removals: if dice.below(2) == 0 { vec![acknowledged] } else { vec![] },
            })
        }
        10 => Body::Adopt(Adopt { enrol: *dice.pick(&ids(known)) }),
        _ => match dice.below(4) {
            0..3 => Body::Setting(Setting { key: setting::RELAYS, value: vec![dice.below(9) as u8] }),
            _ => Body::Unknown { kind: 77, bytes: Vec::new() },
        },
    }
}

/// A further device, which now and then is somebody else's first.
fn added(dice: &mut Dice, known: &History, author: &str) -> AddDevice {
    let owner = author.split('@').next().unwrap();
    let device = match dice.below(3) {
        0 => format!("p{}", dice.below(PEOPLE)),
        1 => format!("{owner}@a"),
        _ => format!("{owner}@b"),
    };
    further_device(known, author, owner, &device)
}

fn ids(known: &History) -> Vec<CertificateId> {
    known.in_causal_order().map(VerifiedCertificate::id).collect()
}

/// Hands all of them to a fresh history as they come, some twice, children before their parents.
fn arrive(signed: &[VerifiedCertificate], mut after_each: impl FnMut(&History)) -> History {
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

fn standings(history: &History) -> BTreeMap<CertificateId, Standing> {
    ids(history).into_iter().map(|id| (id, history.standing(&id).unwrap())).collect()
}

#[test]
fn everybody_who_holds_the_same_comes_to_the_same_roster_in_whatever_order_it_came() {
    for seed in seeds() {
        println!("seed {seed}");
        let mut dice = Dice::of(seed);
        let mut signed = everything(&mut dice);
        let reference = arrive(&signed, |_| {});
        for _ in 0..3 {
            dice.shuffle(&mut signed);
            let mut with_duplicates = signed.clone();
            with_duplicates.extend(signed.iter().filter(|it| it.id().0[0] < 64).cloned());
            let other = arrive(&with_duplicates, |_| {});
            assert_eq!(other.heads(), reference.heads());
            assert_eq!(other.roster(), reference.roster());
            assert_eq!(other.roster().digest(), reference.roster().digest());
            assert_eq!(standings(&other), standings(&reference));
        }
    }
}

#[test]
fn the_live_roster_equals_the_one_resolved_from_nothing_after_every_single_certificate() {
    for seed in seeds() {
        println!("seed {seed}");
        let mut dice = Dice::of(seed ^ 0x5eed);
        let mut signed = everything(&mut dice);
        let check = |history: &History| {
            assert!(history.is_consistent());
            assert_eq!(history.resolved_again(), *history.roster());
        };
        arrive(&signed, check);
        dice.shuffle(&mut signed);
        arrive(&signed, check);
    }
}

#[test]
fn at_least_one_administrator_is_active_whatever_happens() {
    for seed in seeds() {
        println!("seed {seed}");
        let mut dice = Dice::of(seed ^ 0xadd);
        let signed = everything(&mut dice);
        arrive(&signed, |history| {
            assert!(history.roster().active_administrators().next().is_some());
        });
    }
}

#[test]
fn the_random_histories_are_worth_their_name() {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let (mut effective, mut void) = (0, 0);
    for seed in 1_000..1_040 {
        let history = arrive(&everything(&mut Dice::of(seed)), |_| {});
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
    for reason in [
        "AuthorNotIn",
        "BeyondCut",
        "DeviceTaken",
        "GrantNotCounting",
        "InvitationSpent",
        "LesserRightWins",
        "TargetRevoked",
    ] {
        assert!(seen.contains(&reason), "no random history has {reason}");
    }
}

#[test]
fn random_bytes_and_flipped_bits_are_refused_without_a_panic() {
    let mut dice = Dice::of(7);
    let signed = everything(&mut dice);
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
