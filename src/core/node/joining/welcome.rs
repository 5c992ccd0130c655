//! The welcome, verified: only from that host, only to a join that is confirmed, and only if its certificates
//! lead from the pinned founding to the one that lets in exactly this device, with exactly its keys and proof.

use super::super::conversation::Step;
use super::super::input::Channel;
use super::super::member::{Member, Membership};
use super::super::outbox::Outbox;
use super::super::output::Batch;
use super::super::records;
use super::{Confirmed, Joining};
use crate::core::greeting::guest::Welcomed;
use crate::core::greeting::message::WelcomeHead;
use crate::core::greeting::{Ended, Reason};
use crate::core::primitives::codec;
use crate::core::primitives::keys::UserSecret;
use crate::core::roster::seal::Opening;
use crate::core::roster::{Body, History, SignedCertificate, VerifiedCertificate};

/// A guest's device that is in from here on.
pub(in super::super) struct Admitted {
    /// What it is from here on.
    pub(in super::super) member: Member,
    /// What is to be written down before anything else.
    pub(in super::super) batch: Batch,
    /// The stream to the host, and the frame that tells it.
    pub(in super::super) acknowledgement: Option<(Channel, Vec<u8>)>,
    /// The last step for the person, if one waits.
    pub(in super::super) done: Option<(super::ConversationId, Step)>,
}

impl Joining {
    pub(super) fn welcomed(&mut self, welcomed: Welcomed, out: &mut Outbox) -> Option<Box<Admitted>> {
        let admitted = self.pending.confirmed.and_then(|confirmed| self.admitted(welcomed, &confirmed));
        if admitted.is_none() {
            self.stop(Ended::by_host(Reason::BadMessage), out);
        }
        admitted.map(Box::new)
    }

    fn admitted(&mut self, welcomed: Welcomed, confirmed: &Confirmed) -> Option<Admitted> {
        let parcel = &welcomed.parcel;
        let head = parcel.head.clone()?;
        let certificates = verified(&parcel.certificates)?;
        let openings =
            parcel.openings.iter().filter_map(|bytes| codec::decode::<Opening>(bytes).ok()).collect();
        let history = history(confirmed, &certificates)?;
        let letting_in = history.get(&head.certificate)?;
        if !self.lets_us_in(&letting_in, confirmed) {
            return None;
        }
        let user = history.roster().user_of(&self.key.device())?;
        let user_secret = self.user_secret(&head)?;
        if !user.is_active() || user.id != confirmed.user || user.key != user_secret.public() {
            return None;
        }
        let membership = Membership {
            organization: confirmed.organization,
            user_secret,
            members_secret: head.members_secret,
            points: [head.points, self.pending.points.clone()].concat(),
        };
        let mut batch = Batch::default();
        batch.delete(records::JOIN);
        let (key, settings) = (self.key.clone(), self.settings.clone());
        let mut member = Member::enter(key, membership, settings, certificates, openings, &mut batch)?;
        // The host may be gone before it has said hello: by these the two find each other again.
        for addresses in [self.pending.hosts.clone(), head.addresses] {
            member.note_where(self.pending.host, addresses, &mut batch);
        }
        let step = Step::Done {
            user_id: user.id,
            device_id: self.key.device(),
            profile: user.profile,
            organization: member.name(),
            organization_id: confirmed.organization,
        };
        let done = self.conversation.take().map(|conversation| (conversation, step));
        let acknowledgement = self.channel.take().map(|channel| (channel, welcomed.acknowledge()));
        Some(Admitted { member, batch, acknowledgement, done })
    }

    /// For a further device the secret comes with the welcome; a new person's was drawn here.
    fn user_secret(&self, head: &WelcomeHead) -> Option<UserSecret> {
        match self.pending.kind {
            crate::core::primitives::kind::Kind::Device => head.user_secret.clone(),
            _ => Some(self.pending.user_secret.clone()),
        }
    }

    fn lets_us_in(&self, certificate: &VerifiedCertificate, confirmed: &Confirmed) -> bool {
        let (device, invitation, proof) = match certificate.body() {
            Body::Enroll(enroll) => (enroll.device, enroll.invitation, enroll.proof),
            Body::AddDevice(add) => (add.device, add.invitation, add.proof),
            _ => return false,
        };
        certificate.certificate().device == self.pending.host
            && device == self.key.device()
            && invitation == self.pending.keys.id
            && self.claim(confirmed).holds(&device, &proof)
    }
}

fn verified(certificates: &[Vec<u8>]) -> Option<Vec<VerifiedCertificate>> {
    certificates.iter().map(|bytes| SignedCertificate::from_bytes(bytes).ok()?.verify().ok()).collect()
}

/// All certificates, if they follow from each other and from the founding that was pinned.
fn history(confirmed: &Confirmed, certificates: &[VerifiedCertificate]) -> Option<History> {
    let mut history = History::new(confirmed.organization);
    for certificate in certificates {
        history.add(certificate.clone()).ok()?;
    }
    Some(history)
}
