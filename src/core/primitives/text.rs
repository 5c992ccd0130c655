//! Texts that people type: parsed at the door with one clear line for what is wrong, and escaped on
//! their way to a terminal, since what a peer supplies may hold anything.

use serde::{Deserialize, Serialize};

use super::limits;

/// A field's value can't be taken. Says which field and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct FieldError {
    /// The field, as it is called on the command line and in JSON.
    pub field: &'static str,
    /// What is wrong and what would be right: one line.
    pub problem: String,
}

fn refuse(field: &'static str, problem: impl Into<String>) -> FieldError {
    FieldError { field, problem: problem.into() }
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text as it was typed, without spaces around it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            /// People's data stays out of logs, which show things with `Debug`.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({} bytes)", stringify!($name), self.0.len())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                let parsed = Self::parse(&text).map_err(serde::de::Error::custom)?;
                if parsed.0 == text { Ok(parsed) } else { Err(serde::de::Error::custom("spaces around a text")) }
            }
        }
    };
}

text!(
    /// A person's or an organization's name: 1 to 128 bytes, no control or bidirectional characters.
    Name
);
text!(
    /// An email address: at most 254 bytes, one `@` with something on either side, no spaces.
    Email
);
text!(
    /// A device's label: 1 to 64 bytes, no control or bidirectional characters.
    Label
);

impl Name {
    /// Reads a person's name.
    ///
    /// # Errors
    /// [`FieldError`] of field `name`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        line(text, "name", limits::NAME).map(Self)
    }

    /// Reads an organization's name: the same rules, named as its own field.
    ///
    /// # Errors
    /// [`FieldError`] of field `organization`.
    pub fn parse_organization(text: &str) -> Result<Self, FieldError> {
        line(text, "organization", limits::NAME).map(Self)
    }
}

impl Label {
    /// Reads a device's label.
    ///
    /// # Errors
    /// [`FieldError`] of field `device`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        line(text, "device", limits::LABEL).map(Self)
    }
}

impl Email {
    /// Reads an email address. Whether mail arrives there is not ours to know.
    ///
    /// # Errors
    /// [`FieldError`] of field `email`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = line(text, "email", limits::EMAIL)?;
        let wrong =
            |why: &str| Err(refuse("email", format!("'{}' {why}, like ada@example.org", shown(&text))));
        if text.chars().any(|c| c.is_whitespace() || "<>,;:\"()[]\\".contains(c)) {
            return wrong("has a character that no email address has; write it plain");
        }
        match text.split('@').collect::<Vec<_>>()[..] {
            [local, domain] if !local.is_empty() && is_domain(domain) => Ok(Self(text)),
            [_, _] => wrong("needs something on both sides of the @"),
            [_] => wrong("has no @; an email address has one"),
            _ => wrong("has more than one @; an email address has one"),
        }
    }

    /// Whether both reach the same mailbox, as far as case goes (local part and domain case-folded).
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }

    /// The address in lower case: what two addresses are compared by.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

fn is_domain(domain: &str) -> bool {
    !domain.is_empty() && domain.split('.').all(|part| !part.is_empty())
}

fn line(text: &str, field: &'static str, longest: usize) -> Result<String, FieldError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(refuse(field, "is empty; it needs at least one character"));
    }
    if text.len() > longest {
        return Err(refuse(field, format!("is {} bytes long; at most {longest} are", text.len())));
    }
    match text.chars().find(|c| is_unprintable(*c)) {
        Some(c) => Err(refuse(
            field,
            format!("has the character U+{:04X}, which can't be shown; leave it out", u32::from(c)),
        )),
        None => Ok(text.to_owned()),
    }
}

/// Control, line-end and bidirectional characters: they change how the rest of a line reads.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{061c}' | '\u{200e}' | '\u{200f}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters that are invisible or join others: allowed in names, never shown raw.
fn is_format(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// `text` with control, format, bidirectional and line-end characters written out as `\u{…}`: safe to
/// print on a terminal whatever a peer put into it.
#[must_use]
pub fn shown(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if is_unprintable(c) || is_format(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
        out
    })
}
