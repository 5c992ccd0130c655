//! `muster join --lan`: looks for sessions on the local network, with a network and a key for that alone, lets the person
//! choose where there are several, and hands the conversation to a fresh membership that joins.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::entropy;
use super::membership::{Shared, Told};
use super::memberships::Memberships;
use crate::core::greeting::invitation::Destination;
use crate::core::greeting::{Reason, Side};
use crate::core::node::conversation::{Begin, JoinAnswers, Step};
use crate::core::node::looking::Looking;

use crate::core::node::request::{Class, Refusal};
use crate::core::primitives::limits;
use crate::net::{self, Command};

/// The client's end of the conversation.
pub(super) struct Client {
    pub(super) steps: mpsc::Sender<Step>,
    pub(super) answers: mpsc::Receiver<String>,
    pub(super) reply: oneshot::Sender<Result<(), Refusal>>,
}

/// From the search to a membership that joins. Whoever went away needs no answer.
pub(super) async fn join(
    here: Arc<Memberships>,
    session: Option<String>,
    said: JoinAnswers,
    mut client: Client,
) {
    if !here.shared.mdns {
        let why = "join --lan: this daemon doesn't look around on the local network";
        let refusal =
            Refusal::new(Class::State, "no_mdns", why).hint("set mdns = true under [lan] in musterd.toml");
        return drop(client.reply.send(Err(refusal)));
    }
    let _ = client.reply.send(Ok(()));
    let _ = client.steps.send(Step::waiting_for(Side::Network)).await;
    let found = tokio::select! {
        found = search(&here.shared, session) => found,
        () = client.steps.closed() => return,
    };
    let chosen = match found {
        Ok(found) => choose(&here.shared, &found, &client.steps, &mut client.answers).await,
        Err(why) => Err(ended(Reason::Unreachable, Side::Network, why)),
    };
    let joining = match chosen {
        Ok(Some(to)) => here
            .joining(&mut *here.change().await, to)
            .await
            .map_err(|refusal| ended(Reason::Unreachable, Side::Guest, refusal.message)),
        Ok(None) => Err(ended(Reason::Cancelled, Side::Guest, Reason::Cancelled.sentence(Side::Guest))),
        Err(ended) => Err(ended),
    };
    let membership = match joining {
        Ok(membership) => membership,
        Err(ended) => return drop(client.steps.send(ended).await),
    };
    let (reply, begun) = oneshot::channel();
    let (steps, begin) = (client.steps.clone(), Begin::Join { answers: said });
    membership.tell(Told::Begin { begin, steps, answers: client.answers, reply });
    if let Ok(Err(refusal)) = begun.await {
        let _ = client.steps.send(ended(Reason::Unreachable, Side::Guest, refusal.message)).await;
    }
}

fn ended(reason: Reason, by: Side, message: String) -> Step {
    Step::Ended { reason, by, message }
}

/// Asks around until something was found and others had the time to show up, or nothing was for too long.
async fn search(shared: &Shared, named: Option<String>) -> Result<Looking, String> {
    let key_seed = entropy::fresh().map_err(|error| error.to_string())?;
    let settings = net::Settings {
        key_seed,
        // Who only looks isn't seen by others who look, and asked.
        listen: Vec::new(),
        explicit: false,
        serve: net::Serves::Nobody,
        relay: false,
        calls_back: false,
        mdns: true,
        upnp: false,
        announce: Vec::new(),
        pace: net::Pace::default(),
    };
    let (net, mut inputs) = net::start(settings).await.map_err(|error| error.to_string())?;
    net.perform(Command::LookAround(true)).await;
    let mut looking = Looking::new(named, shared.clock.now());
    loop {
        let now = shared.clock.now();
        if looking.ends() <= now {
            break;
        }
        tokio::select! {
            input = inputs.recv() => match input {
                Some(input) => looking.handle(input, now),
                None => break,
            },
            () = tokio::time::sleep(looking.ends().since(now)) => {}
        }
        while let Some(output) = looking.poll_output() {
            if let Ok(command) = Command::try_from(output) {
                net.perform(command).await;
            }
        }
    }
    tokio::spawn(async move {
        // What it still says is of no interest, and must not keep it from stopping.
        let rest = async { while inputs.recv().await.is_some() {} };
        tokio::join!(net.stop(), rest);
    });
    Ok(looking)
}

/// The only session, or the one that the person chooses; none where the person went away.
async fn choose(
    shared: &Shared,
    found: &Looking,
    steps: &mpsc::Sender<Step>,
    answers: &mut mpsc::Receiver<String>,
) -> Result<Option<Destination>, Step> {
    let sessions = found.sessions();
    if sessions.is_empty() {
        let why = "no session was seen on this network; is one open, and is this machine on the same network as its \
                   host? with the session's link: muster join -";
        return Err(ended(Reason::Unreachable, Side::Network, why.to_owned()));
    }
    let only = found.way_to(None, shared.clock.now());
    let mut again = None;
    let choose = only.is_none();
    for _ in 0..limits::UNUSABLE_ANSWERS {
        let _ = steps.send(Step::Sessions { sessions: sessions.clone(), choose, again: again.take() }).await;
        if only.is_some() {
            return Ok(only);
        }
        let Some(line) = answers.recv().await else { return Ok(None) };
        if let Some(way) = found.way_to(Some(&line), shared.clock.now()) {
            return Ok(Some(way));
        }
        again = Some("that names none of them, or several; type what stands under SESSION".to_owned());
    }
    Ok(None)
}
