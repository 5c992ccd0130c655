//! Links that aren't what they seem, and hosts that aren't: what a guest's node lets go of, and when.

use muster::core::greeting::link::Link;
use muster::core::greeting::message::{GuestSays, HostSays, Introduction, Reception, WelcomeHead};
use muster::core::greeting::{Reason, Side};
use muster::core::node::conversation::{JoinAnswers, Step};
use muster::core::node::input::ConversationId;
use muster::core::primitives::ids::{CertificateId, OrganizationId, UserId};
use muster::core::primitives::kind::Kind;
use muster::core::primitives::text::Name;
use muster::core::roster::body::{Enroll, Found};
use muster::core::roster::proof::Claim;
use muster::core::roster::{Body, History, Profile};

use crate::roster_sketch::{claim, enrolment, founding, invitation, key, now, user_secret};
use crate::support::false_host::{FalseHost, link_by};
use crate::support::outsider::contains;
use crate::support::world::{World, email, label, person};
use crate::support::{device, secret};

/// Everything answered beforehand, the yes included.
fn all_answered(name: &str) -> JoinAnswers {
    JoinAnswers {
        name: Some(person(name)),
        email: Some(email(name)),
        device: Some(label(name)),
        yes: Some(true),
    }
}

/// Mallory sent Bob, who expects an invitation, a link for a device of Mallory's own; both read their codes to each
/// other, and Bob's screen shows what this is about.
fn a_device_link_in_disguise(world: &mut World) -> (FalseHost, ConversationId) {
    let organization = OrganizationId([7; 32]);
    world.outsider("mallory");
    let link = link_by("mallory", organization, Kind::Device);
    let join = world.join_answering("bob", &link, all_answered("bob"));
    let mut host = FalseHost::receives(world, "mallory", "bob", &link, &Reception::Queued { organization });
    let account = (UserId::of_first_device(&device("mallory").device()), user_secret("mallory").public());
    let introduction = Introduction {
        organization: Name::parse("Field Lab").unwrap(),
        email: None,
        user: Some(Name::parse("Mallory Surname").unwrap()),
        account: Some(account),
    };
    host.is_trusted(world, ("bob", join), introduction);
    (host, join)
}

#[test]
fn a_device_link_is_named_as_one_before_anything_leaves_and_pre_answers_are_no_yes() {
    let mut world = World::new("a device link in disguise");
    let (mut host, join) = a_device_link_in_disguise(&mut world);
    let Some(Step::Details { kind, user, organization, .. }) = world.last("bob", join) else {
        panic!("{:?}", world.last("bob", join))
    };
    assert_eq!((*kind, user.as_deref()), (Kind::Device, Some("Mallory Surname")));
    assert_eq!(organization.as_deref(), Some("Field Lab"));
    assert!(host.hears(&world).is_empty(), "Bob's node said something before Bob did");

    world.answer("bob", join, &format!("{{\"device\":\"{}\"}}", label("bob")));
    assert!(
        matches!(world.last("bob", join), Some(Step::Details { again: Some(_), .. })),
        "no yes was given"
    );
    assert!(host.hears(&world).is_empty());

    world.answer("bob", join, "{\"yes\":false}");
    assert_eq!(world.ended("bob", join), (Reason::Cancelled, Side::Guest));
    let said = host.hears(&world);
    assert!(matches!(said[..], [GuestSays::Ended(Reason::Cancelled)]), "{said:?}");
    assert!(!world.disk_holds("bob", &person("bob")) && !world.disk_holds("bob", &label("bob")));
}

#[test]
fn a_yes_to_a_device_link_sends_the_label_and_neither_name_nor_email() {
    let mut world = World::new("a device link with a yes");
    let (mut host, join) = a_device_link_in_disguise(&mut world);
    world.answer("bob", join, "{\"yes\":true}");
    let said = host.hears_bytes(&world).concat();
    assert!(contains(&said, &label("bob")), "the search is worth nothing");
    assert!(!contains(&said, &person("bob")) && !contains(&said, &email("bob")));
}

/// An organization of Mallory's own, with somebody of hers enrolled: well signed from the first certificate to the last.
fn mallorys_organization() -> (History, CertificateId) {
    let mallory = device("mallory");
    let user = UserId::of_first_device(&mallory.device());
    let found = Found { user, device: mallory.device(), ..founding("mallory") };
    let found = History::found(&mallory, found, now()).unwrap();
    let mut history = History::new(found.id().into());
    history.add(found).unwrap();
    let puppet =
        enrolment(history.organization(), "mallory", "puppet", Profile::Member, invitation("puppet"));
    let claim = claim(history.organization(), "mallory", "puppet", invitation("puppet"));
    let claim = Claim { host: mallory.device(), ..claim };
    let enrolled = enrol(&mut history, Enroll { proof: claim.prove(&key("puppet")), ..puppet });
    (history, enrolled)
}

fn enrol(history: &mut History, body: Enroll) -> CertificateId {
    let certificate = history.author(&device("mallory"), Body::Enroll(body), now()).unwrap();
    history.add(certificate.clone()).unwrap();
    certificate.id()
}

/// A whole welcome into Mallory's organization, by this certificate.
fn welcome(history: &History, certificate: CertificateId) -> Vec<HostSays> {
    let head = WelcomeHead {
        certificate,
        members_secret: secret("members"),
        user_secret: Some(user_secret("puppet")),
        points: Vec::new(),
        addresses: Vec::new(),
    };
    let certificates = history.in_causal_order().map(|it| it.signed().bytes()).collect();
    vec![HostSays::Welcome(head), HostSays::Certificates(certificates), HostSays::WelcomeEnd]
}

