//! As many streams and connections as one peer can make: bounded, and an honest guest is greeted meanwhile.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use muster::core::node::input::Protocol;
use muster::core::primitives::limits;

use crate::support::daemons::{Machine, agree, eventually, greet};
use crate::support::hostile::harm::{Before, GROWS, peak};
use crate::support::hostile::{Intruder, Wire};

/// As many as a flood has.
const MANY: usize = 10_000;

#[test]
fn one_peer_opens_ten_thousand_streams_and_a_guest_is_greeted_meanwhile() {
    let (ada, bob) = (Machine::start("ada"), Machine::start("bob"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    let (before, size) = (Before::of(&ada), peak(&ada));
    let greedy = Intruder::stranger();
    let peer = greedy.connects(&ada.address()).unwrap();
    let (opened, stand) = thread::scope(|together| {
        let flood = together.spawn(|| greedy.floods(peer, Protocol::Greeting, MANY));
        greet(&ada, &bob, "bob@example.org", "Bob", "member");
        agree(&[&ada, &bob]);
        flood.join().unwrap()
    });
    assert!(stand <= limits::STREAMS_PER_PEER, "{stand} stand");
    assert!(opened > MANY / 2, "the flood was one: {opened} streams");
    let after = Before::of(&ada);
    assert_eq!(after.certificates, before.certificates + 1, "Bob alone");
    after.no_harm_came_to(&ada);
    let grew = peak(&ada).saturating_sub(size);
    assert!(grew < GROWS, "grew by {grew} kB");
}

#[test]
fn one_peer_opens_as_many_streams_and_connections_as_it_can_and_a_guest_is_greeted_meanwhile() {
    let (ada, bob) = (Machine::start("ada"), Machine::start("bob"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    let before = Before::of(&ada);
    let greedy = Intruder::stranger();
    let peer = greedy.connects(&ada.address()).unwrap();
    for _ in 0..4 * limits::CONNECTIONS_PER_PEER {
        let _ = greedy.connects(&ada.address());
    }
    let most = usize::try_from(limits::CONNECTIONS_PER_PEER).unwrap();
    eventually("only so many connections stand", || greedy.connections() <= most);

    let mut streams: Vec<Wire> =
        (0..4 * limits::STREAMS_PER_PEER).map(|_| greedy.opens(peer, Protocol::Greeting)).collect();
    for mut refused in streams.split_off(limits::STREAMS_PER_PEER) {
        assert_eq!(refused.hears(), None, "one stream too many ends");
    }
    for taken in &mut streams {
        assert_eq!(taken.hears_within(Duration::from_millis(10)), None, "the others have their time");
    }
    greet(&ada, &bob, "bob@example.org", "Bob", "member");
    agree(&[&ada, &bob]);
    let after = Before::of(&ada);
    assert_eq!(after.certificates, before.certificates + 1, "Bob alone");
    after.no_harm_came_to(&ada);
}

/// Somebody with an address of their own who keeps connecting, and never says a word.
struct Silence {
    over: Arc<AtomicBool>,
    standing: Arc<AtomicUsize>,
    /// How many there were.
    made: Arc<AtomicUsize>,
    work: Option<JoinHandle<()>>,
}

impl Silence {
    /// As many connections as this at every moment; for each that is closed, another.
    fn begins(victim: &Machine, count: usize) -> Self {
        let (over, standing) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let made = Arc::new(AtomicUsize::new(0));
        let (is_over, stand, count_made) = (Arc::clone(&over), Arc::clone(&standing), Arc::clone(&made));
        let to = SocketAddr::from(([127, 0, 0, 1], victim.port()));
        let work = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let mut held: Vec<TcpStream> = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                held.retain(|socket| {
                    socket.peek(&mut [0]).is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock)
                });
                let more = (held.len()..count).map(|_| one_more(to));
                let come: Vec<_> =
                    runtime.block_on(futures::future::join_all(more)).into_iter().flatten().collect();
                count_made.fetch_add(come.len(), Ordering::Relaxed);
                held.extend(come);
                stand.store(held.len(), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(50));
            }
        });
        Self { over, standing, made, work: Some(work) }
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = self.work.take().unwrap().join();
    }
}

async fn one_more(to: SocketAddr) -> Option<TcpStream> {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 66], 0).into()).ok()?;
    socket.connect(to).await.ok()?.into_std().ok()
}

#[test]
fn one_address_that_keeps_connecting_and_says_nothing_keeps_nobody_out() {
    let (ada, bob) = (Machine::start("ada"), Machine::start("bob"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    let before = Before::of(&ada);
    let size = peak(&ada);
    let all = usize::try_from(limits::PENDING_CONNECTIONS).unwrap();
    let silence = Silence::begins(&ada, all + 8);
    eventually("the silence has begun", || {
        silence.standing.load(Ordering::Relaxed) >= limits::PENDING_PER_IP
    });
    greet(&ada, &bob, "bob@example.org", "Bob", "member");
    agree(&[&ada, &bob]);
    eventually("ten thousand connections were made", || silence.made.load(Ordering::Relaxed) >= MANY);
    drop(silence);
    let grew = peak(&ada).saturating_sub(size);
    assert!(grew < GROWS, "grew by {grew} kB");
    let after = Before::of(&ada);
    assert_eq!(after.certificates, before.certificates + 1, "Bob alone");
    after.no_harm_came_to(&ada);
}

#[test]
fn a_crowd_that_stands_at_the_door_and_says_nothing_keeps_no_guest_out() {
    let (ada, bob) = (Machine::start("ada"), Machine::start("bob"));
    ada.found("Field Lab", "Ada", "ada@example.org");
    let before = Before::of(&ada);
    let crowd: Vec<Intruder> = (0..9).map(|_| Intruder::stranger()).collect();
    let mut silent: Vec<Wire> = Vec::new();
    for one in &crowd {
        let peer = one.connects(&ada.address()).unwrap();
        silent.extend((0..limits::STREAMS_PER_PEER).map(|_| one.opens(peer, Protocol::Greeting)));
    }
    greet(&ada, &bob, "bob@example.org", "Bob", "member");
    agree(&[&ada, &bob]);
    assert_eq!(silent[0].hears(), None, "who says nothing has a stream for a while, and no longer");
    let after = Before::of(&ada);
    assert_eq!(after.certificates, before.certificates + 1, "Bob alone");
    after.no_harm_came_to(&ada);
}
