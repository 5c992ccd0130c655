//! The daemon from start to stop: lock, memberships, control socket, and who is asked what.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{broadcast, mpsc, oneshot};

use super::clock::Clock;
use super::config;
use super::entropy;
use super::lock::DataLock;
use super::membership::{Membership, Shared, Told};
use super::notify::Notifier;
use super::paths::Environment;
use crate::control::call::{About, Call, StatusReport};
use crate::control::{Access, bind, serve};
use crate::core::greeting::link::Link;
use crate::core::node::conversation::{Begin, JoinAnswers, Step};
use crate::core::node::request::{Answer, Class, OrganizationAnswer, Refusal, Request, UserState};
use crate::core::node::{NewOrganization, Node, Settings};
use crate::core::primitives::entropy::Entropy;
use crate::core::primitives::keys::DeviceKey;
use crate::core::primitives::limits;
use crate::core::primitives::text::{Email, FieldError, Label, Name};
use crate::net::{self, Net};

/// What a daemon couldn't start with; one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CannotStart(String);

fn cannot(why: impl std::fmt::Display) -> CannotStart {
    CannotStart(why.to_string())
}

/// Runs until it is told to stop by SIGTERM or SIGINT.
///
/// # Errors
/// [`CannotStart`]: the data directory is in use, or the socket can't be made.
pub async fn run(settings: config::Settings, environment: &Environment) -> Result<(), CannotStart> {
    let _lock = DataLock::take(&settings.data_dir).map_err(cannot)?;
    let access = Access::fitting();
    let listener = bind(&settings.socket, access).map_err(cannot)?;
    let (events, _) = broadcast::channel(limits::PENDING_EVENTS);
    let mut daemon = Daemon::new(&settings, events.clone());
    daemon.start_all().map_err(cannot)?;
    daemon.keep_point().await;

    let (calls, mut called) = mpsc::channel(64);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, access, calls, events, async {
        let _ = stopped.await;
    }));
    let notifier = Notifier::new(environment);
    notifier.ready();
    tracing::info!("ready; control socket at {}", settings.socket.display());
    let mut signals = signals().map_err(cannot)?;
    loop {
        tokio::select! {
            Some(call) = called.recv() => daemon.called(call).await,
            Some(()) = signals.recv() => break,
        }
    }
    notifier.stopping();
    let _ = stop.send(());
    daemon.stop_all().await;
    let _ = server.await;
    Ok(())
}

fn signals() -> std::io::Result<mpsc::Receiver<()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (tell, told) = mpsc::channel(1);
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let (mut stream, tell) = (signal(kind)?, tell.clone());
        tokio::spawn(async move {
            stream.recv().await;
            let _ = tell.send(()).await;
        });
    }
    Ok(told)
}

/// All memberships of this machine's daemon, and the bare point where there are none.
struct Daemon {
    memberships_dir: PathBuf,
    point_key: PathBuf,
    serve: Option<bool>,
    shared: Shared,
    memberships: Vec<Membership>,
    point: Option<Net>,
}

impl Daemon {
    fn new(settings: &config::Settings, events: broadcast::Sender<crate::core::node::event::Event>) -> Self {
        let shared = Shared {
            settings: Settings { points: settings.points.clone(), hints: settings.hints },
            listen: settings.listen.clone(),
            is_listen_chosen: settings.is_listen_chosen,
            serve: settings.serve.unwrap_or(true),
            mdns: settings.mdns,
            clock: Arc::new(Clock::new()),
            events,
        };
        Self {
            memberships_dir: settings.data_dir.join("memberships"),
            point_key: settings.data_dir.join("point"),
            serve: settings.serve,
            shared,
            memberships: Vec::new(),
            point: None,
        }
    }

