//! Pass 2: everything in causal order, under the cuts that pass 1 put in effect (R4.4, R4.5).

use super::removals::Removals;
use super::set::{Place, Set};
use crate::core::primitives::kind::Kind;
use crate::core::primitives::limits;
use crate::core::roster::body::{Body, SetProfile};
use crate::core::roster::refused::{Standing, Void};
use crate::core::roster::resolution::{Held, Resolution};

/// The rules, in order: the first that strikes is the reason.
const RULES: [fn(&Case) -> Option<Void>; 9] = [
    the_author_is_in,
    the_grant_counts,
    it_lies_within_the_cuts,
    a_revoke_beats_any_grant,
    the_lesser_right_wins,
    a_device_comes_in_once,
    an_invitation_admits_one_guest,
    devices_are_limited,
    only_known_kinds_count,
];

/// Resolves the set under these removals; one that isn't decided yet has no effect.
pub(super) fn pass(set: &Set, removals: &Removals) -> Resolution {
    let mut so_far = Resolution::empty(set.organization);
    for place in 0..set.held.len() {
        let case = Case { set, removals, so_far: &so_far, place };
        let standing = case.standing();
        so_far.take(set.held[place], standing);
    }
    so_far
}

struct Case<'a> {
    set: &'a Set<'a>,
    removals: &'a Removals,
    so_far: &'a Resolution,
    place: Place,
}

impl Case<'_> {
    fn standing(&self) -> Standing {
        if self.held().body().removal().is_some() {
            return self.removals.decided[self.place].unwrap_or(Standing::Void(Void::LastAdministrator));
        }
        let void = RULES.iter().find_map(|rule| rule(self));
        void.map_or(Standing::Effective, Standing::Void)
    }

    fn held(&self) -> &Held {
        self.set.held[self.place]
    }

    fn counts(&self, place: Place) -> bool {
        self.so_far.counts(&self.set.held[place].id())
    }

    fn promotion(&self) -> Option<&SetProfile> {
        match self.held().body() {
            Body::SetProfile(body) if body.cut.is_none() => Some(body),
            _ => None,
        }
    }
}

fn the_author_is_in(case: &Case) -> Option<Void> {
    let introduction = case.set.introduction[case.place]?;
    (!case.counts(introduction)).then_some(Void::AuthorNotIn)
}

fn the_grant_counts(case: &Case) -> Option<Void> {
    let grant = case.set.grant[case.place]?;
    (!case.counts(grant)).then_some(Void::GrantNotCounting)
}

fn it_lies_within_the_cuts(case: &Case) -> Option<Void> {
    case.removals.beyond[case.place].map(Void::BeyondCut)
}

fn a_revoke_beats_any_grant(case: &Case) -> Option<Void> {
    let target = &case.promotion()?.user;
    if case.so_far.roster.user(target).is_none() {
        return Some(Void::TargetNotIn);
    }
    let revoke = *case.removals.revoked.get(target)?;
    (!case.set.is_ancestor(case.place, revoke)).then_some(Void::TargetRevoked)
}

fn the_lesser_right_wins(case: &Case) -> Option<Void> {
    let demotions = case.removals.demotions.get(&case.promotion()?.user)?;
    let concurrent = |demotion: &Place| {
        !case.set.is_ancestor(*demotion, case.place) && !case.set.is_ancestor(case.place, *demotion)
    };
    demotions.iter().any(concurrent).then_some(Void::LesserRightWins)
}

fn a_device_comes_in_once(case: &Case) -> Option<Void> {
    let device = match case.held().body() {
        Body::Enroll(body) => body.device,
        Body::AddDevice(body) => body.device,
        _ => return None,
    };
    // A user's id is derived from their first device, so that this holds for users as well.
    case.so_far.roster.user_of(&device).is_some().then_some(Void::DeviceTaken)
}

fn an_invitation_admits_one_guest(case: &Case) -> Option<Void> {
    match case.held().body() {
        Body::Enroll(body) if body.kind == Kind::User => {
            case.so_far.admitted(case.held().device(), body.invitation).then_some(Void::InvitationSpent)
        }
        _ => None,
    }
}

fn devices_are_limited(case: &Case) -> Option<Void> {
    let Body::AddDevice(_) = case.held().body() else { return None };
    let devices = case.so_far.roster.user(&case.held().author)?.devices.len();
    (devices >= limits::DEVICES_PER_USER).then_some(Void::TooManyDevices)
}

fn only_known_kinds_count(case: &Case) -> Option<Void> {
    matches!(case.held().body(), Body::Unknown { .. }).then_some(Void::UnknownKind)
}
