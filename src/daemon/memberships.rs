//! All memberships of this machine's daemon: which there are, which one is meant, and how one comes and goes.
//!
//! Coming and going is serialized, by one lock that also holds the bare point, since they take the listening
//! addresses from each other. Finding one takes no lock but the list's, for a moment, and asks nobody.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tokio::sync::MutexGuard;

use super::entropy;
use super::membership::{Membership, Shared, Told};
use super::point::Point;
use crate::core::greeting::invitation::Destination;
use crate::core::node::request::{Answer, Class, OrganizationAnswer, Refusal, Request, UserState};
use crate::core::node::{NewOrganization, Node};
use crate::core::primitives::entropy::Entropy;
use crate::core::primitives::keys::DeviceKey;
use crate::core::primitives::limits;
use crate::store::Store;

/// The shortest prefix of an id that names an organization: a name of three letters is a name.
const SHORTEST_PREFIX: usize = 4;

/// All of them.
pub(super) struct Memberships {
    dir: PathBuf,
    pub(super) shared: Shared,
    list: Mutex<Vec<Arc<Membership>>>,
    changing: tokio::sync::Mutex<Changing>,
}

/// What only one change at a time may touch.
pub(super) struct Changing {
    point: Point,
    is_stopping: bool,
}

impl Memberships {
    pub(super) fn new(data_dir: &Path, serve: Option<bool>, shared: Shared) -> Self {
        let changing = Changing { point: Point::new(data_dir.join("point"), serve), is_stopping: false };
        Self {
            dir: data_dir.join("memberships"),
            shared,
            list: Mutex::new(Vec::new()),
            changing: tokio::sync::Mutex::new(changing),
        }
    }

    /// Starts what lies on the disk. The oldest that can have them takes the configured addresses, so that links
    /// made before a restart lead to the same organization after it; then the others find theirs.
    pub(super) async fn start_all(&self) -> io::Result<()> {
        let dirs = directories(&self.dir)?;
        let mut changing = self.changing.lock().await;
        changing.point.keep(&self.shared, !dirs.is_empty()).await;
        let mut has_network = false;
        let mut others = Vec::new();
        for dir in dirs {
            let (membership, settled) = Membership::start(dir, None, self.shared.clone());
            self.list().push(Arc::new(membership));
            if has_network {
                others.push(settled);
            } else {
                has_network = settled.await.unwrap_or(false);
            }
        }
        for settled in others {
            let _ = settled.await;
        }
        Ok(())
    }

    /// Stops all of them at once, and whatever else listens. Nothing comes into being afterwards.
    pub(super) async fn stop_all(&self) {
        let mut changing = self.changing.lock().await;
        changing.is_stopping = true;
        let all = std::mem::take(&mut *self.list());
        futures::future::join_all(all.iter().map(|membership| membership.end(Told::Stop))).await;
        changing.point.stop().await;
    }

