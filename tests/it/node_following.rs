//! Following the log at a node: what changed since a revision is all that changed, whenever one asks.

use std::collections::{BTreeMap, BTreeSet};

use muster::core::node::changes::Changes;
use muster::core::node::request::{Answer, LogAnswer, Request};
use muster::core::primitives::ids::CertificateId;
use muster::core::primitives::limits;
use muster::core::roster::Profile;

use crate::support::chance::Chance;
use crate::support::world::{World, email};

/// Somebody who follows a machine's log.
struct Follower {
    of: &'static str,
    revision: Option<String>,
    told: BTreeMap<String, String>,
    /// How many lines came with the latest answer.
    came: usize,
}

impl Follower {
    fn of(of: &'static str) -> Self {
        Self { of, revision: None, told: BTreeMap::new(), came: 0 }
    }

    fn looks(&mut self, world: &mut World) {
        let since = self.revision.take();
        match world.ask(self.of, Request::LogChanges { since }) {
            Ok(Answer::LogChanges(changes)) => {
                self.came = changes.changed.len();
                self.told.extend(changes.changed.iter().map(standing));
                self.revision = Some(changes.revision);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(self.told, log(world, self.of), "{}", self.of);
    }
}

fn standing(line: &LogAnswer) -> (String, String) {
    (line.certificate_id.to_string(), line.standing.clone())
}

fn log(world: &mut World, of: &str) -> BTreeMap<String, String> {
    match world.ask(of, Request::RosterLog) {
        Ok(Answer::Log(log)) => log.iter().map(standing).collect(),
        other => panic!("{other:?}"),
    }
}

fn change(world: &mut World, by: &str, profile: Profile, whom: &str) {
    // Who was removed meanwhile may no longer: that is part of the story.
    let _ = world.ask(by, Request::SetProfiles { profile, users: vec![email(whom)] });
}

#[test]
fn whoever_looks_at_any_time_knows_the_whole_log_by_what_changed_since_they_looked_last() {
    let mut chance = Chance::from_environment();
    let mut world = World::new("following");
    world.found("ada");
    let mut followers = ["ada", "ada", "bob", "cyd"].map(Follower::of);
    for name in ["bob", "cyd", "dan"] {
        world.enrol("ada", name, "administrator");
    }
    for _ in 0..60 {
        let names = ["ada", "bob", "cyd", "dan"];
        let [by, whom] = [(); 2].map(|()| names[chance.below(4) as usize]);
        match chance.below(16) {
            0..4 => world.unplug(by),
            4..6 => world.plug_in(by),
            _ if !world.is_member(by) => world.plug_in(by),
            6 => {
                let _ = world.ask(by, Request::RevokeUsers { users: vec![email(whom)] });
            }
            even if even % 2 == 0 => change(&mut world, by, Profile::Member, whom),
            _ => change(&mut world, by, Profile::Administrator, whom),
        }
        let looks = followers.get_mut(chance.below(6) as usize).filter(|it| world.is_member(it.of));
        if let Some(follower) = looks {
            follower.looks(&mut world);
        }
    }
    for name in ["ada", "bob", "cyd", "dan"] {
        world.plug_in(name);
    }
    for follower in &mut followers {
        follower.looks(&mut world);
        follower.looks(&mut world);
        assert_eq!(follower.came, 0, "nothing is told twice");
    }
}

#[test]
fn what_changed_is_remembered_within_a_bound_and_what_is_older_isnt_guessed() {
    let mut chance = Chance::from_environment();
    let number = |n: u64| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        bytes
    };
    let mut changes = Changes::after(number(0));
    let mut ids: Vec<Vec<CertificateId>> = Vec::new();
    let mut forgotten = 0;
    for turn in 1..2000 {
        let changed = (0..chance.below(8)).map(|_| CertificateId(number(chance.below(500))));
        ids.push(changed.collect());
        changes.note(number(turn), ids[turn as usize - 1].clone());
        assert!(changes.held() <= limits::LOG_CHANGES);
        let since = chance.below(turn + 1);
        let later: BTreeSet<CertificateId> = ids[since as usize..].concat().into_iter().collect();
        match changes.since(&number(since)) {
            Some(told) => {
                assert_eq!(told.len(), later.len(), "each once");
                assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), later);
            }
            None => {
                let kept: usize = ids[since as usize..].iter().map(|ids| ids.len().max(1)).sum();
                assert!(kept > limits::LOG_CHANGES, "{kept} were few enough");
                forgotten += 1;
            }
        }
    }
    assert!(forgotten > 100);
    assert_eq!(changes.since(&number(5000)), None, "which never was");
}
