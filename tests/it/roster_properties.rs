//! The properties of docs/spec/roster.md (R6) that are random tests, over random organizations with honest and hostile
//! people. Each seed is printed; `MUSTER_SEED=7` repeats one, `MUSTER_HISTORIES=5000` tries more. `scripts/mutants --property`
//! takes rules out, and sees the test fail that is about them.
//!
//! Elsewhere: P3 roster_attacks, P4 roster_pins, P6 roster_random and roster_chain, P8 roster_forged, P13 roster_seals,
//! P15 primitives_batch, P16 roster_forks, P17 node_bounds and node_meeting, P18 store_durability, node_restoring and
//! network_convergence.

use std::collections::{BTreeMap, BTreeSet};

use muster::core::primitives::ids::{CertificateId, UserId};
use muster::core::roster::body::Body;
use muster::core::roster::{History, Profile, SignedCertificate, Standing, VerifiedCertificate, Void};

use crate::roster_crowd::{Crowd, devices, holding, past_of};
use crate::roster_random::{Dice, arrive, seeds, standings};
use crate::roster_sketch::{ROUNDS, key, now, sketch, user};

const PEOPLE: usize = 8;
const STEPS: usize = 36;

fn crowds(salt: u64, mut look: impl FnMut(&mut Dice, Crowd)) {
    for seed in seeds() {
        println!("seed {seed}");
        let mut dice = Dice::of(seed ^ salt);
        let hostile = dice.below(6);
        let crowd = Crowd::of(&mut dice, PEOPLE, hostile, STEPS);
        look(&mut dice, crowd);
    }
}

#[test]
fn p1_in_whatever_order_they_arrive_everybody_comes_to_the_same() {
    crowds(0x1, |dice, crowd| {
        let mut signed = crowd.signed.clone();
        dice.shuffle(&mut signed);
        signed.extend(crowd.signed.iter().filter(|it| it.id().0[0] < 32).cloned());
        let other = arrive(&signed, |_| {});
        assert_eq!(other.heads(), crowd.history.heads());
        assert_eq!(other.roster(), crowd.history.roster());
        assert_eq!(other.roster().digest(), crowd.history.roster().digest());
        assert_eq!(standings(&other), standings(&crowd.history));
        // A restart on the way: what is held by then is read again from its bytes.
        let order: Vec<_> = crowd.history.in_causal_order().collect();
        let (before, after) = order.split_at(dice.below(order.len()));
        let read = before.iter().map(|it| SignedCertificate::from_bytes(&it.signed().bytes()).unwrap());
        let read: Vec<_> = read.map(|it| it.verify().unwrap()).collect();
        let restarted = holding(&crowd.history, read.iter().chain(after).cloned());
        assert_eq!(restarted.roster().digest(), crowd.history.roster().digest());
        assert_eq!(standings(&restarted), standings(&crowd.history));
    });
}

#[test]
fn p2_the_verdict_looks_at_the_certificate_and_its_ancestors_alone() {
    crowds(0x2, |dice, mut crowd| {
        for _ in 0..12 {
            let signer = dice.pick(&devices(PEOPLE)).clone();
            let parents = vec![dice.pick(&crowd.signed).id()];
            let model = dice.pick(&crowd.signed).clone();
            let mut raw = model.certificate().clone();
            let seen = crowd.history.as_of(&parents).unwrap();
            let anything = Body::Unknown { kind: 900, bytes: Vec::new() };
            if let Ok(in_order) = seen.author(&key(&signer), anything, now()) {
                let (kind, body) = (raw.kind, raw.body.clone());
                raw = in_order.certificate().clone();
                (raw.kind, raw.body) = (kind, body);
                if let (Some((target, _)), true) = (model.body().removal(), dice.below(3) > 0) {
                    raw.body = seen.revocation(&target).encode();
                    raw.kind = 5;
                }
            }
            let Ok(forged) = SignedCertificate::sign(raw, &key(&signer)).verify() else { continue };
            if crowd.history.contains(&forged.id()) {
                continue;
            }
            let mut alone = past_of(&crowd.history, &forged.certificate().parents);
            let verdict = crowd.history.add(forged.clone());
            assert_eq!(alone.add(forged.clone()), verdict);
            if verdict.is_ok() {
                crowd.signed.push(forged.clone());
                let of = |history: &History| history.acknowledged(&forged.id()).map(|it| it.witnesses);
                assert_eq!(of(&alone), of(&crowd.history), "witnesses are fixed by the past");
            }
        }
    });
}

