//! A line that carries at once what a peer says to a daemon, and what the daemon says to it, from a moment on, a byte a
//! second: whoever is behind it takes as little as one can.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// What the system may keep of what the daemon has said, so that little of it is out of the daemon's hands.
const KEPT_BY_THE_SYSTEM: usize = 4096;

pub(crate) struct Trickle {
    /// Where the peer dials.
    pub(crate) address: String,
    is_slow: Arc<AtomicBool>,
}

impl Trickle {
    /// A line to whoever listens at this port.
    pub(crate) fn to(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = format!("/ip4/127.0.0.1/tcp/{}", listener.local_addr().unwrap().port());
        let is_slow = Arc::new(AtomicBool::new(false));
        let slow = Arc::clone(&is_slow);
        // The thread stays until the tests are over; nobody comes by it any more.
        thread::spawn(move || {
            for peer in listener.incoming().flatten() {
                carry(peer, SocketAddr::from(([127, 0, 0, 1], port)), &slow);
            }
        });
        Self { address, is_slow }
    }

    /// From here on a byte a second.
    pub(crate) fn slows_down(&self) {
        self.is_slow.store(true, Ordering::Relaxed);
    }
}

fn carry(peer: TcpStream, daemon: SocketAddr, is_slow: &Arc<AtomicBool>) {
    let Ok(daemon) = TcpStream::connect(daemon) else { return };
    let _ = rustix::net::sockopt::set_socket_recv_buffer_size(&daemon, KEPT_BY_THE_SYSTEM);
    let (mut from, mut to) = (peer.try_clone().unwrap(), daemon.try_clone().unwrap());
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    let (mut daemon, mut peer, is_slow) = (daemon, peer, Arc::clone(is_slow));
    thread::spawn(move || {
        let mut some = [0; 4096];
        loop {
            let slow = is_slow.load(Ordering::Relaxed);
            let most = if slow { 1 } else { some.len() };
            match daemon.read(&mut some[..most]) {
                Ok(count @ 1..) if peer.write_all(&some[..count]).is_ok() => {}
                _ => return drop(peer.shutdown(Shutdown::Both)),
            }
            if slow {
                thread::sleep(Duration::from_secs(1));
            }
        }
    });
}
