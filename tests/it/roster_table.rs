//! What becomes of acts that didn't know of each other: the table in docs/spec/roster.md (R4.14), row by row, and
//! the attacks that it answers. Most people here are let in by Ada, the founder.

use muster::core::roster::Void;

use crate::roster_sketch::{Drawn, sketch, user};

/// Five people who all vouch for each other: two seniors, two juniors, one Member.
const FIVE: &str = "ada founds -> ada enrols bob:admin #bob -> ada enrols cyd:admin #cyd -> bob enrols dan:admin #dan \
    -> ada enrols eve:member #eve -> everybody acknowledges";

fn five(more: &str) -> Drawn {
    sketch(&format!("{FIVE} -> cyd adds tablet #stem\n{more}"))
}

fn beyond(drawn: &Drawn, act: &str, removal: &str) {
    assert_eq!(drawn.void(act), Some(Void::BeyondCut(drawn.mark(removal))), "{act} by {removal}");
}

#[test]
fn of_two_who_revoke_each_other_the_senior_stays_at_once_and_after_everybody_acknowledged() {
    let drawn = five("| ada revokes bob #senior\n | bob revokes ada #junior");
    beyond(&drawn, "junior", "senior");
    let drawn =
        five("| ada revokes bob #senior\n | bob revokes ada #junior\n cyd adds x -> everybody acknowledges");
    beyond(&drawn, "junior", "senior");
    assert!(drawn.settled("senior") && !drawn.settled("junior"));
    assert_eq!(drawn.active(), "ada:administrator cyd:administrator dan:administrator eve:member");
}

#[test]
fn of_two_juniors_who_revoke_each_other_the_one_appointed_first_stays() {
    let drawn = five("| bob revokes cyd #first\n | cyd revokes bob #second");
    beyond(&drawn, "second", "first");
}

#[test]
fn a_junior_removes_the_founder_and_the_founder_s_backdated_answer_is_void() {
    let drawn = five(
        "dan revokes ada #coup -> everybody acknowledges
         | after stem: ada revokes dan #answer",
    );
    assert!(drawn.settled("coup"));
    beyond(&drawn, "answer", "coup");
    assert_eq!(drawn.active(), "bob:administrator cyd:administrator dan:administrator eve:member");
}

#[test]
fn a_junior_s_removal_of_the_founder_that_nobody_acknowledged_falls_to_the_founder_s_answer() {
    let drawn = five("dan revokes ada #coup\n | after stem: ada revokes dan #answer");
    beyond(&drawn, "coup", "answer");
    assert!(drawn.counts("answer"));
}

#[test]
fn in_a_ring_of_three_the_senior_s_stands_and_the_one_it_strikes_is_void_so_that_one_remains() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin
         | ada revokes bob #fa
         | bob revokes cyd #ab
         | cyd revokes ada #bf",
    );
    assert!(drawn.counts("fa") && drawn.counts("bf"));
    beyond(&drawn, "ab", "fa");
    assert_eq!(drawn.active(), "cyd:administrator");
}

#[test]
fn whatever_somebody_revoked_does_beyond_the_cut_is_void() {
    let drawn = five(
        "| ada revokes bob #out
         | bob enrols tom:member #tom -> bob adds phone #phone -> bob makes eve admin #up -> bob sets points /ip4/192.0.2.7/tcp/1 #set",
    );
    for act in ["tom", "phone", "up", "set"] {
        beyond(&drawn, act, "out");
    }
    assert!(drawn.history.roster().rendezvous_points().is_empty());
}

#[test]
fn a_revoke_beats_a_promotion_of_the_same_user() {
    let drawn = five("| bob makes eve admin #up\n | cyd revokes eve #out");
    assert_eq!(drawn.void("up"), Some(Void::TargetRevoked));
    assert!(!drawn.active().contains("eve"));
}

#[test]
fn of_a_promotion_and_a_demotion_the_lesser_right_wins() {
    let drawn = five(
        "ada makes eve admin #up1\n | bob makes eve member #down\n | cyd makes eve member -> cyd makes eve admin #up2",
    );
    assert_eq!(drawn.void("up2"), Some(Void::LesserRightWins));
    assert!(drawn.active().contains("eve:member"));
}