    fn start_all(&mut self) -> std::io::Result<()> {
        // What lies here is nobody else's business: its owner's alone, whatever the umask.
        std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700)
            .recursive(true)
            .create(&self.memberships_dir)?;
        let mut dirs: Vec<PathBuf> = std::fs::read_dir(&self.memberships_dir)?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_none())
            .collect();
        dirs.sort();
        for dir in dirs {
            self.memberships.push(Membership::start(dir, None, self.shared.clone()));
        }
        Ok(())
    }

    /// A daemon without organizations serves as a rendezvous point, unless it was told not to. Told to serve, it
    /// keeps its addresses to itself for good; else it gives them to the first membership.
    async fn keep_point(&mut self) {
        let wanted = match self.serve {
            Some(always) => always,
            None => self.memberships.is_empty(),
        };
        if !wanted || self.point.is_some() {
            return;
        }
        let seed = match point_seed(&self.point_key) {
            Ok(seed) => seed,
            Err(error) => return tracing::error!("{}: {error}", self.point_key.display()),
        };
        let settings = net::Settings {
            key_seed: seed,
            listen: self.shared.listen.clone(),
            explicit: self.shared.is_listen_chosen,
            serve: true,
            mdns: self.shared.mdns,
            pace: net::Pace::default(),
        };
        match net::start(settings).await {
            Ok((net, mut inputs)) => {
                tokio::spawn(async move { while inputs.recv().await.is_some() {} });
                self.point = Some(net);
            }
            Err(error) => tracing::error!("rendezvous point: {error}"),
        }
    }

    async fn stop_all(&mut self) {
        for membership in std::mem::take(&mut self.memberships) {
            let (done, stopped) = oneshot::channel();
            if membership.tell.send(Told::Stop(done)).await.is_ok() {
                let _ = stopped.await;
            }
        }
        if let Some(point) = self.point.take() {
            point.stop().await;
        }
    }

    async fn called(&mut self, call: Call) {
        self.memberships.retain(|membership| !membership.tell.is_closed());
        match call {
            Call::Status { reply } => {
                let _ = reply.send(self.status().await);
            }
            Call::Organizations { reply } => {
                let _ = reply.send(self.status().await.organizations);
            }
            Call::Create { name, person, email, device, reply } => {
                let _ = reply.send(self.create(&name, &person, &email, device).await);
            }
            Call::Forget { organization, reply } => {
                let _ = reply.send(self.forget(organization.as_deref()).await);
            }
            Call::Ask { organization, request, reply } => match self.find(organization.as_deref()).await {
                Ok(membership) => {
                    if let Err(error) = membership.tell.send(Told::Ask { request, reply }).await {
                        tracing::debug!("a membership ended while it was asked: {error}");
                    }
                }
                Err(refusal) => {
                    let _ = reply.send(Err(refusal));
                }
            },
            Call::Converse { organization, about, steps, answers, reply } => {
                let begun = self.converse(organization.as_deref(), about, steps, answers).await;
                let _ = reply.send(begun);
            }
        }
    }

    async fn status(&self) -> StatusReport {
        let mut statuses = Vec::new();
        for membership in self.memberships.iter().filter(|m| m.known().organization.is_some()) {
            if let Ok(Answer::Status(status)) = membership.ask(Request::Status).await {
                statuses.push(*status);
            }
        }
        StatusReport::new(env!("CARGO_PKG_VERSION"), statuses)
    }

    /// The membership that is meant: by name or by a prefix of the id; unsaid, the only one, or the only active one.
    async fn find(&self, named: Option<&str>) -> Result<&Membership, Refusal> {
        let all: Vec<&Membership> =
            self.memberships.iter().filter(|m| m.known().organization.is_some()).collect();
        let Some(named) = named else {
            let active: Vec<&Membership> = all.iter().copied().filter(|m| m.known().is_active).collect();
            return match (&all[..], &active[..]) {
                ([one], _) | (_, [one]) => Ok(*one),
                ([], _) => Err(Refusal::new(
                    Class::NotFound,
                    "no_organization",
                    "organization: this daemon is in none",
                )
                .hint("muster org create NAME founds one; muster join - joins one")),
                _ => Err(Refusal::new(
                    Class::Usage,
                    "which_organization",
                    "organization: this daemon is in several",
                )
                .hint("say which with --org; muster org list shows them")),
            };
        };
        let mut found = Vec::new();
        for membership in all {
            if let Ok(Answer::Organization(about)) = membership.ask(Request::ShowOrganization).await {
                let by_id =
                    named.len() >= 4 && about.organization_id.to_string().starts_with(&named.to_lowercase());
                if by_id || about.name.as_deref() == Some(named) {
                    found.push(membership);
                }
            }
        }
        match found[..] {
            [one] => Ok(one),
            _ => Err(Refusal::new(
                Class::NotFound,
                "not_found",
                "organization: no such organization here, or several",
            )
            .hint("muster org list shows them")),
        }
    }

    async fn create(
        &mut self,
        name: &str,
        person: &str,
        email: &str,
        device: Option<String>,
    ) -> Result<OrganizationAnswer, Refusal> {
        let new = NewOrganization {
            name: Name::parse_organization(name)?,
            person: Name::parse(person)?,
            email: Email::parse(email)?,
            device: label(device)?,
        };
        let key = fresh_key()?;
        let node =
            Node::found(key, &new, self.shared.settings.clone(), self.shared.clock.now(), fresh_entropy()?)?;
        let membership = self.begin(node).await?;
        match membership.ask(Request::ShowOrganization).await? {
            Answer::Organization(about) => Ok(*about),
            _ => Err(Refusal::new(
                Class::Failed,
                "internal",
                "org create: it was founded, and cannot be shown",
            )),
        }
    }

    /// Makes a node durable and starts it, on the point's addresses where the point can go.
    async fn begin(&mut self, node: Node) -> Result<&Membership, Refusal> {
        if self.memberships.len() >= limits::MEMBERSHIPS {
            let message = format!("this daemon is in {} organizations already", limits::MEMBERSHIPS);
            return Err(Refusal::new(Class::State, "too_many_memberships", message));
        }
        let dir = self.memberships_dir.join(node.device().to_string());
        let at = dir.clone();
        let made = tokio::task::spawn_blocking(move || Membership::create(&at, node)).await;
        let store = made
            .map_err(|error| error.to_string())
            .and_then(|made| made.map_err(|error| error.to_string()))
            .map_err(|why| {
                Refusal::new(Class::Failed, "store_failed", format!("store: {why}; nothing was changed"))
            })?;
        if self.serve.is_none()
            && let Some(point) = self.point.take()
        {
            point.stop().await;
        }
        self.memberships.push(Membership::start(dir, Some(store), self.shared.clone()));
        self.memberships
            .last()
            .ok_or_else(|| Refusal::new(Class::Failed, "internal", "a membership was lost"))
    }

    async fn forget(&mut self, named: Option<&str>) -> Result<OrganizationAnswer, Refusal> {
        let membership = self.find(named).await?;
        let Answer::Organization(about) = membership.ask(Request::ShowOrganization).await? else {
            return Err(Refusal::new(
                Class::Failed,
                "internal",
                "org forget: the organization cannot be shown",
            ));
        };
        if about.state != UserState::Revoked {
            let message =
                "org forget: you are an active member; only what is left of a revoked membership is wiped";
            return Err(Refusal::new(Class::State, "still_active", message));
        }
        let (done, wiped) = oneshot::channel();
        let _ = membership.tell.send(Told::Forget(done)).await;
        let _ = wiped.await;
        Ok(*about)
    }

    async fn converse(
        &mut self,
        organization: Option<&str>,
        about: About,
        steps: mpsc::Sender<Step>,
        answers: mpsc::Receiver<String>,
    ) -> Result<(), Refusal> {
        let (membership, begin) = match about {
            About::Greet { invitation, guest } => {
                (self.find(organization).await?, Begin::Greet { invitation, guest })
            }
            About::Join { link, answers } => {
                check(&answers)?;
                let link = Link::parse(link.expose()).map_err(wrong_link)?;
                (self.joining(&link).await?, Begin::Join { answers })
            }
        };
        let gone = |_| {
            Refusal::new(Class::Failed, "store_failed", "the membership is not there: see the daemon's log")
        };
        membership.tell.send(Told::Begin { begin, steps, answers }).await.map_err(gone)
    }

    /// The membership that joins with this link: the one that tried before, or a fresh one with a key of its own.
    async fn joining(&mut self, link: &Link) -> Result<&Membership, Refusal> {
        let id = link.keys().id;
        if let Some(at) = self.memberships.iter().position(|m| m.known().joining == Some(id)) {
            return Ok(&self.memberships[at]);
        }
        let now = self.shared.clock.now();
        let node = Node::join(fresh_key()?, link, self.shared.settings.clone(), now, fresh_entropy()?);
        self.begin(node).await
    }
}

