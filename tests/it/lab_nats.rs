//! Two people at home behind routers that let nothing in, each behind one (`tests/lab/two_nats`) or both behind the same
//! (`tests/lab/one_nat`); two points, of which one is gone at a time (`tests/lab/relay_down`); a router that opens a port (`tests/lab/upnp`), and one that forwards it (`tests/lab/forwarded`). The network namespaces need root.

use std::process::Command;

use crate::lab_two_machines::{may_make_networks, play_in_lab};
use crate::support::left_out;

const IN: &str = "Bob is in.\n";
const DIRECT: &str = "They are in step without the point.\n";

#[test]
fn two_behind_ordinary_routers_greet_through_a_relay_and_do_without_it_afterwards() {
    play(&["cone", "cone"], &[IN, DIRECT].concat());
}

#[test]
fn a_guest_behind_a_symmetric_router_is_greeted() {
    play(&["cone", "symmetric"], IN);
}

#[test]
fn a_host_behind_a_symmetric_router_greets() {
    play(&["symmetric", "cone"], IN);
}

#[test]
fn two_behind_symmetric_routers_greet_through_a_relay() {
    play(&["symmetric", "symmetric"], IN);
}

#[test]
fn two_far_from_each_other_on_a_bad_line_greet_and_find_a_direct_way() {
    play(&["cone", "cone", "25", "0.01"], &[IN, DIRECT].concat());
}

#[test]
fn far_from_each_other_one_behind_a_symmetric_router_greets_on_a_bad_line() {
    for routers in [["symmetric", "cone"], ["cone", "symmetric"]] {
        play(&[routers.as_slice(), &["25", "0.01"]].concat(), IN);
    }
}

#[test]
fn two_far_from_each_other_behind_symmetric_routers_greet_on_a_bad_line() {
    play(&["symmetric", "symmetric", "25", "0.01"], IN);
}

#[test]
fn two_behind_one_router_greet_whether_or_not_it_lets_them_talk_to_each_other() {
    for place in ["together", "apart"] {
        play_behind_one(&[place]);
    }
}

#[test]
fn a_host_that_moves_while_a_guest_waits_is_found_again_by_the_point() {
    play_behind_one(&["together", "moves"]);
}

#[test]
fn a_host_whose_router_opens_a_port_is_reached_from_outside_without_point_or_relay() {
    let has_router = Command::new("miniupnpd").arg("--version").output().is_ok();
    if !has_router {
        left_out("there is no `miniupnpd` (tests/lab/upnp)");
    } else if can_play("upnp") {
        assert_eq!(play_in_lab("upnp", &[]), "Bob is in.\n");
    }
}

#[test]
fn a_host_whose_port_somebody_forwarded_finds_that_out_and_is_reached_with_the_link_alone() {
    if can_play("forwarded") {
        let told = "Bob is in.\nThe address is told no more.\n";
        assert_eq!(play_in_lab("forwarded", &[]), told);
    }
}

#[test]
fn a_host_who_says_which_other_port_was_forwarded_is_reached_with_the_link_alone() {
    if can_play("another") {
        assert_eq!(play_in_lab("forwarded", &["another"]), "Bob is in.\n");
    }
}

#[test]
fn while_one_of_two_relays_is_gone_guests_are_greeted_through_the_other_and_who_reaches_neither_is_told() {
    if can_play("relays") {
        let said = [
            "Bob is in, through the second.",
            "Eve is in, through the first.",
            "Zoe is told what failed.",
            "",
        ];
        assert_eq!(play_in_lab("relay_down", &["symmetric"]), said.join("\n"));
    }
}

fn play(how: &[&str], expected: &str) {
    if can_play(&how.concat().replace('.', "")) {
        assert_eq!(play_in_lab("two_nats", how), expected);
    }
}

fn play_behind_one(how: &[&str]) {
    if can_play(&how.concat()) {
        assert_eq!(play_in_lab("one_nat", how), format!("Bob is in, {}.\n", how[0]));
    }
}

fn can_play(name: &str) -> bool {
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let can = may_make_networks(name) && has("nft") && has("python3");
    if !can {
        left_out("only root, with `ip`, `nft` and `python3`, can play this (tests/lab/two_nats, one_nat)");
    }
    can
}
