//! One daemon with a directory and a port of its own, and the commands that are given to it.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::net::{TcpListener, UdpSocket};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// How two daemons are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Tcp,
    Quic,
    /// Listening as a daemon does that wasn't told where.
    Both,
}

impl Wire {
    pub(crate) fn named(name: &str) -> Self {
        if name == "quic" { Self::Quic } else { Self::Tcp }
    }

    pub(crate) fn name(self) -> &'static str {
        if self == Self::Quic { "quic" } else { "tcp" }
    }

    /// An address on a machine of its own.
    pub(crate) fn at(self, ip: &str) -> String {
        if self == Self::Quic { format!("/ip4/{ip}/udp/4001/quic-v1") } else { format!("/ip4/{ip}/tcp/4001") }
    }

    /// Addresses on the loopback interface with ports that nobody has.
    pub(crate) fn addresses(self) -> Vec<String> {
        let tcp = || {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            format!("/ip4/127.0.0.1/tcp/{port}")
        };
        let quic = || {
            let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            format!("/ip4/127.0.0.1/udp/{port}/quic-v1")
        };
        match self {
            Self::Tcp => vec![tcp()],
            Self::Quic => vec![quic()],
            Self::Both => vec![tcp(), quic()],
        }
    }
}

/// A running daemon.
pub(crate) struct Machine {
    home: TempDir,
    daemon: Child,
}

impl Machine {
    pub(crate) fn start(name: &str, wire: Wire) -> Self {
        // Two daemons on one machine find each other by the link; mDNS would find whoever else is on the network.
        let mdns = wire == Wire::Both;
        Self::at(name, None, &wire.addresses(), &format!("[lan]\nmdns = {mdns}\n"))
    }

    /// One with these lines in its configuration, in a network namespace of that name if there is one.
    pub(crate) fn at(name: &str, space: Option<&str>, listen: &[String], configuration: &str) -> Self {
        let home = tempfile::Builder::new().prefix(&format!("muster-bench-{name}-")).tempdir().unwrap();
        fs::write(home.path().join("musterd.toml"), configuration).unwrap();
        let program = env!("CARGO_BIN_EXE_musterd");
        let mut command = match space {
            Some(space) => {
                let mut enters = Command::new("ip");
                enters.args(["netns", "exec", space, program]);
                enters
            }
            None => Command::new(program),
        };
        command.arg("--config").arg(home.path().join("musterd.toml"));
        command.arg("--data-dir").arg(home.path().join("data"));
        for address in listen {
            command.args(["--listen", address]);
        }
        let log = File::create(home.path().join("log")).unwrap();
        let daemon = command.env_remove("RUST_LOG").stdin(Stdio::null()).stderr(log).spawn().unwrap();
        let machine = Self { home, daemon };
        let end = Instant::now() + Duration::from_secs(20);
        while !machine.home.path().join("data/control.sock").exists() {
            assert!(Instant::now() < end, "the daemon of {name} doesn't start: {}", machine.log());
            sleep(Duration::from_millis(1));
        }
        machine
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command.arg("--socket").arg(self.home.path().join("data/control.sock"));
        command.args(["--format", "json"]).args(words);
        command
    }

    /// A command's one answer.
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        let said = self.command(words).stdin(Stdio::null()).output().unwrap();
        assert!(said.status.success(), "muster {words:?}: {said:?}\n{}", self.log());
        serde_json::from_slice(&said.stdout).unwrap()
    }

    pub(crate) fn found(&self) {
        self.json(&["org", "create", "Field Lab", "--name", "Ada Lovelace", "--email", "ada@example.org"]);
    }

    /// A conversation, its first lines typed already.
    pub(crate) fn converse(&self, words: &[&str], typed: &str) -> Talk {
        let mut command = self.command(words);
        let mut client =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut input = client.stdin.take().unwrap();
        input.write_all(typed.as_bytes()).unwrap();
        let lines = BufReader::new(client.stdout.take().unwrap()).lines();
        Talk { client, input: Some(input), lines }
    }

    /// Its memory as it is.
    pub(crate) fn resident_mb(&self) -> f64 {
        self.megabytes("VmRSS:")
    }

    /// The most that it ever had.
    pub(crate) fn peak_mb(&self) -> f64 {
        self.megabytes("VmHWM:")
    }

    fn megabytes(&self, of: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.daemon.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(of)).unwrap();
        let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        (kilobytes / 1024.0 * 10.0).round() / 10.0
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// `greet` or `join`, a step a line.
pub(crate) struct Talk {
    client: Child,
    input: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Talk {
    /// Reads on to this step.
    pub(crate) fn until(&mut self, step: &str) -> Value {
        loop {
            let line = self.lines.next().unwrap_or_else(|| panic!("'{step}' never came")).unwrap();
            let said: Value = serde_json::from_str(&line).unwrap();
            if said["step"] == step {
                return said;
            }
            assert_ne!(said["step"], "ended", "'{step}' was awaited: {line}");
        }
    }

    pub(crate) fn answer(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Says no more, and waits until the command has ended.
    pub(crate) fn leave(mut self) {
        drop(self.input.take());
        self.wait();
    }

    /// Waits until the command has ended by itself.
    pub(crate) fn wait(&mut self) {
        while self.lines.next().is_some() {}
        self.client.wait().unwrap();
    }
}