#[test]
fn what_a_demoted_user_needed_the_profile_for_is_void_beyond_the_cut_and_their_own_devices_stay() {
    let drawn = five(
        "| ada makes bob member #down
         | bob adds phone #phone -> bob enrols tom:member #tom -> bob revokes dan #out -> bob@phone adds watch #watch",
    );
    beyond(&drawn, "tom", "down");
    beyond(&drawn, "out", "down");
    assert!(drawn.counts("phone") && drawn.counts("watch"));
    assert!(drawn.active().contains("bob:member") && drawn.active().contains("dan:administrator"));
}

#[test]
fn of_two_revokes_with_different_cuts_the_settled_one_says_where_the_cut_is() {
    let drawn = five(
        "bob enrols tom:member #tom -> ada revokes bob #wide -> everybody acknowledges
         | after stem: cyd revokes bob #narrow",
    );
    assert!(drawn.settled("wide"));
    assert_eq!(drawn.void("narrow"), Some(Void::TargetRevoked));
    assert!(drawn.counts("tom"));
}

#[test]
fn a_puppet_that_revokes_its_revoked_maker_with_an_empty_cut_changes_nothing() {
    let drawn = five(
        "bob enrols tom:member #tom -> ada revokes bob #out -> everybody acknowledges
         | after dan: bob enrols pup:admin #pup -> pup revokes bob #early",
    );
    assert_eq!(drawn.void("early"), Some(Void::AuthorNotIn));
    assert!(drawn.counts("tom") && drawn.counts("out"));
}

#[test]
fn who_was_revoked_and_backdates_the_removal_of_who_revoked_them_changes_nothing() {
    let drawn = five("ada revokes bob #out -> everybody acknowledges\n | after bob: bob revokes ada #answer");
    beyond(&drawn, "answer", "out");
}

#[test]
fn who_was_revoked_by_a_junior_and_backdates_the_removal_of_a_third_changes_nothing() {
    let drawn = five(
        "cyd revokes bob #out -> everybody acknowledges
         | after dan: bob revokes cyd #a
         | after dan: bob revokes ada #b
         | after stem: bob revokes eve #c",
    );
    for act in ["a", "b", "c"] {
        beyond(&drawn, act, "out");
    }
    assert!(drawn.settled("out"));
}

#[test]
fn who_was_revoked_and_backdates_the_removal_of_everyone_changes_nothing() {
    let drawn = five(
        "cyd revokes bob #out -> everybody acknowledges
         | after stem: bob revokes ada #a -> bob revokes cyd #b -> bob revokes dan #c -> bob revokes eve #d",
    );
    assert_eq!(drawn.active(), "ada:administrator cyd:administrator dan:administrator eve:member");
}

/// Whom Bob let in before he was revoked, under an old past, and Cyd had seen: what they do then, as of their own beginnings.
const BEFOREHAND: &str = "| after bob: bob enrols pup:admin #pup -> pup enrols second:admin #second
     cyd revokes bob #out";
const THEN: &str = "| after second: pup revokes bob #x -> second revokes ada #y
     | after second stem: pup revokes cyd #z";

#[test]
fn whom_a_revoked_administrator_had_let_in_within_the_cut_stays_and_can_do_what_the_profile_can() {
    let drawn = five(&format!("{BEFOREHAND} -> everybody acknowledges\n {THEN}"));
    assert!(drawn.settled("out") && drawn.counts("out"));
    assert!(drawn.counts("pup") && drawn.counts("second"), "the cut names them: Cyd had seen them");
    assert_eq!(drawn.void("x"), Some(Void::TargetRevoked), "the cut stays where Cyd set it");
    for act in ["y", "z"] {
        assert!(drawn.counts(act) && !drawn.settled(act), "{act}");
    }
    for act in ["cyd", "eve"] {
        beyond(&drawn, act, "y");
    }
    assert_eq!(drawn.active(), "dan:administrator pup:administrator second:administrator");
}

