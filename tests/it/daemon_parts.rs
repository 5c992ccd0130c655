//! The daemon's small parts: its lock, its clock, its randomness, its log filter, and its word to the service
//! manager.

use std::{
    fs,
    io::{Read as _, Seek as _},
    os::{
        linux::net::SocketAddrExt,
        unix::{
            fs::PermissionsExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use muster::{
    core::primitives::time::Moment,
    daemon::{
        clock::Clock,
        entropy,
        environment::Environment,
        lock::{DataLock, LockError},
        logging,
        notify::Notifier,
    },
};
use tempfile::tempdir;

use crate::store_child::{start, stderr_of};
use crate::support::left_out;

#[test]
fn a_second_daemon_is_told_who_has_the_data() {
    let home = tempdir().unwrap();
    let dir = home.path().join("data/muster");
    let lock = DataLock::take(&dir).unwrap();
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    let told = DataLock::take(&dir).unwrap_err();
    assert!(matches!(told, LockError::Taken { .. }));
    let expected = format!("another musterd (pid {}) uses {}", std::process::id(), dir.display());
    assert_eq!(told.to_string(), expected);
    assert_eq!(start("take the data", &dir, r#"exec "$@""#).says(), expected);
    drop(lock);
    DataLock::take(&dir).unwrap();
}

#[test]
fn a_killed_daemon_leaves_its_data_to_the_next_one() {
    let home = tempdir().unwrap();
    let mut daemon = start("take the data", home.path(), r#"exec "$@""#);
    assert_eq!(daemon.says(), "taken");
    let told = DataLock::take(home.path()).unwrap_err().to_string();
    assert!(told.contains(&format!("(pid {})", daemon.process.id())), "{told}");
    daemon.kill();
    DataLock::take(home.path()).unwrap();
}

#[test]
fn the_clock_agrees_with_the_wall_and_goes_forward() {
    let clock = Clock::new();
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert!(clock.now().since(Moment(0) + since_1970) < Duration::from_secs(60));
    let times: Vec<_> = (0..1000).map(|_| clock.now()).collect();
    assert!(times.is_sorted());
}

#[test]
fn a_wall_clock_that_is_set_back_neither_turns_time_back_nor_stops_it() {
    let (clock, start) = (Clock::new(), Instant::now());
    let noon = clock.now() + Duration::from_secs(3600);
    let hour = Duration::from_secs(3600);
    assert_eq!(clock.reconcile(noon, start + hour), noon);
    // Two hours back: ten minutes later it is ten minutes later.
    let earlier = Moment(noon.0 - 7_200_000);
    assert_eq!(clock.reconcile(earlier, start + hour), noon);
    let ten = Duration::from_secs(600);
    assert_eq!(clock.reconcile(earlier + ten, start + hour + ten), noon + ten);
    // Once the wall clock is ahead, it is believed again.
    assert_eq!(clock.reconcile(noon + hour, start + hour + ten), noon + hour);
}

#[test]
fn no_two_draws_of_randomness_are_alike() {
    assert!(entropy::fresh().unwrap() != entropy::fresh().unwrap());
}

#[test]
fn a_level_or_a_list_is_a_filter_and_a_mistyped_level_is_not() {
    for good in ["error", "WARN", " info ", "debug", "trace", "warn,muster=debug", "muster=trace,libp2p=info"]
    {
        assert!(logging::filter(good).is_ok(), "{good}");
    }
    for bad in ["", "loud", "inf", "info,loud", "muster=loud", "=,="] {
        assert!(logging::filter(bad).is_err(), "{bad}");
    }
    assert!(logging::filter(logging::DEFAULT).is_ok());
}

#[test]
fn what_the_networks_libraries_warn_of_is_shown_only_to_who_asks_for_it() {
    let logged = |filter: &str| {
        let mut file = tempfile::tempfile().unwrap();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(logging::filter(filter).unwrap())
            .with_writer(Arc::new(file.try_clone().unwrap()))
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(target: "libp2p_rendezvous::server", "theirs to warn of");
            tracing::error!(target: "libp2p_rendezvous::server", "theirs to fail of");
            tracing::info!(target: "muster::daemon::run", "ours");
        });
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        ["theirs to warn of", "theirs to fail of", "ours"].map(|words| text.contains(words))
    };
    for level in [logging::DEFAULT, "info", "debug"] {
        assert_eq!(logged(level), [false, true, true], "{level}");
    }
    assert_eq!(logged("info,libp2p=warn"), [true, true, true]);
}

#[test]
fn a_panic_is_logged_with_its_place_and_without_its_words() {
    let logged = stderr_of("fail while logging");
    assert!(logged.contains("ERROR") && logged.contains("store_child.rs:"), "{logged}");
    assert!(!logged.contains("TP9W"), "{logged}");
}

#[test]
fn the_service_manager_is_told_by_path_and_by_abstract_name() {
    let home = tempdir().unwrap();
    let path = home.path().join("notify");
    let by_path = UnixDatagram::bind(&path).unwrap();
    tells(&by_path, path.to_str().unwrap());

    let name = format!("muster-test-{}", std::process::id());
    let by_name = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    tells(&by_name, &format!("@{name}"));
}

#[test]
fn without_a_service_manager_nobody_is_told_and_nothing_breaks() {
    for variables in [vec![], vec![("NOTIFY_SOCKET", "")], vec![("NOTIFY_SOCKET", "/nowhere/at/all")]] {
        let notifier = Notifier::new(&Environment::of(true, &variables));
        notifier.ready();
        notifier.stopping();
    }
}

/// `systemd-analyze verify` ends well with settings that it doesn't know, but it says so.
#[test]
fn systemd_has_nothing_to_say_against_the_unit() {
    if Command::new("systemd-analyze").arg("--version").stdout(Stdio::null()).status().is_err() {
        left_out("there is no systemd-analyze here");
        return;
    }
    let home = tempdir().unwrap();
    let path = home.path().join("musterd.service");
    let unit = include_str!("../../config/systemd/musterd.service");
    fs::write(&path, unit.replace("/usr/bin/musterd", env!("CARGO_BIN_EXE_musterd"))).unwrap();
    let analyze = |arguments: &[&str]| {
        Command::new("systemd-analyze").args(arguments).arg(&path).env("PAGER", "cat").output().unwrap()
    };
    let verified = analyze(&["verify", "--man=no"]);
    assert_eq!(String::from_utf8_lossy(&verified.stderr), "");
    assert!(verified.status.success());
    // From 0, sealed, to 10, wide open.
    let weighed = analyze(&["security", "--offline=yes", "--threshold=20"]);
    assert!(weighed.status.success(), "{}", String::from_utf8_lossy(&weighed.stdout));
}

fn tells(manager: &UnixDatagram, name: &str) {
    let notifier = Notifier::new(&Environment::of(true, &[("NOTIFY_SOCKET", name)]));
    let sender = thread::spawn(move || {
        notifier.ready();
        notifier.stopping();
    });
    manager.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut heard = [0; 64];
    for expected in ["READY=1", "STOPPING=1"] {
        let length = manager.recv(&mut heard).unwrap();
        assert_eq!(&heard[..length], expected.as_bytes());
    }
    sender.join().unwrap();
}
