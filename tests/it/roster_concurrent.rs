//! What those add up to who didn't know of each other (docs/spec/roster.md, R4).

use muster::core::roster::{Body, Profile, Refused, Standing, Void};

use crate::roster_sketch::{Drawn, enrolment, invitation, key, now, sketch, user};

fn void(drawn: &Drawn, mark: &str) -> Void {
    match drawn.standing(mark) {
        Standing::Void(why) => why,
        Standing::Effective => panic!("{mark} counts"),
    }
}

fn counts(drawn: &Drawn, mark: &str) -> bool {
    drawn.standing(mark) == Standing::Effective
}

#[test]
fn what_people_do_apart_adds_up() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols eve:member
         | ada enrols tom:member -> ada makes eve admin
         | bob enrols zoe:external
         | eve adds phone",
    );
    assert_eq!(
        drawn.active(),
        "ada:administrator bob:administrator eve:administrator tom:member zoe:external"
    );
    assert_eq!(drawn.history.roster().user(&user("eve")).unwrap().devices.len(), 2);
    assert_eq!(drawn.history.heads().len(), 3);
}

#[test]
fn of_two_who_revoke_each_other_the_senior_stays() {
    let drawn = sketch("ada founds -> ada enrols bob:admin\n | ada revokes bob #a\n | bob revokes ada #b");
    assert_eq!(drawn.active(), "ada:administrator");
    assert_eq!(void(&drawn, "b"), Void::BeyondCut(drawn.mark("a")));
}

#[test]
fn three_who_revoke_each_other_in_a_ring_leave_one() {
    for suffix in ["", "x", "y", "z"] {
        let [a, b, c] = ["ada", "bob", "cyd"].map(|name| format!("{name}{suffix}"));
        let drawn = sketch(&format!(
            "{a} founds -> {a} enrols {b}:admin -> {a} enrols {c}:admin
             | {a} revokes {b}
             | {b} revokes {c}
             | {c} revokes {a}"
        ));
        assert_eq!(drawn.history.roster().active_administrators().count(), 1, "of three, two fall");
    }
}

#[test]
fn the_senior_s_removal_stands_however_late_it_comes_in_causal_order() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols eve:member
         | ada sets points /ip4/192.0.2.7/tcp/1 -> ada revokes bob #late
         | bob revokes ada #early",
    );
    assert!(counts(&drawn, "late"));
    assert_eq!(void(&drawn, "early"), Void::BeyondCut(drawn.mark("late")));
    assert_eq!(drawn.active(), "ada:administrator eve:member");
}

#[test]
fn whatever_a_revoked_administrator_does_beyond_the_cut_counts_nothing_nor_what_follows_from_it() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> bob enrols old:member #old
         | ada revokes bob #out
         | bob enrols tom:admin #tom -> tom enrols zoe:member #zoe -> tom adds phone #phone -> tom revokes ada #coup",
    );
    assert_eq!(drawn.active(), "ada:administrator old:member");
    assert!(counts(&drawn, "old"));
    assert_eq!(void(&drawn, "tom"), Void::BeyondCut(drawn.mark("out")));
    assert_eq!(void(&drawn, "zoe"), Void::AuthorNotIn);
    assert_eq!(void(&drawn, "phone"), Void::AuthorNotIn);
    assert_eq!(void(&drawn, "coup"), Void::AuthorNotIn);
}

#[test]
fn a_device_added_beyond_the_cut_does_not_carry_a_revoked_user_on() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin
         | ada revokes bob
         | bob adds phone -> bob@phone enrols tom:member #tom",
    );
    assert_eq!(drawn.active(), "ada:administrator");
    assert_eq!(drawn.history.roster().user(&user("bob")).unwrap().devices.len(), 1);
    assert!(!counts(&drawn, "tom"));
}

#[test]
fn who_backdates_an_enrolment_after_the_removal_changes_nothing() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin #bob -> bob enrols eve:member -> bob enrols tom:member -> ada revokes bob #out
         | after bob: bob enrols puppet:admin #puppet -> puppet enrols second:member
         | after bob: bob sets points /ip4/192.0.2.7/tcp/1",
    );
    assert_eq!(drawn.active(), "ada:administrator eve:member tom:member");
    assert_eq!(void(&drawn, "puppet"), Void::BeyondCut(drawn.mark("out")));
    assert!(drawn.history.roster().rendezvous_points().is_empty());
}

#[test]
fn a_demotion_cuts_what_needed_the_profile_and_leaves_people_their_own_devices() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> bob enrols old:member
         | ada makes bob member #down
         | bob adds phone #phone -> bob enrols tom:member #tom -> bob revokes ada #coup",
    );
    assert_eq!(drawn.active(), "ada:administrator bob:member old:member");
    assert!(counts(&drawn, "phone"));
    assert_eq!(void(&drawn, "tom"), Void::BeyondCut(drawn.mark("down")));
    assert_eq!(void(&drawn, "coup"), Void::BeyondCut(drawn.mark("down")));
}

