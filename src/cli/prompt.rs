//! Reading answers: one line of standard input when one is asked for. For a program also one before, to see the end.
//!
//! Lines are read cooked, by the terminal's own editor: that works over every connection and with every
//! reader of screens, and leaves nothing to restore when a prompt is given up because the other side left.

use std::io::{self, BufRead, Read};
use std::sync::mpsc as std_mpsc;

use tokio::sync::mpsc;

use super::screen::say;
use crate::control::data::shown;

/// The longest line that is taken, in bytes. What is longer is cut, and then refused by the daemon.
const LONGEST_LINE: u64 = 64 * 1024;

/// Standard input, line by line.
pub(super) struct Lines {
    wanted: std_mpsc::Sender<()>,
    read: mpsc::Receiver<Option<String>>,
    outstanding: bool,
    /// What was read before anybody asked for it: a line, or the end of input.
    ahead: Option<Option<String>>,
}

impl Lines {
    pub(super) fn new() -> Self {
        let (wanted, wants) = std_mpsc::channel();
        let (reading, read) = mpsc::channel(1);
        // A thread of its own: a read of a terminal can't be given up, only left behind.
        std::thread::spawn(move || {
            while wants.recv().is_ok() {
                if reading.blocking_send(read_line()).is_err() {
                    return;
                }
            }
        });
        Self { wanted, read, outstanding: false, ahead: None }
    }

    /// The next line; none at the end of input. Given up and called again, it goes on waiting for the same.
    pub(super) async fn next(&mut self) -> Option<String> {
        match self.ahead.take() {
            Some(line) => line,
            None => self.receive().await,
        }
    }

    /// Waits for the end of input. A line that comes before it is kept for who asks next.
    pub(super) async fn end(&mut self) {
        if self.ahead.is_none() {
            self.ahead = Some(self.receive().await);
        }
        if self.ahead != Some(None) {
            std::future::pending().await
        }
    }

    async fn receive(&mut self) -> Option<String> {
        if !self.outstanding {
            self.wanted.send(()).ok()?;
            self.outstanding = true;
        }
        let line = self.read.recv().await?;
        self.outstanding = false;
        line
    }

    /// Asks until something is typed; Enter alone takes the default. None at the end of input.
    pub(super) async fn ask(&mut self, question: &str, default: Option<&str>) -> Option<String> {
        loop {
            match default {
                Some(default) => say(format_args!("{question} [{}]: ", shown(default))),
                None => say(format_args!("{question}: ")),
            }
            let line = self.next().await?;
            match (line.trim(), default) {
                ("", Some(default)) => return Some(default.to_owned()),
                ("", None) => {}
                (typed, _) => return Some(typed.to_owned()),
            }
        }
    }

    /// Asks for one of a few words; any unique beginning will do.
    pub(super) async fn choose<'a>(&mut self, question: &str, words: &[&'a str]) -> Option<&'a str> {
        loop {
            let typed = self.ask(&format!("{question} ({})", words.join(", ")), None).await?;
            let typed = typed.to_ascii_lowercase();
            let mut fitting = words.iter().filter(|word| word.starts_with(&typed));
            match (fitting.next(), fitting.next()) {
                (Some(word), None) => return Some(word),
                _ => say("please type one of these words\n"),
            }
        }
    }

    /// A yes or no; Enter alone is no.
    pub(super) async fn confirm(&mut self, question: &str) -> Option<bool> {
        loop {
            let typed = self.ask(&format!("{question} (y/n)"), Some("n")).await?;
            match typed.to_ascii_lowercase().as_str() {
                "y" | "yes" => return Some(true),
                "n" | "no" => return Some(false),
                _ => say("please type y or n\n"),
            }
        }
    }
}

fn read_line() -> Option<String> {
    let mut bytes = Vec::new();
    match io::stdin().lock().take(LONGEST_LINE).read_until(b'\n', &mut bytes) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned()),
    }
}
