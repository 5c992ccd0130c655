//! Why something asked for isn't done: who is at fault, and what follows.

use serde::{Deserialize, Serialize};

use crate::core::primitives::text::FieldError;

/// Why something asked for isn't done. The class decides the exit code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Whose fault and what follows.
    pub class: Class,
    /// One word in snake_case, for programs.
    pub code: String,
    /// One line for the person: WHAT: WHY.
    pub message: String,
    /// The field that is wrong, where one is.
    pub field: Option<String>,
    /// What the person can do, where there is something.
    pub hint: Option<String>,
}

/// The classes of refusals; each has its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// 1: for a reason that no other class names.
    Failed,
    /// 2: a value is wrong.
    Usage,
    /// 3: the profile does not permit it.
    NotAllowed,
    /// 4: there is no such thing.
    NotFound,
    /// 5: the state forbids it.
    State,
    /// 6: the daemon or the other device can't be reached.
    Unreachable,
    /// 7: a greeting ended without trust.
    Untrusted,
}

impl Class {
    /// The exit code of the contract.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotAllowed => 3,
            Self::NotFound => 4,
            Self::State => 5,
            Self::Unreachable => 6,
            Self::Untrusted => 7,
        }
    }
}

impl Refusal {
    /// A refusal without field and hint.
    #[must_use]
    pub fn new(class: Class, code: &str, message: impl Into<String>) -> Self {
        Self { class, code: code.to_owned(), message: message.into(), field: None, hint: None }
    }

    /// With what the person can do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Self {
        Self {
            class: Class::Usage,
            code: "bad_value".to_owned(),
            message: format!("{}: {}", error.field, error.problem),
            field: Some(error.field.to_owned()),
            hint: None,
        }
    }
}
