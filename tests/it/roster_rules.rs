//! Who may do what (docs/spec/roster.md, R2), by people who keep to the format.

use muster::core::roster::{Profile, Refused, Standing, Void};

use crate::roster_sketch::{key, now, refusal, sketch, user};

#[test]
fn an_organization_begins_with_its_founder_as_administrator() {
    let drawn = sketch("ada founds");
    assert_eq!(drawn.active(), "ada:administrator");
    let roster = drawn.history.roster();
    assert_eq!(roster.founder(), Some(user("ada")));
    let ada = roster.user(&user("ada")).unwrap();
    assert_eq!(ada.enrolled_by, ada.id);
    assert_eq!(ada.grant, ada.enrolled);
    assert_eq!(ada.enrolled_at, now());
    assert_eq!(ada.invitation, None);
    assert_eq!(roster.organization(), ada.enrolled.into());
}

#[test]
fn administrators_enrol_people_of_every_profile() {
    let drawn =
        sketch("ada founds -> ada enrols bob:admin -> bob enrols eve:member -> bob enrols zoe:external");
    assert_eq!(drawn.active(), "ada:administrator bob:administrator eve:member zoe:external");
    let eve = drawn.history.roster().user(&user("eve")).unwrap();
    assert_eq!(eve.enrolled_by, user("bob"));
    assert_eq!(drawn.history.roster().user_of(&key("eve").device()).unwrap().id, eve.id);
}

#[test]
fn only_administrators_enrol_change_profiles_revoke_set_and_adopt() {
    const PEOPLE: &str =
        "ada founds -> ada enrols eve:member -> ada enrols zoe:external -> ada enrols max:member";
    for who in ["eve", "zoe"] {
        for act in ["enrols tom:member", "makes max admin", "revokes max", "sets points /ip4/192.0.2.7/tcp/1"]
        {
            assert_eq!(
                refusal(&format!("{PEOPLE} -> {who} {act}")),
                Refused::NotAdministrator,
                "{who} {act}"
            );
        }
    }
    let void = "ada founds -> ada enrols bob:admin -> ada enrols eve:member
        | ada revokes bob
        | bob enrols tom:member #tom
        eve adopts tom";
    assert_eq!(refusal(void), Refused::NotAdministrator);
}

#[test]
fn everybody_adds_devices_of_their_own_which_then_act_for_them() {
    let drawn = sketch(
        "ada founds -> ada adds phone -> ada@phone enrols zoe:external -> zoe adds tablet -> zoe@tablet adds watch",
    );
    let zoe = drawn.history.roster().user(&user("zoe")).unwrap();
    let devices: Vec<_> = zoe.devices.iter().map(|device| device.id).collect();
    assert_eq!(devices, ["zoe", "zoe@tablet", "zoe@watch"].map(|device| key(device).device()));
    assert_eq!(zoe.enrolled_by, user("ada"));
}

#[test]
fn nobody_revokes_themselves_or_changes_their_own_profile() {
    assert_eq!(refusal("ada founds -> ada revokes ada"), Refused::OnSelf);
    assert_eq!(refusal("ada founds -> ada enrols bob:admin -> bob makes bob member"), Refused::OnSelf);
    assert_eq!(refusal("ada founds -> ada adds phone -> ada@phone revokes ada"), Refused::OnSelf);
}

#[test]
fn external_is_for_ever_and_nobody_becomes_it() {
    const PEOPLE: &str =
        "ada founds -> ada enrols eve:member -> ada enrols zoe:external -> ada enrols bob:admin";
    for act in ["zoe member", "zoe admin", "eve external", "bob external"] {
        assert_eq!(refusal(&format!("{PEOPLE} -> ada makes {act}")), Refused::FromOrToExternal, "{act}");
    }
}

#[test]
fn members_are_promoted_and_administrators_demoted_and_the_grant_says_which_made_them_so() {
    let drawn = sketch(
        "ada founds -> ada enrols eve:member -> ada makes eve admin #promoted -> eve enrols tom:member",
    );
    assert_eq!(drawn.active(), "ada:administrator eve:administrator tom:member");
    let eve = drawn.history.roster().user(&user("eve")).unwrap();
    assert_eq!(eve.grant, drawn.mark("promoted"));

    let drawn = sketch(
        "ada founds -> ada enrols eve:member -> ada makes eve admin #promoted -> eve enrols tom:member #tom
         ada makes eve member -> eve adds phone",
    );
    assert_eq!(drawn.active(), "ada:administrator eve:member tom:member");
    let eve = drawn.history.roster().user(&user("eve")).unwrap();
    assert_eq!(eve.grant, eve.enrolled);
    assert_eq!(eve.devices.len(), 2);
    assert_eq!(drawn.standing("promoted"), Standing::Effective);
    assert_eq!(drawn.standing("tom"), Standing::Effective);
}

