//! What people who use magic-wormhole wait for, with its own Rust library and mailbox server over the loopback interface:
//! from the receiver's code to a key that both sides have confirmed, which is where its users stand when ours have both
//! codes on their screens.
//!
//! ```text
//! wormhole URL           prints one line of JSON; URL is a mailbox server's, ws://127.0.0.1:PORT/v1
//! wormhole URL CODE      the receiver alone, in a process of its own
//! ```
//!
//! `library_ms`: both sides in this process. `process_ms`: the receiver's time begins with the start of its process, as
//! that of `muster join -` does. Medians of so many `runs`, in milliseconds.

use std::borrow::Cow;
use std::process::Stdio;
use std::time::{Duration, Instant};

use magic_wormhole::{AppConfig, AppID, Code, MailboxConnection, Wormhole};
use tokio::process::Command;

/// Runs of each kind.
const RUNS: usize = 20;

/// Longer than anything takes: what isn't there by then never comes.
const LONG: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match &words[..] {
        [url, code] => drop(receive(url, code.parse().unwrap()).await),
        [url] => {
            let (mut library, mut process) = (Vec::new(), Vec::new());
            for _ in 0..RUNS {
                library.push(in_this_process(url).await);
                process.push(in_a_process_of_its_own(url).await);
            }
            let (library, process) = (median(library), median(process));
            println!(r#"{{"beside":"magic-wormhole","runs":{RUNS},"library_ms":{library},"process_ms":{process}}}"#);
        }
        _ => panic!("wormhole URL [CODE]"),
    }
}

fn config(url: &str) -> AppConfig<()> {
    AppConfig {
        id: AppID::new("muster.example/bench"),
        rendezvous_url: Cow::Owned(url.to_owned()),
        app_version: (),
    }
}

async fn receive(url: &str, code: Code) -> Wormhole {
    Wormhole::connect(MailboxConnection::connect(config(url), code, true).await.unwrap()).await.unwrap()
}

/// A sender that waits for its receiver, and the code that it would read aloud.
async fn sender(url: &str) -> (Code, tokio::task::JoinHandle<Wormhole>) {
    let mailbox = MailboxConnection::create(config(url), 2).await.unwrap();
    let code = mailbox.code().clone();
    let waits = tokio::spawn(async { Wormhole::connect(mailbox).await.unwrap() });
    // Its own first message is with the server by then.
    tokio::time::sleep(Duration::from_millis(100)).await;
    (code, waits)
}

async fn in_this_process(url: &str) -> f64 {
    let (code, waits) = sender(url).await;
    let began = Instant::now();
    let receiver = receive(url, code).await;
    let sender = tokio::time::timeout(LONG, waits).await.unwrap().unwrap();
    let took = began.elapsed();
    assert_eq!(sender.verifier(), receiver.verifier());
    took.as_secs_f64() * 1000.0
}

async fn in_a_process_of_its_own(url: &str) -> f64 {
    let (code, waits) = sender(url).await;
    let began = Instant::now();
    let mut receiver = Command::new(std::env::current_exe().unwrap());
    // The bench's own code, alive for milliseconds on one machine: it may stand in an argument list.
    let receiver = receiver.arg(url).arg(code.to_string()).stdin(Stdio::null()).kill_on_drop(true).spawn();
    let mut receiver = receiver.unwrap();
    assert!(tokio::time::timeout(LONG, receiver.wait()).await.unwrap().unwrap().success());
    waits.await.unwrap();
    began.elapsed().as_secs_f64() * 1000.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    ((values[(values.len() - 1) / 2] + values[middle]) * 50.0).round() / 100.0
}
