//! How a command fails: one line on standard error, a hint on the second where the person can do something,
//! the exit code, and for programs the same as an object.

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use serde::Serialize;

use super::screen::{Screen, say};
use crate::control::data::{Class, Refusal, shown};

/// Mixed: the output says for each item what became of it.
pub(super) const MIXED: u8 = 8;

/// Why a command didn't do what was asked.
#[derive(Debug)]
pub(super) struct Failure {
    exit: u8,
    error: ErrorObject,
    hint: Option<String>,
    /// A result, or `ended`, is on standard output already.
    answered: bool,
    /// There is nobody left to tell: the reader of a pipe went away.
    silent: bool,
}

/// What programs get.
#[derive(Debug, Serialize)]
struct ErrorObject {
    code: String,
    message: String,
    field: Option<String>,
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    error: &'a ErrorObject,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let Refusal { class, code, message, field, hint } = refusal;
        let error = ErrorObject { code, message, field };
        Self { exit: class.exit_code(), error, hint, answered: false, silent: false }
    }
}

impl Failure {
    /// The command line, or a value in it, is wrong.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Refusal::new(Class::Usage, "usage", message).into()
    }

    /// For a reason that no other exit code names.
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Refusal::new(Class::Failed, "failed", message).into()
    }

    /// The result is printed and says more; this is its summary.
    pub(super) fn answered(exit: u8, code: &str, message: impl Into<String>) -> Self {
        let mut failure = Self::from(Refusal::new(Class::Failed, code, message));
        failure.exit = exit;
        failure.after_output()
    }

    /// Something is on standard output already, so no object follows it.
    pub(super) fn after_output(mut self) -> Self {
        self.answered = true;
        self
    }

    /// Standard output can't be written to.
    pub(super) fn output(error: &io::Error) -> Self {
        let mut failure = Self::failed(format!("standard output: {error}"));
        failure.answered = true;
        failure.silent = error.kind() == io::ErrorKind::BrokenPipe;
        failure
    }

    /// With what the person can do.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says it, and gives the exit code.
    pub(super) fn tell(&self, screen: &Screen) -> ExitCode {
        if screen.json && !self.answered {
            // If not even this can be written, the line on standard error is left.
            let _ = super::screen::json(&ErrorDocument { error: &self.error })
                .and_then(|object| screen.line(&object));
        }
        self.tell_person("muster", screen.talks())
    }

    fn tell_person(&self, program: &str, with_hint: bool) -> ExitCode {
        if !self.silent {
            // Escaped, so that it is one line whatever a value in it holds.
            say(format_args!("{program}: {}\n", shown(&self.error.message)));
            if let Some(hint) = self.hint.as_deref().filter(|_| with_hint) {
                say(format_args!("hint: {}\n", shown(hint)));
            }
        }
        ExitCode::from(self.exit)
    }
}

/// What clap says of a bad command line of this program, in our form; and its help, which is no failure.
pub(super) fn of_command_line(program: &str, error: &clap::Error, as_json: bool) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let failure = describe(program, error);
    if as_json {
        use std::io::Write;
        if let Ok(object) = super::screen::json(&ErrorDocument { error: &failure.error }) {
            let _ = writeln!(io::stdout(), "{object}");
        }
    }
    failure.tell_person(program, true)
}

/// The command line didn't parse, so it is looked through for the one thing that matters here.
pub(super) fn wants_json(words: &[OsString]) -> bool {
    let texts: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let pairs = texts.iter().zip(texts.iter().skip(1));
    let said = texts
        .iter()
        .filter_map(|word| word.strip_prefix("--format="))
        .chain(pairs.filter(|(flag, _)| *flag == "--format").map(|(_, value)| &**value))
        .next_back();
    match said {
        Some(format) => format == "json",
        None => std::env::var_os("MUSTER_FORMAT").is_some_and(|format| format == "json"),
    }
}

fn describe(program: &str, error: &clap::Error) -> Failure {
    let get = |kind| error.get(kind).map(in_words).filter(|text| !text.is_empty());
    let argument = get(ContextKind::InvalidArg).unwrap_or_else(|| "command line".to_owned());
    let value = get(ContextKind::InvalidValue);
    let (what, why) = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            (get(ContextKind::InvalidSubcommand).unwrap_or(argument), "there is no such command".to_owned())
        }
        ErrorKind::UnknownArgument => (argument, "nothing like that goes here".to_owned()),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            ("command line".to_owned(), "it names no command".to_owned())
        }
        ErrorKind::MissingRequiredArgument => ("command line".to_owned(), format!("it lacks {argument}")),
        ErrorKind::InvalidValue if value.is_none() => (argument, "a value is missing".to_owned()),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let why = match get(ContextKind::ValidValue) {
                Some(valid) => format!("can't be '{}'; {valid} can", value.unwrap_or_default()),
                None => reason(error),
            };
            (argument, why)
        }
        ErrorKind::ArgumentConflict => {
            let other = get(ContextKind::PriorArg).unwrap_or_else(|| "itself".to_owned());
            (argument, format!("can't be together with {other}"))
        }
        ErrorKind::InvalidUtf8 => (argument, "is not UTF-8".to_owned()),
        _ => (argument, reason(error)),
    };
    let suggestion = get(ContextKind::SuggestedSubcommand).or_else(|| get(ContextKind::SuggestedArg));
    let hint = suggestion
        .map_or(format!("{program} --help says what there is"), |like| format!("did you mean {like}?"));
    Failure::usage(format!("{what}: {why}")).hint(hint)
}

/// The innermost reason: what one of our own parsers of values said.
fn reason(error: &clap::Error) -> String {
    use std::error::Error;
    error.source().map_or_else(|| "can't be taken".to_owned(), |source| masked(&source.to_string()))
}

fn in_words(value: &ContextValue) -> String {
    match value {
        ContextValue::String(text) => masked(text),
        ContextValue::Strings(texts) => texts.iter().map(|text| masked(text)).collect::<Vec<_>>().join(", "),
        ContextValue::StyledStr(text) => masked(&text.to_string()),
        ContextValue::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// A link that stands in the wrong place of a command line is still a secret. What is as long as one
/// might be one that lost its `muster:`.
fn masked(text: &str) -> String {
    const LONGEST_WORD: usize = 60;
    if text.to_ascii_lowercase().contains("muster:") {
        "muster:…".to_owned()
    } else if text.split_whitespace().any(|word| word.len() > LONGEST_WORD) {
        format!("{}…", text.chars().take(8).collect::<String>())
    } else {
        text.to_owned()
    }
}
