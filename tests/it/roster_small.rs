//! Everything that three Administrators can do to each other within a few acts, without chance: each revokes, demotes and
//! promotes the others and acknowledges what they owe, having seen all that there is or nothing but what they saw before
//! they last spoke. An enumeration of our own: a state here is a set of certificates, and signing is deterministic, so that
//! comparing sets is all that a model checker would do for us. `MUSTER_LONG=1` tries six acts, `MUSTER_ACTS=4` four.

use std::collections::{BTreeMap, BTreeSet};

use muster::core::primitives::ids::{CertificateId, UserId};
use muster::core::roster::body::Body;
use muster::core::roster::{History, Profile, VerifiedCertificate};

use crate::roster_sketch::{key, now, sketch, user};

const PEOPLE: [&str; 3] = ["ada", "bob", "cyd"];

/// What came of one set of certificates, and what each of the three saw.
#[derive(Clone)]
struct Situation {
    history: History,
    seen: [Vec<CertificateId>; 3],
}

impl Situation {
    fn first() -> Self {
        let history = sketch("ada founds -> ada enrols bob:admin -> ada enrols cyd:admin").history;
        let seen = [history.heads(), history.heads(), history.heads()];
        Self { history, seen }
    }

    /// What names it: the certificates, and who has seen which.
    fn name(&self) -> (Vec<CertificateId>, [Vec<CertificateId>; 3]) {
        (self.history.in_causal_order().map(VerifiedCertificate::id).collect(), self.seen.clone())
    }

    /// Each act that anybody may do, and where it leads.
    fn next(&self) -> Vec<(UserId, Self)> {
        let mut next = Vec::new();
        for (at, author) in PEOPLE.into_iter().enumerate() {
            let pasts = BTreeSet::from([self.seen[at].clone(), self.history.heads()]);
            for known in pasts {
                for body in self.bodies(author, &known) {
                    let Ok(signed) = self.history.as_of(&known).unwrap().author(&key(author), body, now())
                    else {
                        continue;
                    };
                    let mut there = self.clone();
                    there.seen[at] = vec![signed.id()];
                    there.history.add(signed).unwrap();
                    next.push((user(author), there));
                }
            }
        }
        next
    }

    fn bodies(&self, author: &str, known: &[CertificateId]) -> Vec<Body> {
        let seen = self.history.as_of(known).unwrap();
        let owed = seen.owed(&key(author).device());
        let mut bodies = if owed.removals.is_empty() { Vec::new() } else { vec![owed.body()] };
        for other in PEOPLE.into_iter().filter(|other| *other != author).map(user) {
            bodies.push(seen.revocation(&other));
            bodies.push(seen.profile_change(&other, Profile::Member));
            bodies.push(seen.profile_change(&other, Profile::Administrator));
        }
        bodies
    }

    /// Who is revoked by a settled removal.
    fn settled(&self) -> Vec<UserId> {
        let revokes = self.history.in_causal_order().filter(|it| matches!(it.body(), Body::Revoke(_)));
        let settled = revokes.filter(|it| {
            self.history.standing(&it.id()).unwrap().is_effective()
                && self.history.acknowledged(&it.id()).unwrap().settled
        });
        settled.filter_map(|it| it.body().removal()).map(|(target, _)| target).collect()
    }
}

fn acts() -> usize {
    let asked = std::env::var("MUSTER_ACTS").ok().map(|acts| acts.parse().unwrap());
    asked.unwrap_or(if std::env::var_os("MUSTER_LONG").is_some() { 6 } else { 2 })
}

#[test]
fn whatever_three_administrators_do_to_each_other_one_remains_all_agree_and_who_is_out_changes_nothing() {
    let mut digests: BTreeMap<Vec<CertificateId>, _> = BTreeMap::new();
    let mut now: BTreeMap<_, Situation> =
        [Situation::first()].map(|it| (it.name(), it)).into_iter().collect();
    let (mut again, mut attacks) = (0, 0);
    for act in 1..=acts() {
        let mut after = BTreeMap::new();
        for (author, before, there) in now
            .values()
            .flat_map(|before| before.next().into_iter().map(move |(author, there)| (author, before, there)))
        {
            // P9
            assert!(there.history.roster().active_administrators().next().is_some());
            // P1: the same certificates, which came in another order.
            let (name, digest) = (there.name(), there.history.roster().digest());
            let known = digests.entry(name.0.clone()).or_insert(digest);
            assert_eq!(*known, digest);
            again += usize::from(after.contains_key(&name));
            // P3: one who is out for good, and alone.
            if before.settled() == [author] {
                attacks += 1;
                assert_eq!(before.history.roster(), there.history.roster());
            }
            after.insert(name, there);
        }
        println!("{act} acts: {} situations, {again} met again, {attacks} acts of who is out", after.len());
        now = after;
    }
    assert!(again > 0);
}
