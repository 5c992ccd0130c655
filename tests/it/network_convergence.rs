//! An organization of which some are hostile, and none is always there: whoever is honest comes to the same roster as
//! all the others. `MUSTER_SEED=7` repeats one network, `MUSTER_NETWORKS=1000` tries more.

use muster::core::node::request::UserAnswer;

use crate::roster_random::Dice;
use crate::support::network::Network;

/// How large an organization is, and how many of it are hostile: one in five.
struct Size {
    people: usize,
    hostile: usize,
    /// How often something happens before all meet.
    events: usize,
    /// Of a hundred networks, so many are of this size.
    of_a_hundred: u64,
}

const TEAM: Size = Size { people: 10, hostile: 2, events: 40, of_a_hundred: 88 };
const MIDDLE: Size = Size { people: 20, hostile: 4, events: 50, of_a_hundred: 8 };
const LARGE: Size = Size { people: 50, hostile: 10, events: 60, of_a_hundred: 4 };

#[test]
fn whoever_is_honest_in_a_team_comes_to_the_same_roster_whatever_breaks_and_whoever_lies() {
    some(&TEAM, 0);
}

#[test]
fn so_does_another_team() {
    some(&TEAM, 1);
}

#[test]
fn so_does_whoever_is_honest_among_twenty() {
    some(&MIDDLE, 0);
}

#[test]
fn so_do_others_among_twenty() {
    some(&MIDDLE, 1);
}

#[test]
fn so_does_whoever_is_honest_in_an_organization_of_fifty() {
    some(&LARGE, 0);
}

#[test]
fn so_does_another_organization_of_fifty() {
    some(&LARGE, 1);
}

#[test]
fn networks_that_once_fell_apart_stay_together() {
    // Two who revoked the same person; a removal that lost an acknowledgement of somebody who was removed.
    for seed in [90_023, 90_587, 91_454, 92_068] {
        assert!(one(&TEAM, seed), "seed {seed}");
    }
    // Somebody revoked to whom the revocation seemed void.
    assert!(one(&MIDDLE, 90_057));
}

/// Half of the networks of this size, those with even or with odd seeds.
fn some(size: &Size, half: u64) {
    let networks = std::env::var("MUSTER_NETWORKS").map_or(100, |many| many.parse().unwrap());
    let first = std::env::var("MUSTER_SEED").ok().map(|seed| seed.parse().unwrap());
    let many = (networks * size.of_a_hundred).div_ceil(200);
    let begin: u64 = first.unwrap_or(0);
    let mut disputed = 0;
    for seed in (0..many).map(|n| begin.wrapping_add(2 * n + half)) {
        println!("a network of {}, seed {seed}", size.people);
        if !one(size, seed) {
            println!("in dispute");
            disputed += 1;
        }
    }
    assert!(disputed * 100 <= many, "{disputed} of {many} networks are in dispute");
}

/// Whether all came to the same. Where two removals were settled apart, of which one removes whoever signed the other, a device
/// that saw one of them keeps to it and says so (R4.12); nobody else differs from anybody.
fn one(size: &Size, seed: u64) -> bool {
    let mut dice = Dice::of(seed);
    let mut network = Network::new(seed, size.people, size.hostile);
    for _ in 0..size.events {
        network.something_happens(&mut dice);
        let some = dice.below(60);
        network.run(&mut dice, some);
    }
    network.all_meet(&mut dice);
    let inside = network.who_is_in();
    assert!(inside.len() > 1, "not everybody was revoked");
    assert!(network.who_took_an_honest_device_for_a_liar().is_empty());
    let in_dispute: Vec<bool> = inside.iter().map(|name| network.is_in_dispute(name)).collect();
    if in_dispute.contains(&true) {
        let mut agree = inside.iter().zip(&in_dispute).filter(|(_, disputes)| !**disputes);
        let first = agree.next().map(|(name, _)| network.heads(name));
        assert!(agree.all(|(name, _)| Some(network.heads(name)) == first), "two differ, and neither says so");
        return false;
    }
    let first = network.heads(&inside[0]);
    let digest = network.world.digest(&inside[0]);
    let out = network.who_is_out(&inside[0]);
    assert_eq!(inside.len() + out.len(), network.honest.len(), "out is {out:?}, and in {inside:?}");
    for name in &inside {
        assert_eq!(network.heads(name), first, "{name} holds something else than {}", inside[0]);
        assert_eq!(network.world.digest(name), digest, "{name}");
        knows_the_names_it_may(name, &network.world.users(name));
    }
    true
}

/// A Member all, an External none.
fn knows_the_names_it_may(name: &str, users: &[UserAnswer]) {
    let knows = users.iter().filter(|user| user.name.is_some() && user.email.is_some()).count();
    assert!(knows == users.len() || knows == 0, "{name} knows {knows} of {} names", users.len());
}
