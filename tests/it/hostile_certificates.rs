//! People who are in, with their own keys and more on their minds than they may do: forged certificates over the
//! real network. Each is refused, nothing is stored, and the stream ends.

use muster::core::node::input::Protocol;
use muster::core::primitives::ids::{Signature, UserId};
use muster::core::roster::body::{SetProfile, Setting};
use muster::core::roster::{Body, Profile};

use crate::support::daemons::{Machine, agree, eventually, greet};
use crate::support::device;
use crate::support::hostile::harm::{Before, certificates};
use crate::support::hostile::loot::Loot;
use crate::support::hostile::{Intruder, Wire};
use crate::support::speech::Says;

/// Ada's organization, in which this person has this profile; and what lies on their disk.
fn insider(profile: &str) -> (Machine, Loot) {
    let (ada, mut eve) = (Machine::start("ada"), Machine::start("eve"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    greet(&ada, &eve, "eve@example.org", "Eve", profile);
    agree(&[&ada, &eve]);
    eve.stop();
    (ada, Loot::of(&eve))
}

fn in_step(intruder: &Intruder, ada: &Machine, loot: &Loot) -> Wire {
    let mut wire = intruder.speaks(&ada.address(), Protocol::Sync);
    wire.speaks(&Says::hello(&loot.history));
    assert!(matches!(wire.hears_said(), Some(Says::Hello { .. })), "a member's stream");
    wire
}

/// Each lie, by its name.
fn lies(eve: &Loot) -> Vec<(&'static str, Vec<u8>)> {
    let roster = eve.history.roster();
    let (ada, me) = (roster.founder().unwrap(), eve.user());
    let puppet = eve.enrols("puppet", Profile::Administrator);
    let crown =
        |user: UserId| Body::SetProfile(SetProfile { user, profile: Profile::Administrator, cut: None });
    let stolen = |body: &Body| eve.forges(body, |raw| raw.auth = eve.founders_grant());
    let right = eve.adds("watch", &me);
    let mut unsigned = eve.forges(&right, |_| {});
    let end = unsigned.len();
    unsigned[end - 64..].copy_from_slice(&Signature([7; 64]).0);
    let signed_by_another = {
        let mallory = Loot { key: device("mallory"), history: eve.history.clone() };
        let honest =
            eve.history.author(&eve.key, right.clone(), crate::support::hostile::loot::now()).unwrap();
        let raw = honest.certificate().clone();
        muster::core::roster::SignedCertificate::sign(raw, &mallory.key).bytes()
    };
    vec![
        ("enrols somebody", eve.forges(&puppet, |_| {})),
        ("crowns herself", eve.forges(&crown(me), |_| {})),
        ("demotes the founder", eve.forges(&eve.history.profile_change(&ada, Profile::Member), |_| {})),
        ("revokes the founder", eve.forges(&eve.history.revocation(&ada), |_| {})),
        (
            "sets the rendezvous points",
            eve.forges(&Body::Setting(Setting { key: 1, value: vec![0; 8] }), |_| {}),
        ),
        ("enrols under the founder's grant", stolen(&puppet)),
        ("revokes under the founder's grant", stolen(&eve.history.revocation(&ada))),
        ("adds a device to the founder", eve.forges(&eve.adds("watch", &ada), |_| {})),
        ("says that the founder's device said so", {
            eve.forges(&puppet, |raw| raw.device = roster.user(&ada).unwrap().devices[0].id)
        }),
        ("signs with nothing", unsigned),
        ("has it signed by another key", signed_by_another),
        ("sends what is no certificate", vec![1; 500]),
        ("sends nothing as a certificate", Vec::new()),
    ]
}

fn every_lie_of_hers_is_refused(profile: &str) {
    let (ada, eve) = insider(profile);
    let before = Before::of(&ada);
    let intruder = Intruder::with(eve.key.clone());
    for (lie, forged) in lies(&eve) {
        let mut wire = in_step(&intruder, &ada, &eve);
        wire.speaks(&Says::Certificates(vec![forged]));
        // Whatever came before: the stream ends, though she keeps it open.
        assert!(wire.hears_to_the_end().len() <= 2, "{profile} {lie}");
        assert_eq!(certificates(&ada), before.certificates, "{profile} {lie}");
    }
    before.no_harm_came_to(&ada);

    // By the same way she may say what is hers to say; so it was the lies that were refused.
    let mut wire = in_step(&intruder, &ada, &eve);
    wire.speaks(&Says::Certificates(vec![eve.forges(&eve.adds("watch", &eve.user()), |_| {})]));
    eventually("her own device is taken in", || certificates(&ada) == before.certificates + 1);
}

#[test]
fn a_member_forges_certificates_and_none_is_taken() {
    every_lie_of_hers_is_refused("member");
}

#[test]
fn an_external_forges_certificates_and_none_is_taken() {
    every_lie_of_hers_is_refused("external");
}

#[test]
fn what_was_right_before_a_lie_is_kept_and_what_follows_it_is_not() {
    let (ada, eve) = insider("member");
    let before = certificates(&ada);
    let intruder = Intruder::with(eve.key.clone());
    let right = eve.forges(&eve.adds("watch", &eve.user()), |_| {});
    let lie = eve.forges(&eve.enrols("puppet", Profile::Member), |_| {});
    let after = eve.forges(&eve.adds("phone", &eve.user()), |_| {});
    let mut wire = in_step(&intruder, &ada, &eve);
    wire.speaks(&Says::Certificates(vec![right, lie, after]));
    while wire.hears().is_some() {}
    assert_eq!(certificates(&ada), before + 1);
}
