//! A process of its own for the tests that need one: this very program, started again with a part to play.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use muster::{
    core::node::output::Batch,
    daemon::{lock::DataLock, logging},
    store::{Opened, Store, StoreError},
};

const PART: &str = "MUSTER_TEST_PART";
const DIR: &str = "MUSTER_TEST_DIR";

/// A child process, and what it prints.
pub(crate) struct Actor {
    pub(crate) process: Child,
    pub(crate) lines: Lines<BufReader<ChildStdout>>,
}

impl Actor {
    /// The next line it says that is meant for us.
    pub(crate) fn says(&mut self) -> String {
        let said = self
            .lines
            .by_ref()
            .map(Result::unwrap)
            .find_map(|line| line.split_once("child: ").map(|(_, said)| said.to_owned()));
        said.unwrap_or_else(|| panic!("the child said nothing: {:?}", self.process.wait()))
    }

    /// Ends it without warning.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        // Whatever made the test fail, nothing is left behind. It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts this program again to play `part` on `dir`, within `around` (a shell's words that end in `exec "$@"`).
pub(crate) fn start(part: &str, dir: &Path, around: &str) -> Actor {
    let mut command = command(part, dir, around);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    Actor { process, lines }
}

/// Plays a part to its end, and gives what it wrote to stderr.
pub(crate) fn stderr_of(part: &str) -> String {
    let output = command(part, Path::new("/"), r#"exec "$@""#).output().unwrap();
    String::from_utf8(output.stderr).unwrap()
}

fn command(part: &str, dir: &Path, around: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", around, "sh"]).arg(std::env::current_exe().unwrap());
    command.args([
        "store_child::the_part_of_a_child",
        "--exact",
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ]);
    command.env(PART, part).env(DIR, dir).stdin(Stdio::null());
    command
}

#[test]
#[ignore = "started by other tests, as a process of its own"]
fn the_part_of_a_child() {
    let Ok(part) = std::env::var(PART) else { return };
    let dir = PathBuf::from(std::env::var_os(DIR).unwrap());
    match part.as_str() {
        "commit for ever" => commits_for_ever(&dir),
        "open" => match Store::open(&dir) {
            Ok((_, opened)) => say(&format!("{opened:?}")),
            Err(error) => say(&error.to_string()),
        },
        "fill" => fills(&dir),
        "take the data" => match DataLock::take(&dir) {
            Ok(_lock) => {
                say("taken");
                std::thread::sleep(std::time::Duration::from_secs(60));
            }
            Err(error) => say(&error.to_string()),
        },
        "fail while logging" => {
            logging::start(logging::filter("info").unwrap());
            let failed = std::thread::spawn(|| panic!("the code was TP9W")).join();
            assert!(failed.is_err());
        }
        other => panic!("nobody plays {other}"),
    }
}

fn say(words: &str) {
    println!("child: {words}");
    std::io::stdout().flush().unwrap();
}

/// A batch of five entries that say the same number, so that half a batch shows.
pub(crate) fn fivefold(number: u64, size: usize) -> Batch {
    let value = |part: u8| {
        let mut value = number.to_be_bytes().to_vec();
        value.resize(size, part);
        Some(value)
    };
    Batch {
        changes: (0..5).map(|part| ([&number.to_be_bytes()[..], &[part]].concat(), value(part))).collect(),
    }
}

/// The numbers whose batches are there; panics where one is there in part.
pub(crate) fn whole_batches(store: &Store) -> Vec<u64> {
    let mut numbers: Vec<u64> = Vec::new();
    let mut entries = store.load().unwrap();
    entries.sort();
    for five in entries.chunks(5) {
        let number = u64::from_be_bytes(five[0].0[..8].try_into().unwrap());
        let expected = fivefold(number, five[0].1.len()).changes;
        assert_eq!(five.len(), 5, "batch {number} is there in part");
        assert!(
            five.iter().zip(&expected).all(|(got, want)| got.0 == want.0 && Some(&got.1) == want.1.as_ref())
        );
        numbers.push(number);
    }
    numbers
}

fn commits_for_ever(dir: &Path) {
    let (store, _) = Store::open(dir).unwrap();
    for number in whole_batches(&store).len() as u64.. {
        store.commit(&fivefold(number, 300)).unwrap();
        say(&number.to_string());
    }
}

/// Commits until there is no room, says how far it came and how it was told, then tries to go on.
fn fills(dir: &Path) {
    let (store, _) = Store::open(dir).unwrap();
    let before = whole_batches(&store).len() as u64;
    let (number, error) = (before..before + 10_000)
        .find_map(|number| store.commit(&fivefold(number, 2000)).err().map(|error| (number, error)))
        .unwrap();
    say(&number.to_string());
    say(if matches!(error, StoreError::Full(_)) { "full" } else { "something else" });
    say(if matches!(store.commit(&fivefold(number, 1)), Err(StoreError::MustReopen)) {
        "stands still"
    } else {
        "goes on"
    });
    say(if matches!(store.load(), Err(StoreError::MustReopen)) { "shows nothing" } else { "pretends" });
    drop(store);
    // There is no room to open either, perhaps; but it must neither take this for damage nor die of it.
    match Store::open(dir) {
        Ok((store, Opened::Sound)) => say(&format!("reopened with {}", whole_batches(&store).len())),
        Ok((_, opened)) => say(&format!("{opened:?}")),
        Err(StoreError::Full(_)) => say("no room to open"),
        Err(error) => say(&format!("{error:?}")),
    }
}
