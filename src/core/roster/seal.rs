//! Seals and openings (R3): names, emails and labels stay out of certificates.
//!
//! A certificate holds a seal: a digest over the value and 32 random bytes. Who may see the value is given the
//! opening beside the certificate, and checks it against the seal. So everybody holds the same certificates,
//! and who holds no opening holds no name. No rule of validity reads an opening.

use serde::{Deserialize, Serialize};

use crate::core::primitives::digest::{derive, label};
use crate::core::primitives::ids::{OrganizationId, Seal, UserId};
use crate::core::primitives::text::{Email, FieldError, Label, Name};

/// What a seal is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Field {
    /// The organization's name; its user is the founder.
    OrganizationName,
    /// A person's name.
    Name,
    /// A person's email address.
    Email,
    /// The label of one of a person's devices.
    Label,
}

/// A value with the salt that was drawn for it: what opens a seal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Whose field.
    pub user: UserId,
    /// Which field.
    pub field: Field,
    /// Drawn for this value alone, so that nobody can try likely names against a seal.
    pub salt: [u8; 32],
    /// What was typed.
    pub value: String,
}

impl Opening {
    /// An opening for a value that somebody typed.
    ///
    /// # Errors
    /// [`FieldError`] where the value isn't one that this field takes.
    pub fn new(user: UserId, field: Field, value: &str, salt: [u8; 32]) -> Result<Self, FieldError> {
        Ok(Self { user, field, salt, value: parsed(field, value)? })
    }

    /// The seal that goes into a certificate of `organization`; in Found that is
    /// [`OrganizationId::NONE`], since the organization's id is the digest of Found itself.
    #[must_use]
    pub fn seal(&self, organization: OrganizationId) -> Seal {
        let field = [self.field as u8];
        Seal(derive(label::SEAL, &[&self.salt, &organization.0, &self.user.0, &field, self.value.as_bytes()]))
    }

    /// Whether this opens `seal`, with a value within the limits of its field.
    #[must_use]
    pub fn opens(&self, organization: OrganizationId, seal: &Seal) -> bool {
        parsed(self.field, &self.value).is_ok_and(|value| value == self.value)
            && self.seal(organization) == *seal
    }
}

impl std::fmt::Debug for Opening {
    /// Neither the value, which is somebody's data, nor the salt, which guards it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opening({:?} of {})", self.field, self.user.short())
    }
}

fn parsed(field: Field, value: &str) -> Result<String, FieldError> {
    Ok(match field {
        Field::OrganizationName => Name::parse_organization(value)?.as_str().to_owned(),
        Field::Name => Name::parse(value)?.as_str().to_owned(),
        Field::Email => Email::parse(value)?.as_str().to_owned(),
        Field::Label => Label::parse(value)?.as_str().to_owned(),
    })
}
