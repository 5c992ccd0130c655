//! A crowd before one daemon's door, and a rendezvous point that is as good as full.

use std::time::Instant;

use futures::StreamExt as _;
use libp2p::Multiaddr;
use serde_json::json;

use crate::crowd::Crowd;
use crate::machine::{Machine, Wire};
use crate::pairing::median;
use crate::registrant::Registrant;

/// Registrations of one peer, each under a name of its own.
const NAMES_OF_ONE: usize = 4;

/// Peers that are at the point at one moment.
const SIDE_BY_SIDE: usize = 32;

/// Questions, and refreshes, whose time is taken one by one; a point answers three hundred a minute.
const ONE_BY_ONE: usize = 140;

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

async fn registers(peer: usize, address: Multiaddr) {
    let mut client = Registrant::connects(&address).await;
    for of_it in 0..NAMES_OF_ONE {
        client.registers(&name(peer * NAMES_OF_ONE + of_it), addresses()).await;
    }
}

/// As many as a machine has that is reached over TCP, QUIC, and a relay.
fn addresses() -> Vec<Multiaddr> {
    (1..4).map(|n| format!("/ip4/192.0.2.{n}/tcp/4001").parse().unwrap()).collect()
}

/// Milliseconds of each refresh, and of each question for a name of somebody else.
async fn one_by_one(peers: usize, address: Multiaddr) -> (Vec<f64>, Vec<f64>) {
    let mut client = Registrant::connects(&address).await;
    let own = name(usize::MAX);
    client.registers(&own, addresses()).await;
    let (mut refreshes, mut questions) = (Vec::new(), Vec::new());
    for turn in 0..ONE_BY_ONE {
        let began = Instant::now();
        client.registers(&own, addresses()).await;
        refreshes.push(began.elapsed().as_secs_f64() * 1000.0);
        let began = Instant::now();
        assert_eq!(client.finds(&name(turn * peers / ONE_BY_ONE * NAMES_OF_ONE), 16).await, 1);
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
