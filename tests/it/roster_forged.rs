//! Certificates that are well signed and say what their author may not say (docs/spec/roster.md, R2): each is in
//! order but for one thing, and is taken in where that one thing is put right.

use muster::core::primitives::ids::{CertificateId, DeviceId, OrganizationId, Signature, UserKey};
use muster::core::primitives::kind::Kind;
use muster::core::roster::body::{
    Acknowledge, AddDevice, Body, ChainEnd, Cut, Enroll, Revoke, SetProfile, Setting,
};
use muster::core::roster::proof::Claim;
use muster::core::roster::{History, NotAdded, Profile, Refused, SignedCertificate};

use crate::roster_sketch::{
    Drawn, claim, enrolment, founding, further_device, invitation, key, now, sketch, user, user_secret,
};

/// An organization with somebody of every profile, and two who were removed.
fn organization() -> Drawn {
    sketch(
        "ada founds #found -> ada enrols bob:admin #bob -> ada enrols eve:member #eve -> ada enrols zoe:external #zoe
         bob adds phone #phone -> ada enrols cyd:admin #cyd -> ada makes cyd member -> ada makes cyd admin #cyd2
         ada enrols out:admin #out -> ada revokes out #revoked -> ada sets points /ip4/192.0.2.7/tcp/1 #last",
    )
}

fn refused(result: Result<(), NotAdded>) -> Refused {
    match result {
        Err(NotAdded::Refused(refused)) => refused,
        other => panic!("not refused: {other:?}"),
    }
}

fn enrol(drawn: &Drawn, host: &str, guest: &str) -> Enroll {
    enrolment(drawn.history.organization(), host, guest, Profile::Member, invitation(guest))
}

fn device(drawn: &Drawn, host: &str, owner: &str, name: &str) -> AddDevice {
    further_device(&drawn.history, host, owner, name)
}

#[test]
fn what_is_forged_below_would_be_taken_in_if_it_were_in_order() {
    let drawn = organization();
    for body in [
        Body::Enroll(enrol(&drawn, "ada", "tom")),
        Body::AddDevice(device(&drawn, "ada", "ada", "ada@watch")),
        drawn.history.revocation(&user("bob")),
        drawn.history.profile_change(&user("bob"), Profile::Member),
        drawn.history.profile_change(&user("eve"), Profile::Administrator),
        Body::Setting(Setting { key: 2, value: Vec::new() }),
    ] {
        assert_eq!(drawn.forge("ada", &body, |_| {}), Ok(()), "{}", body.name());
    }
    let seen = Body::Acknowledge(Acknowledge { removals: vec![drawn.mark("revoked")] });
    assert_eq!(drawn.forge("eve", &seen, |_| {}), Ok(()));
}

#[test]
fn a_stranger_acts_under_nobodys_grant() {
    let drawn = organization();
    let mallory = key("mallory");
    for body in [
        Body::Enroll(enrol(&drawn, "mallory", "puppet")),
        drawn.history.revocation(&user("ada")),
        drawn.history.profile_change(&user("eve"), Profile::Administrator),
        Body::AddDevice(device(&drawn, "mallory", "ada", "ada@evil")),
        Body::Acknowledge(Acknowledge { removals: vec![drawn.mark("revoked")] }),
        Body::Unknown { kind: 900, bytes: Vec::new() },
    ] {
        for auth in ["found", "bob", "eve"] {
            let mut raw = drawn.raw("ada", &body);
            (raw.device, raw.seq, raw.prev) = (mallory.device(), 0, CertificateId::NONE);
            raw.auth = drawn.mark(auth);
            let signed = SignedCertificate::sign(raw, &mallory).verify().unwrap();
            let result = drawn.history.clone().add(signed).map(|_| ());
            assert_eq!(refused(result), Refused::StrangerAuthor, "{}", body.name());
        }
    }
}

