//! The floors of the house: who may know of whom. A file names only what lies below it, and each of the large
//! dependencies has one home.
//!
//! ```text
//!  cli ──▶ control's client            daemon
//!                              ╭─────────┼─────────╮
//!                             net      store     control        none knows the others
//!                              ╰─────────┼─────────╯
//!                                    core::node
//!                               ╭────────┴────────╮
//!                         core::roster     core::greeting       neither knows the other
//!                               ╰────────┬────────╯
//!                                core::primitives
//! ```
//!
//! The files are read as text, so that what doesn't compile today is found too: `crate::…` and `super::…` paths,
//! also in braces, and the names of crates. Comments and strings don't count.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::floors_text::{Line, code_of, file_paths, paths_in};

/// Each floor with what it may name; longest prefix first where one lies in another.
const FLOORS: [(&str, &[&str]); 9] = [
    ("core::primitives", &["core::primitives"]),
    ("core::roster", &["core::roster", "core::primitives"]),
    ("core::greeting", &["core::greeting", "core::primitives"]),
    ("core::node", &["core::node", "core::roster", "core::greeting", "core::primitives"]),
    ("net", &["net", "core"]),
    ("store", &["store", "core"]),
    ("control", &["control", "core"]),
    ("daemon", &["daemon", "net", "store", "control", "core"]),
    // The client, what goes over the wire, and where the socket is, which both ends must agree upon.
    (
        "cli",
        &[
            "cli",
            "control::client",
            "control::data",
            "control::LinkText",
            "control::Founding",
            "control::NewSession",
            "control::StatusReport",
            "control::Surroundings",
            "control::default_socket",
        ],
    ),
];

/// The crates that have one home, and where it is.
const HOMES: [(&str, &[&str]); 8] = [
    ("libp2p", &["src/net/"]),
    ("prost", &["src/net/point/wire.rs", "src/net/callbacks/wire.rs"]),
    ("sled", &["src/store/"]),
    ("snow", &["src/core/greeting/noise.rs"]),
    ("bincode", &["src/core/primitives/codec.rs"]),
    ("aws_lc_rs", &["src/net/seeding.rs"]),
    ("axum", &["src/control/"]),
    ("clap", &["src/cli/", "src/daemon/config.rs", "src/bin/"]),
];

/// What the core doesn't name: time and entropy come in with the input, and others read and write.
const OUTSIDE: [&str; 16] = [
    "std::time::Instant",
    "std::time::SystemTime",
    "std::fs",
    "std::io",
    "std::env",
    "std::process",
    "std::thread",
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::net::UdpSocket",
    "std::os",
    "rand",
    "getrandom",
    "tokio",
    "nix",
    "rustix",
];

/// Names that say nothing of what is inside.
const EMPTY_NAMES: [&str; 6] = ["utils", "util", "common", "helpers", "manager", "types"];

/// A file that has grown beyond this has eaten its neighbours.
const LONGEST: usize = 450;

#[test]
fn every_file_keeps_to_its_floor() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = rust_files(&root.join("src"));
    assert!(files.len() > 20, "only {} files were found", files.len());
    let complaints: Vec<String> = files
        .iter()
        .flat_map(|file| {
            check(file.strip_prefix(root).unwrap().to_str().unwrap(), &fs::read_to_string(file).unwrap())
        })
        .collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn no_test_is_longer_than_a_file_may_be_or_named_for_nothing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let complaints: Vec<String> = rust_files(&root.join("tests"))
        .iter()
        .filter_map(|file| {
            let path = file.strip_prefix(root).unwrap().to_str().unwrap();
            size(path, &fs::read_to_string(file).unwrap()).or_else(|| name(path))
        })
        .collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// What is wrong with a file, each with its place.
fn check(path: &str, text: &str) -> Vec<String> {
    let code = code_of(text);
    let module = module_of(path);
    let mut complaints: Vec<String> = size(path, text).into_iter().chain(name(path)).collect();
    for Line { number, path: named } in paths_in(&code) {
        let wrong = match resolve(&module, &named) {
            Some(inside) => wrong_floor(&module, &inside),
            None => wrong_home(path, &named).or_else(|| outside(&module, &named)),
        };
        complaints.extend(wrong.map(|why| format!("{path}:{number}: {why}")));
    }
    complaints.dedup();
    complaints
}

fn size(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > LONGEST)
        .then(|| format!("{path}:{LONGEST}: the file has {lines} lines; split it where its story turns"))
}