fn wrong_link(error: crate::core::greeting::link::LinkError) -> Refusal {
    FieldError { field: "link", problem: error.to_string() }.into()
}

/// What was said beforehand is checked before anybody is bothered.
fn check(answers: &JoinAnswers) -> Result<(), Refusal> {
    answers.name.as_deref().map(Name::parse).transpose()?;
    answers.email.as_deref().map(Email::parse).transpose()?;
    answers.device.as_deref().map(Label::parse).transpose()?;
    Ok(())
}

fn label(given: Option<String>) -> Result<Label, FieldError> {
    let own = || rustix::system::uname().nodename().to_str().ok().map(str::to_owned);
    let text = given.unwrap_or_else(|| own().unwrap_or_else(|| "computer".to_owned()));
    Label::parse(&text)
}

fn no_entropy(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(Class::Failed, "no_entropy", format!("the system gives no randomness: {error}"))
}

fn fresh_key() -> Result<DeviceKey, Refusal> {
    entropy::fresh().map(DeviceKey::from_seed).map_err(no_entropy)
}

fn fresh_entropy() -> Result<Entropy, Refusal> {
    entropy::fresh().map(|seed| Entropy::new(&seed)).map_err(no_entropy)
}

/// The bare point's own key: no membership's, so that nobody links a point with an organization.
fn point_seed(path: &Path) -> std::io::Result<crate::core::primitives::secret::Secret32> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    if let Ok(bytes) = std::fs::read(path)
        && let Ok(seed) = <[u8; 32]>::try_from(bytes.as_slice())
    {
        return Ok(crate::core::primitives::secret::Secret::new(seed));
    }
    let seed = entropy::fresh().map_err(std::io::Error::other)?;
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(seed.expose())?;
    file.sync_all()?;
    Ok(seed)
}