#[test]
fn nobody_acts_under_somebody_elses_grant_or_under_one_that_is_over() {
    let drawn = organization();
    let body = drawn.history.profile_change(&user("bob"), Profile::Member);
    for auth in ["found", "bob", "zoe", "last"] {
        let result = drawn.forge("eve", &body, |raw| raw.auth = drawn.mark(auth));
        assert_eq!(refused(result), Refused::WrongAuth, "eve under {auth}");
    }
    assert_eq!(refused(drawn.forge("eve", &body, |_| {})), Refused::NotAdministrator);
    let over = drawn.forge("cyd", &body, |raw| raw.auth = drawn.mark("cyd"));
    assert_eq!(
        refused(over),
        Refused::WrongAuth,
        "Cyd was demoted, and made Administrator again by another grant"
    );
    assert_eq!(drawn.forge("cyd", &body, |raw| raw.auth = drawn.mark("cyd2")), Ok(()));
}

#[test]
fn who_was_revoked_says_nothing_more_on_top_of_it() {
    let drawn = organization();
    let out = key("out");
    let mut raw = drawn.raw("ada", &Body::Enroll(enrol(&drawn, "out", "puppet")));
    (raw.device, raw.seq, raw.prev, raw.auth) = (out.device(), 0, CertificateId::NONE, drawn.mark("out"));
    let signed = SignedCertificate::sign(raw, &out).verify().unwrap();
    let result = drawn.history.clone().add(signed).map(|_| ());
    assert_eq!(refused(result), Refused::AuthorRevoked);
}

#[test]
fn a_certificate_of_another_organization_is_refused() {
    let drawn = organization();
    let body = Body::Setting(Setting { key: 1, value: Vec::new() });
    for other in [OrganizationId::NONE, OrganizationId([7; 32])] {
        let result = drawn.forge("ada", &body, |raw| raw.organization = other);
        assert_eq!(refused(result), Refused::WrongOrganization);
    }
}

#[test]
fn an_organization_is_founded_once() {
    let drawn = organization();
    for founder in ["ada", "mallory"] {
        let mut again = founding(founder);
        again.recovery = [1; 32];
        let again = History::found(&key(founder), again, now()).unwrap();
        let result = drawn.history.clone().add(again).map(|_| ());
        assert_eq!(refused(result), Refused::SecondFound);
    }
    let with_parents = drawn.forge("ada", &Body::Found(founding("ada")), |_| {});
    assert_eq!(refused(with_parents), Refused::SecondFound);
}

#[test]
fn founding_is_about_the_founder_and_stands_at_the_beginning() {
    let found =
        |alter: &dyn Fn(&mut muster::core::roster::Certificate, &mut muster::core::roster::body::Found)| {
            let mut body = founding("ada");
            let mut raw = History::found(&key("ada"), body.clone(), now()).unwrap().certificate().clone();
            alter(&mut raw, &mut body);
            raw.body = Body::Found(body).encode();
            let signed = SignedCertificate::sign(raw, &key("ada")).verify().unwrap();
            History::new(signed.id().into()).add(signed).map(|_| ())
        };
    assert_eq!(found(&|_, _| {}), Ok(()));
    assert_eq!(
        refused(found(&|raw, _| raw.organization = OrganizationId([1; 32]))),
        Refused::WrongOrganization
    );
    assert_eq!(refused(found(&|raw, _| raw.seq = 1)), Refused::WrongChain);
    assert_eq!(refused(found(&|raw, _| raw.prev = CertificateId([1; 32]))), Refused::WrongChain);
    assert_eq!(refused(found(&|raw, _| raw.generation = 1)), Refused::WrongGeneration);
    assert_eq!(refused(found(&|raw, _| raw.auth = CertificateId([1; 32]))), Refused::WrongAuth);
    assert_eq!(refused(found(&|_, body| body.device = key("bob").device())), Refused::FoundsForAnother);
    assert_eq!(refused(found(&|_, body| body.user = user("bob"))), Refused::UserIdNotDerived);
    assert_eq!(refused(found(&|_, body| body.user_key = UserKey([0; 32]))), Refused::KeyUnsound);
}

