//! A small language to draw histories in.
//!
//! ```text
//! ada founds -> ada enrols bob:admin #bob -> bob adds phone
//!   | bob@phone enrols eve:member        lines with a bar don't know of each other
//!   | ada revokes bob
//!   | after bob: bob revokes ada        this one knows the past of that step alone
//! ada sets points                        a line without a bar knows everything above it
//! bob acknowledges                       what his device owes by then: removals, and people to build on
//! everybody acknowledges                 all that anybody owes, until nobody owes anything
//! ```
//!
//! People are named; their keys grow from their names. `#mark` names the certificate of a step.

use std::collections::BTreeMap;

use muster::core::primitives::address::Address;
use muster::core::primitives::digest::derive;
use muster::core::primitives::ids::{CertificateId, InvitationId, OrganizationId, Seal, UserId};
use muster::core::primitives::keys::{DeviceKey, UserSecret};
use muster::core::primitives::kind::Kind;
use muster::core::primitives::secret::Secret;
use muster::core::primitives::time::Moment;
use muster::core::roster::body::{Acknowledge, AddDevice, Adopt, Body, Enroll, Found, Setting, setting};
use muster::core::roster::proof::Claim;
use muster::core::roster::{
    Certificate, History, NotAdded, Profile, Refused, SignedCertificate, Standing, VerifiedCertificate, Void,
};

/// As often everybody is asked what they owe: a removal is owed once, and what acknowledges it is none.
pub(crate) const ROUNDS: usize = 100;

/// What was drawn.
#[derive(Clone)]
pub(crate) struct Drawn {
    pub(crate) history: History,
    marks: BTreeMap<String, CertificateId>,
    people: BTreeMap<UserId, String>,
}

/// Draws a history in which nothing is refused.
pub(crate) fn sketch(text: &str) -> Drawn {
    attempt(text).unwrap_or_else(|(step, refused)| panic!("'{step}' is refused: {refused:?}"))
}

/// Why the first step that is refused is.
pub(crate) fn refusal(text: &str) -> Refused {
    attempt(text).map(|_| ()).unwrap_err().1
}

fn attempt(text: &str) -> Result<Drawn, (String, Refused)> {
    let nothing = History::new(OrganizationId::NONE);
    let mut drawn = Drawn { history: nothing, marks: BTreeMap::new(), people: BTreeMap::new() };
    let mut stem = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.strip_prefix('|') {
            None => {
                drawn.line(drawn.history.heads(), line)?;
                stem = drawn.history.heads();
            }
            Some(branch) => match branch.trim().strip_prefix("after ") {
                None => drawn.line(stem.clone(), branch)?,
                Some(rest) => {
                    let (marks, steps) = rest.split_once(':').unwrap();
                    let known = marks.split_whitespace().map(|mark| drawn.mark(mark)).collect();
                    drawn.line(known, steps)?;
                }
            },
        }
    }
    Ok(drawn)
}

impl Drawn {
    fn line(&mut self, mut known: Vec<CertificateId>, steps: &str) -> Result<(), (String, Refused)> {
        for step in steps.split("->").map(str::trim).filter(|step| !step.is_empty()) {
            let (act, mark) = step.split_once(" #").unwrap_or((step, ""));
            if act == "everybody acknowledges" {
                self.everybody_acknowledges(&mut known);
                continue;
            }
            let signed = self.step(&known, act).map_err(|refused| (act.to_owned(), refused))?;
            if self.history.is_empty() {
                self.history = History::new(signed.id().into());
            }
            known = vec![signed.id()];
            self.marks.insert(mark.to_owned(), signed.id());
            self.history.add(signed).unwrap();
        }
        Ok(())
    }

    fn everybody_acknowledges(&mut self, known: &mut Vec<CertificateId>) {
        let everybody: Vec<String> = self.people.values().cloned().collect();
        for round in 0.. {
            assert!(round < ROUNDS, "what is acknowledged is owed no more");
            let before = self.history.len();
            for name in &everybody {
                let seen = self.history.as_of(known).unwrap();
                let owed = seen.owed(&key(name).device());
                if owed.is_empty() {
                    continue;
                }
                let signed = seen.author(&key(name), owed.body(), now()).unwrap();
                *known = vec![signed.id()];
                self.history.add(signed).unwrap();
            }
            if self.history.len() == before {
                return;
            }
        }
    }

