//! Two devices that were apart find out what each of them lacks, and say little more than that.

use muster::core::primitives::codec;
use muster::core::primitives::ids::CertificateId;
use muster::core::roster::body::{Body, Setting, setting};
use muster::core::roster::reconcile::{BreaksTheRules, Range, Reconciling, What, Word};
use muster::core::roster::{History, VerifiedCertificate};

use crate::roster_crowd::Crowd;
use crate::roster_random::{Dice, seeds};
use crate::roster_sketch::{further_device, key, now, sketch};

/// What it took until both had said all.
#[derive(Debug, Default)]
struct Cost {
    words: usize,
    bytes: usize,
    largest: usize,
    certificates: usize,
}

/// Both say what they hold and go on until neither has anything to say; each then has what it lacked.
fn reconcile(one: &mut History, other: &mut History) -> Cost {
    let mut cost = Cost::default();
    let mut sides = [Reconciling::new(true), Reconciling::new(false)];
    let mut lacking = [Vec::new(), Vec::new()];
    let mut words = vec![(1, Reconciling::holds(one)), (0, Reconciling::holds(other))];
    while let Some((to, word)) = words.pop() {
        let bytes = codec::encode(&word);
        cost.words += 1;
        cost.bytes += bytes.len();
        cost.largest = cost.largest.max(bytes.len());
        assert!(cost.words < 200, "it does not end");
        let history: &History = if to == 0 { one } else { other };
        let heard = sides[to].hear(codec::decode(&bytes).unwrap(), history).unwrap();
        words.extend(heard.say.map(|word| (1 - to, word)));
        lacking[to].extend(heard.lacking.unwrap_or_default());
    }
    let [from_one, from_other] = lacking;
    cost.certificates = from_one.len() + from_other.len();
    hand_over(one, &from_one, other);
    hand_over(other, &from_other, one);
    assert_eq!(one.heads(), other.heads());
    cost
}

fn hand_over(from: &History, ids: &[CertificateId], to: &mut History) {
    let certificates: Vec<VerifiedCertificate> = ids.iter().map(|id| from.get(id).unwrap().clone()).collect();
    for certificate in certificates {
        to.add(certificate).expect("ancestors come first");
    }
}

/// Goes on alone: `author` signs so many settings.
fn goes_on(history: &mut History, author: &str, times: usize) {
    for n in 0..times {
        let value = n.to_le_bytes().to_vec();
        let said =
            history.author(&key(author), Body::Setting(Setting { key: setting::RELAYS, value }), now());
        history.add(said.unwrap()).unwrap();
    }
}

/// Ada, and Bob who is an Administrator too, with so many certificates behind them.
fn with_a_past_of(certificates: usize) -> History {
    let mut history = sketch("ada founds -> ada enrols bob:admin").history;
    goes_on(&mut history, "ada", certificates);
    history
}

#[test]
fn who_holds_the_same_says_so_in_one_word_each() {
    let history = with_a_past_of(100);
    let cost = reconcile(&mut history.clone(), &mut history.clone());
    assert_eq!((cost.words, cost.certificates), (2, 0));
}

#[test]
fn who_was_away_gets_what_was_missed_and_hardly_anything_else() {
    let mut away = with_a_past_of(100);
    let mut here = away.clone();
    goes_on(&mut here, "bob", 37);
    let cost = reconcile(&mut away, &mut here);
    assert!((37..=37 + 16).contains(&cost.certificates), "{cost:?}");
}

#[test]
fn who_comes_in_gets_everything_though_it_is_much() {
    let here = with_a_past_of(400);
    let first = here.in_causal_order().next().unwrap().clone();
    let mut fresh = History::new(first.id().into());
    fresh.add(first).unwrap();
    let cost = reconcile(&mut fresh, &mut here.clone());
    assert_eq!((cost.words, cost.certificates), (2, here.len() - 1), "{cost:?}");
}

