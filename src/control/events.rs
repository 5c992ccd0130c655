//! `GET /v1/events`: what happens, as server-sent events, until the client goes away or lags too far behind. Who follows
//! the log is only woken by them, and asks what changed.

use std::convert::Infallible;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{Query, State};
use axum::response::Sse;
use axum::response::sse::{self, KeepAlive};
use futures::{Stream, StreamExt};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};

use super::refuse::Refused;
use super::routes::Desk;
use super::server::stopping;
use crate::core::node::event::{Event, Happening};
use crate::core::node::request::{Answer, Class, Refusal, Request};
use crate::core::primitives::ids::OrganizationId;
use crate::core::primitives::time::Moment;

/// A comment line this often finds out that a follower is gone.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Which events.
#[derive(Deserialize)]
pub(super) struct Wanted {
    org: Option<String>,
    /// Only that the log changed, which nobody else is told.
    #[serde(default)]
    log: bool,
}

/// Follows the events of one organization, or of all.
pub(super) async fn follow(
    State(desk): State<Desk>,
    Query(wanted): Query<Wanted>,
) -> Result<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>, Refused> {
    let Ok(seat) = desk.followers.clone().try_acquire_owned() else {
        let why = "events: as many clients follow them as the daemon takes";
        return Err(Refusal::new(Class::Unreachable, "too_many_followers", why).into());
    };
    // Subscribed first, so that nothing is missed while the organization is looked up.
    let events = desk.events.subscribe();
    let only = match wanted.org {
        Some(name) => Some(organization(&desk, name).await?),
        None => None,
    };
    let (log, stopped) = (wanted.log, desk.stopped.clone());
    let follower = Follower { events, only, log, stopped, over: false, _seat: seat };
    let lines = futures::stream::unfold(follower, |mut follower| async {
        follower.next().await.map(|event| (event, follower))
    });
    Ok(Sse::new(lines.map(|event| Ok(data(&event)))).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

/// The node itself says which organization is meant: one rule for names and prefixes everywhere.
async fn organization(desk: &Desk, name: String) -> Result<OrganizationId, Refused> {
    match desk.ask(Some(name), Request::ShowOrganization).await? {
        Answer::Organization(shown) => Ok(shown.organization_id),
        _ => Err(Refusal::new(Class::Failed, "failed", "events: the daemon answered something else").into()),
    }
}

struct Follower {
    events: broadcast::Receiver<Event>,
    only: Option<OrganizationId>,
    log: bool,
    stopped: watch::Receiver<bool>,
    over: bool,
    _seat: OwnedSemaphorePermit,
}

impl Follower {
    /// The next event that is wanted. Who missed some gets `lagged`, and nothing after that.
    async fn next(&mut self) -> Option<Event> {
        while !self.over {
            let received = tokio::select! {
                // What happened before the daemon stopped is still told.
                biased;
                received = self.events.recv() => received,
                () = stopping(&mut self.stopped) => return None,
            };
            match received {
                Ok(event) if self.wants(&event) => return Some(event),
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    self.over = true;
                    let what = Happening::Lagged { missed };
                    return Some(Event { what, at: clock(), organization_id: None });
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
        None
    }

    fn wants(&self, event: &Event) -> bool {
        let is_of_the_log = matches!(event.what, Happening::LogChanged);
        is_of_the_log == self.log && (self.only.is_none() || event.organization_id == self.only)
    }
}

fn data(event: &Event) -> sse::Event {
    // Ids, numbers and strings: always JSON.
    sse::Event::default().data(serde_json::to_string(event).unwrap_or_default())
}

fn clock() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment(0) + since
}
