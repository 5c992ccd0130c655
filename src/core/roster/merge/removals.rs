//! Pass 1: which removals take effect, and what their cuts void (R4.2, R4.3).

use std::collections::HashMap;

use super::rest;
use super::set::{Place, Set};
use crate::core::primitives::ids::{CertificateId, UserId};
use crate::core::roster::body::Body;
use crate::core::roster::refused::{Standing, Void};

/// What the removals came to.
pub(super) struct Removals {
    /// Of each removal that was looked at.
    pub(super) decided: Vec<Option<Standing>>,
    /// What lies beyond the cut of a removal in effect, and of which.
    pub(super) beyond: Vec<Option<CertificateId>>,
    /// What falls with something that lies beyond a cut.
    fallen: Vec<Option<Void>>,
    /// The Revoke in effect on each user.
    pub(super) revoked: HashMap<UserId, Place>,
    /// The demotions in effect on each user.
    pub(super) demotions: HashMap<UserId, Vec<Place>>,
}

/// Takes the removals in causal order. What takes effect stays in effect, whatever befalls its author later
/// in the order: that is what the order is for.
pub(super) fn pass(set: &Set) -> Removals {
    let mut removals = Removals {
        decided: vec![None; set.held.len()],
        beyond: vec![None; set.held.len()],
        fallen: vec![None; set.held.len()],
        revoked: HashMap::new(),
        demotions: HashMap::new(),
    };
    for place in 0..set.held.len() {
        if set.held[place].body().removal().is_some() {
            removals.decide(set, place);
        }
    }
    removals
}

impl Removals {
    fn decide(&mut self, set: &Set, removal: Place) {
        let void = self
            .author_fell(removal)
            .or_else(|| self.author_lost_out(set, removal))
            .or_else(|| self.target_is_revoked(set, removal));
        self.decided[removal] = Some(match void {
            Some(void) => Standing::Void(void),
            None => self.take_effect_unless_nobody_remains(set, removal),
        });
    }

    /// Its author was removed by an earlier one, or came in by somebody who was.
    fn author_fell(&self, removal: Place) -> Option<Void> {
        self.beyond[removal].map(Void::BeyondCut).or(self.fallen[removal])
    }

    /// Where something that holds its author up competes with another certificate, pass 2 knows who won.
    fn author_lost_out(&self, set: &Set, removal: Place) -> Option<Void> {
        if !set.contested[removal] {
            return None;
        }
        let so_far = rest::pass(set, self);
        let fell =
            |pillar: Option<Place>| pillar.is_some_and(|pillar| !so_far.counts(&set.held[pillar].id()));
        if fell(set.introduction[removal]) {
            return Some(Void::AuthorNotIn);
        }
        fell(set.grant[removal]).then_some(Void::GrantNotCounting)
    }

    fn target_is_revoked(&self, set: &Set, removal: Place) -> Option<Void> {
        let (target, _) = set.held[removal].body().removal()?;
        self.revoked.contains_key(&target).then_some(Void::TargetRevoked)
    }

    /// The author isn't the target, and so remains as an Administrator, unless the cut undoes the author too,
    /// or nobody knows before pass 2 whether the author counts. Only then is it worth counting.
    fn take_effect_unless_nobody_remains(&mut self, set: &Set, removal: Place) -> Standing {
        self.decided[removal] = Some(Standing::Effective);
        let undone = self.take_effect(set, removal);
        let pillars = [set.introduction[removal], set.grant[removal]];
        let author_fell = pillars.into_iter().flatten().any(|pillar| self.author_fell(pillar).is_some());
        let doubtful = author_fell || set.contested[removal];
        if doubtful && rest::pass(set, self).roster.active_administrators().next().is_none() {
            self.take_back(set, removal, &undone);
            return Standing::Void(Void::LastAdministrator);
        }
        Standing::Effective
    }

    /// Puts the cut in effect: what lies beyond it is void, and what that held up falls. Removals that were
    /// decided stay as they are. Gives what it changed.
    fn take_effect(&mut self, set: &Set, removal: Place) -> Vec<Place> {
        let Some((target, cut)) = set.held[removal].body().removal() else { return Vec::new() };
        match set.held[removal].body() {
            Body::Revoke(_) => drop(self.revoked.insert(target, removal)),
            _ => self.demotions.entry(target).or_default().push(removal),
        }
        let within = set.within(cut);
        let beyond = |place: &Place| !within.contains(place) && self.reaches(set, removal, *place);
        let mut changed: Vec<Place> = set.by(&target).iter().copied().filter(beyond).collect();
        changed.iter().for_each(|place| self.beyond[*place] = Some(set.held[removal].id()));
        let mut next = 0;
        while let Some(&pillar) = changed.get(next) {
            next += 1;
            for &place in &set.dependents[pillar] {
                if self.author_fell(place).is_none() {
                    let lost_introduction = set.introduction[place] == Some(pillar);
                    let void = if lost_introduction { Void::AuthorNotIn } else { Void::GrantNotCounting };
                    self.fallen[place] = Some(void);
                    changed.push(place);
                }
            }
        }
        changed
    }

    /// Of a revoked user everything; of a demoted one what needed Administrator, under grants that don't
    /// have the demotion in their past.
    fn reaches(&self, set: &Set, removal: Place, place: Place) -> bool {
        if self.author_fell(place).is_some() {
            return false;
        }
        match (set.held[removal].body(), set.grant[place]) {
            (Body::Revoke(_), _) => true,
            (_, Some(grant)) => !set.is_ancestor(removal, grant),
            (_, None) => false,
        }
    }

    fn take_back(&mut self, set: &Set, removal: Place, undone: &[Place]) {
        for &place in undone {
            self.beyond[place] = None;
            self.fallen[place] = None;
        }
        let Some((target, _)) = set.held[removal].body().removal() else { return };
        match set.held[removal].body() {
            Body::Revoke(_) => drop(self.revoked.remove(&target)),
            _ => drop(self.demotions.get_mut(&target).and_then(Vec::pop)),
        }
    }
}
