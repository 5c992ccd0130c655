//! A damaged store is mended or set aside, always said, never a panic, and never mistaken for a sound one.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use muster::store::{Opened, Store};
use tempfile::{TempDir, tempdir};

use crate::store_child::{fivefold, whole_batches};

const BATCHES: u64 = 400;

#[test]
fn an_index_with_garbled_bytes_is_rebuilt_and_nothing_is_lost() {
    let home = filled();
    let snapshot = snapshot_of(home.path());
    let mut bytes = fs::read(&snapshot).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    fs::write(&snapshot, bytes).unwrap();
    assert_mended(home.path());
}

#[test]
fn an_emptied_index_is_rebuilt_and_nothing_is_lost() {
    let home = filled();
    fs::write(snapshot_of(home.path()), "").unwrap();
    assert_mended(home.path());
}

#[test]
fn garbled_parameters_are_made_again() {
    let home = filled();
    fs::write(home.path().join("conf"), "segment_size: 7\nuse_compression: maybe\n1234").unwrap();
    assert_mended(home.path());
}

#[test]
fn a_log_whose_unused_tail_is_cut_off_opens_whole() {
    let home = tempdir().unwrap();
    for half in [0..20, 20..40] {
        let (store, _) = Store::open(home.path()).unwrap();
        half.for_each(|number| store.commit(&fivefold(number, 300)).unwrap());
    }
    drop(Store::open(home.path()).unwrap());
    let log = OpenOptions::new().write(true).open(home.path().join("db")).unwrap();
    log.set_len(log.metadata().unwrap().len() - 300_000).unwrap();
    let (store, opened) = Store::open(home.path()).unwrap();
    assert_eq!(opened, Opened::Sound);
    assert_eq!(whole_batches(&store).len() as u64, 40);
}

#[test]
fn a_log_that_has_lost_its_last_commits_says_how_many() {
    let home = tempdir().unwrap();
    let (store, _) = Store::open(home.path()).unwrap();
    (0..40).for_each(|number| store.commit(&fivefold(number, 300)).unwrap());
    drop(store);
    let log = OpenOptions::new().write(true).open(home.path().join("db")).unwrap();
    let end = last_written_byte(&fs::read(home.path().join("db")).unwrap());
    log.write_all_at(&[0; 3000], end as u64 - 3000).unwrap();

    let (store, opened) = Store::open(home.path()).unwrap();
    let there = whole_batches(&store).len() as u64;
    assert_eq!(opened, Opened::Shortened { lost: 40 - there });
    store.commit(&fivefold(there, 300)).unwrap();
    drop(store);
    // Said once: what was lost is now history.
    assert_eq!(Store::open(home.path()).unwrap().1, Opened::Sound);
}

#[test]
fn a_log_that_has_vanished_is_not_taken_for_a_new_store() {
    let home = tempdir().unwrap();
    let dir = home.path().join("ada");
    fill(&dir);
    fs::write(dir.join("db"), "").unwrap();
    let (store, opened) = Store::open(&dir).unwrap();
    assert!(whole_batches(&store).is_empty());
    assert!(matches!(opened, Opened::SetAside(_)), "{opened:?}");
}

#[test]
fn what_cannot_be_read_is_set_aside_and_the_store_begins_anew() {
    let home = tempdir().unwrap();
    let dir = home.path().join("ada");
    fill(&dir);
    let mut log = fs::read(dir.join("db")).unwrap();
    // Only the heads of its pages are gone; a person with patience could still read the rest.
    log.chunks_mut(512).for_each(|chunk| chunk[..64].fill(0xa5));
    fs::write(dir.join("db"), &log).unwrap();
    let (store, opened) = Store::open(&dir).unwrap();
    assert!(whole_batches(&store).is_empty());
    let Opened::SetAside(place) = opened else { panic!("{opened:?}") };
    assert_eq!(place, home.path().join("ada.damaged-1"));
    assert!(place.join("db").exists());
    store.commit(&fivefold(0, 300)).unwrap();
    drop(store);
    assert_eq!(Store::open(&dir).unwrap().1, Opened::Sound);
}

