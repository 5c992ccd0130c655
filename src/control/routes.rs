//! The routes: each turns a request into one call to the daemon, and the reply into the response.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::middleware::map_response;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use tokio::sync::{Semaphore, broadcast, mpsc, oneshot, watch};

use super::conversations::{self, Conversations};
use super::refuse::{Refused, Whole, in_our_form};
use super::wire::{Adoption, Founding, NewInvitations, NewSession, Point, ProfileChange, Revocation};
use super::{Call, StatusReport, events};
use crate::core::node::event::Event;
use crate::core::node::request::{Answer, Class, OrganizationAnswer, Refusal, Request};
use crate::core::primitives::limits;

/// What the routes share: the ways to the daemon, and what is bounded across connections.
#[derive(Clone)]
pub(super) struct Desk {
    calls: mpsc::Sender<Call>,
    pub(super) events: broadcast::Sender<Event>,
    pub(super) followers: Arc<Semaphore>,
    pub(super) conversations: Conversations,
    pub(super) stopped: watch::Receiver<bool>,
}

impl Desk {
    pub(super) fn new(
        calls: mpsc::Sender<Call>,
        events: broadcast::Sender<Event>,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        let followers = Arc::new(Semaphore::new(limits::CONTROL_FOLLOWERS));
        Self { calls, events, followers, conversations: Conversations::default(), stopped }
    }

    /// Puts a call to the daemon and waits for its reply.
    pub(super) async fn call<T>(&self, call: impl FnOnce(oneshot::Sender<T>) -> Call) -> Result<T, Refused> {
        let (reply, replied) = oneshot::channel();
        self.calls.send(call(reply)).await.map_err(|_| stopping())?;
        replied.await.map_err(|_| stopping())
    }

    /// Asks the node of one membership.
    pub(super) async fn ask(
        &self,
        organization: Option<String>,
        request: Request,
    ) -> Result<Answer, Refused> {
        Ok(self.call(|reply| Call::Ask { organization, request, reply }).await??)
    }
}

/// The daemon takes no more calls, or dropped this one.
fn stopping() -> Refused {
    Refusal::new(Class::Unreachable, "stopping", "daemon: it is stopping and did not answer").into()
}

/// The whole table.
pub(super) fn all(desk: Desk) -> Router {
    Router::new()
        .route("/v1/status", get(status))
        .route("/v1/organizations", get(organizations).post(create))
        .route("/v1/organization", get(show_organization).delete(forget))
        .route("/v1/invitations", get(invitations).post(invite))
        .route("/v1/invitations/{id}", get(show_invitation).delete(cancel_invitation))
        .route("/v1/sessions", get(sessions).post(open_session).delete(close_only_session))
        .route("/v1/sessions/{id}", delete(close_session))
        .route("/v1/users", get(users))
        .route("/v1/users/{user}", get(show_user))
        .route("/v1/users/revoke", post(revoke))
        .route("/v1/users/profile", post(set_profile))
        .route("/v1/devices", get(devices))
        .route("/v1/roster/log", get(log))
        .route("/v1/roster/changes", get(log_changes))
        .route("/v1/roster/verify", get(verify))
        .route("/v1/roster/adopt", post(adopt))
        .route("/v1/points", get(points).post(add_point).delete(remove_point))
        .route("/v1/greetings", post(conversations::greet))
        .route("/v1/joins", post(conversations::join))
        .route("/v1/conversations/{number}", post(conversations::answer).delete(conversations::cancel))
        .route("/v1/events", get(events::follow))
        .layer(map_response(in_our_form))
        .with_state(desk)
}

/// Which organization: a name, or a prefix of an id.
#[derive(Deserialize)]
pub(super) struct Which {
    pub(super) org: Option<String>,
}

#[derive(Deserialize)]
struct InvitationFilter {
    org: Option<String>,
    #[serde(default)]
    all: bool,
}

#[derive(Deserialize)]
struct UserFilter {
    org: Option<String>,
    #[serde(default)]
    revoked: bool,
}

#[derive(Deserialize)]
struct DeviceFilter {
    org: Option<String>,
    user: Option<String>,
}

#[derive(Deserialize)]
struct Since {
    org: Option<String>,
    since: Option<String>,
}

type Answered<T> = Result<Json<T>, Refused>;

async fn status(State(desk): State<Desk>) -> Answered<StatusReport> {
    desk.call(|reply| Call::Status { reply }).await.map(Json)
}

async fn organizations(State(desk): State<Desk>) -> Answered<Vec<OrganizationAnswer>> {
    desk.call(|reply| Call::Organizations { reply }).await.map(Json)
}

async fn create(State(desk): State<Desk>, Whole(founding): Whole<Founding>) -> Answered<OrganizationAnswer> {
    let Founding { name, person, email, device } = founding;
    Ok(Json(desk.call(|reply| Call::Create { name, person, email, device, reply }).await??))
}

