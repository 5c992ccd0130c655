//! Random organizations: people who mostly do as they should, and people who don't. Some act under old pasts, fork
//! their chains, let in puppets, take each other's guests, acknowledge what they shouldn't and adopt what nobody asked
//! them to. Whatever the verdict refuses isn't part of the history.

use muster::core::primitives::ids::CertificateId;
use muster::core::roster::body::{Acknowledge, Adopt, Body, Setting, setting};
use muster::core::roster::{Added, History, Profile, VerifiedCertificate};

use crate::roster_random::Dice;
use crate::roster_sketch::{ROUNDS, enrolment, founding, further_device, invitation, key, now, user};

/// A random organization, and what each of its devices has seen.
pub(crate) struct Crowd {
    pub(crate) history: History,
    /// In the order in which they were signed.
    pub(crate) signed: Vec<VerifiedCertificate>,
    seen: Vec<(String, Vec<CertificateId>)>,
    people: usize,
    /// Of ten acts, so many are hostile.
    hostile: usize,
}

impl Crowd {
    /// Of so many people, with so many certificates.
    pub(crate) fn of(dice: &mut Dice, people: usize, hostile: usize, steps: usize) -> Self {
        let found = History::found(&key("p0"), founding("p0"), now()).unwrap();
        let mut history = History::new(found.id().into());
        history.add(found.clone()).unwrap();
        let seen = vec![("p0".to_owned(), vec![found.id()])];
        let mut crowd = Self { history, signed: vec![found], seen, people, hostile };
        for guest in 1..=people / 2 {
            crowd.let_in(dice, guest);
        }
        for _ in 0..steps * 6 {
            if crowd.signed.len() < steps {
                crowd.step(dice);
            }
        }
        crowd
    }

    /// Somebody comes in by an Administrator who has seen everything.
    fn let_in(&mut self, dice: &mut Dice, guest: usize) {
        let profile = *dice.pick(&[Profile::Administrator, Profile::Administrator, Profile::Member]);
        let (host, guest) = (format!("p{}", dice.below(guest)), format!("p{guest}"));
        let link = invitation(&guest);
        let enroll = enrolment(self.history.organization(), &host, &guest, profile, link);
        if let Ok(signed) = self.history.author(&key(&host), Body::Enroll(enroll), now()) {
            self.hold(signed);
        }
        for (_, seen) in &mut self.seen {
            *seen = self.history.heads();
        }
    }

    fn step(&mut self, dice: &mut Dice) {
        let at = dice.below(self.seen.len());
        if dice.below(3) > 0 {
            let other = dice.below(self.seen.len());
            let both = [self.seen[at].1.clone(), self.seen[other].1.clone()].concat();
            self.seen[at].1 = self.history.heads_among(&both);
        }
        let (device, mut known) = self.seen[at].clone();
        let rewinds = dice.below(10) < self.hostile;
        if rewinds {
            known = vec![dice.pick(&self.signed).id()];
        }
        if let Some(certificate) = (0..8).find_map(|_| self.something(dice, &device, &known)) {
            if !rewinds {
                self.seen[at].1 = vec![certificate.id()];
            }
            self.hold(certificate);
        }
    }

    fn hold(&mut self, certificate: VerifiedCertificate) {
        if self.history.add(certificate.clone()).unwrap() == Added::Known {
            return;
        }
        if let Some(device) = certificate.body().lets_in() {
            let name = devices(self.people).into_iter().find(|name| key(name).device() == device).unwrap();
            if !self.seen.iter().any(|(known, _)| *known == name) {
                self.seen.push((name, vec![certificate.id()]));
            }
        }
        self.signed.push(certificate);
    }

    /// What this device might say who has seen that; often it may not.
    fn something(
        &self,
        dice: &mut Dice,
        device: &str,
        known: &[CertificateId],
    ) -> Option<VerifiedCertificate> {
        let seen = self.history.as_of(known).ok()?;
        let owed = seen.owed(&key(device).device());
        let body = match owed.is_empty() || dice.below(3) == 0 {
            true => self.anything(dice, device, known)?,
            false => owed.body(),
        };
        seen.author(&key(device), body, now()).ok()
    }

    fn anything(&self, dice: &mut Dice, device: &str, known: &[CertificateId]) -> Option<Body> {
        let seen = self.history.as_of(known).ok()?;
        let organization = self.history.organization();
        let somebody = format!("p{}", dice.below(self.people));
        let owner = device.split('@').next()?;
        let profile =
            *dice.pick(&[Profile::Administrator, Profile::Administrator, Profile::Member, Profile::External]);
        let any = dice.pick(&self.signed).id();
        Some(match dice.below(20) {
            0..=7 => {
                let link = invitation(&format!("link {}", dice.below(40)));
                Body::Enroll(enrolment(organization, device, &somebody, profile, link))
            }
            8 => {
                let further =
                    if dice.below(6) == 0 { somebody } else { format!("{owner}@{}", dice.pick(&["a", "b"])) };
                Body::AddDevice(further_device(&self.history, device, owner, &further))
            }
            9..=12 => {
                seen.profile_change(&user(&somebody), *dice.pick(&[Profile::Administrator, Profile::Member]))
            }
            13 => seen.revocation(&user(&somebody)),
            14 => Body::Acknowledge(Acknowledge { removals: vec![any] }),
            15 => Body::Adopt(Adopt { enrol: self.a_void_enroll().unwrap_or(any) }),
            16..=17 => Body::Acknowledge(Acknowledge { removals: Vec::new() }),
            _ if dice.below(8) > 0 => {
                Body::Setting(Setting { key: setting::RELAYS, value: vec![dice.below(9) as u8] })
            }
            _ => Body::Unknown { kind: 77, bytes: Vec::new() },
        })
    }

    fn a_void_enroll(&self) -> Option<CertificateId> {
        let enrols = self.signed.iter().filter(|it| matches!(it.body(), Body::Enroll(_)));
        let mut void = enrols.filter(|it| !self.history.standing(&it.id()).unwrap().is_effective());
        void.next_back().map(|it| it.id())
    }

    /// Everything that anybody owes, by who has seen everything.
    pub(crate) fn everybody_acknowledges(&mut self) {
        let everybody = devices(self.people);
        for said in 0.. {
            assert!(said < ROUNDS * everybody.len(), "what is acknowledged is owed no more");
            let owes = |name: &&String| !self.history.owed(&key(name).device()).is_empty();
            let Some(name) = everybody.iter().find(owes) else { return };
            while let Ok(Some(tie)) = self.history.tie(&key(name), now()) {
                self.hold(tie);
            }
            let owed = self.history.owed(&key(name).device()).body();
            let Ok(signed) = self.history.author(&key(name), owed, now()) else { return };
            self.hold(signed);
        }
    }
}

/// The names of all devices that so many people might have.
pub(crate) fn devices(people: usize) -> Vec<String> {
    let named = |n| [format!("p{n}"), format!("p{n}@a"), format!("p{n}@b")];
    (0..people).flat_map(named).collect()
}

/// A history of these and nothing else, which come with their ancestors and as they come.
pub(crate) fn holding(
    history: &History,
    certificates: impl IntoIterator<Item = VerifiedCertificate>,
) -> History {
    let mut held = History::new(history.organization());
    for certificate in certificates {
        held.add(certificate).unwrap();
    }
    held
}

/// The part of a history that these certificates and their ancestors are.
pub(crate) fn past_of(history: &History, parents: &[CertificateId]) -> History {
    let past = history.with_ancestors(parents);
    holding(history, history.in_causal_order().filter(|it| past.contains(&it.id())))
}
