//! Seals (docs/spec/roster.md, R3): nobody opens one with the wrong salt, value, field or user.

use muster::core::primitives::codec;
use muster::core::primitives::ids::{OrganizationId, Seal};
use muster::core::roster::body::{AddDevice, Body, Enroll, Found};
use muster::core::roster::seal::{Field, Opening};
use muster::core::roster::{History, Profile};

use crate::roster_random::Dice;
use crate::roster_sketch::{enrolment, founding, further_device, invitation, key, now, user};

const HERE: OrganizationId = OrganizationId([7; 32]);

fn opening(field: Field, value: &str) -> Opening {
    Opening::new(user("ada"), field, value, [5; 32]).unwrap()
}

#[test]
fn the_right_opening_opens_and_no_other_does() {
    let right = opening(Field::Name, "Ada Lovelace");
    let seal = right.seal(HERE);
    assert!(right.opens(HERE, &seal));
    let wrong = [
        Opening { salt: [6; 32], ..right.clone() },
        Opening { value: "Ada lovelace".into(), ..right.clone() },
        Opening { value: "Ada Lovelac".into(), ..right.clone() },
        Opening { field: Field::OrganizationName, ..right.clone() },
        Opening { field: Field::Label, ..right.clone() },
        Opening { user: user("bob"), ..right.clone() },
    ];
    for wrong in wrong {
        assert!(!wrong.opens(HERE, &seal));
    }
    assert!(!right.opens(OrganizationId::NONE, &seal));
    assert!(!right.opens(HERE, &Seal([0; 32])));
}

#[test]
fn no_flipped_bit_anywhere_opens_a_seal() {
    let mut dice = Dice::of(3);
    let right = opening(Field::Email, "ada@example.org");
    let seal = right.seal(HERE);
    for _ in 0..2_000 {
        let mut other = right.clone();
        let bit = 1 << dice.below(8);
        match dice.below(4) {
            0 => other.salt[dice.below(32)] ^= bit,
            1 => other.user.0[dice.below(32)] ^= bit,
            2 => other.value.insert(dice.below(15), 'x'),
            _ => drop(other.value.remove(dice.below(15))),
        }
        assert!(!other.opens(HERE, &seal));
    }
}

#[test]
fn a_value_over_the_limits_opens_nothing_even_where_it_was_sealed() {
    let long = Opening { user: user("ada"), field: Field::Label, salt: [1; 32], value: "x".repeat(65) };
    assert!(!long.opens(HERE, &long.seal(HERE)));
    let control = Opening { value: "a\u{202e}b".into(), ..long };
    assert!(!control.opens(HERE, &control.seal(HERE)));
    let spaced = Opening { value: " laptop".into(), ..control };
    assert!(!spaced.opens(HERE, &spaced.seal(HERE)));
    assert!(Opening::new(user("ada"), Field::Email, "nobody", [0; 32]).is_err());
    assert_eq!(Opening::new(user("ada"), Field::Name, " Ada ", [0; 32]).unwrap().value, "Ada");
}

#[test]
fn an_opening_travels_and_shows_neither_value_nor_salt() {
    let right = opening(Field::Name, "Ada Lovelace");
    let back: Opening = codec::decode(&codec::encode(&right)).unwrap();
    assert_eq!(back, right);
    let shown = format!("{right:?}");
    assert_eq!(shown, format!("Opening(Name of {})", user("ada").short()));
}

#[test]
fn the_roster_finds_what_an_opening_opens_and_is_the_same_without_any() {
    let of = |who: &str, field, value: &str| Opening::new(user(who), field, value, [9; 32]).unwrap();
    let none = OrganizationId::NONE;
    let name = of("ada", Field::Name, "Ada");
    let organization_name = of("ada", Field::OrganizationName, "Engines");
    let label = of("ada", Field::Label, "laptop");
    let found = Found {
        organization_name: organization_name.seal(none),
        name: name.seal(none),
        label: label.seal(none),
        ..founding("ada")
    };
    let found = History::found(&key("ada"), found, now()).unwrap();
    let mut history = History::new(found.id().into());
    let here = history.organization();
    history.add(found).unwrap();
    let bobs = of("bob", Field::Email, "bob@example.org");
    let bob = enrolment(here, "ada", "bob", Profile::Member, invitation("bob"));
    let bob = Body::Enroll(Enroll { email: bobs.seal(here), ..bob });
    history.add(history.author(&key("ada"), bob, now()).unwrap()).unwrap();
    let phone = of("ada", Field::Label, "phone");
    let added = AddDevice { label: phone.seal(here), ..further_device(&history, "ada", "ada", "ada@phone") };
    history.add(history.author(&key("ada"), Body::AddDevice(added), now()).unwrap()).unwrap();

    let roster = history.roster();
    for right in [&name, &organization_name, &label] {
        assert_eq!(roster.opened_by(right), Some(right.seal(none)), "{right:?}");
    }
    for right in [&bobs, &phone] {
        assert_eq!(roster.opened_by(right), Some(right.seal(here)), "{right:?}");
    }
    let claimed = Opening { user: user("bob"), ..organization_name };
    for wrong in [
        claimed,
        of("bob", Field::Name, "Ada"),
        of("eve", Field::Name, "Ada"),
        of("ada", Field::Label, "tablet"),
    ] {
        assert_eq!(roster.opened_by(&wrong), None, "{wrong:?}");
    }
}
