//! Who is asked about a removal, when it is settled, and what a device owes (docs/spec/roster.md, R4.2 to R4.5).

use muster::core::roster::{Owed, Refused, Void};

use crate::roster_sketch::{key, now, refusal, sketch};

#[test]
fn the_most_senior_are_asked_but_for_the_author_and_the_target() {
    let drawn = sketch(
        "ada founds -> ada enrols mem:member -> ada enrols bob:admin -> bob enrols cyd:admin -> ada enrols dan:admin -> ada enrols zoe:external
         everybody acknowledges -> bob revokes cyd #out",
    );
    assert_eq!(drawn.witnesses("out"), "ada dan mem");
}

#[test]
fn at_most_seven_are_asked() {
    let many: String = (0..10).map(|n| format!(" -> ada enrols p{n}:member")).collect();
    let drawn = sketch(&format!("ada founds{many} -> everybody acknowledges -> ada revokes p0 #out"));
    assert_eq!(drawn.witnesses("out"), "p1 p2 p3 p4 p5 p6 p7");
}

#[test]
fn whom_nobody_else_has_built_on_is_no_witness() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> bob enrols pup:admin -> pup enrols pup2:admin -> bob enrols tom:member #tom
         pup revokes tom #out",
    );
    assert_eq!(drawn.witnesses("out"), "ada bob");
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> bob enrols pup:admin -> bob enrols tom:member
         ada adds phone -> pup enrols pup2:admin -> bob revokes tom #out",
    );
    assert_eq!(drawn.witnesses("out"), "ada pup", "Ada built on both; on the second puppet nobody has");
}

#[test]
fn an_administrator_can_t_make_witnesses_alone() {
    let puppets: String = (0..8).map(|n| format!(" -> bob enrols q{n}:admin")).collect();
    let drawn = sketch(&format!(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin -> ada enrols eve:member -> everybody acknowledges #all -> eve adds x #stem
         | bob adds y{puppets} -> q1 adds phone -> bob revokes ada #coup -> q1 adds watch
         | after coup: q2 adds phone"
    ));
    assert_eq!(drawn.witnesses("coup"), "cyd eve");
}

#[test]
fn the_founder_s_first_guests_are_vouched_as_they_stand() {
    let drawn = sketch("ada founds -> ada enrols bob:admin -> ada enrols eve:member -> ada revokes eve #out");
    assert_eq!(drawn.witnesses("out"), "bob");
}

#[test]
fn a_removal_is_settled_when_more_than_half_of_its_witnesses_acknowledged_it() {
    const PEOPLE: &str = "ada founds -> ada enrols bob:admin -> ada enrols cyd:member -> ada enrols dan:member -> ada enrols eve:member
        everybody acknowledges -> ada revokes eve #out";
    assert!(!sketch(PEOPLE).settled("out"));
    let once = sketch(&format!("{PEOPLE} -> bob acknowledges"));
    assert!(!once.settled("out"));
    assert_eq!(once.witnesses("out"), "bob cyd dan");
    let twice = sketch(&format!("{PEOPLE} -> bob acknowledges -> dan acknowledges"));
    assert!(twice.settled("out"));
    // Two of five aren't more than half, three are.
    let people: String = (0..5).map(|n| format!(" -> ada enrols p{n}:member")).collect();
    let of_five = format!(
        "ada founds -> ada enrols tom:member{people} -> everybody acknowledges -> ada revokes tom #out -> p0 acknowledges -> p1 acknowledges"
    );
    assert!(!sketch(&of_five).settled("out"));
    assert!(sketch(&format!("{of_five} -> p4 acknowledges")).settled("out"));
}

#[test]
fn where_four_are_active_one_alone_settles_nothing() {
    // Of four, one is external to the electorate: nobody has built on him.
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols eve:member -> bob adds phone -> ada enrols dan:member -> ada revokes eve #out
         | after out: bob acknowledges #ack",
    );
    assert_eq!(drawn.witnesses("out"), "bob");
    assert!(!drawn.settled("out"));
}

#[test]
fn of_three_one_is_enough() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols eve:member -> ada revokes eve #out -> bob acknowledges",
    );
    assert!(drawn.settled("out"));
}

