//! Signing certificates of one's own: filled in from what is held, judged by their own past before anybody
//! else sees them. Nothing here adds what it signs.

use std::borrow::Cow;

use super::body::{Acknowledge, Body, Cut, Found, Revoke, SetProfile};
use super::certificate::{Certificate, SignedCertificate, VERSION, VerifiedCertificate};
use super::graph::Graph;
use super::history::History;
use super::profile::Profile;
use super::refused::Refused;
use super::state::State;
use super::verdict::{self, Past};
use crate::core::primitives::ids::{CertificateId, DeviceId, OrganizationId, UserId};
use crate::core::primitives::keys::DeviceKey;
use crate::core::primitives::limits;
use crate::core::primitives::time::Moment;

impl History {
    /// The founding certificate of an organization, whose id it gives:
    /// `History::new(found.id().into())` takes it in.
    ///
    /// # Errors
    /// [`Refused`] where `found` isn't about the device of `key`, or a key isn't sound.
    pub fn found(key: &DeviceKey, found: Found, now: Moment) -> Result<VerifiedCertificate, Refused> {
        let body = Body::Found(found);
        let certificate = Certificate {
            version: VERSION,
            organization: OrganizationId::NONE,
            device: key.device(),
            seq: 0,
            prev: CertificateId::NONE,
            auth: CertificateId::NONE,
            parents: Vec::new(),
            generation: 0,
            time: now,
            kind: body.kind(),
            body: body.encode(),
        };
        let certificate = SignedCertificate::sign(certificate, key).in_form()?;
        Self::new(certificate.id().into()).judge(&certificate)?;
        Ok(certificate)
    }

    /// Signs `body` on top of all that is held. Where more heads are held than a certificate can name, they
    /// have to be [tied](History::tie) first.
    ///
    /// # Errors
    /// [`Refused`] where the author may not say this.
    pub fn author(&self, key: &DeviceKey, body: Body, now: Moment) -> Result<VerifiedCertificate, Refused> {
        if self.live.heads.len() > limits::PARENTS {
            return Err(Refused::TooManyHeads);
        }
        self.everything().author(key, body, now)
    }

    /// Where more heads are held than one certificate can name: an empty Acknowledge that ties some of them.
    /// `while let Some(tie) = history.tie(key, now)? { history.add(tie)?; }` leaves few enough.
    ///
    /// # Errors
    /// [`Refused`] where the author may say nothing.
    pub fn tie(&self, key: &DeviceKey, now: Moment) -> Result<Option<VerifiedCertificate>, Refused> {
        if self.live.heads.len() <= limits::PARENTS {
            return Ok(None);
        }
        let mut some = self.heads_upon(self.own_end(&key.device())?);
        some.truncate(limits::PARENTS);
        let body = Body::Acknowledge(Acknowledge { removals: Vec::new() });
        self.as_of(&some)?.author(key, body, now).map(Some)
    }

    /// A Revoke of this user, with its cut.
    #[must_use]
    pub fn revocation(&self, user: &UserId) -> Body {
        self.everything().revocation(user)
    }

    /// A SetProfile of this user, with its cut where it takes Administrator away.
    #[must_use]
    pub fn profile_change(&self, user: &UserId, profile: Profile) -> Body {
        self.everything().profile_change(user, profile)
    }

    fn everything(&self) -> AsOf<'_> {
        AsOf { graph: &self.graph, parents: self.heads(), past: Cow::Borrowed(&self.live) }
    }

    /// What was known to somebody who had seen these certificates with their ancestors, and nothing else.
    ///
    /// # Errors
    /// [`Refused::ParentsNotHeads`] where one of them is an ancestor of another.
    pub fn as_of(&self, parents: &[CertificateId]) -> Result<AsOf<'_>, Refused> {
        let mut parents = parents.to_vec();
        parents.sort_unstable();
        let past = self.past(&parents)?;
        Ok(AsOf { graph: &self.graph, parents, past })
    }

    /// The last certificate of a device, or what let it in where it hasn't signed anything.
    fn own_end(&self, device: &DeviceId) -> Result<CertificateId, Refused> {
        let introduction = self.roster().device(device).ok_or(Refused::StrangerAuthor)?.added;
        Ok(self.live.chain_ends(&self.graph, device).next().map_or(introduction, |(_, end)| end))
    }

    /// All heads, those first that have `ancestor` in their past (or are it): a tie has to follow its
    /// author's own chain.
    fn heads_upon(&self, ancestor: CertificateId) -> Vec<CertificateId> {
        let mut upon = std::collections::HashSet::from([ancestor]);
        for certificate in self.in_causal_order() {
            if certificate.certificate().parents.iter().any(|parent| upon.contains(parent)) {
                upon.insert(certificate.id());
            }
        }
        let mut heads = self.heads();
        heads.sort_by_key(|head| !upon.contains(head));
        heads
    }
}

/// A causally closed part of what is held, as somebody knew it: what they might have said.
#[derive(Debug)]
pub struct AsOf<'a> {
    pub(super) graph: &'a Graph,
    parents: Vec<CertificateId>,
    pub(super) past: Cow<'a, State>,
}

impl AsOf<'_> {
    /// Signs `body` on top of this part.
    ///
    /// # Errors
    /// [`Refused`] where the author may not say this.
    pub fn author(&self, key: &DeviceKey, body: Body, now: Moment) -> Result<VerifiedCertificate, Refused> {
        let certificate = self.draft(&key.device(), &body, now)?;
        let certificate = SignedCertificate::sign(certificate, key).in_form()?;
        verdict::judge(&certificate, Past { graph: self.graph, state: &self.past })?;
        Ok(certificate)
    }

    /// A Revoke of this user, with its cut.
    #[must_use]
    pub fn revocation(&self, user: &UserId) -> Body {
        Body::Revoke(Revoke { user: *user, cut: self.cut(user) })
    }

    /// A SetProfile of this user, with its cut where it takes Administrator away.
    #[must_use]
    pub fn profile_change(&self, user: &UserId, profile: Profile) -> Body {
        let now = self.graph.user(user).and_then(|user| self.past.profile(self.graph, user));
        let cut = (now == Some(Profile::Administrator)).then(|| self.cut(user));
        Body::SetProfile(SetProfile { user: *user, profile, cut })
    }

    fn cut(&self, user: &UserId) -> Cut {
        let user = self.graph.user(user);
        user.map_or(Cut(Vec::new()), |user| self.past.cut(self.graph, user))
    }

    fn draft(&self, device: &DeviceId, body: &Body, now: Moment) -> Result<Certificate, Refused> {
        let (graph, past) = (self.graph, &self.past);
        let introduction = past.introduction(graph, device).ok_or(Refused::StrangerAuthor)?;
        let auth = past.acts_under(graph, graph.owner(introduction));
        // Of a chain that forked (a device restored from a backup), the longest end is followed.
        let last = past.chain_ends(graph, device).next();
        let parents = self.parents.iter().filter_map(|parent| graph.ix(parent));
        let highest = parents.map(|parent| graph.node(parent).place().0).max();
        Ok(Certificate {
            version: VERSION,
            organization: graph.organization,
            device: *device,
            seq: last.map_or(0, |(seq, _)| seq.saturating_add(1)),
            prev: last.map_or(CertificateId::NONE, |(_, end)| end),
            auth: auth.map_or(CertificateId::NONE, |auth| graph.id(auth)),
            generation: highest.map_or(0, |highest| highest.saturating_add(1)),
            parents: self.parents.clone(),
            time: now,
            kind: body.kind(),
            body: body.encode(),
        })
    }
}
