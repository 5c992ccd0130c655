//! Adoption (docs/spec/roster.md, R4.10): a guest whose host was removed meanwhile counts again.

use super::super::outbox::Outbox;
use super::super::output::Batch;
use super::super::request::{Answer, Class, Refusal};
use super::Member;
use super::changing::class_of;
use crate::core::primitives::ids::CertificateId;
use crate::core::primitives::text::shown;
use crate::core::primitives::time::Moment;
use crate::core::roster::body::Adopt;
use crate::core::roster::{Body, Standing, Void};

/// So much of an id is needed to name a certificate.
const SHORTEST_PREFIX: usize = 4;

impl Member {
    pub(super) fn adopt(&mut self, named: &str, now: Moment, out: &mut Outbox) -> Result<Answer, Refusal> {
        self.require_administrator("roster adopt")?;
        let enrol = self.void_enroll(named)?;
        let (mut batch, mut new) = (Batch::default(), Vec::new());
        let signed = match self.sign_what_is_owed(now, &mut batch, &mut new) {
            Ok(()) => self.sign(Body::Adopt(Adopt { enrol }), now, &mut batch),
            Err(refused) => Err(refused),
        };
        let refused = signed.map(|ids| new.extend(ids)).err();
        self.publish(batch, &new, now, out);
        if let Some(refused) = refused {
            return Err(Refusal::new(class_of(refused), "not_adopted", format!("roster adopt: {refused}")));
        }
        let adopted = self.history.get(&enrol).map(|certificate| self.log_line(&certificate));
        Ok(Answer::Log(adopted.into_iter().collect()))
    }

    /// The Enroll that is meant, if it is one that an adoption would bring back.
    fn void_enroll(&self, named: &str) -> Result<CertificateId, Refusal> {
        let folded = named.trim().to_lowercase();
        let fits =
            |id: &CertificateId| folded.len() >= SHORTEST_PREFIX && id.to_string().starts_with(&folded);
        let mut found = self.history.in_causal_order().filter(|certificate| fits(&certificate.id()));
        let (Some(certificate), None) = (found.next(), found.next()) else {
            let why =
                format!("roster adopt: '{}' is no certificate's id, or the start of several", shown(named));
            return Err(Refusal::new(Class::NotFound, "not_found", why).hint("muster roster log shows all"));
        };
        let state = |code, why: &str| Err(Refusal::new(Class::State, code, format!("roster adopt: {why}")));
        if !matches!(certificate.body(), Body::Enroll(_)) {
            return state("not_an_enroll", "only what let somebody in (enroll) can be adopted");
        }
        match self.history.standing(&certificate.id()) {
            Some(Standing::Void(Void::DeviceTaken | Void::InvitationSpent)) => {
                state("lost", "something else has the device or the invitation; that stays so")
            }
            Some(Standing::Void(_)) => Ok(certificate.id()),
            _ => state("counts_already", "it counts already"),
        }
    }
}