#[test]
fn a_removal_without_witnesses_is_in_effect_and_never_settled() {
    let drawn =
        sketch("ada founds -> ada enrols bob:admin -> bob revokes ada #out -> everybody acknowledges");
    assert_eq!(drawn.witnesses("out"), "");
    assert!(drawn.counts("out") && !drawn.settled("out"));
}

#[test]
fn a_removal_by_somebody_who_isn_t_vouched_is_not_settled() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:member -> ada enrols dan:member -> everybody acknowledges
         bob enrols pup:admin -> pup revokes dan #out
         | after out: ada acknowledges out
         | after out: cyd acknowledges out",
    );
    assert!(drawn.settled("out"), "Ada and Cyd build on the puppet as they acknowledge");
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:member #cyd -> bob adds x -> ada enrols dan:member -> cyd adds y -> bob adds z #stem
         | bob enrols pup:admin #pup -> pup revokes dan #out -> cyd acknowledges out -> bob acknowledges out",
    );
    assert_eq!(drawn.witnesses("out"), "ada bob cyd");
    assert!(!drawn.settled("out"), "of the witnesses of the puppet, Ada and Cyd, Cyd alone built on it");
}

#[test]
fn who_isn_t_asked_can_t_acknowledge_and_nobody_can_twice() {
    const PEOPLE: &str = "ada founds -> ada enrols bob:admin -> ada enrols zoe:external -> ada enrols eve:member -> everybody acknowledges -> ada revokes eve #out";
    assert_eq!(refusal(&format!("{PEOPLE} -> zoe acknowledges out")), Refused::NotAWitness);
    assert_eq!(refusal(&format!("{PEOPLE} -> ada acknowledges out")), Refused::NotAWitness);
    assert_eq!(
        refusal(&format!("{PEOPLE} -> bob acknowledges out -> bob acknowledges out")),
        Refused::NothingNew
    );
    assert_eq!(refusal(&format!("{PEOPLE} -> zoe ties")), Refused::NothingNew);
}

#[test]
fn an_acknowledgement_beyond_the_cut_of_a_settled_revoke_of_its_author_settles_nothing() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin -> ada enrols dan:member -> ada enrols eve:member -> everybody acknowledges -> cyd adds x #stem
         cyd revokes dan #danout -> everybody acknowledges
         | after stem: bob revokes ada #coup -> dan acknowledges coup
         | after coup: eve acknowledges coup",
    );
    assert_eq!(drawn.witnesses("coup"), "cyd dan eve");
    assert!(drawn.settled("danout"));
    assert!(!drawn.settled("coup"), "Dan's word came after the cut");
}

#[test]
fn an_unsettled_removal_takes_nobody_off_the_electorate() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin -> ada enrols dan:member -> ada enrols eve:member -> everybody acknowledges
         bob revokes cyd -> bob revokes dan -> bob revokes ada #coup",
    );
    assert_eq!(drawn.witnesses("coup"), "cyd dan eve");
}

#[test]
fn a_settled_removal_takes_its_target_off_the_electorate() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin -> ada enrols dan:member -> ada enrols eve:member -> everybody acknowledges
         bob revokes cyd #out -> everybody acknowledges -> ada revokes eve #next",
    );
    assert!(drawn.settled("out"));
    assert_eq!(drawn.witnesses("next"), "bob dan");
}

#[test]
fn a_device_owes_the_removals_it_witnesses_and_the_enrolls_it_hasn_t_built_on() {
    let mut drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols eve:member #eve -> ada enrols dan:member #dan",
    );
    let owed = drawn.history.owed(&key("bob").device());
    let mut both = vec![drawn.mark("eve"), drawn.mark("dan")];
    both.sort_unstable();
    assert_eq!(owed, Owed { removals: Vec::new(), enrols: both });
    let signed = drawn.history.author(&key("bob"), owed.body(), now()).unwrap();
    drawn.history.add(signed).unwrap();
    assert!(drawn.history.owed(&key("bob").device()).is_empty());
    assert!(drawn.history.owed(&key("ada").device()).is_empty(), "nobody vouches for whom they let in");
    let out = drawn.history.author(
        &key("ada"),
        drawn.history.revocation(&crate::roster_sketch::user("dan")),
        now(),
    );
    let out = out.unwrap();
    drawn.history.add(out.clone()).unwrap();
    assert_eq!(drawn.history.owed(&key("bob").device()).removals, [out.id()]);
    assert!(drawn.history.owed(&key("dan").device()).is_empty(), "who was revoked owes nothing");
    assert!(drawn.history.owed(&key("stranger").device()).is_empty());
}

