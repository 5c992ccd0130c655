//! Putting the socket in its place: a dead one is replaced, a living one is not.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Gid, chown, flock};
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind as bind_to, listen, socket_with,
};
use tokio::net::UnixListener;

use super::Access;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 64;

/// Why the socket can't be put in its place.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// A daemon answers there: there must not be two.
    #[error("{}: another daemon answers there", .0.display())]
    Alive(PathBuf),
    /// Something lies there that isn't ours to remove.
    #[error("{}: is there already and is no socket", .0.display())]
    NotASocket(PathBuf),
    /// A path for a socket has room for 107 bytes.
    #[error("{}: is too long for a socket; 107 bytes is the most", .0.display())]
    TooLong(PathBuf),
    /// The operating system refuses.
    #[error("{}: {what}: {source}", path.display())]
    System {
        /// Where.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
}

/// Listens at `path`, with the modes that `access` asks for. Makes the folder where there is none. To be
/// called within the runtime.
///
/// # Errors
/// [`BindError`], each kind with the path.
pub fn bind(path: &Path, access: Access) -> Result<UnixListener, BindError> {
    let failed = |what| move |source| BindError::System { path: path.to_owned(), what, source };
    let address = SocketAddrUnix::new(path).map_err(|_| BindError::TooLong(path.to_owned()))?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    make_folder(folder, access).map_err(failed("making its folder"))?;

    // Held to the end: two daemons that start at once must not each remove the other's socket as stale.
    let lock = File::open(folder).map_err(failed("opening its folder"))?;
    flock(&lock, FlockOperation::LockExclusive).map_err(|e| failed("locking its folder")(e.into()))?;
    clear(path)?;

    // Until `listen` nobody can connect, whatever mode the umask left: so the modes are set before it.
    let socket = new_socket().map_err(failed("making a socket"))?;
    bind_to(&socket, &address).map_err(|e| failed("binding")(e.into()))?;
    if let Some(group) = access.group {
        chown(path, None, Some(Gid::from_raw(group)))
            .map_err(|e| failed("giving it to its group")(e.into()))?;
    }
    fs::set_permissions(path, Permissions::from_mode(access.mode())).map_err(failed("setting its mode"))?;
    listen(&socket, BACKLOG).map_err(|e| failed("listening")(e.into()))?;
    UnixListener::from_std(socket.into()).map_err(failed("listening"))
}

/// Removes the socket that a listener left behind; not if somebody else listens there meanwhile.
pub(super) fn remove(path: &Path) {
    if let Err(error) = clear(path) {
        tracing::debug!(%error, "the control socket stays");
    }
}

fn new_socket() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?)
}

fn make_folder(folder: &Path, access: Access) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mode = if access.group.is_some() { 0o750 } else { 0o700 };
    DirBuilder::new().recursive(true).mode(mode).create(folder)?;
    if let Some(group) = access.group {
        chown(folder, None, Some(Gid::from_raw(group)))?;
    }
    Ok(())
}

/// Removes a socket at which nobody answers.
fn clear(path: &Path) -> Result<(), BindError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Ok(found) if found.file_type().is_socket() => {}
        Ok(_) => return Err(BindError::NotASocket(path.to_owned())),
        Err(source) => {
            return Err(BindError::System { path: path.to_owned(), what: "looking at it", source });
        }
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|source| BindError::System {
                path: path.to_owned(),
                what: "removing a stale socket",
                source,
            })
        }
        Err(source) if source.kind() != ErrorKind::WouldBlock => {
            Err(BindError::System { path: path.to_owned(), what: "asking who answers there", source })
        }
        // A full backlog is a sign of life as well.
        Ok(_) | Err(_) => Err(BindError::Alive(path.to_owned())),
    }
}