#[test]
fn a_certificate_follows_its_authors_last_one() {
    let drawn = organization();
    let body = Body::Setting(Setting { key: 1, value: Vec::new() });
    let wrong = |alter: &dyn Fn(&mut muster::core::roster::Certificate)| {
        refused(drawn.forge("ada", &body, |raw| alter(raw)))
    };
    assert_eq!(wrong(&|raw| raw.seq += 1), Refused::WrongChain);
    assert_eq!(wrong(&|raw| raw.seq -= 1), Refused::WrongChain);
    assert_eq!(wrong(&|raw| raw.seq = u64::MAX), Refused::WrongChain);
    assert_eq!(wrong(&|raw| (raw.seq, raw.prev) = (0, CertificateId::NONE)), Refused::WrongChain);
    assert_eq!(wrong(&|raw| (raw.seq, raw.prev) = (1, drawn.mark("found"))), Refused::WrongChain);
    assert_eq!(wrong(&|raw| raw.prev = drawn.mark("phone")), Refused::WrongChain);
}

#[test]
fn parents_are_heads_and_say_the_generation() {
    let drawn = organization();
    let body = Body::Setting(Setting { key: 1, value: Vec::new() });
    let heads = drawn.history.heads();
    let [head] = heads[..] else { panic!("one head") };
    let wrong = |alter: &dyn Fn(&mut muster::core::roster::Certificate)| {
        refused(drawn.forge("ada", &body, |raw| alter(raw)))
    };
    assert_eq!(wrong(&|raw| raw.generation += 1), Refused::WrongGeneration);
    assert_eq!(wrong(&|raw| raw.generation = 0), Refused::WrongGeneration);
    assert_eq!(wrong(&|raw| raw.parents = Vec::new()), Refused::NoParents);
    assert_eq!(wrong(&|raw| raw.parents = vec![head, head]), Refused::ParentsUnsorted);
    let mut two = [head, drawn.mark("eve")];
    two.sort();
    assert_eq!(wrong(&|raw| raw.parents = two.to_vec()), Refused::ParentsNotHeads);
    two.reverse();
    assert_eq!(wrong(&|raw| raw.parents = two.to_vec()), Refused::ParentsUnsorted);
    let many = (0..17).map(|n| CertificateId([n; 32])).collect::<Vec<_>>();
    assert_eq!(wrong(&|raw| raw.parents = many.clone()), Refused::TooManyParents);
    let unknown = drawn.forge("ada", &body, |raw| raw.parents = vec![CertificateId([9; 32])]);
    assert_eq!(unknown, Err(NotAdded::MissingParents(vec![CertificateId([9; 32])])));
}

#[test]
fn an_enroll_is_refused_where_the_person_the_device_or_the_keys_are_not_right() {
    let drawn = organization();
    let enrolled = |alter: &dyn Fn(&mut Enroll)| {
        let mut body = enrol(&drawn, "ada", "tom");
        alter(&mut body);
        let claim = Claim {
            kind: body.kind,
            user: body.user,
            user_key: body.user_key,
            ..claim(drawn.history.organization(), "ada", "tom", body.invitation)
        };
        let device = if body.device == key("bob@phone").device() { "bob@phone" } else { "tom" };
        body.proof = claim.prove(&key(device));
        drawn.forge("ada", &Body::Enroll(body), |_| {})
    };
    assert_eq!(enrolled(&|_| {}), Ok(()));
    assert_eq!(enrolled(&|body| body.kind = Kind::Session), Ok(()));
    assert_eq!(refused(enrolled(&|body| body.kind = Kind::Device)), Refused::InvitationKindWrong);
    assert_eq!(
        refused(enrolled(&|body| body.user = user("eve"))),
        Refused::UserIdNotDerived,
        "somebody else's id"
    );
    assert_eq!(refused(enrolled(&|body| body.user_key = UserKey([0; 32]))), Refused::KeyUnsound);
    assert_eq!(refused(enrolled(&|body| body.user_key = UserKey([0xff; 32]))), Refused::KeyUnsound);
    assert_eq!(
        refused(enrolled(&|body| body.invitation = invitation("bob:admin"))),
        Refused::InvitationSpent
    );
    let phone = key("bob@phone").device();
    let as_new = |body: &mut Enroll| {
        (body.device, body.user) = (phone, muster::core::primitives::ids::UserId::of_first_device(&phone));
    };
    assert_eq!(refused(enrolled(&as_new)), Refused::DeviceKnown);
    assert_eq!(
        refused(drawn.forge("ada", &Body::Enroll(enrol(&drawn, "ada", "eve")), |_| {})),
        Refused::DeviceKnown
    );
}