#[test]
fn nothing_that_is_void_is_owed() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin -> ada enrols eve:member -> everybody acknowledges
         | ada revokes bob #out
         | bob enrols tom:member -> bob revokes eve",
    );
    let owed = drawn.history.owed(&key("cyd").device());
    assert_eq!(owed, Owed { removals: vec![drawn.mark("out")], enrols: Vec::new() });
}

#[test]
fn one_acknowledgement_names_at_most_so_many_removals_and_the_next_goes_on() {
    let guests: String = (0..140).map(|n| format!(" -> ada enrols g{n}:external")).collect();
    let out: String = (0..140).map(|n| format!(" -> ada revokes g{n}")).collect();
    let mut history = sketch(&format!("ada founds -> ada enrols bob:admin{guests}{out}")).history;
    let mut signed = 0;
    loop {
        let owed = history.owed(&key("bob").device());
        if owed.is_empty() {
            break;
        }
        history.add(history.author(&key("bob"), owed.body(), now()).unwrap()).unwrap();
        signed += 1;
    }
    assert_eq!(signed, 2);
}

#[test]
fn what_most_witnesses_had_built_on_before_they_knew_survives_a_settled_cut() {
    const STEM: &str = "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin -> ada enrols dan:member -> ada enrols eve:member -> everybody acknowledges -> dan adds x #stem";
    // Cyd, offline, revokes Bob without having seen his last guest, on whom all others went on.
    let built = "| bob enrols tom:member #tom -> ada adds phone -> dan adds phone -> eve adds phone
         | cyd revokes bob #out";
    let drawn = sketch(&format!("{STEM}\n{built}"));
    assert_eq!(drawn.void("tom"), Some(Void::BeyondCut(drawn.mark("out"))), "not settled yet");
    let drawn = sketch(&format!("{STEM}\n{built}\n everybody acknowledges"));
    assert_eq!(drawn.witnesses("out"), "ada dan eve");
    assert!(drawn.settled("out") && drawn.counts("tom"));
    assert!(!drawn.active().contains("bob"));
    // One of three isn't most.
    let drawn = sketch(&format!(
        "{STEM}\n | bob enrols tom:member #tom -> ada adds phone\n | cyd revokes bob #out\n everybody acknowledges"
    ));
    assert!(drawn.settled("out") && !drawn.counts("tom"));
}

#[test]
fn what_witnesses_built_on_after_they_knew_of_the_removal_stays_void() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin #bob -> ada enrols cyd:admin -> ada enrols dan:member -> ada enrols eve:member -> everybody acknowledges -> dan adds x #stem
         cyd revokes bob #out -> everybody acknowledges
         | after bob: bob enrols tom:member #tom
         ada adds phone -> dan adds phone -> eve adds phone",
    );
    assert_eq!(drawn.void("tom"), Some(Void::BeyondCut(drawn.mark("out"))));
}

#[test]
fn a_word_of_most_witnesses_that_arrives_late_still_saves_what_it_built_on() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin -> ada enrols dan:member -> ada enrols eve:member -> everybody acknowledges
         ada adds t -> dan adds t -> eve adds t
         | cyd revokes bob #out -> ada acknowledges -> dan acknowledges -> eve acknowledges
         | bob sets points /ip4/192.0.2.7/tcp/1 #set -> ada@t adds x -> dan@t adds x",
    );
    assert!(drawn.settled("out"));
    assert!(drawn.counts("set"), "two of three went on from it with devices that didn't know");
    assert!(drawn.history.is_consistent());
}