#[test]
fn who_revokes_an_administrator_and_whom_they_appointed_is_rid_of_what_those_do_as_of_then() {
    let others = "cyd revokes pup #pupout -> cyd revokes second #secondout -> everybody acknowledges";
    let drawn = five(&format!("{BEFOREHAND} -> {others}\n {THEN}"));
    for act in ["out", "pupout", "secondout"] {
        assert!(drawn.settled(act) && drawn.counts(act), "{act}");
    }
    for (act, removal) in [("x", "pupout"), ("y", "secondout"), ("z", "pupout")] {
        beyond(&drawn, act, removal);
    }
    assert_eq!(drawn.active(), "ada:administrator cyd:administrator dan:administrator eve:member");
}

#[test]
fn a_senior_who_hasn_t_heard_of_it_undoes_what_such_a_one_did() {
    let answer = "| after out: ada revokes pup #pupout -> ada revokes second #secondout";
    let drawn = five(&format!("{BEFOREHAND} -> everybody acknowledges\n {THEN}\n {answer}"));
    beyond(&drawn, "y", "secondout");
    beyond(&drawn, "z", "pupout");
    assert_eq!(drawn.active(), "ada:administrator cyd:administrator dan:administrator eve:member");
}

#[test]
fn a_puppet_enrolled_under_an_old_past_that_the_revoker_hadn_t_seen_helps_nobody() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin #bob -> ada enrols cyd:admin -> everybody acknowledges
         cyd revokes bob #out -> everybody acknowledges
         | after bob: bob enrols pup:admin #pup -> pup revokes ada #y",
    );
    beyond(&drawn, "pup", "out");
    assert_eq!(drawn.void("y"), Some(Void::AuthorNotIn));
    assert_eq!(drawn.active(), "ada:administrator cyd:administrator");
}

#[test]
fn a_puppet_whom_a_revoked_administrator_backdates_removes_neither_the_revoker_nor_a_third_nor_everyone() {
    let drawn = five(
        "cyd revokes bob #out -> everybody acknowledges
         | after stem: bob enrols pup:admin #pup -> pup revokes cyd #revoker -> bob acknowledges
         | after pup: pup revokes ada #third
         | after pup: pup revokes dan #one -> pup revokes eve #two -> pup revokes ada #three -> pup revokes cyd #four",
    );
    beyond(&drawn, "pup", "out");
    for act in ["revoker", "third", "one", "two", "three", "four"] {
        assert_eq!(drawn.void(act), Some(Void::AuthorNotIn), "{act}");
    }
    assert_eq!(drawn.active(), "ada:administrator cyd:administrator dan:administrator eve:member");
}

#[test]
fn a_removal_in_a_partition_of_one_is_in_effect_and_yields_to_a_senior() {
    let drawn = five(
        "| dan revokes ada #alone
         | ada enrols tom:member #tom -> bob adds phone -> cyd adds phone",
    );
    assert!(drawn.counts("alone") && !drawn.settled("alone"));
    beyond(&drawn, "tom", "alone");
    let drawn =
        five("| dan revokes ada #alone\n | ada revokes dan #answer -> bob acknowledges -> cyd acknowledges");
    beyond(&drawn, "alone", "answer");
}

#[test]
fn who_was_demoted_and_promoted_again_does_nothing_more_under_the_old_grant() {
    let drawn = five(
        "| ada makes bob member #down -> ada makes bob admin #again -> bob enrols tom:member #tom
         | bob enrols zoe:member #zoe",
    );
    beyond(&drawn, "zoe", "down");
    assert!(drawn.counts("tom"));
    assert_eq!(drawn.history.roster().user(&user("bob")).unwrap().grant, drawn.mark("again"));
}

#[test]
fn a_guest_of_somebody_just_cut_counts_again_once_adopted_and_can_be_promoted() {
    let drawn = five(
        "| ada revokes bob #out
         | bob enrols tom:member #tom
         cyd adopts tom #adopt -> tom adds phone #phone -> cyd makes tom admin -> tom enrols zoe:member #zoe",
    );
    assert!(drawn.counts("tom") && drawn.counts("phone") && drawn.counts("zoe"));
    assert!(drawn.active().contains("tom:administrator"));
    assert_eq!(drawn.history.roster().user(&user("tom")).unwrap().enrolled, drawn.mark("tom"));
}

#[test]
fn an_adoption_is_cut_with_who_adopted() {
    let drawn = five(
        "| ada revokes bob #out
         | bob enrols tom:member #tom
         | after out tom: cyd adopts tom #adopt
         | after out tom: ada revokes cyd #outtoo",
    );
    beyond(&drawn, "adopt", "outtoo");
    beyond(&drawn, "tom", "out");
}

