//! What hostile devices of an organization sign: on any past that they know, with forks of their own chains, with puppets
//! whom they let in and who act as they do.

use muster::core::primitives::ids::{CertificateId, UserId};
use muster::core::primitives::keys::DeviceKey;
use muster::core::roster::body::{Acknowledge, Adopt, Body};
use muster::core::roster::proof::Claim;
use muster::core::roster::{History, Profile, SignedCertificate, VerifiedCertificate};

use super::device;
use super::speech::Says;
use crate::roster_random::Dice;
use crate::roster_sketch::{claim, enrolment, invitation, key, now, user};

/// Puppets that there can be, whoever lets them in.
const PUPPETS: usize = 6;

/// The hostile of an organization, who share their keys and all that any of them was ever sent.
pub(crate) struct Forgers {
    known: History,
    keys: Vec<DeviceKey>,
    people: Vec<UserId>,
    forged: Vec<CertificateId>,
}

impl Forgers {
    pub(super) fn new(known: History, names: &[String]) -> Self {
        let people = known.roster().users().map(|user| user.id).collect();
        Self { known, keys: names.iter().map(|name| device(name)).collect(), people, forged: Vec::new() }
    }

    pub(super) fn known(&self) -> &History {
        &self.known
    }

    /// How much of what they signed counts for who holds this.
    pub(super) fn counts_for(&self, history: &History) -> usize {
        let counts = |id: &&CertificateId| history.standing(id).is_some_and(|it| it.is_effective());
        self.forged.iter().filter(counts).count()
    }

    /// One of them was sent this.
    pub(super) fn hear(&mut self, frame: &[u8]) {
        let certificates = match muster::core::primitives::codec::decode(frame) {
            Ok(Says::Certificates(certificates)) => certificates,
            _ => return,
        };
        for bytes in certificates {
            let verified = SignedCertificate::from_bytes(&bytes).ok().and_then(|it| it.verify().ok());
            // What isn't taken in is of no use to them.
            let _ = verified.map(|it| self.known.add(it));
        }
    }

    /// A certificate that nobody has, where the author may say it as of that past.
    pub(super) fn forge(&mut self, dice: &mut Dice) -> Option<VerifiedCertificate> {
        let author = dice.pick(&self.keys).clone();
        let ids: Vec<CertificateId> = self.known.in_causal_order().map(|it| it.id()).collect();
        let recent = ids.len().saturating_sub(1 + dice.below(12));
        let some = [ids[recent], *dice.pick(&ids)];
        let past = self.known.heads_among(&some[..1 + dice.below(2)]);
        let seen = self.known.as_of(&past).ok()?;
        let somebody = *dice.pick(&self.people);
        let puppet = format!("puppet {}", dice.below(PUPPETS));
        let body = match dice.below(8) {
            0 | 1 => self.lets_in(&author, &puppet, dice),
            2 | 3 => seen.revocation(&somebody),
            4 => seen.profile_change(&somebody, *dice.pick(&[Profile::Administrator, Profile::Member])),
            5 => seen.owed(&author.device()).body(),
            6 => Body::Adopt(Adopt { enrol: *dice.pick(&ids) }),
            _ => Body::Acknowledge(Acknowledge { removals: self.some_removal(dice).into_iter().collect() }),
        };
        let forged = seen.author(&author, body, now()).ok()?;
        if self.known.contains(&forged.id()) {
            return None;
        }
        self.known.add(forged.clone()).ok()?;
        self.forged.push(forged.id());
        if forged.body().lets_in() == Some(key(&puppet).device()) {
            self.keys.push(key(&puppet));
            self.people.push(user(&puppet));
        }
        Some(forged)
    }

    fn lets_in(&self, author: &DeviceKey, puppet: &str, dice: &mut Dice) -> Body {
        let organization = self.known.organization();
        let invited = invitation(&format!("{puppet} {}", dice.below(3)));
        let profile = *dice.pick(&[Profile::Administrator, Profile::Member, Profile::External]);
        let mut enroll = enrolment(organization, puppet, puppet, profile, invited);
        let claim = Claim { host: author.device(), ..claim(organization, puppet, puppet, invited) };
        enroll.proof = claim.prove(&key(puppet));
        Body::Enroll(enroll)
    }

    fn some_removal(&self, dice: &mut Dice) -> Option<CertificateId> {
        let all = self.known.in_causal_order();
        let removals: Vec<_> = all.filter(|it| it.body().removal().is_some()).map(|it| it.id()).collect();
        (!removals.is_empty()).then(|| *dice.pick(&removals))
    }
}

/// Whether somebody is one of those puppets.
pub(crate) fn is_a_puppet(id: &UserId) -> bool {
    (0..PUPPETS).any(|n| user(&format!("puppet {n}")) == *id)
}