    fn step(&mut self, known: &[CertificateId], act: &str) -> Result<VerifiedCertificate, Refused> {
        let (author, act) = act.trim().split_once(' ').unwrap_or((act, ""));
        self.people.insert(user(author), author.split('@').next().unwrap().to_owned());
        if act == "founds" {
            return History::found(&key(author), founding(author), now());
        }
        let body = self.body(known, author, act);
        self.history.as_of(known)?.author(&key(author), body, now())
    }

    fn body(&mut self, known: &[CertificateId], author: &str, act: &str) -> Body {
        let seen = self.history.as_of(known).unwrap();
        match act.split_whitespace().collect::<Vec<_>>()[..] {
            ["enrols", guest] => self.enrolment(author, guest, guest),
            ["enrols", guest, "upon", invitation] => self.enrolment(author, guest, invitation),
            ["adds", device] => {
                let owner = author.split('@').next().unwrap();
                Body::AddDevice(further_device(&self.history, author, owner, &format!("{owner}@{device}")))
            }
            ["makes", target, to] => seen.profile_change(&user(target), profile(to)),
            ["revokes", target] => seen.revocation(&user(target)),
            ["acknowledges"] => seen.owed(&key(author).device()).body(),
            ["acknowledges", mark] => Body::Acknowledge(Acknowledge { removals: vec![self.mark(mark)] }),
            ["ties"] => Body::Acknowledge(Acknowledge { removals: Vec::new() }),
            ["adopts", mark] => Body::Adopt(Adopt { enrol: self.mark(mark) }),
            ["sets", "points", address] => {
                let address: Address = address.parse().unwrap();
                Body::Setting(Setting::of_addresses(setting::RENDEZVOUS_POINTS, &[address]))
            }
            ["says", "something"] => Body::Unknown { kind: 900, bytes: vec![1, 2, 3] },
            _ => panic!("nobody knows how to draw '{act}'"),
        }
    }

    fn enrolment(&mut self, host: &str, guest: &str, invited: &str) -> Body {
        let (name, to) = guest.split_once(':').unwrap();
        self.people.insert(user(name), name.to_owned());
        Body::Enroll(enrolment(self.history.organization(), host, name, profile(to), invitation(invited)))
    }

    /// The certificate of a marked step.
    pub(crate) fn mark(&self, mark: &str) -> CertificateId {
        self.marks[mark]
    }

    /// What became of a marked step.
    pub(crate) fn standing(&self, mark: &str) -> Standing {
        self.history.standing(&self.mark(mark)).unwrap()
    }

    /// Why a marked step is void; none where it counts.
    pub(crate) fn void(&self, mark: &str) -> Option<Void> {
        match self.standing(mark) {
            Standing::Void(why) => Some(why),
            Standing::Effective => None,
        }
    }

    /// Whether a marked step counts.
    pub(crate) fn counts(&self, mark: &str) -> bool {
        self.standing(mark).is_effective()
    }

    /// Whether a marked removal is settled.
    pub(crate) fn settled(&self, mark: &str) -> bool {
        self.history.acknowledged(&self.mark(mark)).unwrap().settled
    }