#[test]
fn p5_neither_parents_nor_times_nor_ids_change_an_order_between_two_authors() {
    for seed in seeds() {
        println!("seed {seed}");
        let mut dice = Dice::of(seed ^ 0x5);
        let tree: String = (1..7).fold("p0 founds".to_owned(), |tree, n| {
            format!("{tree} -> p{} enrols p{n}:admin", dice.below(n))
        });
        let (one, other) = (dice.below(7), dice.below(7));
        if one == other {
            continue;
        }
        let mut winners = BTreeSet::new();
        for (left, right) in [(0, 0), (0, 3), (3, 0), (5, 1)] {
            let pad = |who: usize, much: usize| {
                (0..much).map(|n| format!("p{who} adds x{n} -> ")).collect::<String>()
            };
            let drawn = sketch(&format!(
                "{tree}\n | {}p{one} revokes p{other} #one\n | {}p{other} revokes p{one} #other",
                pad(one, left),
                pad(other, right),
            ));
            assert_ne!(drawn.counts("one"), drawn.counts("other"));
            winners.insert(drawn.counts("one"));
        }
        assert_eq!(winners.len(), 1, "p{one} and p{other} of {tree}");
    }
}

#[test]
fn p7_a_certificate_whose_chain_of_authority_nobody_touched_counts() {
    let mut counted = 0;
    crowds(0x7, |_, crowd| {
        let touched = touched(&crowd);
        let mut prizes: BTreeMap<_, usize> = BTreeMap::new();
        for it in &crowd.signed {
            for prize in prizes_of(it) {
                *prizes.entry(prize).or_default() += 1;
            }
        }
        for it in &crowd.signed {
            let author = crowd.history.author_of(&it.id()).unwrap();
            let contested = prizes_of(it).iter().any(|prize| prizes[prize] > 1);
            let void = matches!(it.body(), Body::Unknown { .. })
                || it.body().removal().is_some()
                || matches!(it.body(), Body::SetProfile(body) if touched.contains(&body.user));
            if !void && !contested && !touched.contains(&author) {
                let standing = crowd.history.standing(&it.id());
                assert_eq!(standing, Some(Standing::Effective), "{}", it.body().name());
                counted += 1;
            }
        }
    });
    println!("{counted} untouched");
    assert!(counted >= seeds().len());
}

/// Everybody who is removed by anything, or came in or got a grant by somebody who is, or by what was contested.
fn touched(crowd: &Crowd) -> BTreeSet<UserId> {
    let mut touched: BTreeSet<UserId> =
        crowd.signed.iter().filter_map(|it| it.body().removal()).map(|(target, _)| target).collect();
    let mut enrolled: BTreeMap<UserId, usize> = BTreeMap::new();
    let mut admitted: BTreeMap<_, Vec<UserId>> = BTreeMap::new();
    for it in &crowd.signed {
        if let Body::Enroll(body) = it.body() {
            *enrolled.entry(body.user).or_default() += 1;
            admitted.entry((it.certificate().device, body.invitation)).or_default().push(body.user);
        }
        if let Body::AddDevice(body) = it.body() {
            touched.insert(UserId::of_first_device(&body.device));
            touched.insert(crowd.history.author_of(&it.id()).unwrap());
        }
    }
    touched.extend(enrolled.into_iter().filter(|(_, times)| *times > 1).map(|(user, _)| user));
    touched.extend(admitted.into_values().filter(|users| users.len() > 1).flatten());
    for _ in 0..PEOPLE {
        for it in &crowd.signed {
            let user = match it.body() {
                Body::Enroll(body) => body.user,
                Body::SetProfile(body) => body.user,
                _ => continue,
            };
            if touched.contains(&crowd.history.author_of(&it.id()).unwrap()) {
                touched.insert(user);
            }
        }
    }
    touched
}

fn prizes_of(it: &VerifiedCertificate) -> Vec<Vec<u8>> {
    let mut prizes: Vec<_> = it.body().lets_in().map(|device| device.0.to_vec()).into_iter().collect();
    if let Body::Enroll(body) = it.body() {
        prizes.push([&it.certificate().device.0[..], &body.invitation.0[..]].concat());
    }
    prizes
}

