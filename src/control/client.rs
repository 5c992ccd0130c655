//! The client: what `muster` and tests call. Every failure is a [`Refusal`], the daemon's absence too, so
//! that there is one way to tell a person and one table of exit codes.

mod connection;
mod stream;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use stream::{Conversation, Events, Said};

use self::connection::{Connection, encoded};
use super::wire::{
    Adoption, AnswerLine, Founding, NewGreeting, NewInvitations, NewJoin, NewSession, Point, ProfileChange,
    Revocation,
};
use super::{LinkText, StatusReport};
use crate::core::node::conversation::JoinAnswers;
use crate::core::node::request::{
    ChangeAnswer, DeviceAnswer, InvitationAnswer, InvitedAnswer, LogAnswer, LogChangesAnswer,
    OrganizationAnswer, PointAnswer, Refusal, SessionAnswer, UserAnswer, VerifyAnswer,
};
use crate::core::primitives::address::Address;
use crate::core::roster::profile::Profile;

/// Talks to one daemon, about one organization where one is named. Each request is a connection of its own.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
    organization: Option<String>,
}

type Result<T> = std::result::Result<T, Refusal>;

impl Client {
    /// For the daemon that listens at `socket`; `organization` is needed only where it is in several.
    #[must_use]
    pub fn new(socket: PathBuf, organization: Option<String>) -> Self {
        Self { socket, organization }
    }

    /// Where the daemon is asked.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The daemon, its organizations, who waits.
    ///
    /// # Errors
    /// What the daemon refuses, or that none answers; likewise below.
    pub async fn status(&self) -> Result<StatusReport> {
        self.get("/v1/status", &[]).await
    }

