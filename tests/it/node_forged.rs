//! Forged certificates over the sync of a real member: refused, the stream ended, nothing stored, and the honest
//! guest gets in all the same.

use muster::core::node::conversation::Step;
use muster::core::node::input::{Channel, Protocol};
use muster::core::primitives::ids::{DeviceId, InvitationId, OrganizationId, UserId};
use muster::core::primitives::keys::{DeviceKey, UserSecret};
use muster::core::primitives::kind::Kind;
use muster::core::primitives::secret::Secret;
use muster::core::roster::body::{Acknowledge, AddDevice, Body, Enroll, Setting, setting};
use muster::core::roster::proof::Claim;
use muster::core::roster::seal::{Field, Opening};
use muster::core::roster::{Certificate, History, Profile, SignedCertificate};

use crate::support::device;
use crate::support::speech::Says;
use crate::support::world::{World, email};

/// A certificate in order but for what it says, signed by the device of `author`, on top of all that `history` holds.
fn forged(history: &History, author: &str, body: &Body) -> Vec<u8> {
    forged_and(history, author, body, |_| {})
}

fn forged_and(history: &History, author: &str, body: &Body, alter: impl FnOnce(&mut Certificate)) -> Vec<u8> {
    let (key, anything) = (device(author), Body::Unknown { kind: 900, bytes: Vec::new() });
    let now = muster::core::primitives::time::Moment(1_790_000_000_000);
    let mut raw = history.author(&key, anything, now).unwrap().certificate().clone();
    (raw.kind, raw.body) = (body.kind(), body.encode());
    alter(&mut raw);
    SignedCertificate::sign(raw, &key).bytes()
}

fn user_key() -> UserSecret {
    UserSecret::new(Secret::new([3; 32]))
}

/// What `guest` would claim who is let in by `host`.
fn claim(history: &History, host: &str, guest: &str, invitation: InvitationId) -> Claim {
    Claim {
        organization: history.organization(),
        host: device(host).device(),
        kind: Kind::User,
        invitation,
        user: UserId::of_first_device(&device(guest).device()),
        user_key: user_key().public(),
    }
}

fn enrol(history: &History, proved: &Claim, by: &DeviceKey, of: (UserId, DeviceId)) -> Body {
    let seal = Opening::new(of.0, Field::Name, "Somebody", [1; 32]).unwrap().seal(history.organization());
    Body::Enroll(Enroll {
        user: of.0,
        profile: Profile::Administrator,
        user_key: user_key().public(),
        device: of.1,
        name: seal,
        email: seal,
        label: seal,
        invitation: proved.invitation,
        kind: Kind::User,
        proof: proved.prove(by),
    })
}

/// Somebody with a member's key opens a sync with Ada and says hello, as that member's node would.
fn in_sync(world: &mut World, who: &str) -> Channel {
    let channel = world.open_to(who, "ada", Protocol::Sync);
    let hello = Says::hello(&world.history(who));
    world.say_in_sync(who, channel, &hello);
    assert!(world.stands(channel), "{who} is a member");
    channel
}

/// Ada is sent this by `who`: she ends the stream, and nothing is written down anywhere.
fn is_refused(world: &mut World, who: &str, forged: Vec<u8>, what: &str) {
    let channel = in_sync(world, who);
    let (disk, digest) = (world.disk("ada"), world.digest("ada"));
    world.say_in_sync(who, channel, &Says::Certificates(vec![forged]));
    assert!(!world.stands(channel), "{who}: {what}: the stream goes on");
    assert_eq!(world.disk("ada"), disk, "{who}: {what}: something was stored");
    assert_eq!(world.digest("ada"), digest, "{who}: {what}");
}

/// Ada, a colleague of every profile, and Bob who waits to be greeted; Mallory has the key of `insider`.
fn with_a_guest_at_the_door(insider: &str) -> (World, muster::core::node::input::ConversationId) {
    let mut world = World::new("forged");
    world.found("ada");
    world.enrol("ada", "cyd", "administrator");
    world.enrol("ada", "eve", "member");
    world.enrol("ada", "zoe", "external");
    let link = world.invite("ada", &email("bob"));
    let join = world.join("bob", &link);
    world.outsider(insider);
    (world, join)
}

fn the_guest_gets_in(world: &mut World, join: muster::core::node::input::ConversationId) {
    let greet = world.greet("ada");
    world.play(("ada", greet), ("bob", join), "member");
    assert!(matches!(world.last("bob", join), Some(Step::Done { .. })), "{:?}", world.last("bob", join));
    assert_eq!(world.digest("bob"), world.digest("ada"));
}

#[test]
fn what_is_forged_here_would_be_taken_in_if_it_were_in_order() {
    let (mut world, _) = with_a_guest_at_the_door("cyd");
    let history = world.history("cyd");
    let claim = claim(&history, "cyd", "puppet", InvitationId([4; 16]));
    let puppet = device("puppet");
    let body = enrol(&history, &claim, &puppet, (claim.user, puppet.device()));
    let channel = in_sync(&mut world, "cyd");
    let before = world.users("ada").len();
    world.say_in_sync("cyd", channel, &Says::Certificates(vec![forged(&history, "cyd", &body)]));
    assert!(world.stands(channel));
    assert_eq!(world.users("ada").len(), before + 1);
}

