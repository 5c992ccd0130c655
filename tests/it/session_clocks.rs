//! Machines whose clocks are a day apart: whether something has expired is for the host to say, and nothing else depends on
//! the time of day.

use std::time::Duration;

use muster::core::greeting::sessions;
use muster::core::greeting::{Reason, Side};
use muster::core::node::conversation::Step;
use muster::core::node::input::{Channel, Input, Protocol};
use muster::core::node::looking::Looking;
use muster::core::node::request::Request;
use muster::core::primitives::limits;
use muster::core::roster::Profile;

use crate::support::device;
use crate::support::world::{World, email};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Ada's organization, and whose clock is a day ahead of everybody else's.
fn apart(whose: &str) -> World {
    let mut world = World::new(&format!("{whose} is a day ahead"));
    world.is_ahead(whose, DAY);
    world.found("ada");
    world
}

#[test]
fn a_session_of_two_hours_takes_guests_whose_clocks_are_a_day_off() {
    for whose in ["ada", "bob"] {
        let mut world = apart(whose);
        let link = world.open_session("ada", 4, Some(Profile::Member));
        let bob = world.join("bob", &link);
        let greet = world.greet("ada");
        world.play(("ada", greet), ("bob", bob), "member");
        assert!(world.is_member("bob"), "{whose}: {:?}", world.steps("bob", bob));
        // Whoever changes something is believed, whatever their clock shows.
        let users = vec![email("bob")];
        world.ask("ada", Request::SetProfiles { profile: Profile::Administrator, users }).unwrap();
        assert_eq!(world.digest("ada"), world.digest("bob"), "{whose}");
        world.ask("ada", Request::CloseSession { session: None }).unwrap();
        let link = world.invite("bob", &email("zoe"));
        let zoe = world.join("zoe", &link);
        let greet = world.greet("bob");
        world.play(("bob", greet), ("zoe", zoe), "member");
        assert_eq!(world.digest("ada"), world.digest("zoe"), "{whose}");
    }
}

#[test]
fn a_session_is_found_on_the_network_by_a_clock_that_is_a_day_ahead() {
    let mut world = apart("bob");
    world.open_session("ada", 4, Some(Profile::Member));
    let told = world.asks_around("looker", "ada").unwrap();
    let now = world.now + DAY;
    let mut looking = Looking::new(None, now);
    let (channel, peer) = (Channel(1), device("ada").device());
    let (protocol, from) = (Protocol::Sessions, "192.0.2.3".to_owned());
    looking.handle(Input::Opened { channel, peer, protocol, by_us: true, from, near: true }, now);
    looking.handle(Input::Received { channel, frame: sessions::answer(&told) }, now);
    assert_eq!(looking.sessions().len(), 1);
    let to = looking.way_to(None, now).unwrap();
    assert!(to.expires >= now + limits::SESSION, "attempts are counted for as long as a session lasts");

    let bob = world.join_on_lan("bob", "ada", &told[0]);
    let greet = world.greet("ada");
    world.play(("ada", greet), ("bob", bob), "member");
    assert!(world.is_member("bob"), "{:?}", world.steps("bob", bob));
}

#[test]
fn an_invitation_ends_by_its_hosts_clock_and_a_guest_who_reaches_nobody_is_told_what_their_own_shows() {
    let mut world = apart("ada");
    let link = world.open_session("ada", 4, Some(Profile::Member));
    world.wait(limits::SESSION);
    let bob = world.join("bob", &link);
    assert_eq!(world.ended("bob", bob), (Reason::InvitationExpired, Side::Host));

    let mut world = apart("bob");
    let link = world.open_session("ada", 4, Some(Profile::Member));
    world.unplug("ada");
    let bob = world.join("bob", &link);
    world.wait(limits::REACH);
    let Some(Step::Ended { reason: Reason::Unreachable, message, .. }) = world.last("bob", bob) else {
        panic!("{:?}", world.steps("bob", bob))
    };
    assert!(message.contains("by this machine's clock the link expired at 20"), "{message}");
}