fn name(path: &str) -> Option<String> {
    let parts = Path::new(path).with_extension("");
    let empty = parts.iter().find(|part| EMPTY_NAMES.iter().any(|empty| *part == *empty))?;
    Some(format!("{path}:1: '{}' says nothing of what is inside", empty.display()))
}

/// `src/core/node/mod.rs` → `core::node`; the root and the programs → nothing, for they name everything.
fn module_of(path: &str) -> String {
    let inside = path.strip_prefix("src/").unwrap_or(path).trim_end_matches(".rs").trim_end_matches("/mod");
    if inside == "lib" || inside.starts_with("bin/") { String::new() } else { inside.replace('/', "::") }
}

/// A path of this crate's, from its root; nothing if it is another's.
fn resolve(module: &str, named: &str) -> Option<String> {
    if let Some(inside) = named.strip_prefix("crate::").or_else(|| named.strip_prefix("muster::")) {
        return Some(inside.to_owned());
    }
    let mut above: Vec<&str> = module.split("::").collect();
    let mut rest = named.strip_prefix("super::")?;
    // In `mod.rs` and in a file alike, `super` of an inner module may mean less: never more than this.
    above.pop();
    while let Some(further) = rest.strip_prefix("super::") {
        above.pop();
        rest = further;
    }
    above.push(rest);
    Some(above.join("::"))
}

fn lies_in(path: &str, place: &str) -> bool {
    path == place || path.strip_prefix(place).is_some_and(|rest| rest.starts_with("::"))
}

fn wrong_floor(module: &str, named: &str) -> Option<String> {
    let (floor, allowed) = FLOORS.iter().find(|(floor, _)| lies_in(module, floor))?;
    // `super::other` from a module of two parts stands for a sibling of its parent's.
    let known = FLOORS.iter().any(|(floor, _)| lies_in(named, floor)) || lies_in(named, "core");
    let is_allowed = allowed.iter().any(|place| lies_in(named, place));
    (known && !is_allowed).then(|| format!("{floor} may not know of {named}"))
}

fn wrong_home(path: &str, named: &str) -> Option<String> {
    let krate = named.split("::").next().unwrap_or_default();
    let is_family =
        |name: &str| krate == name || krate.strip_prefix(name).is_some_and(|rest| rest.starts_with('_'));
    let (name, homes) = HOMES.iter().find(|(name, _)| is_family(name))?;
    let is_home = homes.iter().any(|home| path.starts_with(home));
    (!is_home).then(|| format!("{name} is named only in {}", homes.join(", ")))
}

fn outside(module: &str, named: &str) -> Option<String> {
    let is_outside = OUTSIDE.iter().any(|outside| lies_in(named, outside));
    (lies_in(module, "core") && is_outside).then(|| format!("the core may not know of {named}"))
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    file_paths(dir).into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs")).collect()
}