    /// Founds an organization.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn create(&self, founding: &Founding) -> Result<OrganizationAnswer> {
        self.send("POST", "/v1/organizations", &[], founding).await
    }

    /// All organizations of the daemon.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn organizations(&self) -> Result<Vec<OrganizationAnswer>> {
        self.get("/v1/organizations", &[]).await
    }

    /// The organization.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn organization(&self) -> Result<OrganizationAnswer> {
        self.get("/v1/organization", &[]).await
    }

    /// Wipes what a revocation left of the membership.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn forget(&self) -> Result<OrganizationAnswer> {
        self.plain("DELETE", "/v1/organization", &[]).await
    }

    /// Makes an invitation for each address.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn invite_users(
        &self,
        emails: Vec<String>,
        expires: Option<Duration>,
    ) -> Result<Vec<InvitedAnswer>> {
        let new = NewInvitations::User { emails, expires_seconds: expires.map(|span| span.as_secs()) };
        self.send("POST", "/v1/invitations", &[], &new).await
    }

    /// Makes an invitation for a further device of one's own: a list of one.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn invite_device(&self, expires: Option<Duration>) -> Result<Vec<InvitedAnswer>> {
        let new = NewInvitations::Device { expires_seconds: expires.map(|span| span.as_secs()) };
        self.send("POST", "/v1/invitations", &[], &new).await
    }

    /// The invitations of this daemon; the ended ones as well, if `all`.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn invitations(&self, all: bool) -> Result<Vec<InvitationAnswer>> {
        self.get("/v1/invitations", &[("all", truth(all))]).await
    }

    /// One invitation, with its link while it is pending.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn invitation(&self, id: &str) -> Result<InvitationAnswer> {
        self.get(&format!("/v1/invitations/{}", encoded(id)), &[]).await
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn cancel_invitation(&self, id: &str) -> Result<InvitationAnswer> {
        self.plain("DELETE", &format!("/v1/invitations/{}", encoded(id)), &[]).await
    }

    /// Opens a session.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn open_session(&self, new: &NewSession) -> Result<SessionAnswer> {
        self.send("POST", "/v1/sessions", &[], new).await
    }

    /// The sessions that are open.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn sessions(&self) -> Result<Vec<SessionAnswer>> {
        self.get("/v1/sessions", &[]).await
    }

    /// Closes a session; none named: the only one.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn close_session(&self, id: Option<&str>) -> Result<SessionAnswer> {
        let path = id.map_or("/v1/sessions".to_owned(), |id| format!("/v1/sessions/{}", encoded(id)));
        self.plain("DELETE", &path, &[]).await
    }

    /// The users; the revoked ones as well, if `revoked`.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn users(&self, revoked: bool) -> Result<Vec<UserAnswer>> {
        self.get("/v1/users", &[("revoked", truth(revoked))]).await
    }

    /// One user.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn user(&self, user: &str) -> Result<UserAnswer> {
        self.get(&format!("/v1/users/{}", encoded(user)), &[]).await
    }

    /// Revokes users; what became of each.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn revoke(&self, users: Vec<String>) -> Result<Vec<ChangeAnswer>> {
        self.send("POST", "/v1/users/revoke", &[], &Revocation { users }).await
    }

    /// Gives users another profile; what became of each.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn set_profile(&self, profile: Profile, users: Vec<String>) -> Result<Vec<ChangeAnswer>> {
        self.send("POST", "/v1/users/profile", &[], &ProfileChange { profile, users }).await
    }

    /// The devices of one user, or of all.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn devices(&self, user: Option<&str>) -> Result<Vec<DeviceAnswer>> {
        let filter = user.map(|user| ("user", user));
        self.get("/v1/devices", filter.as_slice()).await
    }

    /// Every certificate.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn roster_log(&self) -> Result<Vec<LogAnswer>> {
        self.get("/v1/roster/log", &[]).await
    }

    /// The lines of the log that are others than at revision `since`; all of them without.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn log_changes(&self, since: Option<&str>) -> Result<LogChangesAnswer> {
        let since = since.map(|revision| ("since", revision));
        self.get("/v1/roster/changes", since.as_slice()).await
    }

    /// Checks every certificate again.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn verify_roster(&self) -> Result<VerifyAnswer> {
        self.get("/v1/roster/verify", &[]).await
    }

    /// Has a void Enroll count again: a list of one, with its standing.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn adopt(&self, certificate: String) -> Result<Vec<LogAnswer>> {
        self.send("POST", "/v1/roster/adopt", &[], &Adoption { certificate }).await
    }

    /// The rendezvous points that the organization's daemon knows.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn points(&self) -> Result<Vec<PointAnswer>> {
        self.get("/v1/points", &[]).await
    }

    /// Makes a rendezvous point the organization's; then all that are known.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn add_point(&self, address: Address) -> Result<Vec<PointAnswer>> {
        self.send("POST", "/v1/points", &[], &Point { address }).await
    }

    /// Takes a rendezvous point from the organization's; then all that are known.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn remove_point(&self, address: Address) -> Result<Vec<PointAnswer>> {
        self.send("DELETE", "/v1/points", &[], &Point { address }).await
    }

    /// Begins to greet a guest.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn greet(&self, invitation: Option<String>, guest: Option<String>) -> Result<Conversation> {
        let new = NewGreeting { invitation, guest };
        let connection = Connection::open(&self.socket).await?;
        Conversation::begin(connection, &self.target("/v1/greetings", &[]), json(&new)?).await
    }

    /// Begins to join, as a guest.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn join(&self, link: LinkText, answers: JoinAnswers) -> Result<Conversation> {
        self.begin_to_join(NewJoin { link: Some(link), lan: false, session: None, answers }).await
    }

    /// Begins to join a session on the local network, as a guest without a link; none named: the only one.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn join_on_lan(&self, session: Option<String>, answers: JoinAnswers) -> Result<Conversation> {
        self.begin_to_join(NewJoin { link: None, lan: true, session, answers }).await
    }

    async fn begin_to_join(&self, new: NewJoin) -> Result<Conversation> {
        let connection = Connection::open(&self.socket).await?;
        Conversation::begin(connection, "/v1/joins", json(&new)?).await
    }

    /// Answers the step that asked last in this conversation, with a line as it was typed.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn answer(&self, conversation: u64, line: &str) -> Result<()> {
        let body = AnswerLine { answer: line.to_owned() };
        self.send("POST", &format!("/v1/conversations/{conversation}"), &[], &body).await
    }

    /// Cancels the conversation; the daemon may still say how it ended.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn cancel(&self, conversation: u64) -> Result<()> {
        self.plain("DELETE", &format!("/v1/conversations/{conversation}"), &[]).await
    }

    /// Follows what happens: in the named organization, or in all of them.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn events(&self) -> Result<Events> {
        let connection = Connection::open(&self.socket).await?;
        Events::follow(connection, &self.target("/v1/events", &[])).await
    }

    /// Hears each time that the log changed.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub async fn log_events(&self) -> Result<Events> {
        let connection = Connection::open(&self.socket).await?;
        Events::follow(connection, &self.target("/v1/events", &[("log", "true")])).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T> {
        self.plain("GET", path, query).await
    }

    async fn plain<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T> {
        let connection = Connection::open(&self.socket).await?;
        connection.exchange(method, &self.target(path, query), Vec::new()).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        body: &impl Serialize,
    ) -> Result<T> {
        let connection = Connection::open(&self.socket).await?;
        connection.exchange(method, &self.target(path, query), json(body)?).await
    }

    /// Path and query, the organization included.
    fn target(&self, path: &str, query: &[(&str, &str)]) -> String {
        let organization = self.organization.as_deref().map(|name| ("org", name));
        let pairs = query.iter().copied().chain(organization);
        let pairs: Vec<_> = pairs.map(|(key, value)| format!("{key}={}", encoded(value))).collect();
        if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
    }
}

fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

fn json(body: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(body).map_err(|_| connection::broken("the request can't be written as JSON"))
}