#[test]
fn who_is_promoted_again_after_a_demotion_acts_under_the_new_grant() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin
         | ada makes bob member #down -> ada makes bob admin -> bob enrols tom:member #tom
         | bob enrols eve:member #eve",
    );
    assert_eq!(drawn.active(), "ada:administrator bob:administrator tom:member");
    assert!(counts(&drawn, "tom"));
    assert_eq!(void(&drawn, "eve"), Void::BeyondCut(drawn.mark("down")));
}

#[test]
fn of_a_promotion_and_a_demotion_at_once_the_lesser_right_wins() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin -> ada enrols eve:member -> ada makes eve admin #up1
         | ada makes eve member #down -> ada enrols x:member
         | after up1: bob makes eve member #down2 -> bob makes eve admin #up2",
    );
    assert_eq!(void(&drawn, "up2"), Void::LesserRightWins);
    assert!(counts(&drawn, "down") && counts(&drawn, "down2") && counts(&drawn, "up1"));
    assert!(drawn.active().contains("eve:member"));
}

#[test]
fn a_revoke_beats_a_promotion_whichever_comes_first() {
    for (grants, revokes) in [("ada", "bob"), ("bob", "ada")] {
        for before in ["", "adds phone -> "] {
            let before = if before.is_empty() { String::new() } else { format!("{revokes} {before}") };
            let drawn = sketch(&format!(
                "ada founds -> ada enrols bob:admin -> ada enrols eve:member
                 | {grants} makes eve admin #up
                 | {before}{revokes} revokes eve"
            ));
            assert_eq!(drawn.active(), "ada:administrator bob:administrator");
            assert_eq!(void(&drawn, "up"), Void::TargetRevoked);
        }
    }
}

#[test]
fn of_two_revokes_that_are_not_settled_both_cuts_hold() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin -> bob enrols eve:member #eve
         | after eve: bob enrols tom:member #tom -> ada revokes bob #wide
         | cyd revokes bob #narrow",
    );
    assert!(counts(&drawn, "wide") && counts(&drawn, "narrow"));
    assert_eq!(void(&drawn, "tom"), Void::BeyondCut(drawn.mark("narrow")));
    assert_eq!(drawn.history.roster().user(&user("bob")).unwrap().revoked, Some(drawn.mark("wide")));
}

#[test]
fn one_person_let_in_by_two_hosts_at_once_is_in_by_the_senior() {
    for (senior, junior) in [("member", "external"), ("external", "admin")] {
        let drawn = sketch(&format!(
            "ada founds -> ada enrols bob:admin
             | ada adds phone -> ada enrols eve:{senior} #senior
             | bob enrols eve:{junior} #junior"
        ));
        assert!(counts(&drawn, "senior"));
        assert_eq!(void(&drawn, "junior"), Void::DeviceTaken);
        assert_eq!(drawn.history.roster().users().count(), 3);
    }
}

#[test]
fn a_host_that_forks_its_chain_admits_no_second_guest_upon_one_invitation() {
    let drawn = sketch(
        "ada founds
         | ada adds phone -> ada enrols tom:member upon link #later
         | ada enrols eve:member upon link #earlier",
    );
    assert!(counts(&drawn, "earlier"));
    assert_eq!(void(&drawn, "later"), Void::InvitationSpent);
}

#[test]
fn a_user_who_forks_still_has_at_most_sixteen_devices() {
    let branch =
        |from: usize| (from..from + 9).map(|n| format!("ada adds d{n}")).collect::<Vec<_>>().join(" -> ");
    let drawn = sketch(&format!("ada founds\n | {}\n | {}", branch(0), branch(9)));
    assert_eq!(drawn.history.roster().user(&user("ada")).unwrap().devices.len(), 16);
    let too_many = drawn
        .history
        .in_causal_order()
        .filter(|it| drawn.history.standing(&it.id()) == Some(Standing::Void(Void::TooManyDevices)));
    assert_eq!(too_many.count(), 3);
    assert!(drawn.history.is_consistent());
}

#[test]
fn a_revoke_holds_against_a_second_enroll_of_the_same_person() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin
         | ada revokes bob #bobout
         | bob enrols eve:member #first -> cyd revokes eve #out
         | ada adds a -> ada adds b -> ada adds c -> ada enrols eve:member #second",
    );
    assert!(counts(&drawn, "bobout") && counts(&drawn, "out"));
    assert!(!counts(&drawn, "first") && counts(&drawn, "second"));
    let eve = drawn.history.roster().user(&user("eve")).unwrap();
    assert_eq!(eve.revoked, Some(drawn.mark("out")), "a Revoke is for ever");
    let knowing_both = drawn.history.author(
        &key("cyd"),
        Body::Enroll(enrolment(drawn.history.organization(), "cyd", "eve", Profile::Member, invitation("x"))),
        now(),
    );
    assert_eq!(knowing_both, Err(Refused::DeviceKnown));
    assert!(drawn.history.is_consistent());
}

