//! An External never learns who the others are: not by listening, not by asking, not from a disk. The same search
//! finds everybody in what a Member hears and keeps; so it isn't the search that is blind.

use crate::support::daemons::{Machine, agree, greet};
use crate::support::hostile::harm::{Before, certificates};
use crate::support::hostile::loot::{every_byte, found};
use crate::support::hostile::pretender::{Mask, Pretender};
use crate::support::hostile::speech::seals;

const ORGANIZATION: &str = "Qanat Survey";

/// Everybody's name, email and label; words that lie nowhere else.
const SECRETS: [&str; 12] = [
    "Adelheid Quendt",
    "adelheid@quendt.example",
    "Quendt-Laptop",
    "Caradoc Pym",
    "caradoc@pym.example",
    "Pym-Desktop",
    "Dorotea Vlk",
    "dorotea@vlk.example",
    "Vlk-Phone",
    "Pym-Tablet",
    "Trygve Oes",
    "trygve@oes.example",
];

const DOROTEA: Mask = mask("Dorotea Vlk", "dorotea@vlk.example", "Vlk-Phone", "member");
const TABLET: Mask = mask("", "", "Pym-Tablet", "member");
const TRYGVE: Mask = mask("Trygve Oes", "trygve@oes.example", "Oes-Watch", "member");
const MALLORY: Mask = mask("Mallory", "mallory@outside.example", "Mallory-Box", "external");

const fn mask(name: &'static str, email: &'static str, label: &'static str, profile: &'static str) -> Mask {
    Mask { name, email, label, profile }
}

/// Ada's organization, with a Member's daemon and an External's.
fn organization() -> (Machine, Machine, Machine) {
    let [ada, caradoc, zoe] = ["Quendt-Laptop", "Pym-Desktop", "zoe"].map(Machine::start);
    let words =
        ["org", "create", ORGANIZATION, "--name", SECRETS[0], "--email", SECRETS[1], "--device", SECRETS[2]];
    let founded = ada.muster(&words);
    assert_eq!(founded.code, 0, "{}", founded.err);
    greet(&ada, &caradoc, "caradoc@pym.example", "Caradoc Pym", "member");
    greet(&ada, &zoe, "zoe@outside.example", "Zoe", "external");
    (ada, caradoc, zoe)
}

fn comes_in(host: &Machine, mask: &Mask) -> Pretender {
    Pretender::comes_in(host, &host.link_for(mask.email), mask)
}

/// Somebody comes in, is promoted, and revoked; somebody brings a tablet.
fn things_happen(ada: &Machine, caradoc: &Machine) {
    comes_in(ada, &DOROTEA);
    for words in [
        ["user", "set-profile", "administrator", "caradoc@pym.example"].as_slice(),
        &["user", "set-profile", "administrator", "dorotea@vlk.example"],
        &["user", "revoke", "dorotea@vlk.example"],
    ] {
        let said = ada.muster(&[&["--yes"], words].concat());
        assert_eq!(said.code, 0, "{}", said.err);
    }
    let made = caradoc.json(&["invite", "device"]);
    let link = made[0]["link"].as_str().or(made["link"].as_str()).unwrap();
    Pretender::comes_in(caradoc, link, &TABLET);
}

#[test]
fn an_external_that_listens_and_asks_from_its_first_byte_on_learns_nobodys_name_and_a_member_learns_all() {
    let (ada, mut caradoc, mut zoe) = organization();
    let mut external = comes_in(&ada, &MALLORY);
    let mut member = comes_in(&ada, &TRYGVE);
    external.follows(&ada);
    member.follows(&ada);
    things_happen(&ada, &caradoc);
    agree(&[&ada, &caradoc, &zoe]);

    let before = Before::of(&ada);
    for pretender in [&mut external, &mut member] {
        pretender.holds(certificates(&ada));
        pretender.asks_for_everything(&seals(&pretender.history));
    }
    assert_eq!(found(&SECRETS, &external.told), [""; 0], "what an External was told");
    assert_eq!(found(&SECRETS, &member.told), SECRETS, "what a Member was told");
    for pretender in [&external, &member] {
        assert_eq!(found(&[ORGANIZATION], &pretender.told), [ORGANIZATION], "which both may know");
        assert_eq!(pretender.history.roster().users().count(), 6, "they hold the same certificates");
    }
    assert_eq!(external.history.roster().digest(), member.history.roster().digest());
    before.no_harm_came_to(&ada);

    let seen = zoe.muster(&["--format", "json", "user", "list", "--revoked"]).out;
    assert_eq!(found(&SECRETS, seen.as_bytes()), [""; 0], "what an External's daemon says");
    assert_eq!((caradoc.stop(), zoe.stop()), (0, 0));
    assert_eq!(found(&SECRETS, &every_byte(&zoe.data())), [""; 0], "what lies on an External's disk");
    assert_eq!(found(&SECRETS, &every_byte(&caradoc.data())), SECRETS, "what lies on a Member's disk");
}