#[test]
fn p9_at_least_one_administrator_is_active_whatever_has_arrived() {
    crowds(0x9, |dice, mut crowd| {
        crowd.everybody_acknowledges();
        let mut signed = crowd.signed;
        dice.shuffle(&mut signed);
        arrive(&signed, |history| assert!(history.roster().active_administrators().next().is_some()));
    });
}

/// Bob forks so often that no cut names all his ends. Whom he let in remove each other until one is left, who then removes
/// Bob, and falls by that where they came in at an end that isn't named.
#[test]
fn p9_also_where_a_removal_undoes_its_own_author_and_nobody_else_is_left() {
    let ends: String = (0..12).map(|n| format!("\n | bob enrols g{n}:admin")).collect();
    let forked = sketch(&format!("ada founds -> ada enrols bob:admin{ends}\nbob revokes ada"));
    let mut guarded = 0;
    for (seed, round) in seeds().into_iter().flat_map(|seed| (0..8).map(move |round| (seed, round))) {
        println!("seed {seed}");
        let mut dice = Dice::of(seed ^ 0x9 << 8 ^ round);
        let mut history = forked.history.clone();
        let mut left: Vec<_> = (0..12).map(|n| format!("g{n}")).collect();
        dice.shuffle(&mut left);
        while let Some(target) = left.pop() {
            let author = if left.is_empty() { target.clone() } else { dice.pick(&left).clone() };
            let target = if left.is_empty() { user("bob") } else { user(&target) };
            let removal = history.author(&key(&author), history.revocation(&target), now()).unwrap();
            history.add(removal.clone()).unwrap();
            assert!(history.roster().active_administrators().next().is_some());
            let void = Some(Standing::Void(Void::LastAdministrator));
            guarded += usize::from(history.standing(&removal.id()) == void);
        }
    }
    assert!(guarded > 0);
}

#[test]
fn p10_what_is_kept_up_to_date_equals_what_is_resolved_from_nothing_after_every_certificate() {
    crowds(0x10, |dice, mut crowd| {
        crowd.everybody_acknowledges();
        arrive(&crowd.signed, |history| assert!(history.is_consistent()));
        let mut signed = crowd.signed;
        dice.shuffle(&mut signed);
        arrive(&signed, |history| assert!(history.is_consistent()));
    });
}

#[test]
fn p11_who_holds_the_same_heads_holds_the_same_void_or_not() {
    crowds(0x11, |dice, crowd| {
        let cut = dice.below(crowd.signed.len());
        let mut other = holding(&crowd.history, crowd.signed[..=cut].iter().cloned());
        for id in crowd.history.lacking(&other.heads()) {
            other.add(crowd.history.get(&id).unwrap().clone()).unwrap();
        }
        assert_eq!(other.len(), crowd.signed.len());
        assert_eq!(standings(&other), standings(&crowd.history));
    });
}

#[test]
fn p12_a_further_removal_never_makes_something_of_its_target_valid() {
    let mut tried = 0;
    crowds(0x12, |dice, mut crowd| {
        // In half of the crowds everybody says what they see, before and after.
        let all_acknowledge = dice.below(2) == 0;
        if all_acknowledge {
            acknowledged_by_all(&mut crowd.history);
        }
        for _ in 0..4 {
            let parents = vec![dice.pick(&crowd.signed).id()];
            for (author, target) in (0..PEOPLE).flat_map(|one| (0..PEOPLE).map(move |other| (one, other))) {
                let seen = crowd.history.as_of(&parents).unwrap();
                let (author, target) = (format!("p{author}"), user(&format!("p{target}")));
                let body = match dice.below(2) {
                    0 => seen.revocation(&target),
                    _ => seen.profile_change(&target, Profile::Member),
                };
                let Ok(removal) = seen.author(&key(&author), body, now()) else { continue };
                if removal.body().removal().is_none() || dice.below(3) > 0 {
                    continue;
                }
                let mut with = crowd.history.clone();
                with.add(removal).unwrap();
                if all_acknowledge {
                    acknowledged_by_all(&mut with);
                }
                tried += 1;
                if others_stand(&crowd.history, &with)
                    || a_narrower_one_yields(&crowd.history, &with, &target)
                {
                    continue;
                }
                assert_eq!(risen(&crowd.history, &with, &target), Vec::<CertificateId>::new());
            }
        }
    });
    assert!(tried >= seeds().len() * 2, "{tried} removals");
}

