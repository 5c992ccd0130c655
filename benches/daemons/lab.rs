//! A switch and machines on it, each a network namespace: what only root can make. Lines that take time are those of
//! `tests/lab/wire`.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The namespaces, and the wires between them; gone with this.
pub(crate) struct Lab {
    name: String,
    machines: Vec<String>,
    wires: Vec<Child>,
}

impl Lab {
    /// A switch with nobody on it; none where namespaces can't be made.
    pub(crate) fn build() -> Option<Self> {
        let name = format!("mub{}", std::process::id());
        let mut lab = Self { name, machines: Vec::new(), wires: Vec::new() };
        let is_root = Command::new("ip").args(["netns", "add", &lab.space("switch")]).output();
        if !is_root.is_ok_and(|made| made.status.success()) {
            return None;
        }
        lab.machines.push("switch".to_owned());
        lab.inside("switch", "link add lan type bridge");
        lab.inside("switch", "link set lan up");
        Some(lab)
    }

    /// The namespace of a machine.
    pub(crate) fn space(&self, machine: &str) -> String {
        format!("{}{machine}", self.name)
    }

    /// One more machine, at this address; every packet takes so many milliseconds each way, if it is said how many.
    pub(crate) fn plug(&mut self, machine: &str, address: &str, delay: Option<u32>) {
        let (space, switch) = (self.space(machine), self.space("switch"));
        ip(&format!("netns add {space}"));
        self.machines.push(machine.to_owned());
        let port = format!("port{}", self.machines.len());
        match delay {
            Some(delay) => {
                let id = format!("{}{}", std::process::id(), self.machines.len());
                let (here, there) = (format!("x{id}"), format!("y{id}"));
                self.wires.push(wire(&here, &there, delay));
                ip(&format!("link set {here} netns {space} name eth0"));
                ip(&format!("link set {there} netns {switch} name {port}"));
            }
            None => ip(&format!("link add eth0 netns {space} type veth peer name {port} netns {switch}")),
        }
        self.inside("switch", &format!("link set {port} master lan up"));
        self.inside(machine, &format!("addr add {address}/24 dev eth0"));
        self.inside(machine, "link set lo up");
        self.inside(machine, "link set eth0 up");
    }

    fn inside(&self, machine: &str, deed: &str) {
        ip(&format!("-n {} {deed}", self.space(machine)));
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for wire in &mut self.wires {
            let _ = wire.kill();
            let _ = wire.wait();
        }
        for machine in &self.machines {
            let _ = Command::new("ip").args(["netns", "del", &self.space(machine)]).output();
        }
    }
}

fn ip(deed: &str) {
    let done = Command::new("ip").args(deed.split(' ')).output().unwrap();
    assert!(done.status.success(), "ip {deed}: {}", String::from_utf8_lossy(&done.stderr));
}

fn wire(here: &str, there: &str, delay: u32) -> Child {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/wire");
    let mut command = Command::new(program);
    command.args([here, there, &delay.to_string()]).stdout(Stdio::piped());
    let mut wire = command.spawn().unwrap();
    let mut said = String::new();
    BufReader::new(wire.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "ready\n", "the wire doesn't stand");
    wire
}
