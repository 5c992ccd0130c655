//! What a store is for: what was committed is there, nobody else may read it, and it can be wiped.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use muster::{
    core::node::output::Batch,
    store::{Opened, Store, StoreError},
};
use tempfile::tempdir;

#[test]
fn a_new_store_is_sound_and_empty() {
    let home = tempdir().unwrap();
    let (store, opened) = Store::open(&home.path().join("ada")).unwrap();
    assert_eq!(opened, Opened::Sound);
    assert_eq!(store.load().unwrap(), []);
}

#[test]
fn what_was_committed_is_there_after_opening_again() {
    let home = tempdir().unwrap();
    let (store, _) = Store::open(home.path()).unwrap();
    store.commit(&batch(&[("ada", Some("founds")), ("bob", Some("waits"))])).unwrap();
    store.commit(&batch(&[("bob", None), ("cem", Some(""))])).unwrap();
    drop(store);
    let (store, opened) = Store::open(home.path()).unwrap();
    assert_eq!(opened, Opened::Sound);
    assert_eq!(sorted(&store), [("ada".into(), "founds".into()), ("cem".into(), String::new())]);
}

#[test]
fn the_last_change_of_a_key_in_a_batch_counts() {
    let home = tempdir().unwrap();
    let (store, _) = Store::open(home.path()).unwrap();
    store
        .commit(&batch(&[("ada", Some("1")), ("ada", Some("2")), ("bob", Some("1")), ("bob", None)]))
        .unwrap();
    assert_eq!(sorted(&store), [("ada".into(), "2".into())]);
}

#[test]
fn an_empty_key_is_refused_and_costs_nothing() {
    let home = tempdir().unwrap();
    let (store, _) = Store::open(home.path()).unwrap();
    let refused = store.commit(&batch(&[("ada", Some("1")), ("", Some("x"))]));
    assert!(matches!(refused, Err(StoreError::EmptyKey)));
    assert_eq!(store.load().unwrap(), []);
    store.commit(&batch(&[("ada", Some("2"))])).unwrap();
    assert_eq!(sorted(&store), [("ada".into(), "2".into())]);
}

#[test]
fn a_large_value_is_kept_and_as_private_as_the_rest() {
    let home = tempdir().unwrap();
    let large = "x".repeat(700_000);
    let (store, _) = Store::open(home.path()).unwrap();
    store.commit(&batch(&[("welcome", Some(&large))])).unwrap();
    assert_closed(home.path());
    drop(store);
    let (store, opened) = Store::open(home.path()).unwrap();
    assert_eq!(opened, Opened::Sound);
    assert_eq!(sorted(&store), [("welcome".into(), large)]);
}

#[test]
fn nobody_but_its_owner_may_open_anything() {
    let home = tempdir().unwrap();
    let dir = home.path().join("memberships/ada");
    fs::create_dir_all(&dir).unwrap();
    fs::set_permissions(&dir, Permissions::from_mode(0o755)).unwrap();
    let (store, _) = Store::open(&dir).unwrap();
    store.commit(&batch(&[("ada", Some("1"))])).unwrap();
    assert_closed(&dir);
    drop(store);
    let (_store, _) = Store::open(&dir).unwrap();
    assert_closed(&dir);
}

#[test]
fn opening_it_twice_in_one_process_is_refused() {
    let home = tempdir().unwrap();
    let (store, _) = Store::open(home.path()).unwrap();
    assert!(matches!(Store::open(home.path()), Err(StoreError::Locked(_))));
    drop(store);
    Store::open(home.path()).unwrap();
}

#[test]
fn closing_and_opening_at_once_works_a_hundred_times() {
    let home = tempdir().unwrap();
    for number in 0..100 {
        let (store, opened) = Store::open(home.path()).unwrap();
        assert_eq!((opened, store.load().unwrap().len()), (Opened::Sound, number));
        store.commit(&batch(&[(&format!("key {number}"), Some("1"))])).unwrap();
    }
}

#[test]
fn a_wiped_membership_leaves_nothing_and_its_neighbour_alone() {
    let home = tempdir().unwrap();
    let (ada, bob) = (home.path().join("ada"), home.path().join("bob"));
    let aside = home.path().join("ada.damaged-3");
    fs::create_dir(&aside).unwrap();
    fs::write(aside.join("db"), "an older self").unwrap();
    let (neighbour, _) = Store::open(&bob).unwrap();
    let (store, _) = Store::open(&ada).unwrap();
    store.commit(&batch(&[("key", Some("secret"))])).unwrap();
    store.wipe().unwrap();
    let left: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["bob"]);
    neighbour.commit(&batch(&[("key", Some("1"))])).unwrap();
    let (again, opened) = Store::open(&ada).unwrap();
    assert_eq!((opened, again.load().unwrap()), (Opened::Sound, vec![]));
}

#[test]
fn a_debugged_store_shows_where_it_is_and_nothing_that_is_in_it() {
    let home = tempdir().unwrap();
    let (store, _) = Store::open(home.path()).unwrap();
    store.commit(&batch(&[("key", Some("secret"))])).unwrap();
    assert_eq!(format!("{store:?}"), format!("Store({})", home.path().display()));
}

fn batch(changes: &[(&str, Option<&str>)]) -> Batch {
    let change =
        |(key, value): &(&str, Option<&str>)| (key.as_bytes().to_vec(), value.map(|v| v.as_bytes().to_vec()));
    Batch { changes: changes.iter().map(change).collect() }
}

fn sorted(store: &Store) -> Vec<(String, String)> {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let mut entries: Vec<_> = store.load().unwrap().into_iter().map(|(k, v)| (text(k), text(v))).collect();
    entries.sort();
    entries
}

fn assert_closed(dir: &Path) {
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(dir), 0o700, "{}", dir.display());
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_closed(&path);
        } else {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
}