/// Everybody says what they owe, until nobody owes anything.
fn acknowledged_by_all(history: &mut History) {
    for _ in 0..ROUNDS {
        for name in (0..PEOPLE).map(|n| format!("p{n}")) {
            let owed = history.owed(&key(&name).device());
            if owed.is_empty() {
                continue;
            }
            while let Ok(Some(tie)) = history.tie(&key(&name), now()) {
                history.add(tie).unwrap();
            }
            if let Ok(signed) = history.author(&key(&name), owed.body(), now()) {
                history.add(signed).unwrap();
            }
        }
    }
}

/// Whether a removal by somebody else is in effect after and wasn't before: then what else it struck falls by itself.
fn others_stand(before: &History, after: &History) -> bool {
    let stands = |history: &History, id| history.standing(&id).is_some_and(|it| it.is_effective());
    let removals = before.in_causal_order().filter(|it| it.body().removal().is_some());
    removals.map(|it| it.id()).any(|id| !stands(before, id) && stands(after, id))
}

/// Whether an unsettled Revoke of the same user was in effect, and the further one, which witnesses have settled, has taken
/// its place (R4.6 c).
fn a_narrower_one_yields(before: &History, after: &History, target: &UserId) -> bool {
    let of_the_target =
        before.in_causal_order().filter(|it| it.body().removal().is_some_and(|(of, _)| of == *target));
    let yields = |id: CertificateId| {
        before.standing(&id) == Some(Standing::Effective)
            && after.standing(&id) == Some(Standing::Void(Void::TargetRevoked))
    };
    of_the_target.map(|it| it.id()).any(yields)
}

/// What this user signed that counts after, and didn't before; but for what had only lost to something else.
fn risen(before: &History, after: &History, by: &UserId) -> Vec<CertificateId> {
    let rises = |it: &VerifiedCertificate| {
        let (before, after) = (before.standing(&it.id()), after.standing(&it.id()));
        let lost = matches!(
            before,
            Some(Standing::Void(Void::DeviceTaken | Void::InvitationSpent | Void::TooManyDevices))
        );
        !lost && before != Some(Standing::Effective) && after == Some(Standing::Effective)
    };
    let theirs = before.in_causal_order().filter(|it| before.author_of(&it.id()) == Some(*by));
    theirs.filter(rises).map(|it| it.id()).collect()
}

#[test]
fn p14_external_is_for_ever_and_nobody_becomes_it() {
    crowds(0x14, |_, crowd| {
        let roster = crowd.history.roster();
        for it in &crowd.signed {
            let Body::Enroll(body) = it.body() else { continue };
            let user = roster.user(&body.user).filter(|user| user.enrolled == it.id());
            if let Some(user) = user {
                assert_eq!(user.profile == Profile::External, body.profile == Profile::External);
            }
        }
    });
}

#[test]
fn p14_who_was_revoked_by_a_settled_removal_is_not_active_again_whatever_honest_people_do() {
    crowds(0x24, |dice, mut crowd| {
        crowd.everybody_acknowledges();
        let settled: Vec<_> = crowd
            .signed
            .iter()
            .filter(|it| matches!(it.body(), Body::Revoke(_)))
            .filter(|it| crowd.history.standing(&it.id()).unwrap().is_effective())
            .filter(|it| crowd.history.acknowledged(&it.id()).unwrap().settled)
            .filter_map(|it| it.body().removal().map(|(target, _)| target))
            .collect();
        // Honest from here on: everybody acts on all that there is.
        for _ in 0..12 {
            let name = dice.pick(&devices(PEOPLE)).clone();
            let target = user(&format!("p{}", dice.below(PEOPLE)));
            let body = match dice.below(3) {
                0 => crowd.history.revocation(&target),
                1 => crowd.history.profile_change(&target, Profile::Administrator),
                _ => crowd.history.profile_change(&target, Profile::Member),
            };
            if let Ok(signed) = crowd.history.author(&key(&name), body, now()) {
                crowd.history.add(signed).unwrap();
            }
            crowd.everybody_acknowledges();
            for user in &settled {
                assert!(crowd.history.roster().user(user).is_none_or(|user| !user.is_active()));
            }
        }
    });
}
