//! A sync with who doesn't keep to it, and one in which things happen meanwhile.

use std::time::Duration;

use muster::core::node::input::{Channel, Protocol};
use muster::core::node::request::Request;
use muster::core::primitives::ids::CertificateId;
use muster::core::primitives::limits;
use muster::core::primitives::time::Moment;
use muster::core::roster::reconcile::{Holds, Word};
use muster::core::roster::{Body, History};

use crate::support::device;
use crate::support::speech::Says;
use crate::support::world::{World, email};

/// Ada's machine, and Bob's, on which Bob does what a test says.
fn ada_and_a_false_bob() -> World {
    let mut world = World::new("a false bob");
    world.found("ada");
    world.enrol("ada", "bob", "member");
    world.outsider("bob");
    world
}

fn opens(world: &mut World, who: &str, hello: &Says) -> Channel {
    let channel = world.open_to(who, "ada", Protocol::Sync);
    world.say_in_sync(who, channel, hello);
    channel
}

/// Certificates of no consequence that Ada signed on her machine while nobody looked: 8 fill a frame.
fn ada_signs(world: &mut World, many: usize) -> History {
    world.unplug("ada");
    let mut history = world.history("ada");
    for _ in 0..many {
        let body = Body::Unknown { kind: 900, bytes: vec![7; 7000] };
        let signed = history.author(&device("ada"), body, Moment(0)).unwrap();
        let key = [&b"c"[..], &signed.certificate().generation.to_be_bytes(), &signed.id().0].concat();
        world.machines_disk("ada").insert(key, signed.signed().bytes());
        history.add(signed).unwrap();
    }
    world.plug_in("ada");
    history
}

fn frames(world: &World, channel: Channel) -> usize {
    let said = world.heard_in_sync("bob", channel);
    said.iter().filter(|said| matches!(said, Says::Certificates(_))).count()
}

#[test]
fn who_never_says_taken_is_sent_sixteen_frames_and_who_does_gets_the_rest() {
    let mut world = ada_and_a_false_bob();
    let before = world.history("bob");
    ada_signs(&mut world, 8 * 20);
    let channel = opens(&mut world, "bob", &Says::hello(&before));
    assert_eq!(frames(&world, channel), limits::SYNC_FRAMES);
    world.ask("ada", Request::InviteUsers { emails: vec![email("zoe")], expires: None }).unwrap();
    world.wait(Duration::from_secs(600));
    assert_eq!(frames(&world, channel), limits::SYNC_FRAMES, "nothing was taken");
    for taken in 1..=4 {
        world.say_in_sync("bob", channel, &Says::Taken);
        assert_eq!(frames(&world, channel), limits::SYNC_FRAMES + taken);
    }
    assert!(world.stands(channel));
}

#[test]
fn who_says_afterwards_that_it_lacks_something_is_sent_it() {
    let mut world = ada_and_a_false_bob();
    let before = world.history("bob");
    let all = ada_signs(&mut world, 4);
    let channel = opens(&mut world, "bob", &Says::hello(&all));
    assert_eq!(frames(&world, channel), 0, "he has everything, as he says");
    world.say_in_sync("bob", channel, &Says::Reconcile(Word::Holds(Holds::of(&before))));
    assert_eq!(frames(&world, channel), 1, "and hasn't, as he finds out");
    assert!(world.stands(channel));
}

#[test]
fn who_takes_more_than_was_sent_is_hung_up_on() {
    let mut world = ada_and_a_false_bob();
    let hello = Says::hello(&world.history("bob"));
    let channel = opens(&mut world, "bob", &hello);
    assert!(world.stands(channel));
    world.say_in_sync("bob", channel, &Says::Taken);
    assert!(!world.stands(channel));
}

#[test]
fn lists_of_more_than_may_be_are_no_lists() {
    let ids = vec![CertificateId([3; 32]); limits::LISTED_IDS + 1];
    for said in [Says::Offer(ids.clone()), Says::Want(ids)] {
        let mut world = ada_and_a_false_bob();
        let hello = Says::hello(&world.history("bob"));
        let channel = opens(&mut world, "bob", &hello);
        world.say_in_sync("bob", channel, &said);
        assert!(!world.stands(channel), "it was listened to");
    }
}

