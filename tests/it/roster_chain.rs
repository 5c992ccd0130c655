//! Long chains: they are walked in loops, and what comes at the head costs its own size alone.

use std::time::Instant;

use muster::core::roster::body::{Body, Setting, setting};
use muster::core::roster::reconcile::Holds;
use muster::core::roster::{Added, History, Profile};

use crate::roster_sketch::{enrolment, invitation, key, now, sketch, user};

/// As many as the long tests take: there, a hundred thousand.
fn long() -> usize {
    if std::env::var_os("MUSTER_LONG").is_some() { 100_000 } else { 10_000 }
}

fn chain(length: usize) -> History {
    let mut history = sketch("ada founds -> ada enrols bob:admin").history;
    let body = Body::Setting(Setting { key: setting::RELAYS, value: Vec::new() });
    while history.len() < length {
        let next = history.author(&key_of(history.len()), body.clone(), now()).unwrap();
        assert_eq!(history.add(next.clone()), Ok(Added::New(next.id())));
    }
    history
}

/// Ada and Bob take turns.
fn key_of(turn: usize) -> muster::core::primitives::keys::DeviceKey {
    thread_local! {
        static KEYS: [muster::core::primitives::keys::DeviceKey; 2] = [key("ada"), key("bob")];
    }
    KEYS.with(|keys| keys[turn % 2].clone())
}

#[test]
fn a_long_chain_is_held_walked_and_resolved_without_recursion() {
    let began = Instant::now();
    // A stack that no recursion over the chain would fit into.
    let walked = std::thread::Builder::new().stack_size(256 * 1024).spawn(|| {
        let mut history = chain(long());
        let first = history.in_causal_order().next().unwrap().id();
        let second = history.in_causal_order().nth(1).unwrap().id();
        assert_eq!(history.with_ancestors(&history.heads()).len(), long());
        assert_eq!(history.lacking(&[second]).len(), long() - 2);
        assert_eq!(history.lacking(&[first]).len(), long() - 1);
        assert!(history.lacking(&history.heads()).is_empty());
        // One that comes late: its past is the beginning, and everything is resolved again.
        let mut beginning = History::new(history.organization());
        for certificate in history.in_causal_order().take(2) {
            beginning.add(certificate.clone()).unwrap();
        }
        let body = Body::Setting(Setting { key: setting::RELAYS, value: Vec::new() });
        let late = beginning.author(&key("bob"), body, now()).unwrap();
        history.add(late).unwrap();
        assert_eq!(history.heads().len(), 2);
        assert!(history.is_consistent());
    });
    walked.unwrap().join().unwrap();
    println!("{} in {:?}", long(), began.elapsed());
}

#[test]
fn who_says_what_they_hold_names_the_heads_and_ever_fewer_of_what_lies_back_down_to_the_founding() {
    let history = chain(1_000);
    let sample = Holds::of(&history).past;
    let order: Vec<_> = history.in_causal_order().map(|it| it.id()).collect();
    assert!(sample.len() <= 12 && sample.len() >= 10);
    assert_eq!(sample[0], history.heads()[0]);
    assert_eq!(*sample.last().unwrap(), order[0]);
    let places: Vec<_> = sample.iter().map(|id| order.iter().position(|it| it == id).unwrap()).collect();
    assert!(places.is_sorted_by(|a, b| a > b));
    let gaps: Vec<_> = places.windows(2).map(|pair| pair[0] - pair[1]).collect();
    assert!(gaps[..gaps.len() - 1].is_sorted(), "{gaps:?}");
}

#[test]
fn what_somebody_lacks_is_what_their_certificates_dont_build_on_ancestors_first() {
    let drawn = sketch(
        "ada founds #found -> ada enrols bob:admin #bob
         | ada enrols eve:member #eve
         | bob enrols tom:member #tom -> bob adds phone #phone",
    );
    let history = &drawn.history;
    assert_eq!(history.lacking(&[drawn.mark("tom")]).len(), 2);
    assert_eq!(history.lacking(&[drawn.mark("eve")]), [drawn.mark("tom"), drawn.mark("phone")]);
    let stranger = muster::core::primitives::ids::CertificateId([3; 32]);
    assert_eq!(history.lacking(&[drawn.mark("phone"), stranger]), [drawn.mark("eve")]);
    assert_eq!(history.lacking(&[]).len(), 5);
    assert_eq!(history.lacking(&[])[0], drawn.mark("found"));
}