    /// The witnesses of a marked removal, the most senior first.
    pub(crate) fn witnesses(&self, mark: &str) -> String {
        let asked = self.history.acknowledged(&self.mark(mark)).unwrap().witnesses;
        asked.iter().map(|user| self.people[user].as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Who is in, as `name:profile`, sorted by name.
    pub(crate) fn active(&self) -> String {
        let active = self.history.roster().users().filter(|user| user.is_active());
        let mut active: Vec<_> =
            active.map(|user| format!("{}:{}", self.people[&user.id], user.profile)).collect();
        active.sort();
        active.join(" ")
    }

    /// Signs a raw certificate, altered at will, and hands it to somebody who holds everything.
    pub(crate) fn forge(
        &self,
        author: &str,
        body: &Body,
        alter: impl FnOnce(&mut Certificate),
    ) -> Result<(), NotAdded> {
        let mut raw = self.raw(author, body);
        alter(&mut raw);
        let signed = SignedCertificate::sign(raw, &key(author));
        let add = |verified| self.history.clone().add(verified).map(|_| ());
        let among_many = SignedCertificate::verify_all(vec![signed.clone()]).remove(0);
        let alone = signed.verify().map_err(NotAdded::from).and_then(add);
        assert_eq!(alone, among_many.map_err(NotAdded::from).and_then(add), "verified alone or among many");
        alone
    }

    /// A certificate by `author` on top of everything, in order but for what it says.
    pub(crate) fn raw(&self, author: &str, body: &Body) -> Certificate {
        let anything = Body::Unknown { kind: 900, bytes: Vec::new() };
        let in_order = self.history.author(&key(author), anything, now()).unwrap();
        let mut raw = in_order.certificate().clone();
        raw.kind = body.kind();
        raw.body = body.encode();
        raw
    }
}

/// The clock of everybody.
pub(crate) fn now() -> Moment {
    Moment(1_700_000_000_000)
}

/// `ada` is Ada's first device, `ada@phone` another.
pub(crate) fn key(device: &str) -> DeviceKey {
    DeviceKey::from_seed(Secret::new(grown("device", device)))
}

/// The user whose first device this is.
pub(crate) fn user(name: &str) -> UserId {
    UserId::of_first_device(&key(name.split('@').next().unwrap()).device())
}

/// The secret half of a person's user key.
pub(crate) fn user_secret(name: &str) -> UserSecret {
    UserSecret::new(Secret::new(grown("user", name)))
}

/// An invitation by name.
pub(crate) fn invitation(name: &str) -> InvitationId {
    InvitationId(grown("invitation", name)[..16].try_into().unwrap())
}

fn grown(what: &str, name: &str) -> [u8; 32] {
    derive("muster test 1", &[what.as_bytes(), b":", name.as_bytes()])
}

fn seal(what: &str, name: &str) -> Seal {
    Seal(grown(what, name))
}

fn profile(word: &str) -> Profile {
    word.parse().unwrap()
}

/// What somebody founds an organization with.
pub(crate) fn founding(founder: &str) -> Found {
    Found {
        organization_name: seal("organization", founder),
        user: user(founder),
        user_key: user_secret(founder).public(),
        device: key(founder).device(),
        name: seal("name", founder),
        email: seal("email", founder),
        label: seal("label", founder),
        recovery: [0; 32],
    }
}

/// What `guest` claims to become, let in by the device of `host`.
pub(crate) fn claim(organization: OrganizationId, host: &str, guest: &str, invited: InvitationId) -> Claim {
    Claim {
        organization,
        host: key(host).device(),
        kind: Kind::User,
        invitation: invited,
        user: user(guest),
        user_key: user_secret(guest).public(),
    }
}

/// An Enroll of `guest` with their proof.
pub(crate) fn enrolment(
    organization: OrganizationId,
    host: &str,
    guest: &str,
    profile: Profile,
    invited: InvitationId,
) -> Enroll {
    let claim = claim(organization, host, guest, invited);
    Enroll {
        user: claim.user,
        profile,
        user_key: claim.user_key,
        device: key(guest).device(),
        name: seal("name", guest),
        email: seal("email", guest),
        label: seal("label", guest),
        invitation: invited,
        kind: claim.kind,
        proof: claim.prove(&key(guest)),
    }
}

/// An AddDevice of `device` for `owner`, whose device `host` greeted it.
pub(crate) fn further_device(known: &History, host: &str, owner: &str, device: &str) -> AddDevice {
    let invited = invitation(device);
    let claim = Claim {
        kind: Kind::Device,
        user: user(owner),
        user_key: user_secret(owner).public(),
        ..claim(known.organization(), host, owner, invited)
    };
    AddDevice {
        device: key(device).device(),
        label: seal("label", device),
        invitation: invited,
        proof: claim.prove(&key(device)),
    }
}
