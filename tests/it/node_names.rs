//! Where names go: an External's wire and disk are searched for every name, email and label, from the first byte of
//! the greeting on; and the same search finds them all on a Member's.

use muster::core::greeting::link::Link;
use muster::core::node::input::Protocol;
use muster::core::node::request::Request;
use muster::core::primitives::ids::Seal;
use muster::core::roster::{History, Profile};

use crate::support::device;
use crate::support::outsider::contains;
use crate::support::speech::Says;
use crate::support::world::{World, email, label, person};

/// Everybody who ever was in the organization of [`years_in_an_organization`], and their machines.
const PEOPLE: [&str; 6] = ["ada", "bob", "eve", "cyd", "zoe", "tom"];

/// Eve is External and Bob a Member, both from early on; then much happens. Gives the links by which the two came.
fn years_in_an_organization(world: &mut World) -> (Link, Link) {
    world.found("ada");
    let [bobs, eves] = [("bob", "member"), ("eve", "external")].map(|(guest, profile)| {
        let link = world.invite("ada", &email(guest));
        let join = world.join(guest, &link);
        let greet = world.greet("ada");
        world.play(("ada", greet), (guest, join), profile);
        link
    });
    world.enrol("ada", "cyd", "administrator");
    world.enrol("cyd", "zoe", "member");
    world.enrol("ada", "tom", "external");
    world.add_device("zoe", "tablet");
    world.add_device("cyd", "watch");
    for (profile, who) in
        [(Profile::Administrator, "bob"), (Profile::Member, "bob"), (Profile::Member, "cyd")]
    {
        world.ask("ada", Request::SetProfiles { profile, users: vec![email(who)] }).unwrap();
    }
    world.ask("ada", Request::RevokeUsers { users: vec![email("tom")] }).unwrap();
    world.unplug("eve");
    world.enrol("ada", "tom2", "member");
    world.plug_in("eve");
    (bobs, eves)
}

/// Every text that isn't for Externals.
fn texts() -> Vec<String> {
    let people = PEOPLE.iter().flat_map(|name| [person(name), email(name), label(name)]);
    people.chain(["tablet", "watch", "tom2"].map(label)).collect()
}

#[test]
fn an_externals_wire_and_disk_never_hold_a_name_and_a_members_hold_them_all() {
    let mut world = World::new("years of names");
    let (bobs, eves) = years_in_an_organization(&mut world);
    assert_eq!(world.digest("eve"), world.digest("bob"), "the External is in step all the same");
    let (of_eve, of_bob) = (world.decrypted("eve", &eves), world.decrypted("bob", &bobs));
    assert!(of_eve.len() > 20 && of_bob.len() > 20);
    for text in texts() {
        let told = of_eve.iter().filter(|frame| contains(frame, &text)).count();
        // Her host's introduction repeats the address that was invited: her own.
        assert_eq!(told, usize::from(text == email("eve")), "'{text}' reached the External");
        assert!(!world.disk_holds("eve", &text), "'{text}' on the External's disk");
        if text != person("bob") && text != label("bob") {
            assert!(of_bob.iter().any(|frame| contains(frame, &text)), "'{text}' didn't reach the Member");
        }
        assert!(world.disk_holds("bob", &text), "'{text}' isn't on the Member's disk");
    }
    assert!(of_eve.iter().any(|frame| contains(frame, "Field Lab")), "the organization's name is for all");
}

/// Every seal of the organization.
fn seals(history: &History) -> Vec<Seal> {
    let of = history.roster().users().flat_map(|user| {
        [user.name, user.email].into_iter().chain(user.devices.into_iter().map(|device| device.label))
    });
    of.collect()
}

#[test]
fn an_external_who_asks_for_openings_outright_gets_none_and_a_member_who_asks_gets_them() {
    for (who, gets_them) in [("eve", false), ("bob", true)] {
        let mut world = World::new("asking outright");
        years_in_an_organization(&mut world);
        let seals = seals(&world.history(who));
        world.outsider(who);
        for greeted in [false, true] {
            let channel = world.open_to(who, "ada", Protocol::Sync);
            if greeted {
                let hello = Says::hello(&world.history(who));
                world.say_in_sync(who, channel, &hello);
            }
            world.say_in_sync(who, channel, &Says::WantOpenings(seals.clone()));
            let came = world.heard_in_sync(who, channel);
            let came: usize =
                came.iter().map(|said| if let Says::Openings(o) = said { o.len() } else { 0 }).sum();
            assert_eq!(came, if gets_them { seals.len() } else { 0 }, "{who}");
        }
    }
}

#[test]
fn a_revoked_member_who_asks_for_openings_is_shown_the_revocation_and_gets_none() {
    let mut world = World::new("revoked and asking");
    years_in_an_organization(&mut world);
    let seals = seals(&world.history("zoe"));
    world.outsider("zoe");
    world.ask("ada", Request::RevokeUsers { users: vec![email("zoe")] }).unwrap();
    let (known, all) = (world.history("zoe"), world.history("ada"));
    let revocation = all.roster().user_of(&device("zoe").device()).unwrap().revoked.unwrap();
    let evidence = [vec![revocation], all.acknowledgements(&revocation)].concat();
    let lacks = all.with_ancestors(&evidence).iter().filter(|id| !known.contains(id)).count();
    for hello in [None, Some(Says::hello(&known))] {
        let channel = world.open_to("zoe", "ada", Protocol::Sync);
        let shown = if hello.is_some() { lacks } else { 0 };
        for said in hello.into_iter().chain([Says::WantOpenings(seals.clone())]) {
            world.say_in_sync("zoe", channel, &said);
        }
        let came = world.heard_in_sync("zoe", channel);
        assert!(matches!(came.last(), Some(Says::Revoked(_))), "{came:?}");
        let certificates = came.iter().map(|said| match said {
            Says::Certificates(certificates) => certificates.len(),
            Says::Revoked(_) => 0,
            other => panic!("{other:?}"),
        });
        assert_eq!(certificates.sum::<usize>(), shown, "what led to the revocation, and who acknowledged it");
    }
}
