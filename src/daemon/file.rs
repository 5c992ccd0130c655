//! The settings as they were written: in the configuration file, with their lines, and in variables. Names are
//! checked here and values are read here; what they mean is decided in `config`.

use std::{collections::BTreeMap, error::Error, fmt::Display, path::PathBuf, str::FromStr};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::environment::Environment;
use crate::core::primitives::text::shown;

/// Every setting, and the variable that says the same.
const SETTINGS: [(&str, &str); 11] = [
    ("data_dir", "MUSTER_DATA_DIR"),
    ("socket", "MUSTER_SOCKET"),
    ("listen", "MUSTER_LISTEN"),
    ("rendezvous.serve", "MUSTER_RENDEZVOUS_SERVE"),
    ("relay.serve", "MUSTER_RELAY_SERVE"),
    ("rendezvous.points", "MUSTER_RENDEZVOUS_POINTS"),
    ("invite.hints", "MUSTER_INVITE_HINTS"),
    ("nat.upnp", "MUSTER_NAT_UPNP"),
    ("nat.announce", "MUSTER_NAT_ANNOUNCE"),
    ("lan.mdns", "MUSTER_LAN_MDNS"),
    ("log.level", "MUSTER_LOG"),
];

/// A setting that can't be taken. One line, safe to print; the program ends with code 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {field}: {why}")]
pub struct WrongSetting {
    /// The file and the line, or the variable.
    pub place: String,
    /// The setting's name.
    pub field: String,
    /// What is wrong with it.
    pub why: String,
}

impl WrongSetting {
    pub(super) fn new(place: &str, field: &str, why: impl Display) -> Self {
        Self { place: shown(place), field: shown(field), why: shown(&why.to_string()) }
    }
}

/// One value as it was written.
#[derive(Debug, Clone)]
pub(super) enum Given {
    /// In a variable: lists are separated by commas.
    Plain(String),
    /// In the file, as text.
    Text(String),
    /// In the file, as a list of texts.
    List(Vec<String>),
    /// In the file, `true` or `false`.
    Flag(bool),
    /// In the file, as something that no setting is.
    Other,
}

/// Everything that was written, by the setting's name, with the place.
pub(super) struct AllGiven(BTreeMap<&'static str, (String, Given)>);

impl AllGiven {
    /// What the file says, and over it what the variables say.
    pub(super) fn read_from(path: &str, text: &str, environment: &Environment) -> Result<Self, WrongSetting> {
        let mut all = Self(BTreeMap::new());
        let file = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            WrongSetting::new(&at_line(path, text, at), &key_at(text, at), first_line(error.message()))
        })?;
        all.take_table(path, text, "", file.get_ref())?;
        for (name, variable) in SETTINGS {
            if let Some(value) = environment.variable(variable) {
                let value =
                    value.to_str().ok_or_else(|| WrongSetting::new(variable, name, "is not UTF-8"))?;
                all.0.insert(name, (variable.to_owned(), Given::Plain(value.to_owned())));
            }
        }
        Ok(all)
    }

    fn take_table(
        &mut self,
        path: &str,
        text: &str,
        above: &str,
        table: &DeTable,
    ) -> Result<(), WrongSetting> {
        for (key, value) in table {
            let name = format!("{above}{}", key.get_ref());
            let place = at_line(path, text, key.span().start);
            let setting = SETTINGS.iter().find(|(known, _)| *known == name);
            let is_section = SETTINGS.iter().any(|(known, _)| known.starts_with(&format!("{name}.")));
            match (setting, value.get_ref()) {
                (Some((known, _)), value) => drop(self.0.insert(known, (place, Given::from(value)))),
                (None, DeValue::Table(inner)) if is_section => {
                    self.take_table(path, text, &format!("{name}."), inner)?;
                }
                (None, _) if is_section => {
                    return Err(WrongSetting::new(&place, &name, format!("is a section: [{name}]")));
                }
                (None, _) => return Err(WrongSetting::new(&place, &name, "there is no such setting")),
            }
        }
        Ok(())
    }

    /// One setting, if it was given.
    pub(super) fn read<T>(
        &self,
        name: &str,
        read: impl Fn(&Given) -> Result<T, String>,
    ) -> Result<Option<T>, WrongSetting> {
        let Some((place, given)) = self.0.get(name) else { return Ok(None) };
        read(given).map(Some).map_err(|why| WrongSetting::new(place, name, why))
    }
}

impl From<&DeValue<'_>> for Given {
    fn from(value: &DeValue<'_>) -> Self {
        let text = |item: &Spanned<DeValue<'_>>| item.get_ref().as_str().map(str::to_owned);
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Boolean(flag) => Self::Flag(*flag),
            DeValue::Array(items) => {
                items.iter().map(text).collect::<Option<_>>().map_or(Self::Other, Self::List)
            }
            _ => Self::Other,
        }
    }
}

impl Given {
    pub(super) fn path(&self) -> Result<PathBuf, String> {
        match self {
            Self::Plain(text) | Self::Text(text) if !text.is_empty() => Ok(PathBuf::from(text)),
            _ => Err("must be a path".to_owned()),
        }
    }

    pub(super) fn flag(&self) -> Result<bool, String> {
        match self {
            Self::Flag(flag) => Ok(*flag),
            Self::Plain(text) if text == "true" => Ok(true),
            Self::Plain(text) if text == "false" => Ok(false),
            _ => Err("must be true or false".to_owned()),
        }
    }

    pub(super) fn word<T: FromStr<Err: Error>>(&self) -> Result<T, String> {
        match self {
            Self::Plain(text) | Self::Text(text) => text.parse().map_err(|error: T::Err| error.to_string()),
            _ => Err("must be a text in quotes".to_owned()),
        }
    }

    pub(super) fn list<T: FromStr<Err: Error>>(&self) -> Result<Vec<T>, String> {
        let items: Vec<&str> = match self {
            Self::Plain(text) => text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect(),
            Self::List(items) => items.iter().map(String::as_str).collect(),
            _ => return Err("must be a list of texts: [\"…\", \"…\"]".to_owned()),
        };
        items.into_iter().map(|item| item.parse().map_err(|error: T::Err| error.to_string())).collect()
    }
}

fn at_line(path: &str, text: &str, at: usize) -> String {
    let line = text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
    format!("{path}:{line}")
}

/// What stands before the equals sign of the line, for errors that don't know it.
fn key_at(text: &str, at: usize) -> String {
    let line_start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    let line = text.get(line_start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    line.split('=').next().unwrap_or_default().trim().chars().take(40).collect()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
