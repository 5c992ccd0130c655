//! Who may do what to whom, by profile and state (R2): asked by the verdict of a certificate's own past, and by a
//! person before anything is signed.

use super::profile::Profile;
use super::refused::Refused;
use crate::core::primitives::ids::UserId;

/// A user who is in, as far as rights go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rights {
    pub(super) id: UserId,
    pub(super) profile: Profile,
    pub(super) active: bool,
}

/// R2.2: whether this user may do what takes an Administrator.
pub(super) fn may_administer(author: Option<Rights>) -> Result<(), Refused> {
    let author = author.ok_or(Refused::StrangerAuthor)?;
    match (author.active, author.profile) {
        (true, Profile::Administrator) => Ok(()),
        (true, _) => Err(Refused::NotAdministrator),
        (false, _) => Err(Refused::AuthorRevoked),
    }
}

/// R2.6, R2.7: whether the target can be removed or changed at all.
pub(super) fn may_change(author: &UserId, target: Option<Rights>) -> Result<Rights, Refused> {
    let target = target.ok_or(Refused::UnknownUser)?;
    if target.id == *author {
        return Err(Refused::OnSelf);
    }
    if target.active { Ok(target) } else { Err(Refused::AlreadyRevoked) }
}

/// R2.6
pub(super) fn may_set_profile(
    author: &UserId,
    target: Option<Rights>,
    profile: Profile,
) -> Result<Rights, Refused> {
    let target = may_change(author, target)?;
    if target.profile == profile {
        return Err(Refused::SameAsNow);
    }
    match [target.profile, profile].contains(&Profile::External) {
        true => Err(Refused::FromOrToExternal),
        false => Ok(target),
    }
}