#[test]
fn two_who_both_went_on_find_where_they_parted_in_a_few_short_words() {
    let mut ada = with_a_past_of(600);
    let mut bob = ada.clone();
    goes_on(&mut ada, "ada", 100);
    goes_on(&mut bob, "bob", 100);
    let cost = reconcile(&mut ada, &mut bob);
    assert!(cost.certificates <= 208 && cost.words <= 10 && cost.bytes < 4096, "{cost:?}");
}

#[test]
fn histories_that_parted_long_ago_in_many_places_are_compared_by_ranges() {
    let mut stem = sketch("ada founds").history;
    let devices: Vec<String> = (0..15).map(|n| format!("ada@{n}")).collect();
    for device in &devices {
        let added = Body::AddDevice(further_device(&stem, "ada", "ada", device));
        stem.add(stem.author(&key("ada"), added, now()).unwrap()).unwrap();
    }
    // Every device was alone for as long; one of the two lacks the end of each, and the other the end of each second.
    let (mut one, mut other) = (stem.clone(), stem.clone());
    for (n, device) in devices.iter().enumerate() {
        let mut alone = stem.clone();
        goes_on(&mut alone, device, 40);
        let chain: Vec<CertificateId> = alone.lacking(&stem.heads());
        let (short, long) = if n % 2 == 0 { (&mut one, &mut other) } else { (&mut other, &mut one) };
        hand_over(&alone, &chain, long);
        hand_over(&alone, &chain[..39], short);
    }
    let cost = reconcile(&mut one, &mut other);
    assert!((15..=15 + 16).contains(&cost.certificates), "{cost:?}");
    assert!(cost.bytes < 40_000, "{cost:?}");
}

#[test]
fn whatever_two_devices_hold_they_hold_the_same_afterwards() {
    for seed in seeds() {
        println!("seed {seed}");
        let mut dice = Dice::of(seed);
        let signed = Crowd::of(&mut dice, 8, 3, 60).signed;
        let mut some = || {
            let mut history = History::new(signed[0].id().into());
            for certificate in &signed {
                let parents = &certificate.certificate().parents;
                if parents.iter().all(|parent| history.contains(parent)) && dice.below(8) > 0 {
                    history.add(certificate.clone()).unwrap();
                }
            }
            history
        };
        let (mut one, mut other) = (some(), some());
        reconcile(&mut one, &mut other);
        assert_eq!(one.roster().digest(), other.roster().digest());
    }
}

#[test]
fn whoever_breaks_the_rules_is_not_listened_to() {
    let history = with_a_past_of(40);
    let heads = history.heads();
    let unknown = CertificateId([7; 32]);
    let range = |generation, what| Range { end: (generation, unknown), what };
    let bad = [
        Word::Finer(vec![]),
        Word::Between(unknown, heads[0]),
        Word::Between(heads[0], heads[0]),
        Word::Ranges(vec![range(2, What::Settled), range(2, What::Settled)]),
        Word::Ranges(vec![range(9, What::Ids(vec![unknown; 1025]))]),
        Word::Ranges((0..513).map(|n| range(n, What::Settled)).collect()),
    ];
    for word in bad {
        let heard = Reconciling::new(true).hear(word.clone(), &history);
        assert_eq!(heard, Err(BreaksTheRules), "{word:?}");
    }
    let Word::Holds(mut holds) = Reconciling::holds(&history) else { panic!() };
    holds.heads = vec![unknown; 33];
    assert_eq!(Reconciling::new(true).hear(Word::Holds(holds), &history), Err(BreaksTheRules));
}

#[test]
fn no_word_is_larger_than_a_frame_whatever_was_asked() {
    let history = with_a_past_of(900);
    let ends = (0..512).map(|n| (n * 2, CertificateId([0; 32])));
    let prints = ends.map(|end| Range { end, what: What::Print([0; 16]) }).collect();
    let heard = Reconciling::new(true).hear(Word::Ranges(prints), &history).unwrap();
    let said = codec::encode(&heard.say.unwrap());
    assert!(said.len() < muster::core::primitives::limits::FRAME - 1024, "{}", said.len());
    let again: Word = codec::decode(&said).unwrap();
    assert!(Reconciling::new(true).hear(again, &history).is_ok(), "and the other takes it");
}
