//! Two Administrators who revoke each other while they are apart, with real daemons: what everybody is told, as text and as
//! JSON, who counts at the end, and how a guest of the loser is let in again.

use serde_json::Value;

use crate::support::daemons::{Conversation, Machine, Said, agree, eventually, greet};

/// Ada's organization: Bob is Administrator, Cyd, Dan and Eve are Members; Bob let Eve in.
struct Lab {
    ada: Machine,
    bob: Machine,
    cyd: Machine,
    dan: Machine,
    eve: Machine,
    zoe: Machine,
    /// Where they find each other, whoever is off.
    _point: Machine,
}

fn lab() -> Lab {
    let point = Machine::with("point", "[rendezvous]\nserve = true\n");
    let known = format!("[rendezvous]\npoints = ['{}']\n", point.address());
    let names = ["ada", "bob", "cyd", "dan", "eve", "zoe"];
    let [ada, bob, cyd, dan, eve, zoe] = names.map(|name| Machine::with(name, &known));
    ada.found("Field Lab", "Ada", "ada@example.org");
    greet(&ada, &bob, "bob@example.org", "Bob", "administrator");
    greet(&ada, &cyd, "cyd@example.org", "Cyd", "member");
    greet(&ada, &dan, "dan@example.org", "Dan", "member");
    agree(&[&ada, &bob, &cyd, &dan]);
    greet(&bob, &eve, "eve@example.org", "Eve", "member");
    agree(&[&ada, &bob, &cyd, &dan, &eve]);
    Lab { ada, bob, cyd, dan, eve, zoe, _point: point }
}

impl Lab {
    /// While Ada and Dan are off, Bob lets Zoe in and revokes Ada, and Cyd hears it. Then Ada revokes Bob, and meets Cyd.
    fn falls_out(&mut self) {
        self.ada.stop();
        self.dan.stop();
        greet(&self.bob, &self.zoe, "zoe@example.org", "Zoe", "member");
        revokes(&self.bob, "ada@example.org");
        let log = |machine: &Machine| machine.muster(&["roster", "log"]).out;
        eventually("cyd has seen it", || advice(&self.bob).contains("1 of 2 witnesses have seen it"));
        agree(&[&self.bob, &self.cyd]);
        let (before, after) = (log(&self.bob), log(&self.cyd));
        assert_eq!(before, after, "the log is one for all who may see names");
        for machine in [&mut self.bob, &mut self.cyd, &mut self.eve, &mut self.zoe] {
            machine.stop();
        }
        self.ada.boot();
        revokes(&self.ada, "bob@example.org");
    }
}

fn revokes(by: &Machine, whom: &str) {
    let said = by.muster(&["--yes", "user", "revoke", whom]);
    assert_eq!(said.code, 0, "{said:?}");
}

/// What the status advises, as text.
fn advice(machine: &Machine) -> String {
    let said = machine.muster(&["status"]);
    said.out.lines().filter(|line| line.trim_start().starts_with("note:")).collect::<Vec<_>>().join("\n")
}

