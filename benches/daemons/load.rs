//! A crowd before one daemon's door, and a rendezvous point that is as good as full.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use libp2p::swarm::{Swarm, SwarmEvent, dial_opts::DialOpts};
use libp2p::{Multiaddr, PeerId};
use muster::net::point::{Event, Point};
use serde_json::json;

use crate::crowd::Crowd;
use crate::light::{self, Version};
use crate::machine::{Machine, Wire};
use crate::pairing::median;

/// Registrations of one peer, each under a name of its own.
const NAMES_OF_ONE: usize = 4;

/// Peers that are at the point at one moment.
const SIDE_BY_SIDE: usize = 32;

/// Questions, and refreshes, whose time is taken one by one; a point answers three hundred a minute.
const ONE_BY_ONE: usize = 140;

/// How long a registration is to live.
const LIFE: Duration = Duration::from_secs(3600);

/// So many guests wait on one session, and a script greets one after the other.
pub(crate) fn session(guests: usize) {
    let listen = Wire::Tcp.addresses();
    let host = Machine::at("host", None, &listen, "[lan]\nmdns = false\n");
    host.found();
    let before = host.resident_mb();
    let seats = guests.to_string();
    let opened = host.json(&["session", "open", "--profile", "member", "--seats", &seats]);
    let began = Instant::now();
    let mut crowd = Crowd::gathers(guests, &listen[0], opened["link"].as_str().unwrap());
    let told = crowd.all_wait();
    let answered = began.elapsed().as_secs_f64();
    assert!(told.iter().zip(1..).all(|(it, n)| *it == (n, n)), "who came n-th was told another place");
    assert_eq!(host.json(&["session", "list"])[0]["waiting"], guests);
    let waiting = host.resident_mb();

    let began = Instant::now();
    let mut each = Vec::new();
    for (ticket, _) in &told {
        let began = Instant::now();
        greets(&host, &mut crowd, *ticket);
        each.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    let greeted = began.elapsed().as_secs_f64();
    let users = host.json(&["user", "list"]).as_array().unwrap().len();
    assert_eq!(users, 1 + guests, "everybody is on the roster");
    let line = json!({
        "load": "session",
        "guests": guests,
        "answered": told.len(),
        "answered_s": rounded(answered),
        "came_again": crowd.tries_again(),
        "greeted_s": rounded(greeted),
        "greeting_ms": median(&each),
        "last_greetings_ms": median(&each[guests - guests / 10..]),
        "users": users,
        "rss_before_mb": before,
        "rss_waiting_mb": waiting,
        "rss_after_mb": host.resident_mb(),
        "peak_mb": host.peak_mb(),
    });
    println!("{line}");
}

/// What the host's person does for one guest, and the guest for its part.
fn greets(host: &Machine, crowd: &mut Crowd, ticket: u32) {
    let mut greets = host.converse(&["greet", "--guest", &ticket.to_string()], "");
    let code = greets.until("show_code")["code"].as_str().unwrap().to_owned();
    let answer = crowd.exchanges(ticket, &code);
    greets.until("enter_code");
    greets.answer(&answer);
    greets.until("confirm");
    greets.answer("{}");
    greets.until("done");
    let certificates = crowd.is_in(ticket);
    assert_eq!(certificates, 1 + usize::try_from(ticket).unwrap(), "those who came before, and the founder");
    greets.wait();
}

/// So many registrations at one point, and then what one more refresh and one more question cost there.
pub(crate) fn point(registrations: usize) {
    let listen = Wire::Tcp.addresses();
    let point = Machine::at("point", None, &listen, "[lan]\nmdns = false\n[rendezvous]\nserve = true\n");
    let before = point.resident_mb();
    let address: Multiaddr = listen[0].parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let peers = registrations.div_ceil(NAMES_OF_ONE);
    let began = Instant::now();
    runtime.block_on(async {
        let visits = (0..peers).map(|peer| tokio::spawn(registers(peer, address.clone())));
        let mut visits = futures::stream::iter(visits).buffer_unordered(SIDE_BY_SIDE);
        while let Some(visit) = visits.next().await {
            visit.unwrap();
        }
    });
    let all = began.elapsed().as_secs_f64();
    let full = point.resident_mb();
    let (refreshes, questions) = runtime.block_on(one_by_one(peers, address));
    let line = json!({
        "load": "point",
        "registrations": peers * NAMES_OF_ONE,
        "peers": peers,
        "registered_s": rounded(all),
        "refresh_ms": median(&refreshes),
        "discover_ms": median(&questions),
        "rss_before_mb": before,
        "rss_full_mb": full,
        "peak_mb": point.peak_mb(),
    });
    println!("{line}");
}

/// Somebody at a point: connected, and asking one thing after another.
struct Client {
    swarm: Swarm<Point>,
    point: PeerId,
}

impl Client {
    async fn connects(address: Multiaddr) -> Self {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).unwrap();
        let key = libp2p::identity::Keypair::ed25519_from_bytes(seed).unwrap();
        let mut swarm = light::with(seed, Version::V1Lazy, Point::new(key, None, Duration::from_secs(20)));
        loop {
            swarm.dial(DialOpts::unknown_peer_id().address(address.clone()).build()).unwrap();
            match swarm.select_next_some().await {
                SwarmEvent::ConnectionEstablished { peer_id, .. } => return Self { swarm, point: peer_id },
                SwarmEvent::OutgoingConnectionError { .. } => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                _ => {}
            }
        }
    }

    async fn registers(&mut self, name: String) {
        let addresses = (1..4).map(|n| format!("/ip4/192.0.2.{n}/tcp/4001").parse().unwrap()).collect();
        self.swarm.behaviour_mut().register(self.point, name, addresses, LIFE);
        let answer = self.answer().await;
        assert!(matches!(answer, Event::Registered { life, .. } if life == LIFE), "{answer:?}");
    }

    async fn finds(&mut self, name: String) {
        self.swarm.behaviour_mut().discover(self.point, name, None, 16);
        let answer = self.answer().await;
        assert!(matches!(&answer, Event::Discovered { found, .. } if found.len() == 1), "{answer:?}");
    }

    async fn answer(&mut self) -> Event {
        loop {
            if let SwarmEvent::Behaviour(event) = self.swarm.select_next_some().await {
                return event;
            }
        }
    }
}

async fn registers(peer: usize, address: Multiaddr) {
    let mut client = Client::connects(address).await;
    for of_it in 0..NAMES_OF_ONE {
        client.registers(name(peer * NAMES_OF_ONE + of_it)).await;
    }
}

/// Milliseconds of each refresh, and of each question for a name of somebody else.
async fn one_by_one(peers: usize, address: Multiaddr) -> (Vec<f64>, Vec<f64>) {
    let mut client = Client::connects(address).await;
    client.registers(name(usize::MAX)).await;
    let (mut refreshes, mut questions) = (Vec::new(), Vec::new());
    for turn in 0..ONE_BY_ONE {
        let began = Instant::now();
        client.registers(name(usize::MAX)).await;
        refreshes.push(began.elapsed().as_secs_f64() * 1000.0);
        let began = Instant::now();
        client.finds(name(turn * peers / ONE_BY_ONE * NAMES_OF_ONE)).await;
        questions.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    (refreshes, questions)
}

/// As long as the names that are used are, and as hard to tell apart.
fn name(number: usize) -> String {
    blake3::hash(&number.to_le_bytes()).to_hex().to_string()
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 100.0).round() / 100.0
}