/// Bob has removed the founder before everybody's eyes. Then two of his devices, which don't know of each other, strike the
/// two others, and each of these acknowledges what strikes the other one.
const CROSSWISE: &str = "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin -> ada enrols dan:admin -> everybody acknowledges
    bob revokes ada #founder -> everybody acknowledges -> bob adds phone #phone -> everybody acknowledges
    | bob revokes cyd #one -> dan acknowledges
    | bob@phone revokes dan #other -> cyd acknowledges";

#[test]
fn of_two_removals_that_each_strike_the_others_witness_neither_is_firm_and_the_first_alone_is_settled() {
    let drawn = sketch(CROSSWISE);
    assert_eq!((drawn.witnesses("one"), drawn.witnesses("other")), ("dan".to_owned(), "cyd".to_owned()));
    // The phone came before the laptop's removal of Cyd, and so does what it signed.
    assert!(drawn.settled("founder") && drawn.settled("other") && !drawn.settled("one"));
    assert_eq!(drawn.active(), "bob:administrator");
}

#[test]
fn who_is_promoted_while_what_let_them_in_lies_beyond_an_unsettled_cut_is_asked_as_an_administrator() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin -> ada enrols dan:admin -> ada enrols fay:member -> everybody acknowledges
         | bob enrols eve:member #eve -> ada adds pad -> dan adds pad -> fay adds pad #built
         | cyd revokes bob #out
         | after built: dan makes eve admin
         ada@pad revokes dan #next",
    );
    assert!(!drawn.settled("out") && !drawn.counts("eve"));
    assert_eq!(drawn.witnesses("next"), "bob cyd eve fay");
    assert!(drawn.history.is_consistent());
}

#[test]
fn words_beyond_firm_cuts_settle_nothing_also_where_the_senior_whom_they_help_comes_first() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:member -> ada enrols gus:member -> ada enrols eve:external -> everybody acknowledges -> bob adds phone #early
         ada enrols dan:admin -> everybody acknowledges
         dan revokes cyd #one -> ada acknowledges -> bob acknowledges -> dan revokes gus #other -> ada acknowledges -> bob acknowledges
         | after early: bob@phone revokes eve #late -> cyd acknowledges -> gus acknowledges",
    );
    assert!(drawn.settled("one") && drawn.settled("other"));
    assert_eq!(drawn.witnesses("late"), "ada cyd gus");
    assert!(drawn.counts("late") && !drawn.settled("late"), "two of three said so, after they were out");
}

#[test]
fn who_was_removed_brings_nobody_down_by_the_late_word_of_an_accomplice_who_was_removed_before() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> bob enrols cyd:admin -> ada acknowledges #early -> ada enrols dan:admin -> everybody acknowledges
         dan revokes cyd #accomplice -> everybody acknowledges -> dan revokes bob #rogue -> everybody acknowledges
         | after early: bob revokes ada #forged -> cyd acknowledges #late",
    );
    // Of his old past Cyd alone is asked. Her word strikes Ada's, without which neither removal is firm.
    assert_eq!(drawn.witnesses("forged"), "cyd");
    assert!(drawn.settled("accomplice") && drawn.settled("rogue") && !drawn.settled("forged"));
    assert_eq!(drawn.void("forged"), Some(Void::BeyondCut(drawn.mark("rogue"))));
    assert_eq!(drawn.active(), "ada:administrator dan:administrator");
    assert!(drawn.history.is_consistent());
}

#[test]
fn who_has_removed_everybody_the_founder_too_lets_in_guests_and_makes_no_witnesses_of_them() {
    // Two who strike each other, and each has the word of another device of Bob's, who stays alone.
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin -> ada enrols dan:admin -> everybody acknowledges
         bob revokes ada -> everybody acknowledges -> bob adds phone -> everybody acknowledges
         | cyd revokes dan #one -> bob acknowledges
         | dan revokes cyd #other -> bob@phone acknowledges
         bob enrols pup:admin -> bob enrols second:admin -> bob enrols tom:member -> bob revokes tom #out",
    );
    assert!(drawn.settled("one") && drawn.settled("other"));
    assert_eq!(drawn.witnesses("out"), "");
    assert!(drawn.counts("out") && !drawn.settled("out"));
}
