//! The socket itself: who may come in, what happens to dead sockets, and that no bytes harm the server.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener as StdListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use muster::control::{Access, BindError, Surroundings, bind, client::Client, data::*};
use muster::core::primitives::limits;

use super::control_stand_in::{PONDERED, StandIn};

/// Runs one async test body.
pub(crate) fn run<T>(body: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(body)
}

fn is_alive(daemon: &StandIn) -> bool {
    run(Client::new(daemon.socket.clone(), None).status()).is_ok()
}

/// Writes bytes to the socket and gives what comes back within `patience`.
fn exchange(socket: &Path, bytes: &[u8], patience: Duration) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(patience)).unwrap();
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_dead_socket_is_replaced_and_a_living_one_refused() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("folder/control.sock");
        let first = bind(&path, Access::private()).unwrap();
        assert!(matches!(bind(&path, Access::private()), Err(BindError::Alive(_))));
        drop(first);
        assert!(path.exists(), "a daemon that was killed leaves its socket behind");
        bind(&path, Access::private()).unwrap();
    });
}

#[test]
fn what_is_no_socket_is_left_alone() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control.sock");
        std::fs::write(&path, "letters").unwrap();
        assert!(matches!(bind(&path, Access::private()), Err(BindError::NotASocket(_))));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "letters");
        let long = dir.path().join("x".repeat(120));
        assert!(matches!(bind(&long, Access::private()), Err(BindError::TooLong(_))));
    });
}

#[test]
fn the_socket_of_a_user_is_for_that_user_and_a_system_socket_for_its_group() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let own = dir.path().join("own/control.sock");
        let _own = bind(&own, Access::private()).unwrap();
        assert_eq!(mode(&own), 0o600);
        assert_eq!(mode(own.parent().unwrap()), 0o700);

        let group = nix::unistd::getegid().as_raw();
        let system = dir.path().join("system/control.sock");
        let _system = bind(&system, Access { group: Some(group), ..Access::private() }).unwrap();
        assert_eq!(mode(&system), 0o660);
        assert_eq!(mode(system.parent().unwrap()), 0o750);
    });
}

#[test]
fn a_daemon_that_stops_takes_its_socket_along() {
    let mut daemon = StandIn::start();
    assert!(is_alive(&daemon));
    daemon.stop();
    assert!(!daemon.socket.exists());
}

#[test]
fn default_places_follow_the_contract() {
    let ada = Surroundings {
        system: false,
        runtime: Some("/run/user/1000".into()),
        home: Some("/home/ada".into()),
        ..Surroundings::default()
    };
    assert_eq!(ada.socket(None).unwrap(), Path::new("/run/user/1000/muster/control.sock"));
    let without_runtime = Surroundings { runtime: None, ..ada.clone() };
    assert_eq!(
        without_runtime.socket(None).unwrap(),
        Path::new("/home/ada/.local/share/muster/control.sock")
    );
    let with_data = Surroundings { data: Some("/data".into()), ..without_runtime };
    assert_eq!(with_data.socket(None).unwrap(), Path::new("/data/muster/control.sock"));
    let root = Surroundings { system: true, ..ada };
    assert_eq!(root.socket(None).unwrap(), Path::new("/run/muster/control.sock"));
    assert_eq!(Surroundings::default().socket(None), None);
}

/// Runs `muster status` as the user `nobody`; none where this test isn't root and can't.
fn status_as_nobody(daemon: &StandIn, groups: &[u32]) -> Option<i32> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    daemon.open_to_all();
    // Where the build lies nobody else may be able to go.
    let muster = daemon.socket.with_file_name("muster");
    std::fs::copy(env!("CARGO_BIN_EXE_muster"), &muster).unwrap();
    std::fs::set_permissions(&muster, std::fs::Permissions::from_mode(0o755)).unwrap();
    let gid = groups.first().copied().unwrap_or(65534);
    let mut command = Command::new(muster);
    command.args(["--socket", daemon.socket.to_str().unwrap(), "status"]).uid(65534).gid(gid);
    // A process that another test starts at this moment holds the file open for writing until it becomes a program.
    let busy = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ExecutableFileBusy;
    for _ in 0..100 {
        match command.status() {
            Err(error) if busy(&error) => std::thread::sleep(Duration::from_millis(50)),
            ended => return ended.unwrap().code(),
        }
    }
    panic!("busy for five seconds");
}

