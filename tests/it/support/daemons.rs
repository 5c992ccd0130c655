//! Real daemons, driven as people and programs drive them: `musterd` and `muster` as processes, each daemon with a
//! directory and a port of its own on the loopback interface. No daemon looks for others on the LAN unless its
//! configuration says so, so that tests run side by side.

mod conversation;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) use conversation::Conversation;

/// Longer than anything takes on a busy machine: what isn't there by then never comes.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A machine with one daemon, running or not.
pub(crate) struct Machine {
    pub(crate) name: &'static str,
    home: TempDir,
    port: u16,
    daemon: Option<Child>,
}

/// What became of one `muster` command.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Machine {
    /// A machine whose daemon runs.
    pub(crate) fn start(name: &'static str) -> Self {
        Self::with(name, "")
    }

    /// One whose daemon runs with these lines in its configuration.
    pub(crate) fn with(name: &'static str, configuration: &str) -> Self {
        let mut machine = Self::off(name, configuration);
        machine.boot();
        machine
    }

    /// One whose daemon doesn't run yet.
    pub(crate) fn off(name: &'static str, configuration: &str) -> Self {
        let home = tempfile::Builder::new().prefix(&format!("muster-{name}-")).tempdir().unwrap();
        let text = format!("[lan]\nmdns = false\n{configuration}");
        fs::write(home.path().join("musterd.toml"), text).unwrap();
        Self { name, home, port: free_port(), daemon: None }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.data().join("control.sock")
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The address that this daemon was told to listen at.
    pub(crate) fn address(&self) -> String {
        format!("/ip4/127.0.0.1/tcp/{}", self.port)
    }

    /// `musterd` as it is started here; its log goes to a file.
    pub(crate) fn musterd(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_musterd"));
        command.arg("--config").arg(self.home.path().join("musterd.toml"));
        command.arg("--data-dir").arg(self.data()).args(["--listen", &self.address()]);
        command.env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Starts the daemon and waits until it answers.
    pub(crate) fn boot(&mut self) {
        self.boot_as(self.musterd());
    }

    /// The same by a command that becomes the daemon.
    pub(crate) fn boot_as(&mut self, mut command: Command) {
        let log = File::options().create(true).append(true).open(self.log_path()).unwrap();
        self.daemon = Some(command.stderr(log).spawn().unwrap());
        eventually(&format!("the daemon of {} answers", self.name), || {
            let daemon = self.daemon.as_mut().unwrap();
            if let Some(status) = daemon.try_wait().unwrap() {
                panic!("the daemon of {} ended with {status}: {}", self.name, self.log());
            }
            self.muster(&["status"]).code == 0
        });
    }

    /// Starts it, with these words more, where it must fail; gives what it said.
    pub(crate) fn fails_to_boot(&self, more: &[&str]) -> Said {
        let mut daemon = self.musterd().args(more).stderr(Stdio::piped()).spawn().unwrap();
        let end = Instant::now() + LONG;
        while daemon.try_wait().unwrap().is_none() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(30));
        }
        // One that runs all the same ends here, by a signal, which is no exit code.
        let _ = daemon.kill();
        daemon.wait_with_output().unwrap().into()
    }

    /// Where its memberships lie: the directories, and what was set aside.
    pub(crate) fn memberships(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.data().join("memberships")).unwrap();
        let mut places: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        places.sort();
        places
    }

    /// SIGKILL: whatever the daemon was doing, it does no more.
    pub(crate) fn kill(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill().unwrap();
            daemon.wait().unwrap();
        }
    }

    /// SIGTERM, and its exit code.
    pub(crate) fn stop(&mut self) -> i32 {
        let mut daemon = self.daemon.take().unwrap();
        let pid = rustix::process::Pid::from_child(&daemon);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        daemon.wait().unwrap().code().unwrap_or(-1)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.daemon.as_ref().unwrap().id()
    }

    fn log_path(&self) -> PathBuf {
        self.home.path().join("log")
    }

    /// All that the daemon logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// `muster` for this machine's daemon, not started yet.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, words: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command.arg("--socket").arg(self.socket()).args(words);
        command.env_remove("MUSTER_SOCKET").stdin(Stdio::null());
        command
    }

    /// Runs one command to its end.
    pub(crate) fn muster<S: AsRef<OsStr>>(&self, words: &[S]) -> Said {
        self.command(words).output().unwrap().into()
    }

    /// Runs one command that must succeed, and reads its JSON.
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        let said = self.muster(&[&["--format", "json"], words].concat());
        assert_eq!(said.code, 0, "muster {words:?} on {}: {}{}", self.name, said.out, said.err);
        serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e} in {}", said.out))
    }

    /// Begins `greet` or `join`.
    pub(crate) fn converse(&self, words: &[&str]) -> Conversation {
        Conversation::start(self.command(&[&["--format", "json"], words].concat()))
    }

    /// Founds an organization.
    pub(crate) fn found(&self, organization: &str, name: &str, email: &str) {
        let words = ["org", "create", organization, "--name", name, "--email", email];
        let said = self.muster(&words);
        assert_eq!(said.code, 0, "{}", said.err);
    }

    /// A fresh link for this address.
    pub(crate) fn link_for(&self, email: &str) -> String {
        let made = self.json(&["invite", "user", email]);
        made[0]["link"].as_str().unwrap().to_owned()
    }

    /// The first organization of `muster status`.
    pub(crate) fn status(&self) -> Value {
        self.json(&["status"])["organizations"][0].clone()
    }

    pub(crate) fn digest(&self) -> String {
        self.status()["roster_digest"].as_str().unwrap_or_default().to_owned()
    }

    /// The user ids of who is in, as this machine sees it.
    pub(crate) fn active(&self) -> Vec<String> {
        let users = self.json(&["user", "list"]);
        users.as_array().unwrap().iter().map(|u| u["user_id"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- the log of {} ---\n{}", self.name, self.log());
        }
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A whole greeting by two people who read their codes to each other: `guest` enters `host`'s organization.
pub(crate) fn greet(host: &Machine, guest: &Machine, email: &str, name: &str, profile: &str) {
    let link = host.link_for(email);
    let mut joins = guest.converse(&["join", "-", "--name", name, "--email", email, "--device", guest.name]);
    joins.answer(&link);
    let mut greets = host.converse(&["greet", email]);
    exchange_codes(&mut greets, &mut joins);
    greets.until("confirm");
    greets.answer(&format!(r#"{{"profile":"{profile}"}}"#));
    joins.until("done");
    greets.until("done");
    assert_eq!((greets.code(), joins.code()), (0, 0));
}

/// From wherever both are to both codes entered.
pub(crate) fn exchange_codes(host: &mut Conversation, guest: &mut Conversation) {
    let code = host.until("show_code")["code"].as_str().unwrap().to_owned();
    guest.until("enter_code");
    guest.answer(&code);
    let code = guest.until("show_code")["code"].as_str().unwrap().to_owned();
    host.until("enter_code");
    host.answer(&code);
}

/// Waits until all see the same roster.
pub(crate) fn agree(machines: &[&Machine]) {
    eventually("the rosters agree", || {
        let digests: Vec<_> = machines.iter().map(|machine| machine.digest()).collect();
        !digests[0].is_empty() && digests.iter().all(|digest| *digest == digests[0])
    });
}

/// Waits for what must come true.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !holds() {
        assert!(Instant::now() < end, "it never came true that {what}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// A port that nobody listens at.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