#[test]
fn who_was_demoted_and_promoted_again_acts_under_the_second_grant() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada makes bob member -> ada makes bob admin #again
         bob enrols eve:member -> bob revokes ada",
    );
    assert_eq!(drawn.active(), "bob:administrator eve:member");
    assert_eq!(drawn.history.roster().user(&user("bob")).unwrap().grant, drawn.mark("again"));
}

#[test]
fn the_same_profile_again_says_nothing() {
    assert_eq!(refusal("ada founds -> ada enrols eve:member -> ada makes eve member"), Refused::SameAsNow);
    assert_eq!(refusal("ada founds -> ada enrols bob:admin -> ada makes bob admin"), Refused::SameAsNow);
}

#[test]
fn who_is_revoked_is_out_for_ever_with_all_devices() {
    const OUT: &str =
        "ada founds -> ada enrols bob:admin -> bob adds phone -> bob enrols eve:member -> ada revokes bob";
    let drawn = sketch(OUT);
    assert_eq!(drawn.active(), "ada:administrator eve:member");
    let bob = drawn.history.roster().user(&user("bob")).unwrap();
    assert_eq!(bob.revoked, Some(drawn.history.heads()[0]));
    assert_eq!(bob.devices.len(), 2, "it stays known whose they were");
    for act in ["bob enrols tom:member", "bob@phone enrols tom:member", "bob adds tablet", "bob ties"] {
        assert_eq!(refusal(&format!("{OUT} -> {act}")), Refused::AuthorRevoked, "{act}");
    }
    assert_eq!(refusal(&format!("{OUT} -> ada revokes bob")), Refused::AlreadyRevoked);
    assert_eq!(refusal(&format!("{OUT} -> ada makes bob admin")), Refused::AlreadyRevoked);
    assert_eq!(refusal(&format!("{OUT} -> ada enrols bob:member upon another")), Refused::DeviceKnown);
}

#[test]
fn who_was_revoked_comes_back_as_a_new_user_with_a_new_device() {
    let drawn = sketch("ada founds -> ada enrols bob:admin -> ada revokes bob -> ada enrols bob2:member");
    assert_eq!(drawn.active(), "ada:administrator bob2:member");
    assert_ne!(user("bob"), user("bob2"));
}

#[test]
fn any_administrator_may_revoke_the_founder_but_somebody_always_remains() {
    let drawn = sketch("ada founds -> ada enrols bob:admin -> bob revokes ada");
    assert_eq!(drawn.active(), "bob:administrator");
    assert_eq!(
        refusal("ada founds -> ada enrols bob:admin -> bob revokes ada -> bob revokes bob"),
        Refused::OnSelf
    );
}

#[test]
fn nobody_can_revoke_or_change_whom_nobody_knows() {
    assert_eq!(refusal("ada founds -> ada revokes ghost"), Refused::UnknownUser);
    assert_eq!(refusal("ada founds -> ada makes ghost admin"), Refused::UnknownUser);
}

#[test]
fn a_stranger_says_nothing() {
    assert_eq!(refusal("ada founds -> mallory enrols eve:admin"), Refused::StrangerAuthor);
}

#[test]
fn a_person_or_a_device_comes_in_once() {
    const IN: &str = "ada founds -> ada enrols bob:admin";
    assert_eq!(refusal(&format!("{IN} -> bob enrols bob:member")), Refused::DeviceKnown);
    assert_eq!(refusal(&format!("{IN} -> ada enrols ada:member")), Refused::DeviceKnown);
    assert_eq!(refusal(&format!("{IN} -> bob adds phone -> bob adds phone")), Refused::DeviceKnown);
}

#[test]
fn one_invitation_admits_one_guest() {
    let twice = "ada founds -> ada enrols bob:member upon link -> ada enrols eve:member upon link";
    assert_eq!(refusal(twice), Refused::InvitationSpent);
    let of_another = "ada founds -> ada enrols bob:admin upon link -> bob enrols eve:member upon link";
    assert_eq!(sketch(of_another).active(), "ada:administrator bob:administrator eve:member");
}

#[test]
fn a_user_has_at_most_sixteen_devices() {
    let fifteen: String = (1..16).map(|n| format!(" -> ada adds d{n}")).collect();
    let drawn = sketch(&format!("ada founds{fifteen}"));
    assert_eq!(drawn.history.roster().user(&user("ada")).unwrap().devices.len(), 16);
    assert_eq!(refusal(&format!("ada founds{fifteen} -> ada adds d16")), Refused::TooManyDevices);
}

#[test]
fn others_removals_of_others_are_acknowledged_once() {
    const PEOPLE: &str = "ada founds -> ada enrols bob:admin -> ada enrols eve:member -> ada enrols tom:member #tom -> everybody acknowledges";
    sketch(&format!("{PEOPLE} -> ada revokes tom #out -> bob acknowledges out -> eve acknowledges out"));
    let twice = format!("{PEOPLE} -> ada revokes tom #out -> bob acknowledges out -> bob acknowledges out");
    assert_eq!(refusal(&twice), Refused::NothingNew);
    let own = format!("{PEOPLE} -> ada revokes tom #out -> ada acknowledges out");
    assert_eq!(refusal(&own), Refused::NotAWitness);
    let of_oneself = format!("{PEOPLE} -> ada makes bob member #down -> bob acknowledges down");
    assert_eq!(refusal(&of_oneself), Refused::NotAWitness);
    let no_removal = format!("{PEOPLE} -> bob acknowledges tom");
    assert_eq!(refusal(&no_removal), Refused::NotToAcknowledge);
}