async fn forget(State(desk): State<Desk>, Query(which): Query<Which>) -> Answered<OrganizationAnswer> {
    Ok(Json(desk.call(|reply| Call::Forget { organization: which.org, reply }).await??))
}

async fn show_organization(State(desk): State<Desk>, Query(which): Query<Which>) -> Answered<Answer> {
    desk.ask(which.org, Request::ShowOrganization).await.map(Json)
}

async fn invitations(State(desk): State<Desk>, Query(filter): Query<InvitationFilter>) -> Answered<Answer> {
    desk.ask(filter.org, Request::ListInvitations { all: filter.all }).await.map(Json)
}

async fn invite(
    State(desk): State<Desk>,
    Query(which): Query<Which>,
    Whole(new): Whole<NewInvitations>,
) -> Answered<Answer> {
    desk.ask(which.org, new.into()).await.map(Json)
}

async fn show_invitation(
    State(desk): State<Desk>,
    Path(invitation): Path<String>,
    Query(which): Query<Which>,
) -> Answered<Answer> {
    desk.ask(which.org, Request::ShowInvitation { invitation }).await.map(Json)
}

async fn cancel_invitation(
    State(desk): State<Desk>,
    Path(invitation): Path<String>,
    Query(which): Query<Which>,
) -> Answered<Answer> {
    desk.ask(which.org, Request::CancelInvitation { invitation }).await.map(Json)
}

async fn sessions(State(desk): State<Desk>, Query(which): Query<Which>) -> Answered<Answer> {
    desk.ask(which.org, Request::ListSessions).await.map(Json)
}

async fn open_session(
    State(desk): State<Desk>,
    Query(which): Query<Which>,
    Whole(new): Whole<NewSession>,
) -> Answered<Answer> {
    desk.ask(which.org, new.into()).await.map(Json)
}

async fn close_only_session(State(desk): State<Desk>, Query(which): Query<Which>) -> Answered<Answer> {
    desk.ask(which.org, Request::CloseSession { session: None }).await.map(Json)
}

async fn close_session(
    State(desk): State<Desk>,
    Path(session): Path<String>,
    Query(which): Query<Which>,
) -> Answered<Answer> {
    desk.ask(which.org, Request::CloseSession { session: Some(session) }).await.map(Json)
}

async fn users(State(desk): State<Desk>, Query(filter): Query<UserFilter>) -> Answered<Answer> {
    desk.ask(filter.org, Request::ListUsers { revoked: filter.revoked }).await.map(Json)
}

async fn show_user(
    State(desk): State<Desk>,
    Path(user): Path<String>,
    Query(which): Query<Which>,
) -> Answered<Answer> {
    desk.ask(which.org, Request::ShowUser { user }).await.map(Json)
}

async fn revoke(
    State(desk): State<Desk>,
    Query(which): Query<Which>,
    Whole(Revocation { users }): Whole<Revocation>,
) -> Answered<Answer> {
    desk.ask(which.org, Request::RevokeUsers { users }).await.map(Json)
}

async fn set_profile(
    State(desk): State<Desk>,
    Query(which): Query<Which>,
    Whole(ProfileChange { profile, users }): Whole<ProfileChange>,
) -> Answered<Answer> {
    desk.ask(which.org, Request::SetProfiles { profile, users }).await.map(Json)
}

async fn devices(State(desk): State<Desk>, Query(filter): Query<DeviceFilter>) -> Answered<Answer> {
    desk.ask(filter.org, Request::ListDevices { user: filter.user }).await.map(Json)
}

async fn log(State(desk): State<Desk>, Query(which): Query<Which>) -> Answered<Answer> {
    desk.ask(which.org, Request::RosterLog).await.map(Json)
}

async fn log_changes(State(desk): State<Desk>, Query(asked): Query<Since>) -> Answered<Answer> {
    desk.ask(asked.org, Request::LogChanges { since: asked.since }).await.map(Json)
}

async fn verify(State(desk): State<Desk>, Query(which): Query<Which>) -> Answered<Answer> {
    desk.ask(which.org, Request::VerifyRoster).await.map(Json)
}

async fn adopt(
    State(desk): State<Desk>,
    Query(which): Query<Which>,
    Whole(Adoption { certificate }): Whole<Adoption>,
) -> Answered<Answer> {
    desk.ask(which.org, Request::AdoptEnroll { certificate }).await.map(Json)
}

async fn points(State(desk): State<Desk>, Query(which): Query<Which>) -> Answered<Answer> {
    desk.ask(which.org, Request::ListPoints).await.map(Json)
}

async fn add_point(
    State(desk): State<Desk>,
    Query(which): Query<Which>,
    Whole(Point { address }): Whole<Point>,
) -> Answered<Answer> {
    desk.ask(which.org, Request::AddPoint { point: address }).await.map(Json)
}

async fn remove_point(
    State(desk): State<Desk>,
    Query(which): Query<Which>,
    Whole(Point { address }): Whole<Point>,
) -> Answered<Answer> {
    desk.ask(which.org, Request::RemovePoint { point: address }).await.map(Json)
}
