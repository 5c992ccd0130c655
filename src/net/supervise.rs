//! The swarm is supervised: should its task fail, everything that stood is reported as gone, and a new swarm
//! with the same key and the same ports takes up what is wished for. Nobody else in the daemon is touched.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::Settings;
use super::backoff::Backoff;
use super::command::Command;
use super::driver::Driver;
use super::ledger::{Ledger, Wishes};
use super::probe;
use super::swarm::{self, Listening};
use crate::core::node::input::Input;
use crate::core::primitives::address::Address;

/// The first and the longest pause before a swarm is built anew.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// A swarm that ran for this long was sound.
const LASTED: Duration = Duration::from_secs(60);

/// Who waits to hear that everything has stopped.
type Waiting = Option<oneshot::Sender<()>>;

/// Everything has to stop.
struct Stop(Waiting);

/// Runs swarms, one after the other, until told to stop.
pub(super) async fn run(
    settings: Settings,
    mut ledger: Ledger,
    first: Listening,
    mut commands: mpsc::Receiver<Command>,
    inputs: mpsc::Sender<Input>,
) {
    let mut pauses = Backoff::new(PAUSE.0, PAUSE.1);
    let mut swarm = first;
    let waiting = loop {
        let began = Instant::now();
        let listens: Vec<usize> = swarm.listeners.iter().map(|(_, at)| *at).collect();
        let life = async { Driver::new(swarm, &settings, &mut ledger, &inputs).run(&mut commands).await };
        // The ledger is the only state that is looked at afterwards, and its parts hold each for itself.
        let ended = AssertUnwindSafe(life).catch_unwind().await;
        let listened: Vec<Address> =
            listens.iter().filter_map(|at| ledger.listen.get(*at)).cloned().collect();
        if let Ok(waiting) = ended {
            if waiting.is_some() {
                probe::until_closed(&listened).await;
            }
            break waiting;
        }
        tracing::error!("the network failed and is set up anew");
        if began.elapsed() >= LASTED {
            pauses.reset();
        }
        match recover(&settings, &mut ledger, &listened, &mut pauses, &mut commands, &inputs).await {
            Ok(next) => swarm = next,
            Err(Stop(waiting)) => break waiting,
        }
    };
    if let Some(waiting) = waiting {
        // Whoever asked may have stopped waiting.
        let _ = waiting.send(());
    }
}

/// Reports what is gone and builds the next swarm, however often that takes.
async fn recover(
    settings: &Settings,
    ledger: &mut Ledger,
    listened: &[Address],
    pauses: &mut Backoff,
    commands: &mut mpsc::Receiver<Command>,
    inputs: &mpsc::Sender<Input>,
) -> Result<Listening, Stop> {
    for input in ledger.write_off().await {
        let told = async {
            // Who no longer listens is about to stop us.
            let _ = inputs.send(input).await;
        };
        meanwhile(told, &mut ledger.wishes, commands).await?;
    }
    meanwhile(probe::until_closed(listened), &mut ledger.wishes, commands).await?;
    loop {
        let pause = sleep_until(Instant::now() + pauses.pause());
        meanwhile(pause, &mut ledger.wishes, commands).await?;
        match swarm::build(settings, ledger) {
            Ok(next) => return Ok(next),
            Err(error) => tracing::warn!(%error, "the network can't be set up yet"),
        }
    }
}

/// Waits for something while commands keep being taken: wishes are remembered, the rest has lost its object.
async fn meanwhile(
    awaited: impl Future<Output = ()>,
    wishes: &mut Wishes,
    commands: &mut mpsc::Receiver<Command>,
) -> Result<(), Stop> {
    let mut awaited = std::pin::pin!(awaited);
    loop {
        tokio::select! {
            () = &mut awaited => return Ok(()),
            command = commands.recv() => match command {
                None => return Err(Stop(None)),
                Some(Command::Stop(waiting)) => return Err(Stop(Some(waiting))),
                Some(command) => {
                    wishes.note(command);
                }
            },
        }
    }
}