#[test]
fn an_empty_acknowledge_ties_heads_or_is_nothing() {
    assert_eq!(refusal("ada founds -> ada ties"), Refused::NothingNew);
    let drawn = sketch("ada founds -> ada enrols bob:admin\n | ada adds phone\n | bob adds phone\nada ties");
    assert_eq!(drawn.history.heads().len(), 1);
}

#[test]
fn administrators_set_rendezvous_points() {
    let drawn = sketch(
        "ada founds -> ada sets points /ip4/192.0.2.7/tcp/7733 -> ada sets points /ip4/192.0.2.8/tcp/7733",
    );
    let points = drawn.history.roster().rendezvous_points();
    assert_eq!(points.iter().map(ToString::to_string).collect::<Vec<_>>(), ["/ip4/192.0.2.8/tcp/7733"]);
}

#[test]
fn only_an_enroll_that_counts_nothing_is_adopted() {
    assert_eq!(refusal("ada founds -> ada enrols bob:admin #bob -> ada adopts bob"), Refused::NotVoidEnroll);
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin
         | ada revokes bob
         | bob enrols tom:member #tom
         ada adopts tom",
    );
    assert_eq!(drawn.standing("tom"), Standing::Effective);
}

#[test]
fn a_kind_that_nobody_knows_yet_is_kept_and_counts_nothing() {
    let drawn = sketch("ada founds -> ada enrols eve:member -> eve says something #new -> eve adds phone");
    assert_eq!(drawn.standing("new"), Standing::Void(Void::UnknownKind));
    assert_eq!(drawn.history.len(), 4);
    assert_eq!(drawn.history.roster().user(&user("eve")).unwrap().devices.len(), 2);
}

#[test]
fn what_may_be_done_is_known_before_it_is_signed() {
    let drawn = sketch("ada founds -> ada enrols bob:admin -> ada enrols zoe:external");
    let roster = drawn.history.roster();
    assert_eq!(roster.may_revoke(&user("bob"), &user("ada")), Ok(()));
    assert_eq!(roster.may_revoke(&user("zoe"), &user("ada")), Err(Refused::NotAdministrator));
    assert_eq!(roster.may_administer(&user("bob")), Ok(()));
    assert_eq!(roster.may_administer(&user("mallory")), Err(Refused::StrangerAuthor));
    let promoted = roster.may_set_profile(&user("ada"), &user("zoe"), Profile::Member);
    assert_eq!(promoted, Err(Refused::FromOrToExternal));
}

#[test]
fn what_somebody_had_done_by_their_removal_stays() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> bob enrols cyd:member #cyd -> bob sets points /ip4/192.0.2.7/tcp/1 #set
         | bob adds phone #phone -> ada revokes bob #out",
    );
    assert!(["cyd", "set", "phone", "out"].iter().all(|mark| drawn.counts(mark)));
    assert_eq!(drawn.active(), "ada:administrator cyd:member");
}

#[test]
fn what_somebody_who_is_out_signs_on_is_counted_together_with_that_of_whom_they_let_in() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada enrols cyd:admin -> bob enrols dan:member -> everybody acknowledges
         bob says something -> ada adds tab #early -> ada revokes bob #out -> cyd acknowledges
         | after early: bob enrols pup:admin -> pup enrols next:member -> next adds phone -> bob adds tab -> bob@tab sets points /ip4/192.0.2.7/tcp/1
         dan adds pad",
    );
    let (history, out) = (&drawn.history, drawn.mark("out"));
    let put_out_by = |name: &str| history.put_out_by(&key(name).device());
    for name in ["bob", "bob@tab", "pup", "next", "next@phone"] {
        assert_eq!(put_out_by(name), Some(out), "{name}");
    }
    for name in ["ada", "cyd", "dan", "dan@pad", "nobody"] {
        assert_eq!(put_out_by(name), None, "{name}");
    }
    assert_eq!(
        history.held_beyond(&out),
        5,
        "what nobody understands counts nothing, and lies within the cut"
    );
}

#[test]
fn who_came_in_by_somebody_beyond_their_demotion_is_put_out_by_that() {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin #bob
         | after bob: bob enrols pup:member -> pup adds phone
         | after bob: ada makes bob member #less",
    );
    let put_out_by = |name: &str| drawn.history.put_out_by(&key(name).device());
    assert_eq!(put_out_by("bob"), None);
    assert!(["pup", "pup@phone"].iter().all(|name| put_out_by(name) == Some(drawn.mark("less"))));
}