#[test]
fn a_false_host_that_welcomes_before_the_codes_gets_nowhere() {
    let (history, enrolled) = mallorys_organization();
    let organization = history.organization();
    for (says, kind) in [("enrolled", Kind::User), ("enrolled", Kind::Device), ("queued", Kind::User)] {
        let mut world = World::new("you are enrolled already");
        world.outsider("mallory");
        let link = link_by("mallory", organization, kind);
        let join = world.join_answering("bob", &link, all_answered("bob"));
        let before = world.disk("bob");
        let reception = match says {
            "enrolled" => Reception::Enrolled { organization },
            _ => Reception::Queued { organization },
        };
        let mut host = FalseHost::receives(&mut world, "mallory", "bob", &link, &reception);
        let mut said = welcome(&history, enrolled).into_iter();
        if says == "queued" {
            host.says(&mut world, &said.next().unwrap());
        }
        assert_eq!(world.ended("bob", join), (Reason::BadMessage, Side::Host), "{says}: at the first word");
        for said in said {
            host.says(&mut world, &said);
        }
        assert_eq!(world.disk("bob"), before, "{says}: something was written down");
        assert!(!world.is_member("bob"));
    }
}

/// Bob gave Mallory, whose organization he joins, his details; then this welcome comes.
fn after_the_codes(welcome_of: impl FnOnce(&mut History, CertificateId, Enroll) -> CertificateId) -> bool {
    let (mut history, puppets) = mallorys_organization();
    let organization = history.organization();
    let mut world = World::new("a welcome after the codes");
    world.outsider("mallory");
    let link = link_by("mallory", organization, Kind::User);
    let join = world.join("bob", &link);
    let reception = Reception::Queued { organization };
    let mut host = FalseHost::receives(&mut world, "mallory", "bob", &link, &reception);
    let introduction = Introduction {
        organization: Name::parse("Field Lab").unwrap(),
        email: None,
        user: None,
        account: None,
    };
    host.is_trusted(&mut world, ("bob", join), introduction);
    let [GuestSays::Details(details)] = &host.hears(&world)[..] else { panic!("details") };
    let bob = device("bob").device();
    let honest = Enroll {
        user: UserId::of_first_device(&bob),
        device: bob,
        user_key: details.user_key,
        proof: details.proof,
        ..enrolment(organization, "mallory", "bob", Profile::Member, link.keys().id)
    };
    let certificate = welcome_of(&mut history, puppets, honest);
    for said in welcome(&history, certificate) {
        host.says(&mut world, &said);
    }
    let joined = world.is_member("bob");
    if !joined {
        assert_eq!(world.ended("bob", join), (Reason::BadMessage, Side::Host));
    }
    joined
}

#[test]
fn a_host_whose_welcome_lets_somebody_else_in_gets_nowhere_even_after_the_codes() {
    assert!(after_the_codes(|history, _, honest| enrol(history, honest)), "the honest welcome is taken");
    assert!(!after_the_codes(|_, puppets, _| puppets), "Bob isn't in it at all");
    let another = |history: &mut History, puppets, honest| {
        enrol(history, honest);
        puppets
    };
    assert!(!after_the_codes(another), "it points at what lets in another device");
}

#[test]
fn another_email_than_the_invited_one_is_shown_and_needs_the_hosts_own_word() {
    let mut world = World::new("another email");
    world.found("ada");
    let link = world.invite("ada", &email("bob"));
    let answers = JoinAnswers { email: Some("Boss@example.org".to_owned()), ..all_answered("bob") };
    let greet = both_codes_entered(&mut world, &link, answers);
    let Some(Step::Confirm { email: said, invited_email, .. }) = world.last("ada", greet) else {
        panic!("{:?}", world.last("ada", greet))
    };
    assert_eq!(said.as_deref(), Some("Boss@example.org"));
    assert_eq!(invited_email.as_deref(), Some("bob@example.org"));

    // A profile alone is no word about the email.
    world.answer("ada", greet, "{\"profile\":\"administrator\"}");
    let Some(Step::Confirm { again: Some(why), .. }) = world.last("ada", greet) else {
        panic!("{:?}", world.last("ada", greet))
    };
    assert!(why.starts_with("email:"), "{why}");
    assert_eq!(world.users("ada").len(), 1, "nobody was enrolled");

    // Corrected to what was invited.
    world.answer("ada", greet, "{\"profile\":\"member\",\"email\":\"bob@example.org\"}");
    assert!(world.is_member("bob"));
    let emails: Vec<_> = world.users("bob").into_iter().filter_map(|user| user.email).collect();
    assert!(emails.contains(&email("bob")) && emails.len() == 2, "{emails:?}");
}

#[test]
fn the_invited_email_in_other_letters_is_the_same_and_another_is_taken_by_the_hosts_word() {
    for (said, word) in [("BOB@Example.ORG", ""), ("robert@example.org", ",\"email\":\"robert@example.org\"")]
    {
        let mut world = World::new("the same email");
        world.found("ada");
        let link = world.invite("ada", &email("bob"));
        let answers = JoinAnswers { email: Some(said.to_owned()), ..all_answered("bob") };
        let greet = both_codes_entered(&mut world, &link, answers);
        world.answer("ada", greet, &format!("{{\"profile\":\"member\"{word}}}"));
        assert!(world.is_member("bob"), "{said}: {:?}", world.last("ada", greet));
    }
}

/// Ada greets Bob, who said this beforehand, up to her question who he is.
fn both_codes_entered(world: &mut World, link: &Link, answers: JoinAnswers) -> ConversationId {
    let join = world.join_answering("bob", link, answers);
    let greet = world.greet("ada");
    let code = world.code("ada", greet).unwrap();
    world.answer("bob", join, &code);
    let code = world.code("bob", join).unwrap();
    world.answer("ada", greet, &code);
    greet
}
