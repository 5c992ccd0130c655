//! Who asks for much and takes a byte a second of it: the answers lie in the daemon meanwhile. There are only so many of
//! them, and others are served.

use libp2p::Multiaddr;
use muster::core::primitives::limits;
use tokio::runtime::Runtime;

use crate::support::daemons::{LONG, Machine, agree, greet};
use crate::support::hostile::harm::{Before, GROWS, peak};
use crate::support::hostile::pretender::{Mask, Pretender};
use crate::support::hostile::speech::seals;
use crate::support::hostile::trickle::Trickle;
use crate::support::registrant::Registrant;
use crate::support::speech::Says;

const CROWDED: &str = "a name under which many are registered, each with as much as a record may hold";

/// Peers who ask and don't take, each as often as one connection may.
const SLOW: usize = 20;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// A record's worth of them.
fn addresses() -> Vec<Multiaddr> {
    let name = "a".repeat(60);
    (0..24).map(|n| format!("/dns4/{name}.example/tcp/{}", 4000 + n).parse().unwrap()).collect()
}

#[test]
fn who_asks_a_point_for_much_and_takes_a_byte_a_second_fills_its_own_share_and_others_are_answered() {
    let point = Machine::with("point", "[rendezvous]\nserve = true\n");
    let address: Multiaddr = point.address().parse().unwrap();
    runtime().block_on(async {
        for _ in 0..limits::TOLD_AT_ONCE {
            Registrant::connects(&address).await.registers(CROWDED, addresses()).await;
        }
    });
    let size = peak(&point);
    let lines: Vec<Trickle> = (0..SLOW).map(|_| Trickle::to(point.port())).collect();
    let runtime = runtime();
    for line in &lines {
        let line_address: Multiaddr = line.address.parse().unwrap();
        let mut slow = runtime.block_on(Registrant::connects(&line_address));
        line.slows_down();
        for _ in 0..limits::REQUESTS_UNDER_WAY {
            slow.asks(CROWDED, 1000);
        }
        runtime.spawn(async move {
            loop {
                slow.answer().await;
            }
        });
    }
    let found = runtime.block_on(async {
        let mut honest = Registrant::connects(&address).await;
        tokio::time::timeout(LONG, honest.finds(CROWDED, 16)).await.unwrap()
    });
    assert_eq!(found, 16);
    let grew = peak(&point).saturating_sub(size);
    assert!(grew < GROWS + 2 * limits::ANSWERS_IN_ALL / 1024, "grew by {grew} kB");
}

#[test]
fn a_member_who_asks_for_everything_without_end_and_takes_none_of_it_keeps_nobody_out() {
    let (ada, bob) = (Machine::start("ada"), Machine::start("bob"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    let mask = Mask { name: "Mallory", email: "mallory@example.org", label: "box", profile: "member" };
    let mut mallory = Pretender::comes_in(&ada, &ada.link_for(mask.email), &mask);
    mallory.follows(&ada);
    let (before, size) = (Before::of(&ada), peak(&ada));
    let everything = Says::WantOpenings(seals(&mallory.history).repeat(100));
    let listens = mallory.asks_and_takes_nothing(&everything, 3000);
    greet(&ada, &bob, "bob@example.org", "Bob", "member");
    agree(&[&ada, &bob]);
    assert!(!listens, "who takes nothing is hung up on");
    let grew = peak(&ada).saturating_sub(size);
    assert!(grew < GROWS, "grew by {grew} kB");
    let after = Before::of(&ada);
    assert_eq!(after.certificates, before.certificates + 1, "Bob alone");
    after.no_harm_came_to(&ada);
}