#[test]
fn another_user_is_refused_even_where_the_file_would_let_them_in() {
    let daemon = StandIn::start();
    if let Some(code) = status_as_nobody(&daemon, &[]) {
        assert_eq!(code, 3);
    }
    assert!(is_alive(&daemon));
}

#[test]
fn a_member_of_the_group_comes_in() {
    let group = 0xbeef;
    let group = if nix::unistd::geteuid().is_root() { group } else { nix::unistd::getegid().as_raw() };
    let daemon = StandIn::start_with(Access { group: Some(group), ..Access::private() });
    if let Some(code) = status_as_nobody(&daemon, &[group]) {
        assert_eq!(code, 0);
    }
    if let Some(code) = status_as_nobody(&daemon, &[]) {
        assert_eq!(code, 3);
    }
}

#[test]
fn garbage_and_oversized_requests_leave_the_server_alive() {
    let daemon = StandIn::start();
    let patience = Duration::from_secs(5);
    let many_headers: String = (0..1000).map(|n| format!("x-{n}: y\r\n")).collect();
    let heads = [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), "400"),
        (vec![0xff; 100_000], "4"),
        (format!("GET /v1/status HTTP/1.1\r\nhost: d\r\n{many_headers}\r\n").into_bytes(), "431"),
        (format!("GET /{} HTTP/1.1\r\nhost: d\r\n\r\n", "x".repeat(100_000)).into_bytes(), "4"),
        (b"GET /v2/status HTTP/1.1\r\nhost: d\r\nconnection: close\r\n\r\n".to_vec(), "404"),
        (b"PUT /v1/status HTTP/1.1\r\nhost: d\r\nconnection: close\r\n\r\n".to_vec(), "405"),
        (b"GET /v1/users?revoked=perhaps HTTP/1.1\r\nhost: d\r\nconnection: close\r\n\r\n".to_vec(), "400"),
        (b"GET /v1/users/%ff HTTP/1.1\r\nhost: d\r\nconnection: close\r\n\r\n".to_vec(), "400"),
    ];
    for (bytes, status) in heads {
        let answer = exchange(&daemon.socket, &bytes, patience);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{status}: {answer}");
    }
    let unknown = exchange(
        &daemon.socket,
        b"GET /v2/status HTTP/1.1\r\nhost: d\r\nconnection: close\r\n\r\n",
        patience,
    );
    let body: serde_json::Value = serde_json::from_str(unknown.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(body["error"]["code"], "no_such_route");
    assert!(is_alive(&daemon));
}

#[test]
fn a_body_over_the_limit_is_refused_and_a_wrong_one_is_not_repeated() {
    let daemon = StandIn::start();
    let post = |body: &str| {
        let head = format!(
            "POST /v1/joins HTTP/1.1\r\nhost: d\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        exchange(&daemon.socket, format!("{head}{body}").as_bytes(), Duration::from_secs(5))
    };
    let huge = format!("{{\"link\":\"{}\"}}", "x".repeat(limits::CONTROL_BODY));
    assert!(post(&huge).contains("body_too_long"));
    let answer = post("\"muster:SECRET\"");
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("bad_body"), "{answer}");
    assert!(!answer.contains("SECRET"));
    assert!(is_alive(&daemon));
}

#[test]
fn who_trickles_is_cut_off_and_keeps_nobody_waiting() {
    let daemon = StandIn::start();
    let mut head = UnixStream::connect(&daemon.socket).unwrap();
    let mut body = UnixStream::connect(&daemon.socket).unwrap();
    head.write_all(b"GET /v1/status HT").unwrap();
    body.write_all(b"POST /v1/joins HTTP/1.1\r\nhost: d\r\ncontent-length: 100\r\n\r\n{").unwrap();
    assert!(is_alive(&daemon));

    let began = Instant::now();
    for stream in [&mut head, &mut body] {
        stream.set_read_timeout(Some(limits::CONTROL_TRICKLE + Duration::from_secs(5))).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
    }
    assert!(began.elapsed() < limits::CONTROL_TRICKLE + Duration::from_secs(5));
}

