//! Where words go: data to standard output, all else to standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use super::args::{Color, Format, Global};
use super::failure::Failure;

/// How this run speaks.
pub(super) struct Screen {
    /// JSON for programs, else text for people.
    pub(super) json: bool,
    /// Confirmations were given on the command line.
    pub(super) yes: bool,
    /// Ids in full.
    pub(super) verbose: bool,
    quiet: bool,
    /// A person can be asked: text, and both ends of the conversation are a terminal.
    pub(super) interactive: bool,
    /// Standard output is a terminal.
    pub(super) out_is_terminal: bool,
}

impl Screen {
    pub(super) fn new(global: &Global) -> Self {
        match global.color {
            // The console crate asks the terminal, NO_COLOR and CLICOLOR by itself.
            Color::Auto => {}
            Color::Always => set_colors(true),
            Color::Never => set_colors(false),
        }
        let json = global.format == Format::Json;
        Self {
            json,
            yes: global.yes,
            verbose: global.verbose,
            quiet: global.quiet,
            interactive: !json && io::stdin().is_terminal() && io::stderr().is_terminal(),
            out_is_terminal: io::stdout().is_terminal(),
        }
    }

    /// The one answer: as a JSON document, or as the text that `render` makes.
    pub(super) fn answer<T: Serialize>(
        &self,
        value: &T,
        render: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        if self.json { self.line(&json(value)?) } else { self.data(&render(value)) }
    }

    /// One line of data.
    pub(super) fn line(&self, text: &str) -> Result<(), Failure> {
        self.data(&format!("{text}\n"))
    }

    /// Data, with its line ends.
    pub(super) fn data(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| Failure::output(&error))
    }

    /// A link as a QR code: data for people; beside JSON it is for whoever looks at the terminal.
    pub(super) fn qr(&self, link: &str) -> Result<(), Failure> {
        let colours = if self.json { console::colors_enabled_stderr() } else { console::colors_enabled() };
        match super::qr::draw(link, super::qr::terminal_has_unicode(), colours) {
            Some(code) if self.json => say(&code),
            Some(code) => self.data(&code)?,
            None => say("The link is too long for a QR code.\n"),
        }
        Ok(())
    }

    /// Progress or a hint: a line for people who didn't ask for quiet.
    pub(super) fn note(&self, text: impl Display) {
        if !self.quiet {
            say(format_args!("{text}\n"));
        }
    }

    /// Whether progress and hints are wanted.
    pub(super) fn talks(&self) -> bool {
        !self.quiet
    }
}

/// Writes to standard error. That it is closed is no reason to stop.
pub(super) fn say(text: impl Display) {
    let mut err = io::stderr().lock();
    let _ = write!(err, "{text}");
    let _ = err.flush();
}

pub(super) fn json<T: Serialize>(value: &T) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::failed(format!("output: {error}")))
}

fn set_colors(on: bool) {
    console::set_colors_enabled(on);
    console::set_colors_enabled_stderr(on);
}
