//! An organization of which some are hostile, and none is always there: whoever is honest comes to the same roster as
//! all the others. `MUSTER_SEED=7` repeats one network, `MUSTER_NETWORKS=1000` tries more.

use crate::roster_random::Dice;
use crate::support::network::Network;

/// People, and how many of them are hostile: one in five.
const PEOPLE: usize = 50;
const HOSTILE: usize = 10;

#[test]
fn whoever_is_honest_comes_to_the_same_roster_whatever_breaks_and_whoever_lies() {
    let networks = std::env::var("MUSTER_NETWORKS").map_or(6, |many| many.parse().unwrap());
    let first = std::env::var("MUSTER_SEED").ok().map(|seed| seed.parse().unwrap());
    for seed in first.map_or(0..networks, |seed: u64| seed..seed + 1) {
        println!("seed {seed}");
        let mut dice = Dice::of(seed);
        let mut network = Network::new(seed, PEOPLE, HOSTILE);
        for _ in 0..60 {
            network.something_happens(&mut dice);
            let some = dice.below(60);
            network.run(&mut dice, some);
        }
        network.all_meet(&mut dice);
        let inside = network.who_is_in();
        let first = network.heads(&inside[0]);
        let digest = network.world.digest(&inside[0]);
        for name in &inside[1..] {
            assert_eq!(network.heads(name), first, "{name} holds something else than {}", inside[0]);
            assert_eq!(network.world.digest(name), digest, "{name}");
        }
        assert!(inside.len() > 1, "not everybody was revoked");
    }
}
