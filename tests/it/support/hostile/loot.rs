//! What a thief finds on a disk, and what can be made of it.

use std::fs;
use std::path::{Path, PathBuf};

use muster::core::node::{Node, Settings};
use muster::core::primitives::ids::{CertificateId, InvitationId, Seal, UserId};
use muster::core::primitives::keys::{DeviceKey, UserSecret};
use muster::core::primitives::kind::Kind;
use muster::core::primitives::secret::Secret32;
use muster::core::primitives::time::Moment;
use muster::core::roster::body::{AddDevice, Enroll};
use muster::core::roster::proof::Claim;
use muster::core::roster::{Body, Certificate, History, Profile, SignedCertificate};
use muster::store::Store;

use crate::support::daemons::Machine;
use crate::support::device;

/// A membership's key, and the certificates that lie beside it.
pub(crate) struct Loot {
    pub(crate) key: DeviceKey,
    pub(crate) history: History,
}

impl Loot {
    /// From a machine whose daemon has stopped.
    pub(crate) fn of(machine: &Machine) -> Self {
        let membership = only_folder(&machine.data().join("memberships"));
        let (store, _) = Store::open(&membership).unwrap();
        let snapshot = store.load().unwrap();
        let node = Node::restore(snapshot.clone(), Settings::default()).unwrap().unwrap();
        let mut history = History::new(node.organization().unwrap());
        // A certificate's record is `c`, its generation, its id: sorted, they come parents first.
        let mut records: Vec<_> =
            snapshot.into_iter().filter(|(key, _)| key.len() > 1 && key[0] == b'c').collect();
        records.sort();
        for (_, bytes) in records {
            history.add(SignedCertificate::from_bytes(&bytes).unwrap().verify().unwrap()).unwrap();
        }
        Self { key: DeviceKey::from_seed(node.key_seed()), history }
    }

    pub(crate) fn user(&self) -> UserId {
        self.history.roster().user_of(&self.key.device()).unwrap().id
    }

    /// A certificate in order but for what it says, and for what `alter` does to it; signed.
    pub(crate) fn forges(&self, body: &Body, alter: impl FnOnce(&mut Certificate)) -> Vec<u8> {
        let anything = Body::Unknown { kind: 900, bytes: Vec::new() };
        let in_order = self.history.author(&self.key, anything, now()).unwrap();
        let mut raw = in_order.certificate().clone();
        (raw.kind, raw.body) = (body.kind(), body.encode());
        alter(&mut raw);
        SignedCertificate::sign(raw, &self.key).bytes()
    }

    /// An Enroll of a puppet, with the puppet's own proof.
    pub(crate) fn enrols(&self, puppet: &str, profile: Profile) -> Body {
        let key = device(puppet);
        let claim = Claim {
            organization: self.history.organization(),
            host: self.key.device(),
            kind: Kind::User,
            invitation: InvitationId(std::array::from_fn(|at| key.device().0[at])),
            user: UserId::of_first_device(&key.device()),
            user_key: UserSecret::new(Secret32::new([7; 32])).public(),
        };
        Body::Enroll(Enroll {
            user: claim.user,
            profile,
            user_key: claim.user_key,
            device: key.device(),
            name: Seal([1; 32]),
            email: Seal([2; 32]),
            label: Seal([3; 32]),
            invitation: claim.invitation,
            kind: claim.kind,
            proof: claim.prove(&key),
        })
    }

    /// An AddDevice of a puppet for this user, which only that user's own devices may sign.
    pub(crate) fn adds(&self, puppet: &str, to: &UserId) -> Body {
        let key = device(puppet);
        let claim = Claim {
            organization: self.history.organization(),
            host: self.key.device(),
            kind: Kind::Device,
            invitation: InvitationId([8; 16]),
            user: *to,
            user_key: self.history.roster().user(to).unwrap().key,
        };
        let (device, invitation, proof) = (key.device(), claim.invitation, claim.prove(&key));
        Body::AddDevice(AddDevice { device, label: Seal([4; 32]), invitation, proof })
    }

    /// The grant that the founder acts under.
    pub(crate) fn founders_grant(&self) -> CertificateId {
        let roster = self.history.roster();
        roster.user(&roster.founder().unwrap()).unwrap().grant
    }
}

pub(crate) fn now() -> Moment {
    Moment(1_700_000_000_000)
}

fn only_folder(dir: &Path) -> PathBuf {
    let mut folders = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let only = folders.next().unwrap();
    assert_eq!(folders.next(), None, "one membership in {}", dir.display());
    only
}

/// Every byte of every file below.
pub(crate) fn every_byte(dir: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(every_byte(&path));
        } else if path.is_file() {
            all.extend(fs::read(&path).unwrap());
        }
    }
    all
}

/// Which of these words lie in the bytes. Whatever is no text between them stays apart from them.
pub(crate) fn found<'a>(words: &[&'a str], bytes: &[u8]) -> Vec<&'a str> {
    let text = String::from_utf8_lossy(bytes);
    words.iter().copied().filter(|word| text.contains(word)).collect()
}
