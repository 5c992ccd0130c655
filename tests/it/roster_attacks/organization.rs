//! An organization of honest people that attackers are a part of, until they are removed.

use muster::core::primitives::ids::CertificateId;
use muster::core::roster::body::{Body, Setting, setting};
use muster::core::roster::{History, Profile, VerifiedCertificate};

use super::Kind;
use crate::roster_random::Dice;
use crate::roster_sketch::{ROUNDS, enrolment, founding, further_device, invitation, key, now, user};

const HONEST_ACTS: usize = 10;

/// People who do as they should, and what they signed.
pub(super) struct Organization {
    pub(super) history: History,
    pub(super) signed: Vec<VerifiedCertificate>,
    pub(super) people: usize,
    /// Who let in each but the founder.
    hosts: Vec<usize>,
}

impl Organization {
    pub(super) fn of(dice: &mut Dice, kind: Kind) -> Self {
        let found = History::found(&key("p0"), founding("p0"), now()).unwrap();
        let mut history = History::new(found.id().into());
        history.add(found.clone()).unwrap();
        // Of three two accomplices are the majority.
        let at_least = if matches!(kind, Kind::Rogue(1..)) { 4 } else { 3 };
        let people = at_least + dice.below(10 - at_least);
        let mut organization = Self { history, signed: vec![found], people, hosts: Vec::new() };
        for guest in 1..people {
            let profile = *dice.pick(&[Profile::Administrator, Profile::Administrator, Profile::Member]);
            let profile = if guest < 3 { Profile::Administrator } else { profile };
            organization.hosts.push(dice.below(guest.min(3)));
            let host = format!("p{}", organization.hosts[guest - 1]);
            let body = organization.enroll(&host, &format!("p{guest}"), profile);
            organization.say(&host, body);
            organization.everybody_acknowledges();
        }
        for _ in 0..HONEST_ACTS {
            let author = format!("p{}", dice.below(people));
            let body = organization.harmless(dice, &author);
            organization.say(&author, body);
        }
        organization.everybody_acknowledges();
        organization
    }

    fn enroll(&self, host: &str, guest: &str, profile: Profile) -> Body {
        let organization = self.history.organization();
        Body::Enroll(enrolment(organization, host, guest, profile, invitation(guest)))
    }

    fn harmless(&self, dice: &mut Dice, author: &str) -> Body {
        let owner = author.split('@').next().unwrap();
        match dice.below(3) {
            0 => self.enroll(author, &format!("g{}", dice.below(1000)), Profile::External),
            1 => Body::AddDevice(further_device(
                &self.history,
                author,
                owner,
                &format!("{owner}@{}", dice.below(1000)),
            )),
            _ => Body::Setting(Setting { key: setting::RELAYS, value: vec![dice.below(9) as u8] }),
        }
    }

    /// By who has seen everything; whether they may.
    fn say(&mut self, author: &str, body: Body) -> Option<CertificateId> {
        let signed = self.history.author(&key(author), body, now()).ok()?;
        self.history.add(signed.clone()).unwrap();
        self.signed.push(signed.clone());
        Some(signed.id())
    }

    fn everybody_acknowledges(&mut self) {
        let names: Vec<_> = (0..self.people).map(|n| format!("p{n}")).collect();
        let mut said = 0..ROUNDS * names.len();
        while let Some(name) = names.iter().find(|name| !self.history.owed(&key(name).device()).is_empty()) {
            said.next().expect("what is acknowledged is owed no more");
            let owed = self.history.owed(&key(name).device()).body();
            while let Ok(Some(tie)) = self.history.tie(&key(name), now()) {
                self.history.add(tie).unwrap();
            }
            if self.say(name, owed).is_none() {
                return;
            }
        }
    }

    /// Honest people remove these; whether it is settled, or by a senior.
    pub(super) fn remove(&mut self, dice: &mut Dice, kind: Kind, attackers: &[String]) -> bool {
        if kind == Kind::OfASenior {
            let senior = self.a_senior_of(dice, &attackers[0]);
            let body = self.history.revocation(&user(&attackers[0]));
            return self.say(&senior, body).is_some();
        }
        let honest = self.history.roster().active_administrators().map(|user| user.id).collect::<Vec<_>>();
        let names = (0..self.people).map(|n| format!("p{n}"));
        let honest: Vec<_> =
            names.filter(|name| !attackers.contains(name) && honest.contains(&user(name))).collect();
        if honest.is_empty() {
            return false;
        }
        let mut removals = Vec::new();
        for attacker in attackers {
            let author = dice.pick(&honest).clone();
            let body = self.history.revocation(&user(attacker));
            removals.extend(self.say(&author, body));
            self.everybody_acknowledges();
        }
        removals.len() == attackers.len()
            && removals.iter().all(|removal| self.history.acknowledged(removal).unwrap().settled)
    }

    /// Who let them in, or who let those in, and so on.
    fn a_senior_of(&self, dice: &mut Dice, name: &str) -> String {
        let mut line = Vec::new();
        let mut at: usize = name[1..].parse().unwrap();
        while at > 0 {
            at = self.hosts[at - 1];
            line.push(at);
        }
        format!("p{}", dice.pick(&line))
    }
}