#[test]
fn a_members_adddevice_does_not_take_the_key_of_a_guest_who_waits() {
    let (mut world, join) = with_a_guest_at_the_door("eve");
    let history = world.history("eve");
    let bob = device("bob");
    let eve = history.roster().user_of(&device("eve").device()).unwrap().clone();
    let for_eve = Claim {
        kind: Kind::Device,
        user: eve.id,
        user_key: eve.key,
        ..claim(&history, "eve", "bob", InvitationId([4; 16]))
    };
    let for_ada = claim(&history, "ada", "bob", InvitationId([4; 16]));
    let label = Opening::new(eve.id, Field::Label, "mine", [1; 32]).unwrap().seal(history.organization());
    // Eve's own signature over what Bob's device should have signed; and one that Bob's device made for something else.
    for proof in [for_eve.prove(&device("eve")), for_ada.prove(&bob)] {
        let body =
            Body::AddDevice(AddDevice { device: bob.device(), label, invitation: for_eve.invitation, proof });
        is_refused(&mut world, "eve", forged(&history, "eve", &body), "AddDevice of Bob's key");
    }
    the_guest_gets_in(&mut world, join);
}

#[test]
fn an_administrator_enrols_neither_a_known_users_id_nor_a_known_device() {
    let (mut world, join) = with_a_guest_at_the_door("cyd");
    let history = world.history("cyd");
    let (puppet, eve) = (device("puppet"), device("eve"));
    let of_eve = history.roster().user_of(&eve.device()).unwrap().id;
    let invitation = InvitationId([4; 16]);
    let as_eve = Claim { user: of_eve, ..claim(&history, "cyd", "puppet", invitation) };
    let body = enrol(&history, &as_eve, &puppet, (of_eve, puppet.device()));
    is_refused(&mut world, "cyd", forged(&history, "cyd", &body), "Eve's id on another device");
    // Nor the id that Bob will have, who waits at the door: he couldn't be enrolled any more.
    let of_bob = UserId::of_first_device(&device("bob").device());
    let as_bob = Claim { user: of_bob, ..claim(&history, "cyd", "puppet", invitation) };
    let body = enrol(&history, &as_bob, &puppet, (of_bob, puppet.device()));
    is_refused(&mut world, "cyd", forged(&history, "cyd", &body), "Bob's id on another device");
    let again = claim(&history, "cyd", "eve", invitation);
    let body = enrol(&history, &again, &eve, (of_eve, eve.device()));
    is_refused(&mut world, "cyd", forged(&history, "cyd", &body), "Eve once more");
    the_guest_gets_in(&mut world, join);
}

#[test]
fn what_a_guest_proved_for_one_host_kind_or_organization_holds_for_no_other() {
    let (mut world, join) = with_a_guest_at_the_door("cyd");
    let history = world.history("cyd");
    let bob = device("bob");
    let right = claim(&history, "cyd", "bob", InvitationId([4; 16]));
    let other_key = UserSecret::new(Secret::new([5; 32])).public();
    for (what, proved) in [
        ("another host", Claim { host: device("ada").device(), ..right }),
        ("a device", Claim { kind: Kind::Device, ..right }),
        ("another organization", Claim { organization: OrganizationId([7; 32]), ..right }),
        ("another user key", Claim { user_key: other_key, ..right }),
        ("another user", Claim { user: UserId([9; 32]), ..right }),
    ] {
        let body = enrol(&history, &proved, &bob, (right.user, bob.device()));
        is_refused(&mut world, "cyd", forged(&history, "cyd", &body), what);
    }
    let body = enrol(&history, &right, &bob, (right.user, bob.device()));
    let Body::Enroll(mut upon_another) = body else { panic!("an Enroll") };
    upon_another.invitation = InvitationId([6; 16]);
    is_refused(&mut world, "cyd", forged(&history, "cyd", &Body::Enroll(upon_another)), "another invitation");
    the_guest_gets_in(&mut world, join);
}

#[test]
fn neither_a_member_nor_an_external_authors_what_only_administrators_may() {
    for insider in ["eve", "zoe"] {
        let (mut world, join) = with_a_guest_at_the_door(insider);
        let history = world.history(insider);
        let puppet = device("puppet");
        let claim = claim(&history, insider, "puppet", InvitationId([4; 16]));
        let user = |name: &str| history.roster().user_of(&device(name).device()).unwrap().id;
        let other = if insider == "eve" { "zoe" } else { "eve" };
        let own_grant = history.roster().user_of(&device("ada").device()).unwrap().grant;
        for body in [
            enrol(&history, &claim, &puppet, (claim.user, puppet.device())),
            history.revocation(&user("ada")),
            history.revocation(&user(other)),
            history.profile_change(&user("cyd"), Profile::Member),
            history.profile_change(&user("eve"), Profile::Administrator),
            Body::Setting(Setting { key: setting::RENDEZVOUS_POINTS, value: Vec::new() }),
        ] {
            is_refused(&mut world, insider, forged(&history, insider, &body), body.name());
            // Nor under the grant of somebody who may.
            let stolen = forged_and(&history, insider, &body, |raw| raw.auth = own_grant);
            is_refused(&mut world, insider, stolen, body.name());
        }
        let nothing = Body::Acknowledge(Acknowledge { removals: Vec::new() });
        is_refused(&mut world, insider, forged(&history, insider, &nothing), "an Acknowledge of nothing");
        the_guest_gets_in(&mut world, join);
    }
}