#[test]
fn a_device_key_of_small_order_is_refused_though_its_proof_holds() {
    let drawn = organization();
    // With the neutral element as key, (neutral element, 0) is a signature of everything by ZIP 215.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let mut signature = [0; 64];
    signature[0] = 1;
    let (device, proof) = (DeviceId(neutral), Signature(signature));
    let user = muster::core::primitives::ids::UserId::of_first_device(&device);
    assert!(device.signed("muster proof enroll 1", b"anything", &proof));
    let enrol = Enroll { user, device, proof, ..enrol(&drawn, "ada", "tom") };
    assert_eq!(refused(drawn.forge("ada", &Body::Enroll(enrol), |_| {})), Refused::KeyUnsound);
    let added = AddDevice { device, proof, ..device_of_ada(&drawn) };
    assert_eq!(refused(drawn.forge("ada", &Body::AddDevice(added), |_| {})), Refused::KeyUnsound);
}

fn device_of_ada(drawn: &Drawn) -> AddDevice {
    device(drawn, "ada", "ada", "ada@watch")
}

#[test]
fn a_proof_holds_for_one_host_kind_organization_invitation_user_and_user_key() {
    let drawn = organization();
    let organization = drawn.history.organization();
    let made = claim(organization, "ada", "tom", invitation("tom"));
    let with = |claim: Claim| {
        let body = Enroll { proof: claim.prove(&key("tom")), ..enrol(&drawn, "ada", "tom") };
        drawn.forge("ada", &Body::Enroll(body), |_| {})
    };
    assert_eq!(with(made), Ok(()));
    for other in [
        Claim { organization: OrganizationId([1; 32]), ..made },
        Claim { host: key("bob").device(), ..made },
        Claim { kind: Kind::Session, ..made },
        Claim { kind: Kind::Device, ..made },
        Claim { invitation: invitation("another"), ..made },
        Claim { user: user("eve"), ..made },
        Claim { user_key: user_secret("eve").public(), ..made },
    ] {
        assert_eq!(refused(with(other)), Refused::ProofWrong, "{other:?}");
    }
    let by_another = Enroll { proof: made.prove(&key("eve")), ..enrol(&drawn, "ada", "tom") };
    assert_eq!(refused(drawn.forge("ada", &Body::Enroll(by_another), |_| {})), Refused::ProofWrong);
    let by_bob = drawn.forge("bob", &Body::Enroll(enrol(&drawn, "ada", "tom")), |_| {});
    assert_eq!(refused(by_bob), Refused::ProofWrong, "Bob can't use what Tom signed for Ada");
}

#[test]
fn a_guests_proof_makes_no_device_of_the_host() {
    let drawn = organization();
    let waiting = enrol(&drawn, "ada", "tom");
    let stolen = AddDevice {
        device: waiting.device,
        label: waiting.label,
        invitation: waiting.invitation,
        proof: waiting.proof,
    };
    assert_eq!(refused(drawn.forge("ada", &Body::AddDevice(stolen), |_| {})), Refused::ProofWrong);
    // Even a guest who signed the host's user and user key, but for an Enroll, isn't made a device of it.
    let as_ada = Claim {
        user: user("ada"),
        user_key: user_secret("ada").public(),
        ..claim(drawn.history.organization(), "ada", "tom", invitation("tom"))
    };
    let body = AddDevice { proof: as_ada.prove(&key("tom")), ..device(&drawn, "ada", "ada", "tom") };
    assert_eq!(refused(drawn.forge("ada", &Body::AddDevice(body), |_| {})), Refused::ProofWrong);
}

#[test]
fn a_device_is_added_by_its_own_user_alone() {
    let drawn = organization();
    let for_eve = device(&drawn, "ada", "eve", "eve@phone");
    assert_eq!(refused(drawn.forge("ada", &Body::AddDevice(for_eve), |_| {})), Refused::ProofWrong);
    let known = device(&drawn, "ada", "ada", "bob@phone");
    assert_eq!(refused(drawn.forge("ada", &Body::AddDevice(known), |_| {})), Refused::DeviceKnown);
}

