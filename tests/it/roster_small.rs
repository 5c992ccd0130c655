//! Everything that three Administrators can do to each other within a few acts, without chance: each revokes, demotes and
//! promotes the others and acknowledges what they owe, having seen all that there is or nothing but what they saw before
//! they last spoke. The enumeration is our own (docs/decisions/0015): what was met is told by its digest, and so takes no
//! room. `MUSTER_LONG=1` tries six acts, `MUSTER_ACTS=4` four.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::thread;

use muster::core::primitives::digest::derive;
use muster::core::primitives::ids::{CertificateId, UserId};
use muster::core::roster::body::Body;
use muster::core::roster::{History, Profile, VerifiedCertificate};

use crate::roster_sketch::{key, now, sketch, user};

const PEOPLE: [&str; 3] = ["ada", "bob", "cyd"];

/// What came of one set of certificates, and what each of the three saw.
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

    /// Which certificates there are.
    fn certificates(&self) -> [u8; 32] {
        let ids: Vec<_> = self.history.ids().map(|id| id.0).collect();
        derive("muster test 1", &[b"certificates", ids.as_flattened()])
    }

    /// Who has seen which of them as well.
    fn name(&self) -> [u8; 32] {
        let seen = self.seen.each_ref().map(|seen| seen.iter().flat_map(|id| id.0).collect::<Vec<_>>());
        let certificates = self.certificates();
        derive("muster test 1", &[&certificates, &seen[0], b"/", &seen[1], b"/", &seen[2]])
    }

    /// Each act that anybody may do, and where it leads.
    fn next(&self) -> Vec<(UserId, Self)> {
        let mut next = Vec::new();
        for (at, author) in PEOPLE.into_iter().enumerate() {
            for known in BTreeSet::from([self.seen[at].clone(), self.history.heads()]) {
                let seen = self.history.as_of(&known).unwrap();
                let owed = seen.owed(&key(author).device());
                let mut bodies = if owed.removals.is_empty() { Vec::new() } else { vec![owed.body()] };
                for other in PEOPLE.into_iter().filter(|other| *other != author).map(user) {
                    bodies.push(seen.revocation(&other));
                    bodies.push(seen.profile_change(&other, Profile::Member));
                    bodies.push(seen.profile_change(&other, Profile::Administrator));
                }
                let signed =
                    bodies.into_iter().filter_map(|body| seen.author(&key(author), body, now()).ok());
                next.extend(signed.map(|signed| (user(author), self.after(at, signed))));
            }
        }
        next
    }

    fn after(&self, at: usize, signed: VerifiedCertificate) -> Self {
        let mut there = Self { history: self.history.clone(), seen: self.seen.clone() };
        there.seen[at] = vec![signed.id()];
        there.history.add(signed).unwrap();
        there
    }

    /// Who is revoked by a settled removal.
    fn settled(&self) -> Vec<UserId> {
        let revokes = self.history.in_causal_order().filter(|it| matches!(it.body(), Body::Revoke(_)));
        let settled = revokes.filter(|it| {
            self.history.standing(&it.id()).unwrap().is_effective()
                && self.history.acknowledged(&it.id()).unwrap().settled
        });
        settled.filter_map(|it| it.body().removal().map(|(target, _)| target)).collect()
    }
}

/// What has been met so far.
#[derive(Default)]
struct Search {
    /// Of each set of certificates, the digest of the roster it adds up to.
    digests: Mutex<BTreeMap<[u8; 32], [u8; 32]>>,
    /// The names of situations, by the number of acts that lead there.
    met: Mutex<BTreeMap<usize, BTreeSet<[u8; 32]>>>,
    /// How often one was met again, and how often somebody acted who was out for good.
    tally: Mutex<(usize, usize)>,
}

impl Search {
    /// Whatever comes after this, so many acts deep.
    fn explore(&self, from: &Situation, acts: usize) {
        if acts > 0 {
            self.step(from).iter().for_each(|there| self.explore(there, acts - 1));
        }
    }

    /// What comes next and wasn't met before.
    fn step(&self, from: &Situation) -> Vec<Situation> {
        let out = from.settled();
        let next = from.next().into_iter().filter(|(author, there)| {
            self.one_remains_all_agree_and_who_is_out_changes_nothing(from, &out, *author, there);
            let fresh = self.met.lock().unwrap().entry(there.history.len()).or_default().insert(there.name());
            self.tally.lock().unwrap().0 += usize::from(!fresh);
            fresh
        });
        next.map(|(_, there)| there).collect()
    }

    fn one_remains_all_agree_and_who_is_out_changes_nothing(
        &self,
        before: &Situation,
        out: &[UserId],
        author: UserId,
        after: &Situation,
    ) {
        // P9
        assert!(after.history.roster().active_administrators().next().is_some());
        // P1: the same certificates, which came in another order.
        let digest = after.history.roster().digest();
        assert_eq!(*self.digests.lock().unwrap().entry(after.certificates()).or_insert(digest), digest);
        // P3: one who is out for good, and alone.
        if out == [author] {
            self.tally.lock().unwrap().1 += 1;
            assert_eq!(before.history.roster(), after.history.roster());
        }
    }
}

fn acts() -> usize {
    let asked = std::env::var("MUSTER_ACTS").ok().map(|acts| acts.parse().unwrap());
    asked.unwrap_or(if std::env::var_os("MUSTER_LONG").is_some() { 6 } else { 2 })
}

#[test]
fn whatever_three_administrators_do_to_each_other_one_remains_all_agree_and_who_is_out_changes_nothing() {
    let search = Search::default();
    let first_acts = search.step(&Situation::first());
    let left = Mutex::new(first_acts.iter().flat_map(|it| search.step(it)).collect::<Vec<_>>());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(situation) = { left.lock().unwrap().pop() } {
                    search.explore(&situation, acts() - 2);
                }
            });
        }
    });
    let met = search.met.into_inner().unwrap();
    let (again, of_who_is_out) = search.tally.into_inner().unwrap();
    for (certificates, situations) in &met {
        println!("{} acts: {} situations", certificates - 3, situations.len());
    }
    println!("{again} met again, {of_who_is_out} acts of who is out");
    assert!(again > 0 && met.len() == acts());
    assert!(acts() < 3 || of_who_is_out > 0);
}
