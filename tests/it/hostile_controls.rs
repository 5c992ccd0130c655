//! The control socket of a real daemon, in the hands of a program that is let in and behaves badly.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use muster::core::primitives::limits;

use crate::support::daemons::{LONG, Machine};
use crate::support::hostile::harm::Before;

fn dials(machine: &Machine) -> UnixStream {
    let stream = UnixStream::connect(machine.socket()).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream.set_write_timeout(Some(LONG)).unwrap();
    stream
}

/// All that is answered, up to the end.
fn hears(mut stream: UnixStream) -> String {
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    String::from_utf8_lossy(&said).into_owned()
}

/// Writes the same again and again; how many bytes were taken before nobody listened any more.
fn pours(stream: &mut UnixStream, drop: &[u8], most: usize) -> usize {
    let mut poured = 0;
    while poured < most && stream.write_all(drop).is_ok() {
        poured += drop.len();
    }
    poured
}

fn ada() -> (Machine, Before) {
    let ada = Machine::start("ada");
    ada.found("Field Lab", "Ada", "ada@example.org");
    let before = Before::of(&ada);
    (ada, before)
}

#[test]
fn a_header_of_a_hundred_megabytes_is_refused_long_before_its_end() {
    let (ada, before) = ada();
    let mut stream = dials(&ada);
    stream.write_all(b"GET /v1/status HTTP/1.1\r\nhost: d\r\nx: ").unwrap();
    let poured = pours(&mut stream, &[b'a'; 64 * 1024], 100 << 20);
    assert!(poured < 4 << 20, "{poured} bytes of a header were taken");
    assert!(!hears(stream).contains("200 OK"));
    before.no_harm_came_to(&ada);
}

#[test]
fn a_body_without_end_is_refused_at_its_limit() {
    let (ada, before) = ada();
    let heads = ["content-length: 1000000000", "transfer-encoding: chunked"];
    for head in heads {
        let mut stream = dials(&ada);
        let request = format!(
            "POST /v1/invitations HTTP/1.1\r\nhost: d\r\ncontent-type: application/json\r\n{head}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let chunk = [b"10000\r\n".as_slice(), &[b' '; 65536], b"\r\n"].concat();
        let poured = pours(&mut stream, &chunk, 100 << 20);
        assert!(poured < 4 << 20, "{poured} bytes of a body were taken ({head})");
        assert!(!hears(stream).contains("200 OK"));
    }
    before.no_harm_came_to(&ada);
}

#[test]
fn others_are_answered_while_half_requests_hang_and_garbage_comes() {
    let (ada, before) = ada();
    let half: Vec<UnixStream> = [
        b"GET /v1/sta".as_slice(),
        b"GET /v1/status HTTP/1.1\r\nhost: d\r\n",
        b"POST /v1/invitations HTTP/1.1\r\nhost: d\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{",
        b"\0",
        b"",
    ]
    .iter()
    .map(|start| {
        let mut stream = dials(&ada);
        stream.write_all(start).unwrap();
        stream
    })
    .collect();
    for garbage in [[0xff; 64].as_slice(), b"\r\n\r\n\r\n\r\n", b"HELO ada\r\n\r\n", &[0; 64]] {
        let mut stream = dials(&ada);
        let _ = stream.write_all(garbage);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        assert!(!hears(stream).contains("200 OK"));
    }
    before.no_harm_came_to(&ada);
    // When they are cut off is a matter of the socket's own tests.
    drop(half);
}

#[test]
fn a_thousand_connections_that_ask_nothing_keep_nobody_from_asking() {
    let (ada, before) = ada();
    let began = Instant::now();
    let held: Vec<UnixStream> = (0..1000).filter_map(|_| UnixStream::connect(ada.socket()).ok()).collect();
    assert!(held.len() > 500, "{}", held.len());
    assert_eq!(ada.muster(&["status"]).code, 0, "answered while they are held");
    // Each of them may be silent for ten seconds, and there is room for an eighth of them.
    assert!(began.elapsed() < 4 * limits::CONTROL_TRICKLE, "nobody had to wait until they were timed out");
    drop(held);
    before.no_harm_came_to(&ada);
}