#[test]
fn a_demotion_holds_against_a_second_enroll_of_the_same_person() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin
         | ada revokes bob
         | bob enrols eve:admin #first -> cyd makes eve member #down
         | ada adds a -> ada adds b -> ada adds c -> ada enrols eve:admin #second",
    );
    assert!(!counts(&drawn, "first") && counts(&drawn, "down") && counts(&drawn, "second"));
    assert_eq!(drawn.active(), "ada:administrator cyd:administrator eve:member");
}

#[test]
fn what_is_done_under_a_promotion_that_counts_nothing_counts_nothing() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols eve:member
         | ada revokes bob
         | bob makes eve admin #up -> eve enrols tom:member #tom -> eve adds phone #phone -> eve revokes ada #coup",
    );
    assert_eq!(drawn.active(), "ada:administrator eve:member");
    assert_eq!(void(&drawn, "tom"), Void::GrantNotCounting);
    assert_eq!(void(&drawn, "coup"), Void::GrantNotCounting);
    assert!(counts(&drawn, "phone"), "a device of one's own needs no grant");
}

#[test]
fn who_came_in_by_a_certificate_that_lost_out_removes_nobody() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:member
         | ada enrols eve:member
         | bob adds phone -> bob enrols eve:admin #lost -> eve revokes cyd #coup",
    );
    assert_eq!(void(&drawn, "lost"), Void::DeviceTaken);
    assert_eq!(void(&drawn, "coup"), Void::AuthorNotIn);
    assert_eq!(drawn.active(), "ada:administrator bob:administrator cyd:member eve:member");
}

#[test]
fn who_was_revoked_stays_out_even_where_what_let_them_in_came_to_nothing() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin
         | ada revokes bob
         | bob enrols eve:member -> cyd revokes eve",
    );
    assert_eq!(drawn.history.roster().user(&user("eve")), None);
    let again = enrolment(drawn.history.organization(), "ada", "eve", Profile::Member, invitation("x"));
    let again = drawn.history.author(&key("ada"), Body::Enroll(again), now());
    assert_eq!(again, Err(Refused::UserKnown));
}

#[test]
fn who_forks_a_chain_many_times_can_still_be_revoked_and_loses_the_shorter_ends() {
    let forks: String = (0..9).map(|n| format!("\n | bob enrols g{n}:admin #g{n}")).collect();
    let drawn = sketch(&format!("ada founds -> ada enrols bob:admin{forks}\nada revokes bob #out"));
    let kept = (0..9).filter(|n| counts(&drawn, &format!("g{n}"))).count();
    assert_eq!(kept, 4);
    assert!(drawn.history.is_consistent());
}

#[test]
fn a_removal_that_undoes_its_own_author_is_void_where_nobody_else_would_remain() {
    // Bob forks, and lets the one who is to revoke him in at an end that no cut of his names.
    let forks: String = (0..9).map(|n| format!("\n | bob enrols g{n}:admin #g{n}")).collect();
    let forked = sketch(&format!("ada founds -> ada enrols bob:admin{forks}\nbob revokes ada"));
    let mut ends: Vec<_> = (0..9).map(|n| (forked.mark(&format!("g{n}")), n)).collect();
    ends.sort();
    let mut history = forked.history.clone();
    let unnamed = format!("g{}", ends[8].1);
    let named: Vec<_> = ends[..8].iter().map(|(_, n)| format!("g{n}")).collect();
    for other in &named {
        let out = history.author(&key(&unnamed), history.revocation(&user(other)), now()).unwrap();
        history.add(out).unwrap();
    }
    let coup = history.author(&key(&unnamed), history.revocation(&user("bob")), now()).unwrap();
    history.add(coup.clone()).unwrap();
    assert_eq!(history.standing(&coup.id()), Some(Standing::Void(Void::LastAdministrator)));
    assert_eq!(history.standing(&ends[8].0), Some(Standing::Effective), "what it would have reached stays");
    assert!(history.roster().may_administer(&user(&unnamed)).is_ok());
    assert!(history.is_consistent());
}

#[test]
fn more_than_sixteen_heads_are_tied_before_anything_else_is_said() {
    let branches: String = (0..40).map(|n| format!("\n | ada enrols g{n}:member")).collect();
    let mut history = sketch(&format!("ada founds -> ada enrols bob:admin{branches}")).history;
    assert_eq!(history.heads().len(), 40);
    for name in ["bob", "g7", "ada"] {
        let mut tied = history.clone();
        while let Some(tie) = tied.tie(&key(name), now()).unwrap() {
            tied.add(tie).unwrap();
        }
        assert!(tied.heads().len() <= 16);
        let said = tied.author(&key(name), tied.revocation(&user("g3")), now());
        assert_eq!(said.is_ok(), name != "g7");
    }
    let refused = history.author(&key("ada"), history.revocation(&user("g3")), now()).unwrap_err();
    assert_eq!(refused, Refused::TooManyHeads);
    while let Some(tie) = history.tie(&key("g7"), now()).unwrap() {
        history.add(tie).unwrap();
    }
    assert!(history.is_consistent());
}