fn log(machine: &Machine) -> Vec<Value> {
    let said = machine.muster(&["--format", "json", "roster", "log"]);
    said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn void(lines: &[Value], kind: &str) -> Value {
    let mut void = lines.iter().filter(|line| line["kind"] == kind && line["standing"] == "void");
    let found = void.next().unwrap_or_else(|| panic!("no {kind} is void in {lines:?}")).clone();
    assert!(void.next().is_none(), "one alone");
    found
}

/// A day in words, whichever it is: `on 3 May 2026`.
fn without_days(text: &str) -> String {
    let today = muster::core::primitives::time::Moment(0)
        + std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let yesterday = muster::core::primitives::time::Moment(today.0 - 24 * 3600 * 1000);
    [today, yesterday].iter().fold(text.to_owned(), |text, day| text.replace(&day.day_in_words(), "DAY"))
}

/// Every void certificate that a follower was told of, up to this many.
fn told_void(follower: &mut Conversation, count: usize) -> Vec<Value> {
    let mut void = Vec::new();
    while void.len() < count {
        let line = follower.next().unwrap();
        if line["standing"] == "void" {
            void.push(line);
        }
    }
    void
}

fn adopt(machine: &Machine, id: &str) -> Said {
    machine.muster(&["roster", "adopt", id])
}

#[test]
fn two_who_revoke_each_other_are_told_in_words_what_became_of_it_and_a_guest_is_adopted() {
    let mut lab = lab();
    lab.falls_out();
    let mut follower = lab.ada.converse(&["roster", "log", "--follow"]);
    lab.cyd.boot();
    agree(&[&lab.ada, &lab.cyd]);

    // As text and as JSON: what is void, and why.
    let lines = log(&lab.ada);
    let (revoke, enroll) = (void(&lines, "revoke"), void(&lines, "enroll"));
    let why = "Bob was revoked by Ada on DAY, and this is not among what Ada had seen of Bob";
    for line in [&revoke, &enroll] {
        assert_eq!(without_days(line["reason"].as_str().unwrap()), why);
        assert_eq!(line["by"], "Bob");
    }
    assert_eq!((&revoke["about"], revoke["subject"].as_array().unwrap().len()), (&"Ada".into(), 1));
    let text = without_days(&lab.ada.muster(&["roster", "log"]).out);
    assert!(text.contains("  Bob  revoke       Ada  ") && text.contains(&format!("void: {why}\n")), "{text}");
    let told = told_void(&mut follower, 2);
    assert!(told.contains(&revoke) && told.contains(&enroll), "who followed was told: {told:?}");

    // The status: contested, not settled, and by how many.
    eventually("cyd has seen this one too", || advice(&lab.ada).contains("1 of 3 witnesses have seen it"));
    let contested = "note: Bob was revoked by Ada on DAY, and Bob removed Ada as well (contested): not settled yet: 1 of 3 \
                     witnesses have seen it; it settles by itself as more of them come online";
    for machine in [&lab.ada, &lab.cyd] {
        assert!(without_days(&advice(machine)).contains(contested), "{}", advice(machine));
        let unsettled = machine.status()["unsettled"][0].clone();
        assert_eq!((&unsettled["contested"], &unsettled["kind"]), (&true.into(), &"revoke".into()));
        assert_eq!((&unsettled["witnesses"], &unsettled["acknowledged"]), (&3.into(), &1.into()));
    }
    let found = lab.ada.json(&["roster", "verify"]);
    assert_eq!((&found["void"], &found["problems"]), (&lines_void(&lines).into(), &Value::Array(Vec::new())));

    // Zoe, whom Bob let in, is let in again; by an Administrator alone, and once.
    let id = &enroll["certificate_id"].as_str().unwrap()[..8];
    assert_eq!(adopt(&lab.cyd, id).code, 3, "a Member may not");
    assert_eq!(
        adopt(&lab.ada, &revoke["certificate_id"].as_str().unwrap()[..8]).code,
        5,
        "a revocation can't be"
    );
    assert_eq!(adopt(&lab.ada, "ffffffff").code, 4);
    let adopted = adopt(&lab.ada, id);
    assert_eq!(adopted.code, 0, "{adopted:?}");
    assert!(adopted.out.contains("effective"), "{}", adopted.out);
    assert_eq!(adopt(&lab.ada, id).code, 5, "it counts already");

    // The others come back, and all see the same.
    for machine in [&mut lab.dan, &mut lab.zoe, &mut lab.eve, &mut lab.bob] {
        machine.boot();
    }
    agree(&[&lab.ada, &lab.cyd, &lab.dan, &lab.eve, &lab.zoe]);
    eventually("bob hears that he is out", || lab.bob.status()["state"] == "revoked");
    eventually("it is settled", || {
        log(&lab.zoe).iter().any(|line| line["kind"] == "revoke" && line["standing"] == "settled")
    });
    eventually("nothing is contested", || !advice(&lab.ada).contains("contested"));
    assert_eq!(lab.zoe.status()["state"], "active");
}

fn lines_void(lines: &[Value]) -> usize {
    lines.iter().filter(|line| line["standing"] == "void").count()
}