#[test]
fn who_offers_and_never_gives_keeps_nobody_else_from_giving() {
    let mut world = ada_and_a_false_bob();
    world.enrol("ada", "cyd", "member");
    world.outsider("cyd");
    let history = world.history("ada");
    let body = Body::Unknown { kind: 900, bytes: Vec::new() };
    let signed = history.author(&device("cyd"), body, Moment(0)).unwrap().signed().clone();
    let hello = Says::hello(&history);
    let (bob, cyd) = (opens(&mut world, "bob", &hello), opens(&mut world, "cyd", &hello));
    for (who, channel) in [("bob", bob), ("cyd", cyd)] {
        world.say_in_sync(who, channel, &Says::Offer(vec![signed.id()]));
        let wanted = Says::Want(vec![signed.id()]);
        assert!(world.heard_in_sync(who, channel).contains(&wanted), "{who} isn't asked");
    }
    world.say_in_sync("cyd", cyd, &Says::Certificates(vec![signed.bytes()]));
    assert!(world.history("ada").contains(&signed.id()));
}

#[test]
fn an_answer_to_a_question_that_grew_old_is_no_lie() {
    let mut world = ada_and_a_false_bob();
    let before = world.history("bob");
    let history = ada_signs(&mut world, 60);
    let all: Vec<CertificateId> = history.in_causal_order().map(|it| it.id()).collect();
    let strange = CertificateId([9; 32]);
    let holds = Holds {
        digest: [1; 32],
        count: before.len() as u64,
        heads: vec![strange],
        are_all: true,
        past: vec![strange, all[0]],
    };
    let hello = Says::Hello { version: 1, holds, addresses: Vec::new() };
    let channel = opens(&mut world, "bob", &hello);
    let asked = Says::Reconcile(Word::Between(all[0], strange));
    assert!(world.heard_in_sync("bob", channel).contains(&asked));
    // Another word of Bob's was on its way when he was asked.
    world.say_in_sync("bob", channel, &Says::hello(&history));
    world.say_in_sync("bob", channel, &Says::Reconcile(Word::Finer(Vec::new())));
    assert!(world.stands(channel), "an honest device was hung up on");
    world.say_in_sync("bob", channel, &Says::Reconcile(Word::Finer(Vec::new())));
    assert!(!world.stands(channel), "nothing was asked any more");
}

#[test]
fn names_come_to_who_asked_before_they_were_known_there() {
    let mut world = World::new("names on their way");
    world.found("ada");
    world.enrol("ada", "bob", "member");
    world.enrol("ada", "cyd", "member");
    world.enrol("ada", "eve", "external");
    for name in ["bob", "cyd", "eve"] {
        world.unplug(name);
    }
    world.enrol("ada", "zoe", "member");
    let after = world.history("ada");
    let zoe = after.roster().user_of(&device("zoe").device()).unwrap().email;
    world.unplug("zoe");
    // Ada's machine gives Bob's the certificates, and the openings later.
    world.outsider("ada");
    world.scatter();
    for name in ["bob", "cyd", "eve"] {
        world.plug_in(name);
    }
    let channel = world.open_to("ada", "bob", Protocol::Sync);
    world.say_in_sync("ada", channel, &Says::hello(&after));
    let all = after.in_causal_order().map(|it| it.signed().bytes()).collect();
    world.say_in_sync("ada", channel, &Says::Certificates(all));
    for name in ["cyd", "eve"] {
        world.dial(name, "bob");
    }
    let knows = |world: &mut World, name: &str| {
        world.users(name).iter().any(|user| user.email.as_deref() == Some("zoe@example.org"))
    };
    assert!(!knows(&mut world, "cyd"), "Bob's machine doesn't know either");
    let asked = world.heard_in_sync("ada", channel).into_iter().any(|said| match said {
        Says::WantOpenings(seals) => seals.contains(&zoe),
        _ => false,
    });
    assert!(asked);
    let openings = world.openings_on("ada");
    world.say_in_sync("ada", channel, &Says::Openings(openings));
    assert!(knows(&mut world, "bob") && knows(&mut world, "cyd"), "they came, and were passed on");
    assert!(!knows(&mut world, "eve") && !world.disk_holds("eve", "zoe@example.org"));
}

#[test]
fn members_who_are_in_step_and_of_whom_nobody_does_anything_say_nothing_all_day() {
    let mut world = World::new("a quiet day");
    world.found("ada");
    for name in ["bob", "cyd", "dan"] {
        world.enrol("ada", name, "member");
    }
    world.wait(limits::VOUCHING);
    let before = world.frames();
    for _ in 0..24 * 6 {
        world.wait(Duration::from_secs(600));
    }
    assert_eq!(world.frames(), before);
}
