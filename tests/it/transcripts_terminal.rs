//! One command at a terminal of its own, as a person sees it: lines, the last of them perhaps a question that stands
//! there unfinished. What turns while the other side is awaited isn't looked at: it comes and goes.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    bytes: Receiver<Vec<u8>>,
    raw: Vec<u8>,
    over: bool,
    /// How many lines were looked at.
    pub(crate) read: usize,
}

impl Terminal {
    /// Runs `words` in the shell's place, since a shell that waited for them would end by Ctrl-C itself; and with Ctrl-C as at
    /// any terminal, though the tests may have been started in the background, where it is ignored.
    pub(crate) fn run(words: &[String]) -> Self {
        let quoted: Vec<String> =
            words.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''"))).collect();
        let mut child = Command::new("script")
            .args(["-qec", &format!("exec env --default-signal=INT {}", quoted.join(" ")), "/dev/null"])
            .env_remove("MUSTER_SOCKET")
            .env("TERM", "xterm")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script, of util-linux, gives a command a terminal");
        let (keyboard, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (tell, bytes) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = screen.read(&mut buffer) {
                if tell.send(buffer[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, keyboard, bytes, raw: Vec::new(), over: false, read: 0 }
    }

    /// The lines that weren't looked at yet, and whether the last of them may still grow.
    pub(crate) fn unread(&self) -> (Vec<String>, bool) {
        let mut lines = shown(&String::from_utf8_lossy(&self.raw));
        let grows = !self.over;
        if lines.last().is_some_and(String::is_empty) {
            lines.pop();
            let unread = lines.split_off(self.read.min(lines.len()));
            return (unread, false);
        }
        (lines.split_off(self.read.min(lines.len())), grows)
    }

    /// Waits for more; false once there is no more, or none in this time.
    pub(crate) fn more(&mut self, until: Instant) -> bool {
        match self.bytes.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(bytes) => self.raw.extend(bytes),
            Err(RecvTimeoutError::Timeout) => return false,
            Err(RecvTimeoutError::Disconnected) => {
                let more = !self.over;
                self.over = true;
                return more;
            }
        }
        true
    }

    pub(crate) fn type_in(&mut self, text: &str) {
        let keys = if text == "^C" { "\u{3}".to_owned() } else { format!("{text}\n") };
        // Whoever has ended reads nothing; what it said at the end tells why.
        let _ = self.keyboard.write_all(keys.as_bytes());
    }

    /// Its exit code, once it has ended; none if it doesn't.
    pub(crate) fn exit(&mut self, patience: Duration) -> Option<i32> {
        let end = Instant::now() + patience;
        while self.more(end) {}
        if !self.over {
            return None;
        }
        self.child.wait().unwrap().code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the screen shows after these bytes: a carriage return begins the line anew, escapes move nothing else. The echo of
/// Ctrl-C is left out: it comes before or after what the command says of it.
fn shown(raw: &str) -> Vec<String> {
    const SPINNING: std::ops::RangeInclusive<char> = '\u{2800}'..='\u{28ff}';
    let (mut lines, mut line, mut anew) = (Vec::new(), String::new(), false);
    let raw = raw.replace("^C", "");
    let mut characters = raw.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\n' => {
                lines.push(std::mem::take(&mut line));
                anew = false;
            }
            '\r' => anew = true,
            '\u{1b}' => {
                characters.next_if_eq(&'[');
                let end = characters.by_ref().find(|c| c.is_ascii_alphabetic());
                if end == Some('K') {
                    line.clear();
                }
            }
            other if !other.is_control() => {
                if std::mem::take(&mut anew) {
                    line.clear();
                }
                line.push(other);
            }
            _ => {}
        }
    }
    if line.starts_with(|first| SPINNING.contains(&first)) {
        line.clear();
    }
    lines.push(line);
    lines
}

#[test]
fn a_screen_shows_what_is_left_when_all_is_drawn() {
    let raw = "\r\u{1b}[2K⠋ Waiting\r\u{1b}[2K\u{1b}[1mYour name\u{1b}[0m: Bob\r\nnext\r\n⠋ Waiting";
    assert_eq!(shown(raw), ["Your name: Bob", "next", ""]);
}
