//! What was found is never lost: however a damaged log opens, the bytes that were there are kept.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use muster::store::{Opened, Store};
use rustix::fs::FlockOperation;
use tempfile::tempdir;

use crate::store_child::{fivefold, start, whole_batches};
use crate::support::left_out;

/// Opening blanks what it can't read at different moments, so one try proves little.
#[test]
fn what_is_set_aside_is_what_was_found_every_time() {
    let home = tempdir().unwrap();
    for round in 0..30 {
        let dir = home.path().join(format!("ada{round}"));
        commit(&dir, 0..1 + round % 7);
        let mut log = fs::read(dir.join("db")).unwrap();
        log.chunks_mut(512).for_each(|chunk| chunk.iter_mut().take(64).for_each(|byte| *byte = 0xa5));
        fs::write(dir.join("db"), &log).unwrap();
        let (store, opened) = Store::open(&dir).unwrap();
        assert_eq!(whole_batches(&store), [] as [u64; 0]);
        let Opened::SetAside(place) = opened else { panic!("round {round}: {opened:?}") };
        assert!(fs::read(place.join("db")).unwrap() == log, "round {round}: another log was set aside");
    }
}

#[test]
fn a_log_that_loses_its_end_twice_is_kept_as_it_was_the_first_time() {
    let home = tempdir().unwrap();
    commit(home.path(), 0..40);
    let whole = lose_the_end(home.path());
    assert!(matches!(Store::open(home.path()).unwrap().1, Opened::Shortened { .. }));
    assert!(fs::read(kept(home.path())).unwrap() == whole, "what was found is kept");

    // Neither a sound start nor the next loss touches it, and nothing else piles up.
    assert_eq!(Store::open(home.path()).unwrap().1, Opened::Sound);
    assert_eq!(copies(home.path()), [kept(home.path())]);
    lose_the_end(home.path());
    assert!(matches!(Store::open(home.path()).unwrap().1, Opened::Shortened { .. }));
    assert_eq!(copies(home.path()), [kept(home.path())]);
    assert!(fs::read(kept(home.path())).unwrap() == whole, "the first is kept");
}

#[test]
fn a_lost_end_with_a_lost_index_keeps_what_was_found_too() {
    let home = tempdir().unwrap();
    commit(home.path(), 0..20);
    commit(home.path(), 20..40);
    let found = lose_the_end(home.path());
    for path in names(home.path(), "snap.") {
        fs::write(path, "").unwrap();
    }
    assert!(matches!(Store::open(home.path()).unwrap().1, Opened::Shortened { .. }));
    assert!(fs::read(kept(home.path())).unwrap() == found);
    assert!(names(home.path(), "aside-").is_empty(), "the index that was damaged is of no use");
}

/// The daemon was killed while it opened a damaged store; what it had copied is older than what is there.
#[test]
fn the_copy_of_an_opening_that_was_cut_off_is_the_one_that_is_kept() {
    let home = tempdir().unwrap();
    commit(home.path(), 0..40);
    let found = lose_the_end(home.path());
    fs::write(home.path().join("found"), &found).unwrap();
    lose_the_end(home.path());
    assert!(matches!(Store::open(home.path()).unwrap().1, Opened::Shortened { .. }));
    assert_eq!(copies(home.path()), [kept(home.path())]);
    assert!(fs::read(kept(home.path())).unwrap() == found);
}

#[test]
fn a_sound_store_keeps_no_copy_whatever_an_earlier_opening_left() {
    let home = tempdir().unwrap();
    commit(home.path(), 0..3);
    for left in ["found", "found-part", "found-before"] {
        fs::write(home.path().join(left), "older").unwrap();
    }
    let (store, opened) = Store::open(home.path()).unwrap();
    assert_eq!((opened, whole_batches(&store).len()), (Opened::Sound, 3));
    assert!(copies(home.path()).is_empty());
}

#[test]
fn a_store_whose_copy_would_not_fit_on_the_disk_opens_without_one() {
    let home = tempdir().unwrap();
    let (kept, disk) = (home.path().join("kept"), home.path().join("disk"));
    commit(&kept, 0..400);
    fs::create_dir(&disk).unwrap();
    let namespace = if rustix::process::geteuid().is_root() { "-m" } else { "-rm" };
    let mut trial = Command::new("unshare");
    trial.args([namespace, "sh", "-c", r#"mount -t tmpfs none "$0""#]).arg(&disk);
    if !trial.status().is_ok_and(|status| status.success()) {
        left_out(&format!("this user can't mount a file system of their own (unshare {namespace})"));
        return;
    }
    let used: u64 = names(&kept, "").iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    let log = fs::metadata(kept.join("db")).unwrap().len();
    assert!(log > 1_400_000, "{log}");
    let size = used + 1_300_000;
    let inner = format!(
        r#"mount -t tmpfs -o size={size} none "$MUSTER_TEST_DIR" && cp -a "$MUSTER_TEST_DIR"/../kept/. "$MUSTER_TEST_DIR" && exec "$@""#
    );
    let said = start("open", &disk, &format!(r#"exec unshare {namespace} sh -c '{inner}' sh "$@""#)).says();
    assert_eq!(said, "Sound");
}

#[test]
fn a_lock_that_is_let_go_in_a_moment_is_waited_for() {
    let home = tempdir().unwrap();
    commit(home.path(), 0..1);
    let lock = File::open(home.path().join("lock")).unwrap();
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).unwrap();
    let holder = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        drop(lock);
    });
    assert_eq!(Store::open(home.path()).unwrap().1, Opened::Sound);
    holder.join().unwrap();
}

fn commit(dir: &Path, numbers: std::ops::Range<u64>) {
    let (store, _) = Store::open(dir).unwrap();
    numbers.for_each(|number| store.commit(&fivefold(number, 300)).unwrap());
}

/// Blanks the last that was written, and gives what is left.
fn lose_the_end(dir: &Path) -> Vec<u8> {
    let bytes = fs::read(dir.join("db")).unwrap();
    let filler = bytes[bytes.len() - 1];
    let end = bytes.iter().rposition(|byte| *byte != filler && *byte != 0).unwrap() as u64;
    let log = File::options().write(true).open(dir.join("db")).unwrap();
    log.write_all_at(&[0; 3000], end - 3000).unwrap();
    fs::read(dir.join("db")).unwrap()
}

fn kept(dir: &Path) -> PathBuf {
    dir.join("found-first")
}

fn copies(dir: &Path) -> Vec<PathBuf> {
    names(dir, "found")
}

fn names(dir: &Path, start: &str) -> Vec<PathBuf> {
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(start)).collect()
}
