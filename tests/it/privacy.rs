//! A week in an organization, by its changes: people come, rise, fall and go, devices are added, daemons restart. Two who
//! came in on the first day write down every frame that they are told, decrypted, one External and one a Member: what reaches
//! them through the day, on streams that they opened or a daemon did, and what they get who ask every evening for everything
//! outright. A third, an External's own daemon, keeps what it keeps. Then all of that is searched for every name, email and
//! label that there is: and so that the search isn't blind, the Member's must have them all, and those of the week already in
//! what came through the days.

use serde_json::Value;

use crate::support::daemons::{Machine, agree, eventually, greet};
use crate::support::hostile::harm::certificates;
use crate::support::hostile::loot::{every_byte, found};
use crate::support::hostile::pretender::{Mask, Pretender};
use crate::support::hostile::speech::seals;

const ORGANIZATION: &str = "Qanat Survey";
const DAYS: usize = 7;

/// Those whose daemons run, and where they find each other.
struct Office {
    ada: Machine,
    caradoc: Machine,
    zoe: Machine,
    _point: Machine,
}

/// Ada's organization: Caradoc is Administrator, Zoe External. Nobody's name is part of another word.
fn office() -> Office {
    let point = Machine::with("point", "[rendezvous]\nserve = true\n");
    let known = format!("[rendezvous]\npoints = ['{}']\n", point.address());
    let [ada, caradoc, zoe] =
        ["Quendt-Laptop", "Pym-Desktop", "Zoes-Box"].map(|name| Machine::with(name, &known));
    let details = ["--name", "Adelheid Quendt", "--email", "adelheid@quendt.example", "--device", ada.name];
    let founded = ada.muster(&[["org", "create", ORGANIZATION].as_slice(), &details].concat());
    assert_eq!(founded.code, 0, "{}", founded.err);
    greet(&ada, &caradoc, "caradoc@pym.example", "Caradoc Pym", "administrator");
    greet(&ada, &zoe, "zoe@outside.example", "Zoe Outside", "external");
    Office { ada, caradoc, zoe, _point: point }
}

/// Somebody who comes in and isn't there any more.
fn visits(host: &Machine, who: &str, day: usize, profile: &'static str) -> Mask {
    let leak = |text: String| -> &'static str { text.leak() };
    let mask = Mask {
        name: leak(format!("{who} Visitor-{day}")),
        email: leak(format!("{who}.{day}@visitor.example").to_lowercase()),
        label: leak(format!("{who}-Machine-{day}")),
        profile,
    };
    Pretender::comes_in(host, &host.link_for(mask.email), &mask);
    mask
}

fn does(machine: &Machine, words: &[&str]) {
    let said = machine.muster(&[&["--yes"], words].concat());
    assert_eq!(said.code, 0, "{words:?}: {}", said.err);
}

impl Office {
    /// One day, through which both listen. Whom one Administrator lets in, the other changes.
    fn passes(&mut self, day: usize, mut pretenders: [&mut Pretender; 2]) {
        let Self { ada, caradoc, zoe, .. } = self;
        let wanda = visits(ada, "Wanda", day, "member");
        let igor = visits(caradoc, "Igor", day, if day.is_multiple_of(2) { "member" } else { "external" });
        agree(&[ada, caradoc, zoe]);
        does(caradoc, &["user", "set-profile", "administrator", wanda.email]);
        agree(&[ada, caradoc]);
        does(ada, &["user", "set-profile", "member", wanda.email]);
        does(ada, &["user", "revoke", igor.email]);
        does(ada, &["invite", "user", "nobody@invited.example"]);
        does(ada, &["invite", "cancel", "nobody@invited.example"]);
        let mut today: Vec<_> = [wanda, igor].iter().flat_map(|it| [it.name, it.email, it.label]).collect();
        if day.is_multiple_of(3) {
            let made = caradoc.json(&["invite", "device"]);
            let link = made[0]["link"].as_str().unwrap();
            let label: &'static str = format!("Pym-Tablet-{day}").leak();
            Pretender::comes_in(caradoc, link, &Mask { name: "", email: "", label, profile: "member" });
            today.push(label);
        }
        agree(&[ada, caradoc, zoe]);
        eventually("the Member has heard of today's people", || {
            Pretender::listen(&mut pretenders);
            found(&today, &pretenders[1].pushed) == today
        });
        let machine = [ada, caradoc, zoe].into_iter().nth(day % 3).unwrap();
        assert_eq!(machine.stop(), 0);
        machine.boot();
        agree(&[&self.ada, &self.caradoc, &self.zoe]);
    }

    /// Both go on from what they hold, at one daemon and at the other, and ask for all there is; and follow both from
    /// there on.
    fn is_asked_by(&self, pretenders: [&mut Pretender; 2]) {
        for pretender in pretenders {
            for machine in [&self.ada, &self.caradoc] {
                pretender.follows(machine);
                pretender.holds(certificates(machine));
                pretender.asks_for_everything(&seals(&pretender.history));
            }
        }
    }
}