#[test]
fn an_enroll_that_only_its_own_guest_would_adopt_stays_void() {
    let drawn = five(
        "| ada revokes bob #out
         | bob enrols tom:admin #tom
         | after out tom: cyd adopts tom #cyd
         | after cyd: tom adds x -> ada revokes cyd
         | after stem: dan revokes cyd #outtoo",
    );
    beyond(&drawn, "cyd", "outtoo");
    assert!(!drawn.counts("tom"));
}

#[test]
fn a_revoke_in_effect_beats_an_adoption() {
    let drawn = five(
        "| ada revokes bob #out
         | bob enrols tom:member #tom
         cyd adopts tom #adopt -> dan revokes tom #tomout
         | after adopt: tom adds phone",
    );
    assert!(drawn.counts("tom"));
    assert!(!drawn.active().contains("tom"));
    let drawn = five(
        "| ada revokes bob #out
         | bob enrols tom:member #tom -> dan revokes tom #tomout
         | after out tom: cyd adopts tom #adopt",
    );
    assert!(drawn.counts("adopt") && drawn.counts("tom"));
    assert!(!drawn.active().contains("tom"), "who is revoked is out, adopted or not");
}

#[test]
fn who_lost_a_register_is_not_brought_in_by_an_adoption() {
    let drawn = five(
        "| ada enrols tom:member #senior
         | bob enrols tom:admin #junior
         cyd adopts junior",
    );
    assert!(drawn.counts("senior") && !drawn.counts("junior"));
    assert!(drawn.active().contains("tom:member"));
}

#[test]
fn a_device_that_forks_its_chain_keeps_the_ends_that_a_removal_names() {
    let drawn = five(
        "| bob enrols x:member #x\n | bob enrols y:member #y\n ada revokes bob #out\n | after x: bob enrols z:member #z",
    );
    assert!(drawn.counts("x") && drawn.counts("y"));
    beyond(&drawn, "z", "out");
}

#[test]
fn a_senior_can_t_void_a_junior_s_guest_by_citing_the_invitation() {
    let drawn = five("| bob enrols tom:member upon link #tom\n | ada enrols zoe:member upon link #zoe");
    assert!(drawn.counts("tom") && drawn.counts("zoe"));
}

#[test]
fn a_later_appointment_by_another_device_is_not_senior_to_an_earlier_one() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin -> bob enrols x:admin -> bob enrols dan:admin -> bob adds phone -> bob@phone enrols pup:admin
         | dan revokes pup #first
         | pup revokes dan #second",
    );
    assert!(drawn.counts("first"));
    beyond(&drawn, "second", "first");
}

#[test]
fn no_removal_leaves_an_organization_without_an_administrator() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin
         | ada revokes bob -> ada revokes cyd
         | bob revokes ada -> bob revokes cyd
         | cyd revokes ada -> cyd revokes bob",
    );
    assert_eq!(drawn.active(), "ada:administrator");
}

#[test]
fn a_stranger_s_grant_lends_nothing_to_who_cites_it() {
    use muster::core::roster::{NotAdded, Refused};
    let drawn = five("");
    let body = drawn.history.revocation(&user("ada"));
    let under_dan = drawn.forge("bob", &body, |it| it.auth = drawn.mark("dan"));
    assert_eq!(under_dan, Err(NotAdded::Refused(Refused::WrongAuth)));
    let as_a_member = drawn.forge("eve", &body, |it| it.auth = drawn.mark("bob"));
    assert_eq!(as_a_member, Err(NotAdded::Refused(Refused::WrongAuth)));
}

#[test]
fn who_is_in_as_an_external_isn_t_promoted_by_who_let_them_in_otherwise() {
    let drawn = five(
        "| ada enrols zoe:external #senior
         | bob enrols zoe:member #junior -> bob makes zoe admin #up -> zoe enrols pup:admin #pup",
    );
    assert!(drawn.counts("senior") && !drawn.counts("junior"));
    assert!(drawn.active().contains("zoe:external"));
    assert!(!drawn.counts("pup"));
}
