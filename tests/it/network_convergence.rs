//! An organization of which some are hostile, and none is always there: whoever is honest comes to the same roster as
//! all the others. `MUSTER_SEED=7` repeats one network, `MUSTER_NETWORKS=1000` tries more.

use muster::core::node::request::UserAnswer;

use crate::roster_random::Dice;
use crate::support::forgers::is_a_puppet;
use crate::support::network::Network;

/// How large an organization is, and who of it is hostile: one in five.
struct Size {
    people: usize,
    /// By their number: every fifth is an Administrator, every seventh an External.
    hostile: &'static [usize],
    /// Whether they also sign what does harm, and don't only lie about what there is.
    forges: bool,
    /// How often something happens before all meet.
    events: usize,
    /// Of a hundred networks, so many are of this size.
    of_a_hundred: u64,
}

const TEAM: Size = Size { people: 10, hostile: &[4, 8], forges: false, events: 40, of_a_hundred: 52 };
/// One with four Administrators, of whom one is hostile.
const BETRAYED: Size = Size { people: 16, hostile: &[4, 5, 8], forges: true, events: 40, of_a_hundred: 30 };
const MIDDLE: Size =
    Size { people: 20, hostile: &[4, 8, 12, 16], forges: false, events: 50, of_a_hundred: 8 };
const LARGE: Size = Size {
    people: 50,
    hostile: &[4, 8, 12, 16, 20, 24, 28, 32, 36, 40],
    forges: true,
    events: 60,
    of_a_hundred: 10,
};

#[test]
fn whoever_is_honest_in_a_team_comes_to_the_same_roster_whatever_breaks_and_whoever_lies() {
    some(&TEAM, 0);
}

#[test]
fn so_does_another_team() {
    some(&TEAM, 1);
}

#[test]
fn so_does_a_team_one_of_whose_administrators_lets_in_puppets_forks_and_revokes_whom_they_like() {
    some(&BETRAYED, 0);
}

#[test]
fn so_does_another_that_is_betrayed() {
    some(&BETRAYED, 1);
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
        assert!(one(&TEAM, seed).is_whole, "seed {seed}");
    }
    // Somebody revoked to whom the revocation seemed void.
    assert!(one(&MIDDLE, 90_057).is_whole);
    // Another, who held a demotion of whoever signed it, and not what had struck that.
    assert!(one(&MIDDLE, 5_000_592).is_whole);
}

/// Half of the networks of this size, those with even or with odd seeds.
fn some(size: &Size, half: u64) {
    let networks = std::env::var("MUSTER_NETWORKS").map_or(100, |many| many.parse().unwrap());
    let first = std::env::var("MUSTER_SEED").ok().map(|seed| seed.parse().unwrap());
    let many = (networks * size.of_a_hundred).div_ceil(200);
    let begin: u64 = first.unwrap_or(0);
    let (mut disputed, mut forgeries) = (0, 0);
    for seed in (0..many).map(|n| begin.wrapping_add(2 * n + half)) {
        println!("a network of {}, seed {seed}", size.people);
        let came_to = one(size, seed);
        if !came_to.is_whole {
            println!("in dispute");
            disputed += 1;
        }
        forgeries += came_to.forgeries;
    }
    let would_count = size.forges && many >= 10;
    assert!(!would_count || forgeries > 0, "nothing that the hostile signed ever counted: it is no attack");
    assert!(disputed * 500 <= many + 500, "{disputed} of {many} networks are in dispute");
}

/// What became of a network.
struct CameTo {
    /// Whether nobody is in dispute.
    is_whole: bool,
    /// How much of what the hostile signed counts in the end.
    forgeries: usize,
}

/// All come to the same. Where two removals were settled apart, of which one removes whoever signed the other, a device
/// that saw one of them keeps to it and says so (R4.12); nobody else differs from anybody.
fn one(size: &Size, seed: u64) -> CameTo {
    let mut dice = Dice::of(seed);
    let mut network = Network::new(seed, size.people, size.hostile, size.forges);
    for _ in 0..size.events {
        network.something_happens(&mut dice);
        let some = dice.below(60);
        network.run(&mut dice, some);
    }
    network.all_meet(&mut dice);
    let inside = network.who_is_in();
    assert!(inside.len() > 1, "not everybody was revoked");
    assert!(network.who_took_an_honest_device_for_a_liar().is_empty());
    let forgeries = network.forgeries(&inside[0]);
    let in_dispute: Vec<bool> = inside.iter().map(|name| network.is_in_dispute(name)).collect();
    if in_dispute.contains(&true) {
        let mut agree = inside.iter().zip(&in_dispute).filter(|(_, disputes)| !**disputes);
        let first = agree.next().map(|(name, _)| network.heads(name));
        assert!(agree.all(|(name, _)| Some(network.heads(name)) == first), "two differ, and neither says so");
        return CameTo { is_whole: false, forgeries };
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
    CameTo { is_whole: true, forgeries }
}

/// A Member all, an External none.
fn knows_the_names_it_may(name: &str, users: &[UserAnswer]) {
    let people = || users.iter().filter(|user| !is_a_puppet(&user.user_id));
    let knows = people().filter(|user| user.name.is_some() && user.email.is_some()).count();
    assert!(knows == people().count() || knows == 0, "{name} knows {knows} of {} names", people().count());
}
