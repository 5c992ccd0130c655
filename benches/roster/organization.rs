//! An organization to measure with: eight Administrators who take turns, and everybody whom they let in.

use muster::core::node::output::{Batch, Output};
use muster::core::node::{NewOrganization, Node, Settings};
use muster::core::primitives::codec;
use muster::core::primitives::entropy::Entropy;
use muster::core::primitives::ids::{CertificateId, DeviceId, InvitationId, Seal, UserId};
use muster::core::primitives::keys::{DeviceKey, UserSecret};
use muster::core::primitives::kind::Kind;
use muster::core::primitives::secret::Secret32;
use muster::core::primitives::text::{Email, Label, Name};
use muster::core::primitives::time::Moment;
use muster::core::roster::body::Enroll;
use muster::core::roster::proof::Claim;
use muster::core::roster::seal::{Field, Opening};
use muster::core::roster::{Body, History, Profile, SignedCertificate};

use super::sync::record_of;

/// They take turns, so that those whom one lets in are vouched for by the others.
const AUTHORS: usize = 8;

/// Removals between two rounds in which the witnesses acknowledge.
const BETWEEN_ROUNDS: usize = 64;

/// What lies under one key of a store.
pub(crate) type Record = (Vec<u8>, Vec<u8>);

/// All that was signed, and what the founder's device wrote down of itself.
pub(crate) struct Organization {
    pub(crate) history: History,
    /// What the founder's device wrote when it founded: its key, its membership, the first certificate.
    pub(crate) founding: Batch,
    /// As it is sent, ancestors first, the founding certificate left out.
    pub(crate) signed: Vec<Vec<u8>>,
    /// Of all names, emails and labels, as they are stored.
    openings: Vec<Record>,
    ids: Vec<CertificateId>,
    people: usize,
}

impl Organization {
    /// So many adds, and a tenth as many promotions and revocations.
    pub(crate) fn of(adds: usize) -> Self {
        let mut all = Self::founded();
        for add in 0..adds {
            let profile = if all.people < AUTHORS { Profile::Administrator } else { Profile::Member };
            all.enrol(add % AUTHORS.min(all.people), profile);
            if add % 10 == 9 {
                let ten = all.people - 10;
                let author = (add / 10) % AUTHORS.min(all.people);
                if ten >= AUTHORS {
                    all.promote(author, ten);
                    all.revoke(author, ten + 5);
                }
                if (add / 10) % BETWEEN_ROUNDS == BETWEEN_ROUNDS - 1 {
                    all.acknowledge();
                }
            }
        }
        all
    }

    fn founded() -> Self {
        let new = NewOrganization {
            name: Name::parse("Field Lab").unwrap(),
            person: Name::parse("Ada Lovelace").unwrap(),
            email: Email::parse("ada@example.org").unwrap(),
            device: Label::parse("laptop").unwrap(),
        };
        let entropy = Entropy::new(&Secret32::new([9; 32]));
        let mut node = Node::found(key(0), &new, Settings::default(), now(), entropy).unwrap();
        let Some(Output::Commit(founding)) = node.poll_output() else {
            panic!("it writes itself down first")
        };
        let mut records = founding.changes.iter();
        let found =
            records.find(|(key, _)| key.first() == Some(&b'c')).and_then(|(_, it)| it.as_ref()).unwrap();
        let found = SignedCertificate::from_bytes(found).unwrap().verify().unwrap();
        let mut history = History::new(found.id().into());
        let ids = vec![found.id()];
        history.add(found).unwrap();
        Self { history, founding, signed: Vec::new(), openings: Vec::new(), ids, people: 1 }
    }

    /// One more person, by this Administrator.
    pub(crate) fn enrol(&mut self, by: usize, profile: Profile) {
        let (host, guest) = (key(by), key(self.people));
        let user = UserId::of_first_device(&guest.device());
        let drawn = seed("enrol", self.people);
        let claim = Claim {
            organization: self.history.organization(),
            host: host.device(),
            kind: Kind::User,
            invitation: InvitationId(drawn[..16].try_into().unwrap()),
            user,
            user_key: UserSecret::new(Secret32::new(drawn)).public(),
        };
        let (name, email) = (format!("Person {}", self.people), format!("person{}@example.org", self.people));
        let name = self.seal(user, Field::Name, &name);
        let email = self.seal(user, Field::Email, &email);
        let label = self.seal(user, Field::Label, "laptop");
        let body = Enroll {
            user,
            profile,
            user_key: claim.user_key,
            device: guest.device(),
            name,
            email,
            label,
            invitation: claim.invitation,
            kind: claim.kind,
            proof: claim.prove(&guest),
        };
        self.people += 1;
        self.say(by, Body::Enroll(body));
    }

