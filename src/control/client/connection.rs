//! One connection to the daemon, for one exchange.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::control::place::SYSTEM_SOCKET;
use crate::control::wire::ErrorBody;
use crate::core::node::request::{Class, Refusal};

/// How long the daemon may think: verifying a large roster takes seconds, on a small machine more.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long it is tried to get into the queue at the socket.
const CROWD: Duration = Duration::from_secs(30);

/// The longest answer that is read, in bytes: the log of half a million certificates.
const LONGEST_ANSWER: usize = 256 * 1024 * 1024;

/// A connection; closed when dropped.
pub(super) struct Connection {
    requests: SendRequest<Full<Bytes>>,
    _driver: Driver,
}

/// The task that moves the connection's bytes, for as long as somebody wants them.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Connection {
    /// Connects; finding nobody is a refusal that says what to do.
    pub(super) async fn open(socket: &Path) -> Result<Self, Refusal> {
        let stream = reach(socket).await.map_err(|error| nobody(socket, &error))?;
        let (requests, driver) =
            handshake(TokioIo::new(stream)).await.map_err(|_| broken("it does not speak HTTP"))?;
        let driver = Driver(tokio::spawn(async move {
            // How it ended is seen by whoever reads the response.
            let _ = driver.await;
        }));
        Ok(Self { requests, _driver: driver })
    }

    /// One request and its whole answer.
    pub(super) async fn exchange<T: DeserializeOwned>(
        mut self,
        method: &str,
        target: &str,
        body: Vec<u8>,
    ) -> Result<T, Refusal> {
        let response = self.request(method, target, body).await?;
        let whole = timeout(PATIENCE, Limited::new(response.into_body(), LONGEST_ANSWER).collect()).await;
        let bytes = whole.map_err(|_| silent())?.map_err(|_| broken("its answer broke off"))?.to_bytes();
        serde_json::from_slice(&bytes)
            .map_err(|_| broken("its answer is not understood; are muster and musterd of one version?"))
    }

    /// One request; gives the response if the daemon agreed.
    pub(super) async fn request(
        &mut self,
        method: &str,
        target: &str,
        body: Vec<u8>,
    ) -> Result<Response<Incoming>, Refusal> {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("host", "musterd")
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| Refusal::new(Class::Usage, "bad_value", "command line: a value is too long"))?;
        let response = timeout(PATIENCE, self.requests.send_request(request))
            .await
            .map_err(|_| silent())?
            .map_err(|_| broken("the connection broke off"))?;
        if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
    }
}

/// A daemon at whose socket too many wait already is busy, not away.
async fn reach(socket: &Path) -> io::Result<UnixStream> {
    let end = Instant::now() + CROWD;
    loop {
        match UnixStream::connect(socket).await {
            Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < end => {
                sleep(Duration::from_millis(20)).await;
            }
            reached => return reached,
        }
    }
}

/// What the daemon refused, as it said it.
async fn refusal(response: Response<Incoming>) -> Refusal {
    let status = response.status();
    let whole = timeout(PATIENCE, Limited::new(response.into_body(), 64 * 1024).collect()).await;
    let body = whole.ok().and_then(Result::ok).map(|body| body.to_bytes()).unwrap_or_default();
    match serde_json::from_slice::<ErrorBody>(&body) {
        Ok(body) => body.error,
        // The head was over a limit: that is refused before there is a route to say it in JSON.
        Err(_) if status.as_u16() == 431 || status.as_u16() == 414 => {
            Refusal::new(Class::Usage, "bad_value", "command line: a value is too long")
        }
        Err(_) => broken(&format!("it answered with HTTP status {}", status.as_u16())),
    }
}

/// The daemon is there, but the exchange failed.
pub(super) fn broken(why: &str) -> Refusal {
    Refusal::new(Class::Unreachable, "daemon_broke_off", format!("daemon: {why}"))
}

fn silent() -> Refusal {
    Refusal::new(Class::Unreachable, "daemon_silent", "daemon: it does not answer")
}

/// Nobody could be connected to.
fn nobody(socket: &Path, error: &std::io::Error) -> Refusal {
    let place = socket.display();
    match error.kind() {
        ErrorKind::PermissionDenied => {
            let why = format!("control socket: {place} may not be opened by this user");
            let hint = "for a system daemon, join the group 'muster' and log in again, or use sudo";
            Refusal::new(Class::NotAllowed, "socket_refused", why).hint(hint)
        }
        ErrorKind::InvalidInput => {
            let why = format!("--socket: {place} is too long for a socket; 107 bytes is the most");
            Refusal::new(Class::Usage, "bad_value", why)
        }
        kind => {
            let why = match kind {
                ErrorKind::NotFound => "there is no such socket".to_owned(),
                ErrorKind::ConnectionRefused => "nobody answers".to_owned(),
                _ => error.to_string(),
            };
            let message = format!("daemon: no musterd at {place}: {why}");
            Refusal::new(Class::Unreachable, "no_daemon", message).hint(how_to_start(socket))
        }
    }
}

fn how_to_start(socket: &Path) -> String {
    let system = Path::new(SYSTEM_SOCKET);
    if socket == system {
        "start it: systemctl start musterd".to_owned()
    } else if system.exists() {
        format!("start it: musterd &, or use the system's: muster --socket {SYSTEM_SOCKET}")
    } else {
        "start it: musterd &, or say where it listens: --socket PATH".to_owned()
    }
}

/// A value as it may stand in a path segment or a query.
pub(super) fn encoded(value: &str) -> String {
    value.bytes().fold(String::with_capacity(value.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}