#[test]
fn an_empty_history_has_nothing_to_say() {
    let history = History::new(muster::core::primitives::ids::OrganizationId([1; 32]));
    assert!(history.is_empty() && history.heads().is_empty() && Holds::of(&history).past.is_empty());
    assert!(history.is_consistent());
}

/// Everybody comes in, one in ten is promoted, one in ten removed, and everybody acknowledges as they should.
fn large(people: usize) -> History {
    let mut history =
        sketch("ada founds -> ada enrols bob:admin -> ada enrols cyd:admin -> everybody acknowledges")
            .history;
    let hosts = ["ada", "bob", "cyd"];
    let organization = history.organization();
    for n in 0..people {
        let (host, guest) = (hosts[n % 3], format!("g{n}"));
        let enroll = enrolment(organization, host, &guest, Profile::Member, invitation(&guest));
        say(&mut history, host, Body::Enroll(enroll));
        if n % 10 == 9 {
            let promotion = history.profile_change(&user(&format!("g{}", n - 3)), Profile::Administrator);
            say(&mut history, host, promotion);
            let removal = history.revocation(&user(&format!("g{}", n - 5)));
            say(&mut history, host, removal);
            for witness in hosts {
                let owed = history.owed(&key(witness).device());
                if !owed.is_empty() {
                    say(&mut history, witness, owed.body());
                }
            }
        }
    }
    history
}

fn say(history: &mut History, author: &str, body: Body) {
    let signed = history.author(&key(author), body, now()).unwrap();
    history.add(signed).unwrap();
}

#[test]
fn a_large_organization_is_replayed_at_the_cost_of_each_certificate_and_resolved_in_one_go() {
    let history = large(if long() > 10_000 { 20_000 } else { 200 });
    let certificates: Vec<_> = history.in_causal_order().collect();
    let began = Instant::now();
    let mut again = History::new(history.organization());
    for certificate in &certificates {
        again.add(certificate.clone()).unwrap();
    }
    println!("{} replayed in {:?}", certificates.len(), began.elapsed());
    assert_eq!(again.roster(), history.roster());
    // One removal that comes late, by somebody who hasn't seen the last third.
    let known = certificates[certificates.len() * 2 / 3].id();
    let seen = again.as_of(&[known]).unwrap();
    let late = seen.author(&key("bob"), seen.revocation(&user("g1")), now()).unwrap();
    let began = Instant::now();
    again.add(late.clone()).unwrap();
    println!("one late removal in {:?}", began.elapsed());
    assert!(again.standing(&late.id()).unwrap().is_effective());
    let began = Instant::now();
    assert!(again.is_consistent());
    println!("resolved from nothing in {:?}", began.elapsed());
}

#[test]
fn a_witness_who_acknowledges_while_the_rest_arrives_walks_through_nothing_for_each_later_removal() {
    let enrol: Vec<String> = (0..40).map(|n| format!("ada enrols m{n}:member")).collect();
    let revoke: Vec<String> = (0..40).map(|n| format!("ada revokes m{n}")).collect();
    let drawn = sketch(&format!(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin -> {} -> {}",
        enrol.join(" -> "),
        revoke.join(" -> ")
    ));
    let mut arriving = drawn.history.in_causal_order();
    let mut history = History::new(drawn.history.organization());
    arriving.by_ref().take(50).for_each(|it| _ = history.add(it).unwrap());
    let owed = history.owed(&key("bob").device());
    let word = history.author(&key("bob"), owed.body(), now()).unwrap();
    history.add(word).unwrap();
    let before = history.gone_through();
    arriving.for_each(|it| _ = history.add(it).unwrap());
    assert_eq!(history.heads().len(), 2);
    assert!(history.is_consistent());
    // Once, for the past of the first one that doesn't know Bob's word.
    let walks = (history.gone_through() - before) / 51;
    assert!(walks <= 2, "{walks} walks for 33 removals");
}
