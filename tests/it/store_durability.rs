//! A commit that returned is on the disk, whatever happens next: the process is killed, the disk is full,
//! somebody else wants in.

use std::{path::Path, process::Command};

use muster::store::{Opened, Store, StoreError};
use tempfile::tempdir;

use crate::store_child::{fivefold, start, whole_batches};
use crate::support::left_out;

const PLAIN: &str = r#"exec "$@""#;

#[test]
fn what_a_killed_daemon_had_committed_is_there_and_no_batch_is_torn() {
    let home = tempdir().unwrap();
    let mut acknowledged = 0;
    for round in 0..6 {
        let mut daemon = start("commit for ever", home.path(), PLAIN);
        for _ in 0..20 + 7 * round {
            acknowledged = daemon.says().parse::<u64>().unwrap() + 1;
        }
        daemon.kill();
        let (store, opened) = Store::open(home.path()).unwrap();
        assert_eq!(opened, Opened::Sound);
        let there = whole_batches(&store);
        assert!(there.len() as u64 >= acknowledged, "{} of {acknowledged}", there.len());
        assert!(there.iter().copied().eq(0..there.len() as u64));
    }
}

#[test]
fn a_second_process_is_told_that_the_store_is_in_use() {
    let home = tempdir().unwrap();
    let (store, _) = Store::open(home.path()).unwrap();
    let told = start("open", home.path(), PLAIN).says();
    assert_eq!(told, format!("{} is in use by another process", home.path().display()));
    drop(store);
    assert_eq!(start("open", home.path(), PLAIN).says(), "Sound");
}

#[test]
fn the_lock_of_a_killed_daemon_is_gone_with_it() {
    let home = tempdir().unwrap();
    let mut daemon = start("commit for ever", home.path(), PLAIN);
    daemon.says();
    assert!(matches!(Store::open(home.path()), Err(StoreError::Locked(_))));
    daemon.kill();
    Store::open(home.path()).unwrap();
}

/// A file system of 3 MB, which only the child sees.
#[test]
fn on_a_full_disk_a_commit_says_so_and_what_was_committed_stays() {
    let home = tempdir().unwrap();
    let namespace = if rustix::process::geteuid().is_root() { "-m" } else { "-rm" };
    let script = format!(
        r#"exec unshare {namespace} sh -c 'mount -t tmpfs -o size=3m none "$MUSTER_TEST_DIR" && exec "$@"' sh "$@""#
    );
    let mut trial = Command::new("unshare");
    trial.args([namespace, "sh", "-c", r#"mount -t tmpfs none "$0""#]).arg(home.path());
    if !trial.status().is_ok_and(|status| status.success()) {
        left_out(&format!("this user can't mount a file system of their own (unshare {namespace})"));
        return;
    }
    let mut daemon = start("fill", home.path(), &script);
    let committed: usize = daemon.says().parse().unwrap();
    assert!(committed > 20, "{committed}");
    assert_eq!(daemon.says(), "full");
    assert_eq!(daemon.says(), "stands still");
    assert_eq!(daemon.says(), "shows nothing");
    let reopened = daemon.says();
    let is_all_there = reopened == format!("reopened with {committed}")
        || reopened == format!("reopened with {}", committed + 1)
        || reopened == "no room to open";
    assert!(is_all_there, "{committed} committed, {reopened}");
}

/// The same by the limit on a file's size, which everybody may lower; afterwards there is room again.
#[test]
fn when_there_is_room_again_everything_committed_is_there_and_goes_on() {
    let home = tempdir().unwrap();
    let mut daemon = start("fill", home.path(), r#"trap "" XFSZ; ulimit -f 4000; exec "$@""#);
    let committed: u64 = daemon.says().parse().unwrap();
    assert!(committed > 20, "{committed}");
    assert_eq!(daemon.says(), "full");
    assert_eq!(daemon.says(), "stands still");
    assert_eq!(daemon.says(), "shows nothing");
    daemon.says();
    daemon.process.wait().unwrap();

    let (store, opened) = Store::open(home.path()).unwrap();
    assert_eq!(opened, Opened::Sound);
    let there = whole_batches(&store).len() as u64;
    assert!(there == committed || there == committed + 1, "{there} of {committed}");
    store.commit(&fivefold(there, 2000)).unwrap();
    assert_eq!(whole_batches(&store).len() as u64, there + 1);
}

#[test]
fn a_directory_that_may_not_be_written_is_an_error_and_not_damage() {
    if rustix::process::geteuid().is_root() {
        // Root may write everywhere, but not where there is no directory to write to.
        let told = Store::open(Path::new("/proc/muster")).unwrap_err();
        assert!(matches!(told, StoreError::Io { .. }), "{told:?}");
        return;
    }
    let told = Store::open(Path::new("/muster")).unwrap_err();
    assert!(matches!(told, StoreError::Io { .. }), "{told:?}");
}
