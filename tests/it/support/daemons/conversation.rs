//! One `greet` or `join` with `--format json`: a step a line comes, an answer a line goes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;

use serde_json::Value;

use super::LONG;

pub(crate) struct Conversation {
    client: Child,
    input: Option<ChildStdin>,
    steps: Receiver<Value>,
    /// Every step so far.
    pub(crate) seen: Vec<Value>,
}

impl Conversation {
    pub(super) fn start(mut command: Command) -> Self {
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut client = pipes.spawn().unwrap();
        let lines = BufReader::new(client.stdout.take().unwrap()).lines();
        let (tell, steps) = channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let step = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if tell.send(step).is_err() {
                    return;
                }
            }
        });
        let input = client.stdin.take();
        Self { client, input, steps, seen: Vec::new() }
    }

    /// The next step; none once the command says no more.
    pub(crate) fn next(&mut self) -> Option<Value> {
        let step = self.steps.recv_timeout(LONG);
        if step == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            panic!("no further step came after {:?}", self.seen);
        }
        self.seen.extend(step.clone());
        step.ok()
    }

    /// The next step if it is there already: `None` while nothing came, `Some(None)` once the command says no more.
    pub(crate) fn poll(&mut self) -> Option<Option<Value>> {
        match self.steps.try_recv() {
            Ok(step) => {
                self.seen.push(step.clone());
                Some(Some(step))
            }
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(None),
        }
    }

    /// Reads on to this step; anything but waiting, or the end, before it is a failure.
    pub(crate) fn until(&mut self, step: &str) -> Value {
        loop {
            let Some(next) = self.next() else {
                let mut said = String::new();
                let _ = self.client.stderr.take().unwrap().read_to_string(&mut said);
                panic!("'{step}' never came: {:?} {said}", self.seen);
            };
            if next["step"] == step {
                return next;
            }
            assert_eq!(next["step"], "waiting", "'{step}' was awaited; {:?}", self.seen);
        }
    }

    /// Types a line. Nothing happens where the command has ended.
    pub(crate) fn answer(&mut self, line: &str) {
        let _ = writeln!(self.input.as_mut().unwrap(), "{line}");
    }

    /// Reads all that is still said, and the exit code.
    pub(crate) fn code(&mut self) -> i32 {
        while self.next().is_some() {}
        self.client.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        let _ = self.client.kill();
        let _ = self.client.wait();
    }
}
