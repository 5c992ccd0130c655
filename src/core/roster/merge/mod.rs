//! The merge: what a set of certificates adds up to, concurrent ones included (R4). A function of the set.
//!
//! ```text
//!   pass 1  removals, in causal order      its author stands · its target isn't revoked · an Administrator
//!             (removals.rs)                remains → its cut is in effect at once, and later ones see it
//!   pass 2  everything, in causal order    the author is in · the grant counts · within the cuts · a Revoke
//!             (rest.rs)                    beats any grant · the lesser right wins · once in · one guest · …
//! ```
//!
//! Causal order is the order of (generation, id): ancestors come first, and everybody sorts alike.
//!
//! Not here: rank, witnesses, settled removals, the effect of adoption. This merge treats all
//! Administrators alike, so that who forges a low generation comes first (R4.8).

mod removals;
mod rest;
mod set;

use super::resolution::{Held, Resolution};
use crate::core::primitives::ids::OrganizationId;

/// Resolves a causally closed set, given in causal order.
pub(super) fn resolve<'a>(
    organization: OrganizationId,
    held: impl IntoIterator<Item = &'a Held>,
) -> Resolution {
    let set = set::Set::of(organization, held.into_iter().collect());
    let removals = removals::pass(&set);
    rest::pass(&set, &removals)
}