#[test]
fn a_cut_is_where_the_chains_end_and_nowhere_else() {
    let drawn = organization();
    let Body::Revoke(right) = drawn.history.revocation(&user("bob")) else { panic!("a Revoke") };
    assert!(!right.cut.0.is_empty());
    let revoke = |cut: Vec<ChainEnd>| {
        drawn.forge("ada", &Body::Revoke(Revoke { user: user("bob"), cut: Cut(cut) }), |_| {})
    };
    assert_eq!(revoke(right.cut.0.clone()), Ok(()));
    assert_eq!(
        refused(revoke(Vec::new())),
        Refused::CutWrong,
        "an empty cut would undo all that Bob ever did"
    );
    let mut more = right.cut.0.clone();
    more.push(ChainEnd { device: key("ada").device(), end: drawn.mark("last") });
    more.sort();
    assert_eq!(refused(revoke(more)), Refused::CutWrong, "nor is anybody else cut");
    let mut elsewhere = right.cut.0.clone();
    elsewhere[0].end = drawn.mark("last");
    assert_eq!(refused(revoke(elsewhere)), Refused::CutWrong);
    let twice = [right.cut.0.clone(), right.cut.0].concat();
    assert_eq!(refused(revoke(twice)), Refused::CutWrong);
}

#[test]
fn a_profile_change_has_a_cut_exactly_where_it_takes_administrator_away() {
    let drawn = organization();
    let change = |who: &str, profile, cut| {
        drawn.forge("ada", &Body::SetProfile(SetProfile { user: user(who), profile, cut }), |_| {})
    };
    assert_eq!(refused(change("bob", Profile::Member, None)), Refused::CutWrong);
    assert_eq!(refused(change("bob", Profile::Member, Some(Cut(Vec::new())))), Refused::CutWrong);
    assert_eq!(refused(change("eve", Profile::Administrator, Some(Cut(Vec::new())))), Refused::CutWrong);
    assert_eq!(refused(change("bob", Profile::External, None)), Refused::FromOrToExternal);
    assert_eq!(refused(change("zoe", Profile::Member, None)), Refused::FromOrToExternal);
    assert_eq!(refused(change("out", Profile::Member, None)), Refused::AlreadyRevoked);
}

#[test]
fn settings_and_acknowledgements_keep_to_their_form() {
    let drawn = organization();
    let unknown = Body::Setting(Setting { key: 3, value: Vec::new() });
    assert_eq!(refused(drawn.forge("ada", &unknown, |_| {})), Refused::UnknownSetting);
    let long = Body::Setting(Setting { key: 1, value: vec![0; 1025] });
    assert_eq!(refused(drawn.forge("ada", &long, |_| {})), Refused::SettingTooLong);
    let mut unsorted = vec![drawn.mark("revoked"), drawn.mark("cyd2")];
    unsorted.sort();
    unsorted.reverse();
    let unsorted = Body::Acknowledge(Acknowledge { removals: unsorted });
    assert_eq!(refused(drawn.forge("eve", &unsorted, |_| {})), Refused::AcknowledgesUnsorted);
    let unknown = Body::Acknowledge(Acknowledge { removals: vec![CertificateId([5; 32])] });
    assert_eq!(refused(drawn.forge("eve", &unknown, |_| {})), Refused::NotToAcknowledge);
}

#[test]
fn the_verdict_looks_at_the_past_alone_and_not_at_what_else_is_here() {
    // Bob didn't know that he was revoked: what he says is kept, by everyone, in whatever order it comes.
    let drawn = organization();
    let late = drawn.history.as_of(&[drawn.mark("phone")]).unwrap();
    let said = late.author(&key("bob"), Body::Enroll(enrol(&drawn, "bob", "tom")), now()).unwrap();
    let mut knows = drawn.history.clone();
    let out = knows.author(&key("ada"), knows.revocation(&user("bob")), now()).unwrap();
    knows.add(out).unwrap();
    knows.add(said.clone()).unwrap();
    assert!(!knows.standing(&said.id()).unwrap().is_effective());
}