#[test]
fn as_many_connections_as_there_are_seats_and_the_next_one_waits_its_turn() {
    let daemon = StandIn::start();
    let asking = || {
        let mut stream = UnixStream::connect(&daemon.socket).unwrap();
        write!(stream, "GET /v1/users/{PONDERED} HTTP/1.1\r\nhost: d\r\n\r\n").unwrap();
        stream
    };
    let mut asking: Vec<_> = (0..limits::CONTROL_CONNECTIONS).map(|_| asking()).collect();
    asking.iter().for_each(|_| assert_eq!(daemon.next_seen(), "ponders"));
    let socket = daemon.socket.clone();
    let waiting = std::thread::spawn(move || run(Client::new(socket, None).status()).is_ok());
    std::thread::sleep(Duration::from_millis(200));
    assert!(!waiting.is_finished());
    asking.pop();
    assert!(waiting.join().unwrap());
}

#[test]
fn who_asks_nothing_gives_up_the_seat_to_who_comes() {
    let daemon = StandIn::start();
    let mut silent: Vec<_> =
        (0..limits::CONTROL_CONNECTIONS).map(|_| UnixStream::connect(&daemon.socket).unwrap()).collect();
    let began = Instant::now();
    assert!(is_alive(&daemon));
    assert!(began.elapsed() < limits::CONTROL_TRICKLE, "before any of them was timed out");
    let first = &mut silent[0];
    first.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert_eq!(first.read(&mut [0]).unwrap(), 0, "the one that was silent for longest");
}

#[test]
fn half_a_request_holds_no_seat_and_a_whole_one_is_one_connections_last() {
    let daemon = StandIn::start();
    let half = || {
        let mut stream = UnixStream::connect(&daemon.socket).unwrap();
        stream.write_all(b"POST /v1/joins HTTP/1.1\r\nhost: d\r\ncontent-length: 9\r\n\r\n{").unwrap();
        stream
    };
    let half: Vec<_> = (0..limits::CONTROL_CONNECTIONS).map(|_| half()).collect();
    let began = Instant::now();
    assert!(is_alive(&daemon));
    assert!(began.elapsed() < limits::CONTROL_TRICKLE, "before any of them was timed out");
    drop(half);
    // Who has asked something and then begins to ask again would hold a seat that nobody could take.
    let two =
        b"GET /v1/status HTTP/1.1\r\nhost: d\r\n\r\nPOST /v1/joins HTTP/1.1\r\ncontent-length: 9\r\n\r\n{";
    let answer = exchange(&daemon.socket, two, Duration::from_secs(5));
    assert!(answer.starts_with("HTTP/1.1 200") && answer.matches("HTTP/1.1 ").count() == 1, "{answer}");
}

#[test]
fn no_daemon_is_a_refusal_with_a_hint() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("control.sock");
    let refusal = run(Client::new(path.clone(), None).status()).unwrap_err();
    assert_eq!((refusal.class, refusal.code.as_str()), (Class::Unreachable, "no_daemon"));
    assert!(refusal.hint.is_some());

    drop(StdListener::bind(&path).unwrap());
    let refusal = run(Client::new(path, None).status()).unwrap_err();
    assert_eq!(refusal.code, "no_daemon");
}

#[test]
fn an_email_or_a_name_with_any_characters_reaches_the_daemon_whole() {
    let daemon = StandIn::start();
    let odd = "a b/c?d&e=f%20+ü#\u{1f600}";
    let refusal = run(Client::new(daemon.socket.clone(), Some("Acme".to_owned())).user(odd)).unwrap_err();
    assert!(refusal.message.contains(odd), "{}", refusal.message);
    assert!(daemon.next_seen().starts_with("Some(\"Acme\") ShowUser"));
}
