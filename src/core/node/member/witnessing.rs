//! A witness's duty, done by the daemon and never by its person (docs/spec/roster.md, R4.4): it acknowledges removals at
//! once, and builds on Enrolls with whatever it signs next, or after a while by an Acknowledge of its own. And it
//! pins what it has seen for itself (R4.12), and notes what would undo that.

use std::collections::BTreeSet;

use super::super::outbox::Outbox;
use super::super::output::Batch;
use super::super::records;
use super::Member;
use crate::core::primitives::ids::CertificateId;
use crate::core::primitives::limits;
use crate::core::primitives::time::Moment;
use crate::core::roster::{Dispute, Refused};

/// When this device has to say something though nobody asked it to.
#[derive(Default)]
pub(super) struct Witness {
    /// When the Enrolls that it witnesses are to be built on, if nothing else was signed by then.
    vouch_at: Option<Moment>,
    /// Until when it says nothing, since what it wanted to say was refused.
    silent_until: Option<Moment>,
}

/// Certificates that would undo what is pinned: set aside with whatever builds on them, and shown.
#[derive(Default)]
pub(super) struct Disputes {
    /// Those with which it began, the first ones.
    pub(super) noted: Vec<Dispute>,
    aside: BTreeSet<CertificateId>,
}

impl Disputes {
    /// Notes one. What it is about isn't held.
    pub(super) fn note(&mut self, dispute: Dispute) {
        self.set_aside(dispute.certificate);
        if self.noted.len() < limits::DISPUTES && !self.noted.contains(&dispute) {
            self.noted.push(dispute);
        }
    }

    /// One that builds on what is set aside.
    pub(super) fn set_aside(&mut self, id: CertificateId) {
        if self.aside.len() < limits::SET_ASIDE {
            self.aside.insert(id);
        }
    }

    pub(super) fn has_any_of(&self, ids: &[CertificateId]) -> bool {
        ids.iter().any(|id| self.aside.contains(id))
    }
}

impl Member {
    /// Signs what is owed and due.
    pub(super) fn acknowledge(&mut self, now: Moment, out: &mut Outbox) {
        if !self.is_active() || self.witness.silent_until.is_some_and(|until| until > now) {
            return;
        }
        let owed = self.history.owed(&self.key.device());
        let vouch_at = *self.witness.vouch_at.get_or_insert(now + limits::VOUCHING);
        if owed.enrols.is_empty() {
            self.witness.vouch_at = None;
        }
        let is_due = !owed.removals.is_empty() || (!owed.enrols.is_empty() && vouch_at <= now);
        if is_due {
            self.pay(now, out);
        }
    }

    fn pay(&mut self, now: Moment, out: &mut Outbox) {
        let (mut batch, mut new) = (Batch::default(), Vec::new());
        if self.sign_what_is_owed(now, &mut batch, &mut new).is_err() {
            self.witness.silent_until = Some(now + limits::VOUCHING);
        }
        self.publish(batch, &new, now, out);
    }

    /// One certificate names only so many removals.
    pub(super) fn sign_what_is_owed(
        &mut self,
        now: Moment,
        batch: &mut Batch,
        new: &mut Vec<CertificateId>,
    ) -> Result<(), Refused> {
        loop {
            let owed = self.history.owed(&self.key.device());
            if owed.is_empty() {
                self.witness.vouch_at = None;
                return Ok(());
            }
            new.extend(self.sign(owed.body(), now, batch)?);
        }
    }

    pub(super) fn next_vouching(&self) -> Option<Moment> {
        self.witness.silent_until.max(self.witness.vouch_at).filter(|_| self.witness.vouch_at.is_some())
    }

    /// Pins what was seen for the first time, durably.
    pub(super) fn pin(&mut self, batch: &mut Batch) {
        let Some(user) = self.me().map(|me| me.id) else { return };
        let own = self.history.pins().enrolment;
        for id in self.history.pin(&user) {
            batch.put(records::pin(&id), &(own.is_none() && self.history.pins().enrolment == Some(id)));
        }
    }
}