/// Whatever bytes flip, opening says so, or everything is there.
#[test]
fn flipped_bytes_in_the_log_are_said_or_do_no_harm() {
    let seed = std::env::var("MUSTER_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_124);
    println!("seed {seed}");
    let original = filled();
    let rounds = if std::env::var_os("MUSTER_LONG").is_some() { 400 } else { 24 };
    let mut tally = [0; 4];
    for round in 0..rounds {
        let home = tempdir().unwrap();
        copy(original.path(), &home.path().join("ada"));
        flip(&home.path().join("ada"), seed + round);
        let (store, opened) = Store::open(&home.path().join("ada")).unwrap();
        let there = whole_batches(&store).len() as u64;
        match opened {
            Opened::Sound => assert_eq!(there, BATCHES, "round {round}"),
            Opened::SnapshotRebuilt => assert_eq!(there, BATCHES, "round {round}"),
            Opened::Shortened { lost } => assert!(lost > 0 && there < BATCHES, "round {round}"),
            Opened::SetAside(_) => assert_eq!(there, 0, "round {round}"),
        }
        let kind = [Opened::Sound, Opened::SnapshotRebuilt].iter().position(|kind| *kind == opened);
        tally[kind.unwrap_or(2 + usize::from(matches!(opened, Opened::SetAside(_))))] += 1;
    }
    println!("sound, rebuilt, shortened, set aside: {tally:?}");
}

/// From 1 to 64 bytes somewhere in the log; every third time the index is gone as well.
fn flip(dir: &Path, seed: u64) {
    let mut bytes = fs::read(dir.join("db")).unwrap();
    let mut random = blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof();
    let mut draw = || {
        let mut bytes = [0; 8];
        random.fill(&mut bytes);
        u64::from_le_bytes(bytes) as usize
    };
    let end = last_written_byte(&bytes);
    for _ in 0..1 << (seed % 7) {
        let at = draw() % end;
        bytes[at] ^= (draw() % 255 + 1) as u8;
    }
    fs::write(dir.join("db"), bytes).unwrap();
    if seed.is_multiple_of(3) {
        fs::remove_file(snapshot_of(dir)).unwrap();
    }
}

fn filled() -> TempDir {
    let home = tempdir().unwrap();
    fill(home.path());
    home
}

/// A store with an index and with commits that came after it.
fn fill(dir: &Path) {
    for half in [0..BATCHES / 2, BATCHES / 2..BATCHES] {
        let (store, _) = Store::open(dir).unwrap();
        half.for_each(|number| store.commit(&fivefold(number, 300)).unwrap());
    }
}

fn assert_mended(dir: &Path) {
    let (store, opened) = Store::open(dir).unwrap();
    assert_eq!(opened, Opened::SnapshotRebuilt);
    assert_eq!(whole_batches(&store).len() as u64, BATCHES);
    store.commit(&fivefold(BATCHES, 300)).unwrap();
    drop(store);
    let (store, opened) = Store::open(dir).unwrap();
    assert_eq!((opened, whole_batches(&store).len() as u64), (Opened::Sound, BATCHES + 1));
    let left = fs::read_dir(dir)
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().as_encoded_bytes().starts_with(b"aside"));
    assert_eq!(left.count(), 0, "what was moved away is still there");
}

fn snapshot_of(dir: &Path) -> PathBuf {
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    paths.into_iter().find(|path| path.file_name().unwrap().as_encoded_bytes().starts_with(b"snap.")).unwrap()
}

/// Where sled has last written: it fills what it doesn't use with one byte.
fn last_written_byte(log: &[u8]) -> usize {
    let filler = log[log.len() - 1];
    log.iter().rposition(|byte| *byte != filler && *byte != 0).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)
        } else {
            fs::copy(entry.path(), target).map(drop).unwrap()
        }
    }
}