/// Every name, email and label that a Member sees, but for those of these users.
fn secrets(users: &Value, own: &[&str]) -> Vec<String> {
    let others =
        users.as_array().unwrap().iter().filter(|user| !own.contains(&user["email"].as_str().unwrap()));
    let of = |user: &Value| {
        let labels = user["devices"].as_array().unwrap().iter().map(|device| device["label"].clone());
        let all = [user["name"].clone(), user["email"].clone()].into_iter().chain(labels);
        all.map(|text| text.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    others.flat_map(of).collect()
}

/// The short ids that an External's list shows in place of people.
fn short_ids(zoe: &Machine) -> Vec<String> {
    let said = zoe.muster(&["user", "list", "--revoked"]);
    let lines =
        said.out.lines().skip(1).map(|line| line.split_whitespace().take(3).collect::<Vec<_>>().join(" "));
    lines.collect()
}

#[test]
fn in_a_week_of_changes_no_name_reaches_an_external_and_all_reach_a_member() {
    let mut office = office();
    let [mallory, trygve] = ["external", "member"].map(|profile| Mask {
        name: if profile == "member" { "Trygve Oes" } else { "Mallory Outside" },
        email: if profile == "member" { "trygve@oes.example" } else { "mallory@outside.example" },
        label: if profile == "member" { "Oes-Watch" } else { "Mallory-Box" },
        profile,
    });
    let come = |mask: &Mask| Pretender::comes_in(&office.ada, &office.ada.link_for(mask.email), mask);
    let (mut external, mut member) = (come(&mallory), come(&trygve));
    let mut shown: Vec<String> = Vec::new();
    office.is_asked_by([&mut external, &mut member]);
    let first_told = member.told.len();
    for day in 0..DAYS {
        office.passes(day, [&mut external, &mut member]);
        office.is_asked_by([&mut external, &mut member]);
        let ids = short_ids(&office.zoe);
        assert_eq!(ids[..shown.len()], shown, "who is who stays so, also over a restart");
        shown = ids;
    }
    Pretender::listen(&mut [&mut external, &mut member]);

    let users = office.caradoc.json(&["user", "list", "--revoked"]);
    let own = ["mallory@outside.example", "trygve@oes.example", "zoe@outside.example"];
    let secrets = secrets(&users, &own);
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    assert_eq!(secrets.len(), 2 * 3 + DAYS * 2 * 3 + DAYS.div_ceil(3), "{secrets:?}");
    assert_eq!(external.history.roster().digest(), member.history.roster().digest(), "one roster for both");
    assert_eq!(found(&secrets, &external.pushed), [""; 0], "what reached an External through the days");
    let mut of_the_week = secrets.clone();
    of_the_week.retain(|secret| found(&[*secret], &member.told[..first_told]).is_empty());
    assert_eq!(of_the_week.len(), secrets.len() - 2 * 3, "all but Ada's and Caradoc's");
    assert_eq!(found(&of_the_week, &member.pushed), of_the_week, "what reached a Member through the days");
    assert_eq!(found(&secrets, &external.told), [""; 0], "what an External was told");
    assert_eq!(found(&secrets, &member.told), secrets, "what a Member was told");
    for told in [&external.told, &member.told] {
        assert_eq!(
            found(&[ORGANIZATION, "nobody@invited.example"], told),
            [ORGANIZATION],
            "which all may know"
        );
    }

    let list = office.zoe.json(&["user", "list", "--revoked"]);
    assert_eq!(list.as_array().unwrap().len(), users.as_array().unwrap().len());
    for (seen, user) in shown.iter().zip(list.as_array().unwrap()) {
        let short = &user["user_id"].as_str().unwrap()[..8];
        assert_eq!(*seen, format!("user {short} {short}"));
        assert_eq!((&user["name"], &user["email"]), (&Value::Null, &Value::Null));
    }
    let said = ["roster log", "status", "device list", "roster verify"].map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        office.zoe.muster(&words).out
    });
    assert_eq!(found(&secrets, said.concat().as_bytes()), [""; 0], "what an External's daemon says");
    assert_eq!((office.caradoc.stop(), office.zoe.stop()), (0, 0));
    let disk = every_byte(&office.zoe.data());
    assert_eq!(found(&secrets, &disk), [""; 0], "what lies on an External's disk");
    assert_eq!(found(&secrets, office.zoe.log().as_bytes()), [""; 0], "what an External's daemon logged");
    assert_eq!(found(&[ORGANIZATION], &disk), [ORGANIZATION]);
    assert_eq!(found(&secrets, &every_byte(&office.caradoc.data())), secrets, "what lies on a Member's disk");
    eventually("the organization goes on", || office.ada.muster(&["status"]).code == 0);
}