    fn list(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Membership>>> {
        // No code that could panic runs under the lock.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those whose life goes on.
    pub(super) fn all(&self) -> Vec<Arc<Membership>> {
        let mut list = self.list();
        list.retain(|membership| !membership.is_over());
        list.clone()
    }

    /// The one that is meant: by name or by a prefix of the id; unsaid, the only one, or the only active one.
    pub(super) fn find(&self, named: Option<&str>) -> Result<Arc<Membership>, Refusal> {
        let all = self.all().into_iter().map(|membership| (membership.known(), membership));
        // One that never came up may be any organization: it answers with what is wrong with it.
        let all: Vec<_> =
            all.filter(|(known, _)| known.organization.is_some() || known.trouble.is_some()).collect();
        let Some(named) = named else {
            let active: Vec<_> = all.iter().filter(|(known, _)| known.is_active).collect();
            return match (&all[..], &active[..]) {
                ([(_, one)], _) | (_, [(_, one)]) => Ok(Arc::clone(one)),
                ([], _) => Err(in_none()),
                _ => Err(in_several()),
            };
        };
        let prefix = (named.len() >= SHORTEST_PREFIX).then(|| named.to_lowercase());
        let mut found = all.into_iter().filter(|(known, _)| {
            let by_id =
                prefix.as_ref().zip(known.organization).is_some_and(|(p, id)| id.to_string().starts_with(p));
            by_id || known.name.as_deref() == Some(named)
        });
        match (found.next(), found.next()) {
            (Some((_, one)), None) => Ok(one),
            _ => Err(not_here()),
        }
    }

    /// Waits until nothing else comes or goes.
    pub(super) async fn change(&self) -> MutexGuard<'_, Changing> {
        self.changing.lock().await
    }

    /// Founds an organization.
    pub(super) async fn found(
        &self,
        changing: &mut Changing,
        new: &NewOrganization,
    ) -> Result<OrganizationAnswer, Refusal> {
        let (settings, now) = (self.shared.settings.clone(), self.shared.clock.now());
        let node = Node::found(fresh_key()?, new, settings, now, fresh_entropy()?)?;
        shown(&*self.begin(changing, node).await?).await
    }

    /// The membership that joins there: the one that tried before, or a fresh one with a key of its own.
    pub(super) async fn joining(
        &self,
        changing: &mut Changing,
        to: Destination,
    ) -> Result<Arc<Membership>, Refusal> {
        let id = to.keys.id;
        let all = self.all();
        if let Some(same) = all.iter().find(|membership| membership.known().joining == Some(id)) {
            return Ok(Arc::clone(same));
        }
        if all.iter().filter(|membership| membership.known().joining.is_some()).count()
            >= limits::UNFINISHED_JOINS
        {
            let why = format!("join: {} others were begun and not finished", limits::UNFINISHED_JOINS);
            return Err(Refusal::new(Class::State, "too_many_joins", why)
                .hint("finish one of them; each is forgotten when its link has expired"));
        }
        let now = self.shared.clock.now();
        let node = Node::join(fresh_key()?, to, self.shared.settings.clone(), now, fresh_entropy()?);
        self.begin(changing, node).await
    }

    /// Makes a node durable and starts it, on the point's addresses where the point can go.
    async fn begin(&self, changing: &mut Changing, node: Node) -> Result<Arc<Membership>, Refusal> {
        if changing.is_stopping {
            return Err(Refusal::new(Class::Unreachable, "stopping", "daemon: it is stopping"));
        }
        if self.all().len() >= limits::MEMBERSHIPS {
            let why = format!("organization: this daemon is in {} already", limits::MEMBERSHIPS);
            return Err(Refusal::new(Class::State, "too_many_memberships", why));
        }
        let dir = self.dir.join(node.device().to_string());
        let store = make_durable(dir.clone(), node).await?;
        changing.point.give_way().await;
        for old in self.all() {
            let known = old.known();
            if !known.is_active && known.joining.is_none() {
                old.end(Told::GiveWay).await;
            }
        }
        let (membership, settled) = Membership::start(dir, Some(store), self.shared.clone());
        let _ = settled.await;
        let membership = Arc::new(membership);
        self.list().push(Arc::clone(&membership));
        Ok(membership)
    }

    /// Wipes what is left of a membership that was revoked.
    pub(super) async fn forget(
        &self,
        changing: &mut Changing,
        named: Option<&str>,
    ) -> Result<OrganizationAnswer, Refusal> {
        let membership = self.find(named)?;
        let about = shown(&membership).await?;
        if about.state != UserState::Revoked {
            let why =
                "org forget: you are an active member; only what is left of a revoked membership is wiped";
            return Err(Refusal::new(Class::State, "still_active", why));
        }
        membership.end(Told::Forget).await;
        changing.point.keep(&self.shared, !self.all().is_empty()).await;
        Ok(about)
    }

    /// What was set aside as damaged beyond reading, one sentence each, for `muster status`.
    pub(super) fn set_aside(&self) -> Vec<String> {
        let places =
            entries(&self.dir).unwrap_or_default().into_iter().filter(|path| path.extension().is_some());
        let mut notes: Vec<_> = places.map(|place| set_aside_note(&place)).collect();
        notes.sort();
        notes
    }
}

fn set_aside_note(place: &Path) -> String {
    format!(
        "a membership was damaged beyond reading and lies in {}; put it back from a backup, or ask an Administrator \
         to revoke that user and to invite you again, and remove the directory",
        place.display()
    )
}

/// A node in a directory of its own; where that fails nothing of it stays.
async fn make_durable(dir: PathBuf, node: Node) -> Result<Store, Refusal> {
    let making = tokio::task::spawn_blocking(move || {
        Membership::create(&dir, node).inspect_err(|_| {
            if let Err(error) = std::fs::remove_dir_all(&dir) {
                tracing::warn!("{}: {error}", dir.display());
            }
        })
    });
    let made = making.await.map_err(|error| error.to_string());
    made.and_then(|made| made.map_err(|error| error.to_string())).map_err(|why| {
        Refusal::new(Class::Failed, "store_failed", format!("store: {why}; nothing was changed"))
    })
}

/// The directories of memberships, the oldest first; what has an extension was set aside.
fn directories(dir: &Path) -> io::Result<Vec<PathBuf>> {
    // What lies here is nobody else's business: its owner's alone, whatever the umask.
    DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700).recursive(true).create(dir)?;
    let mut dirs = entries(dir)?;
    dirs.retain(|path| path.extension().is_none());
    dirs.sort_by_cached_key(|path| (age(path), path.clone()));
    Ok(dirs)
}

fn entries(dir: &Path) -> io::Result<Vec<PathBuf>> {
    std::fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.path())).collect()
}

/// When it was made, where the file system tells.
fn age(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|about| about.created()).ok()
}

async fn shown(membership: &Membership) -> Result<OrganizationAnswer, Refusal> {
    match membership.ask(Request::ShowOrganization).await? {
        Answer::Organization(about) => Ok(*about),
        _ => Err(Refusal::new(Class::Failed, "internal", "organization: it cannot be shown")),
    }
}

fn in_none() -> Refusal {
    Refusal::new(Class::NotFound, "no_organization", "organization: this daemon is in none")
        .hint("muster org create NAME founds one; muster join - joins one")
}

fn in_several() -> Refusal {
    Refusal::new(Class::Usage, "which_organization", "organization: this daemon is in several")
        .hint("say which with --org; muster org list shows them")
}

fn not_here() -> Refusal {
    Refusal::new(Class::NotFound, "not_found", "organization: no such organization here, or several")
        .hint("muster org list shows them")
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
