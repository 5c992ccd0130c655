//! Who may come in: root, the daemon's own user, and members of the socket's group.
//!
//! The peer is what the kernel says of the connection (SO_PEERCRED), never what a client claims. The file's
//! mode keeps strangers out before this does; both must fail for one to get in.

use std::ffi::CString;

use nix::unistd::{Gid, Group, Uid, User, getgrouplist};

use super::place::Surroundings;

/// The group of a system daemon's socket.
const SYSTEM_GROUP: &str = "muster";

/// Whom a daemon lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The user that the daemon runs as.
    pub owner: u32,
    /// The group of a system daemon's socket; a user's daemon has none.
    pub group: Option<u32>,
}

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Peer {
    /// The user.
    pub(super) uid: u32,
    /// The process's group at the moment of connecting.
    pub(super) gid: u32,
}

impl Access {
    /// A user's own daemon: that user, and root.
    #[must_use]
    pub fn private() -> Self {
        Self { owner: nix::unistd::geteuid().as_raw(), group: None }
    }

    /// What fits this process: as root or the system user, members of the group `muster` come in as well,
    /// where there is such a group.
    #[must_use]
    pub fn fitting() -> Self {
        let private = Self::private();
        if !Surroundings::current().system {
            return private;
        }
        let group = Group::from_name(SYSTEM_GROUP).ok().flatten().map(|group| group.gid.as_raw());
        Self { group, ..private }
    }

    /// The mode of the socket: what the kernel holds against those who connect.
    pub(super) fn mode(self) -> u32 {
        if self.group.is_some() { 0o660 } else { 0o600 }
    }

    /// Whether this peer may ask anything. May read the user database, so not on an async thread.
    pub(super) fn admits(self, peer: Peer) -> bool {
        peer.uid == 0 || peer.uid == self.owner || self.group.is_some_and(|group| is_member(peer, group))
    }
}

/// Whether the peer's process, or its user by the user database, is of the group.
fn is_member(peer: Peer, group: u32) -> bool {
    if peer.gid == group {
        return true;
    }
    let Ok(Some(user)) = User::from_uid(Uid::from_raw(peer.uid)) else { return false };
    let Ok(name) = CString::new(user.name) else { return false };
    getgrouplist(&name, user.gid).is_ok_and(|groups| groups.contains(&Gid::from_raw(group)))
}