    fn seal(&mut self, of: UserId, field: Field, value: &str) -> Seal {
        let salt = seed("salt", self.openings.len());
        let opening = Opening::new(of, field, value, salt).unwrap();
        let seal = opening.seal(self.history.organization());
        self.openings.push(([b"o", seal.0.as_slice()].concat(), codec::encode(&opening)));
        seal
    }

    /// The same, to go on with apart; whoever comes next is somebody else, by so many.
    pub(crate) fn branch(&self, others: usize) -> Self {
        Self {
            history: self.history.clone(),
            founding: Batch { changes: self.founding.changes.clone() },
            signed: self.signed.clone(),
            openings: self.openings.clone(),
            ids: self.ids.clone(),
            people: self.people + others,
        }
    }

    /// No more than what the first who was let in joined with.
    pub(crate) fn as_joined(&self) -> Self {
        let mut joined = self.branch(0);
        joined.signed.truncate(1);
        joined.openings.truncate(3);
        joined
    }

    /// What lies in a store that holds this, the founder's.
    pub(crate) fn records(&self) -> Vec<Record> {
        let founding = self.founding.changes.iter().map(|(key, value)| (key.clone(), value.clone().unwrap()));
        let certificates = self.signed.iter().map(|bytes| record_of(bytes));
        founding.chain(certificates).chain(self.openings.iter().cloned()).collect()
    }

    fn promote(&mut self, by: usize, whom: usize) {
        let body = self.history.profile_change(&user(whom), Profile::Administrator);
        self.say(by, body);
    }

    fn revoke(&mut self, by: usize, whom: usize) {
        let body = self.history.revocation(&user(whom));
        self.say(by, body);
    }

    /// Whoever is asked does.
    fn acknowledge(&mut self) {
        for witness in 0..AUTHORS.min(self.people) {
            let owed = self.history.owed(&key(witness).device());
            if !owed.removals.is_empty() {
                self.say(witness, owed.body());
            }
        }
    }

    fn say(&mut self, by: usize, body: Body) {
        let certificate = self.history.author(&key(by), body, now()).unwrap();
        self.signed.push(certificate.signed().bytes());
        self.ids.push(certificate.id());
        self.history.add(certificate).unwrap();
    }

    /// A removal by somebody who has heard nothing since half of all this had happened.
    pub(crate) fn late_removal(&self) -> Vec<u8> {
        let half = self.history.as_of(&[self.ids[self.ids.len() / 2]]).unwrap();
        // The first who were promoted and who stayed as they came; neither has signed anything.
        let (author, target) = (key(AUTHORS + 1), user(AUTHORS + 3));
        let author = [author]
            .into_iter()
            .chain((AUTHORS..AUTHORS + 32).map(key))
            .find_map(|author| half.author(&author, half.revocation(&target), now()).ok());
        author.unwrap().signed().bytes()
    }
}

/// The key of one person's device.
pub(crate) fn key(person: usize) -> DeviceKey {
    DeviceKey::from_seed(Secret32::new(seed("device", person)))
}

/// This person's device.
pub(crate) fn device(person: usize) -> DeviceId {
    key(person).device()
}

/// The records of this person's own secrets, after those of the founder (src/core/node/records.rs).
pub(crate) fn secrets_of(person: usize, founders: &[Record]) -> Vec<Record> {
    let founders: Vec<Record> =
        founders.iter().filter(|(key, _)| matches!(key[0], b'k' | b'm')).cloned().collect();
    if person == 0 {
        return founders;
    }
    let membership = &founders.iter().find(|(key, _)| key[0] == b'm').unwrap().1;
    let secret = codec::encode(&UserSecret::new(Secret32::new(seed("enrol", person))));
    let own = [&membership[..32], &secret, &membership[32 + secret.len()..]].concat();
    vec![(b"k".to_vec(), codec::encode(&Secret32::new(seed("device", person)))), (b"m".to_vec(), own)]
}

fn user(person: usize) -> UserId {
    UserId::of_first_device(&key(person).device())
}

fn seed(of: &str, number: usize) -> [u8; 32] {
    blake3::derive_key(of, &number.to_le_bytes())
}

pub(crate) fn now() -> Moment {
    Moment(1_790_000_000_000)
}
