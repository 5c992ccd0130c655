//! One real daemon: how it starts, how it ends, and what it says where it can't.

use crate::support::daemons::{Machine, Said};

#[test]
fn a_second_daemon_on_the_same_data_says_who_has_it_and_leaves_the_first_alone() {
    let ada = Machine::start("ada");
    ada.found("Field Lab", "Ada", "ada@example.org");
    let second: Said = ada.musterd().output().unwrap().into();
    assert_eq!(second.code, 1);
    assert!(second.err.contains(&format!("another musterd (pid {}) uses", ada.pid())), "{}", second.err);
    assert_eq!(ada.status()["state"], "active");
}

#[test]
fn a_daemon_that_is_told_to_end_ends_cleanly_and_comes_back_with_everything() {
    let mut ada = Machine::start("ada");
    ada.found("Field Lab", "Ada", "ada@example.org");
    let before = ada.digest();
    assert_eq!(ada.stop(), 0, "{}", ada.log());
    assert_eq!(ada.muster(&["status"]).code, 6);
    ada.boot();
    assert_eq!(ada.digest(), before);
}
