//! Several Revokes of one user, by people who didn't know of each other, with cuts that differ (docs/spec/roster.md, R4.6 c,
//! R4.7; docs/decisions/0023). Between two cuts lies what the author of one had seen and the author of the other hadn't.

use muster::core::roster::Void;

use crate::roster_sketch::{Drawn, sketch, user};

/// Ada, Bob, Cyd and Dan are Administrators, Eve is a Member, and all are vouched. Bob lets in Zoe, whom everybody saw.
fn five(more: &str) -> Drawn {
    sketch(&format!(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin -> ada enrols dan:admin -> ada enrols eve:member
         everybody acknowledges -> bob enrols zoe:external #zoe -> cyd adds tablet #stem
         {more}"
    ))
}

/// Ada had seen Tom, Cyd hadn't; and of Kim neither knew.
const BOTH: &str = "| bob enrols tom:member #tom -> ada revokes bob #wide
     | after stem: cyd revokes bob #narrow
     | after tom: bob enrols kim:member #kim";

fn beyond(drawn: &Drawn, act: &str, removal: &str) {
    assert_eq!(drawn.void(act), Some(Void::BeyondCut(drawn.mark(removal))), "{act} by {removal}");
}

/// The Revoke that is shown as the one by which Bob is out.
fn the_revoke(drawn: &Drawn, mark: &str) -> bool {
    drawn.history.roster().user(&user("bob")).unwrap().revoked == Some(drawn.mark(mark))
}

#[test]
fn of_two_revokes_that_nobody_acknowledged_both_cut_and_the_senior_s_is_the_one_that_is_shown() {
    let drawn = five(BOTH);
    assert!(drawn.counts("wide") && drawn.counts("narrow") && the_revoke(&drawn, "wide"));
    beyond(&drawn, "tom", "narrow");
    beyond(&drawn, "kim", "wide");
    assert!(drawn.counts("zoe"), "whom both had seen");
}

#[test]
fn of_two_settled_revokes_both_cut_and_what_lies_between_the_cuts_is_void() {
    let drawn = five(&format!(
        "{BOTH}
         eve adds x
         | ada acknowledges
         | cyd acknowledges
         | dan acknowledges
         | eve acknowledges"
    ));
    assert!(drawn.settled("wide") && drawn.settled("narrow"));
    assert!(drawn.counts("wide") && drawn.counts("narrow") && the_revoke(&drawn, "wide"));
    beyond(&drawn, "tom", "narrow");
    beyond(&drawn, "kim", "wide");
    assert!(drawn.counts("zoe"), "whom both had seen");
    assert_eq!(
        drawn.active(),
        "ada:administrator cyd:administrator dan:administrator eve:member zoe:external"
    );
}

#[test]
fn a_wider_revoke_that_is_settled_later_brings_nothing_back_that_a_settled_narrow_one_cut() {
    let settled = "| after stem: cyd revokes bob #narrow -> dan acknowledges -> eve acknowledges #known
         | bob enrols tom:member #tom -> ada revokes bob #wide";
    let drawn = five(settled);
    assert!(drawn.settled("narrow") && the_revoke(&drawn, "narrow"));
    assert_eq!(drawn.void("wide"), Some(Void::TargetRevoked), "honest devices don't acknowledge it");
    beyond(&drawn, "tom", "narrow");
    let drawn = five(&format!(
        "{settled}
         | after known wide: dan acknowledges wide -> eve acknowledges wide"
    ));
    assert!(drawn.settled("narrow") && drawn.settled("wide") && drawn.counts("wide"));
    beyond(&drawn, "tom", "narrow");
    assert_eq!(
        drawn.active(),
        "ada:administrator cyd:administrator dan:administrator eve:member zoe:external"
    );
}

/// The one exception to P12: the narrow one is in effect until it is known that the wide one is settled.
#[test]
fn a_wider_revoke_that_is_settled_brings_back_what_an_unsettled_narrow_one_had_cut() {
    let wide = format!("{BOTH}\n | after wide: dan acknowledges");
    let drawn = five(&wide);
    assert!(!drawn.settled("wide") && drawn.counts("narrow"));
    beyond(&drawn, "tom", "narrow");
    let drawn = five(&format!("{wide} -> eve acknowledges"));
    assert!(drawn.settled("wide") && the_revoke(&drawn, "wide"));
    assert_eq!(drawn.void("narrow"), Some(Void::TargetRevoked));
    assert!(drawn.counts("tom"));
    beyond(&drawn, "kim", "wide");
    assert!(!drawn.active().contains("bob"));
}