/// Each row: a file, a line in it, and what must be said of it.
#[test]
fn whatever_breaks_the_floors_is_found_and_named() {
    let rows = [
        ("src/core/roster/history.rs", "use crate::core::greeting::Reason;", "core::roster may not know of"),
        (
            "src/core/greeting/host.rs",
            "use crate::core::{primitives::ids, roster::profile};",
            "core::greeting may not",
        ),
        (
            "src/core/greeting/host.rs",
            "use super::super::roster::profile::Profile;",
            "core::greeting may not know of",
        ),
        (
            "src/core/primitives/ids.rs",
            "fn f(x: crate::core::node::input::Input) {}",
            "core::primitives may not know",
        ),
        ("src/core/node/mod.rs", "use crate::store::Store;", "core::node may not know of store::Store"),
        ("src/net/dial.rs", "use crate::store::Store;", "net may not know of store::Store"),
        ("src/store/mod.rs", "use crate::{core::node, net::swarm};", "store may not know of net::swarm"),
        ("src/control/routes.rs", "use super::super::net::swarm;", "control may not know of net::swarm"),
        (
            "src/control/routes.rs",
            "pub(crate) use crate::daemon::clock::Clock;",
            "control may not know of daemon",
        ),
        ("src/cli/status.rs", "use crate::core::node::request::Request;", "cli may not know of core"),
        ("src/cli/status.rs", "use crate::control::server::serve;", "cli may not know of control::server"),
        ("src/daemon/run.rs", "let x = crate::cli::prompt();", "daemon may not know of cli"),
        ("src/core/node/greet.rs", "use libp2p::PeerId;", "libp2p is named only in src/net/"),
        ("src/daemon/run.rs", "let x: libp2p_stream::Control;", "libp2p is named only in src/net/"),
        ("src/daemon/run.rs", "let db = ::sled::open(path);", "sled is named only in src/store/"),
        (
            "src/core/greeting/host.rs",
            "use snow::Builder;",
            "snow is named only in src/core/greeting/noise.rs",
        ),
        (
            "src/core/roster/sign.rs",
            "bincode::serde::encode(x)",
            "bincode is named only in src/core/primitives/codec.rs",
        ),
        ("src/net/mod.rs", "use axum;", "axum is named only in src/control/"),
        (
            "src/daemon/run.rs",
            "use clap::Parser;",
            "clap is named only in src/cli/, src/daemon/config.rs, src/bin/",
        ),
        (
            "src/core/node/mod.rs",
            "use std::time::{Duration, Instant};",
            "the core may not know of std::time::Instant",
        ),
        (
            "src/core/node/mod.rs",
            "let t = std::time::SystemTime::now();",
            "the core may not know of std::time::System",
        ),
        (
            "src/core/roster/mod.rs",
            "use std::{\n    collections::BTreeMap,\n    fs::File,\n};",
            "may not know of std::fs",
        ),
        (
            "src/core/primitives/keys.rs",
            "use rand::rngs::OsRng;",
            "the core may not know of rand::rngs::OsRng",
        ),
        (
            "src/core/primitives/keys.rs",
            "getrandom::fill(&mut x)",
            "the core may not know of getrandom::fill",
        ),
        ("src/core/node/mod.rs", "tokio::spawn(f)", "the core may not know of tokio::spawn"),
        (
            "src/core/node/mod.rs",
            "use std::net::{IpAddr, TcpStream as S};",
            "the core may not know of std::net::Tcp",
        ),
        ("src/net/utils.rs", "", "'utils' says nothing"),
        ("src/core/common/mod.rs", "", "'common' says nothing"),
    ];
    for (path, line, expected) in rows {
        let complaints = check(path, &format!("//! A file.\n\n{line}\n"));
        assert_eq!(complaints.len(), 1, "{path}: {line}: {complaints:?}");
        assert!(complaints[0].contains(expected), "{path}: {line}: {complaints:?}");
        assert!(complaints[0].starts_with(&format!("{path}:")), "{complaints:?}");
    }
    let long = "//\n".repeat(LONGEST + 1);
    assert_eq!(check("src/net/swarm.rs", &long).len(), 1);
}

#[test]
fn the_offending_line_is_the_one_that_is_named() {
    let text =
        "//! Story.\n\nuse std::{\n    fmt,\n    time::{\n        Duration,\n        Instant,\n    },\n};\n";
    let complaints = check("src/core/node/mod.rs", text);
    assert_eq!(complaints, ["src/core/node/mod.rs:7: the core may not know of std::time::Instant"]);
}

#[test]
fn what_keeps_to_the_floors_is_left_alone() {
    let rows = [
        ("src/core/node/mod.rs", "use crate::core::{greeting::Reason, roster::profile::Profile};"),
        ("src/core/node/mod.rs", "use std::{fmt, net::IpAddr, time::Duration};"),
        ("src/core/primitives/codec.rs", "bincode::serde::encode_to_vec(x, y)"),
        ("src/core/roster/mod.rs", "// libp2p would, crate::store would\nlet x = \"use tokio::net;\";"),
        (
            "src/core/roster/mod.rs",
            "/* sled::open and\n tokio */ let x = '\"'; let y = r#\"sled::open \"quoted\"\"#;",
        ),
        ("src/control/routes.rs", "use crate::core::node::request::{Answer, Request};"),
        ("src/daemon/run.rs", "use crate::{net::swarm, store::Store, control, core::node::input::Input};"),
        ("src/daemon/config.rs", "use clap::Parser;"),
        ("src/cli/status.rs", "use crate::control::client::Client;"),
        ("src/store/open.rs", "use super::{Store, mark};\nuse super::super::store::error;"),
        ("src/net/swarm.rs", "use libp2p::swarm::Swarm; use libp2p_stream::Control;"),
        ("src/bin/muster.rs", "use clap::Parser;\nuse muster::cli;"),
        ("src/core/node/mod.rs", "let random = operand::random(); let x = self.snow; mod tests {}"),
    ];
    for (path, text) in rows {
        assert_eq!(check(path, text), Vec::<String>::new(), "{path}: {text}");
    }
}
