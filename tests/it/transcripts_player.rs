//! Plays a transcript: a real daemon for each name at a prompt, and every step as it is written.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, pipe};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::daemons::{Machine, agree, greet};
use crate::transcripts_match::{self as expected, Names};
use crate::transcripts_script::{Step, What, before, read};
use crate::transcripts_terminal::Terminal;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Commands that only look may look again, until what others did has arrived.
const LOOKING: [&str; 6] = ["status", "list", "show", "log", "verify", "--version"];

struct Player<'a> {
    file: &'a str,
    machines: BTreeMap<String, Machine>,
    terminals: BTreeMap<String, Terminal>,
    names: Names,
    /// Where they find each other in stories in which daemons stop and start.
    point: Option<Machine>,
}

/// Plays `tests/transcripts/FILE`.
pub(crate) fn play(file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(file);
    let text = fs::read_to_string(path).unwrap();
    let steps = read(&text);
    assert!(!steps.is_empty(), "{file} holds no console block");
    let point = text.contains("systemctl").then(|| Machine::with("point", "[rendezvous]\nserve = true\n"));
    let (machines, terminals) = (BTreeMap::new(), BTreeMap::new());
    let mut player = Player { file, machines, terminals, names: Names::new(), point };
    if let Some(joined) = before(&text) {
        player.begin_in_the_middle(&joined);
    }
    for (at, step) in steps.iter().enumerate() {
        player.step(step);
        let later = &steps[at + 1..];
        let next = later.iter().find(|later| later.terminal == step.terminal);
        if next.is_none_or(|next| matches!(next.what, What::Runs { .. } | What::Begins { .. })) {
            player.end(step, 0);
        }
    }
}

impl Player<'_> {
    fn begin_in_the_middle(&mut self, joined: &[(String, String)]) {
        self.machine("ada").found("Field Lab", "Ada Lovelace", "ada@example.org");
        for (person, profile) in joined {
            self.machine(person);
            let name = if person == "bob" { "Bob Builder" } else { "Eve Moneypenny" };
            let (ada, guest) = (&self.machines["ada"], &self.machines[person]);
            greet(ada, guest, &format!("{person}@example.org"), name, profile);
        }
        agree(&self.machines.values().collect::<Vec<_>>());
    }

    fn machine(&mut self, person: &str) -> &Machine {
        let name = || -> &'static str { person.to_owned().leak() };
        let point =
            self.point.as_ref().map(|point| format!("[rendezvous]\npoints = ['{}']\n", point.address()));
        let start = || Machine::with(name(), &point.unwrap_or_default());
        self.machines.entry(person.to_owned()).or_insert_with(start)
    }

    fn step(&mut self, step: &Step) {
        match &step.what {
            What::Runs { words, .. } if words[0] == "systemctl" => self.power(step, &words[1]),
            What::Runs { words, expected, exit } => self.run(step, words, expected, *exit),
            What::Begins { words } => {
                let words = self.command(step, words);
                self.terminals.insert(step.terminal.clone(), Terminal::run(&words));
            }
            What::Sees(line) => self.sees(step, line),
            What::Types(text) => {
                let text = expected::filled(text, &self.names);
                self.terminal(step).type_in(&text);
            }
            What::Ends(exit) => self.end(step, *exit),
        }
    }

    /// Somebody's daemon stops or starts, as a service.
    fn power(&mut self, step: &Step, verb: &str) {
        let machine = self.machines.get_mut(&step.terminal);
        let machine = machine.unwrap_or_else(|| panic!("{}:{}: nobody's daemon", self.file, step.line));
        match verb {
            "stop" => assert_eq!(machine.stop(), 0),
            _ => machine.boot(),
        }
    }

    /// The words of a command with the daemon it is for.
    fn command(&mut self, step: &Step, words: &[String]) -> Vec<String> {
        let person = step.terminal.split('-').next().unwrap_or_default();
        assert_eq!(words[0], "muster", "{}:{}: only muster is run", self.file, step.line);
        let socket = self.machine(person).socket();
        let mut all = vec![env!("CARGO_BIN_EXE_muster").to_owned()];
        if !words.iter().any(|word| word == "--socket") {
            all.extend(["--socket".to_owned(), socket.display().to_string()]);
        }
        all.extend(words[1..].iter().map(|word| expected::filled(word, &self.names)));
        all
    }

    fn run(&mut self, step: &Step, words: &[String], lines: &[String], exit: i32) {
        let command = self.command(step, words);
        let only_looks = words.iter().any(|word| LOOKING.contains(&word.as_str()));
        let end = Instant::now() + PATIENCE;
        loop {
            let (seen, code) = output(&command);
            let fits = code == exit && expected::lines(lines, &seen, &mut self.names);
            if fits {
                return;
            }
            if !only_looks || Instant::now() > end {
                let difference = expected::difference(lines, &seen, &self.names);
                self.fail(step, &format!("{}\n{difference}  [exit {code}]", words.join(" ")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn terminal(&mut self, step: &Step) -> &mut Terminal {
        let Self { terminals, file, .. } = self;
        let terminal = terminals.get_mut(&step.terminal);
        terminal.unwrap_or_else(|| panic!("{file}:{}: nothing runs at this terminal", step.line))
    }

    fn sees(&mut self, step: &Step, line: &str) {
        let end = Instant::now() + PATIENCE;
        let mut names = std::mem::take(&mut self.names);
        let terminal = self.terminal(step);
        let seen = loop {
            let (unread, grows) = terminal.unread();
            if let Some(first) = unread.first() {
                if expected::one(line, first, &mut names) {
                    terminal.read += 1;
                    break None;
                }
                if unread.len() > 1 || !grows {
                    break Some(unread);
                }
            }
            if !terminal.more(end) {
                break Some(unread);
            }
        };
        self.names = names;
        if let Some(seen) = seen {
            let difference = expected::difference(&[line.to_owned()], &seen, &self.names);
            self.fail(step, &format!("the next line at this terminal\n{difference}"));
        }
    }

    /// Nothing is left unread at the end, and the exit code is as expected.
    fn end(&mut self, step: &Step, exit: i32) {
        let Some(mut terminal) = self.terminals.remove(&step.terminal) else { return };
        let code = terminal.exit(PATIENCE);
        let (unread, _) = terminal.unread();
        if code != Some(exit) || !unread.is_empty() {
            let difference = expected::difference(&[], &unread, &self.names);
            self.fail(step, &format!("it ends with exit {exit}\n{difference}  [exit {code:?}]"));
        }
    }

    fn fail(&self, step: &Step, what: &str) -> ! {
        panic!(
            "tests/transcripts/{}:{}: {} was to be (-) and was (+):\n{what}",
            self.file, step.line, step.terminal
        )
    }
}

/// All that a command says, in the order in which it says it, and its exit code.
fn output(command: &[String]) -> (Vec<String>, i32) {
    let (mut screen, writer) = pipe().unwrap();
    let mut child = std::process::Command::new(&command[0])
        .args(&command[1..])
        .env_remove("MUSTER_SOCKET")
        .stdin(std::process::Stdio::null())
        .stdout(writer.try_clone().unwrap())
        .stderr(writer)
        .spawn()
        .unwrap();
    let mut text = String::new();
    screen.read_to_string(&mut text).unwrap();
    let code = child.wait().unwrap().code().unwrap_or(-1);
    (text.lines().map(str::to_owned).collect(), code)
}
