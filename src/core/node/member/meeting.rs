//! Members' devices, connected: with each of them one sync is to run. Who dialled opens it at once; the other side opens
//! one itself where none came, since who dialled may not know yet that it is a member.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::Mind;
use super::super::event::Happening;
use super::super::input::Protocol;
use super::super::outbox::Outbox;
use super::super::output::{Batch, Output};
use super::super::records;
use super::Member;
use crate::core::primitives::address::Address;
use crate::core::primitives::ids::DeviceId;
use crate::core::primitives::limits;
use crate::core::primitives::time::Moment;

/// Devices with which a connection stands.
#[derive(Default)]
pub(super) struct Connections(BTreeMap<DeviceId, Connection>);

/// A connection to one device, of a member or of anybody.
struct Connection {
    /// Whether we dialled.
    dialed: bool,
    /// When to open a sync, if none runs by then; none where it isn't to be tried again.
    open_at: Option<Moment>,
    /// How often that was tried.
    tries: u32,
    /// Whether those who follow events were told that this member is connected.
    told: bool,
}

impl Connections {
    pub(super) fn has(&self, device: &DeviceId) -> bool {
        self.0.contains_key(device)
    }

    pub(super) fn devices(&self) -> impl Iterator<Item = &DeviceId> {
        self.0.keys()
    }

    fn due(&self, now: Moment) -> Vec<DeviceId> {
        let due = |connection: &Connection| connection.open_at.is_some_and(|at| at <= now);
        self.0.iter().filter(|(_, connection)| due(connection)).map(|(device, _)| *device).collect()
    }

    pub(super) fn next_deadline(&self) -> impl Iterator<Item = Moment> {
        self.0.values().filter_map(|connection| connection.open_at)
    }
}

impl Connection {
    /// The pause before the next try: it doubles, for a peer to whom we are a stranger may be so for long.
    fn pause(&self) -> Duration {
        limits::SYNC_PATIENCE.saturating_mul(1 << self.tries.min(16)).min(limits::LONGEST_SYNC_PAUSE)
    }
}

impl Member {
    pub(super) fn is_member(&self, device: &DeviceId) -> bool {
        self.roster().is_active(device)
    }

    pub(super) fn connected(
        &mut self,
        peer: DeviceId,
        dialed: bool,
        address: Option<Address>,
        mind: &Mind,
        out: &mut Outbox,
    ) {
        let connection = Connection { dialed, open_at: None, tries: 0, told: false };
        self.connections.0.insert(peer, connection);
        if let Some(address) = address {
            self.remember(peer, vec![address], out);
        }
        self.meet(&peer, mind.now, out);
    }

    /// Whether a sync is to run with this device: a member's, unless it holds us out and heard all that we have to say; and
    /// one that we put out, once, for it to hear of that.
    fn is_to_be_met(&self, peer: &DeviceId, now: Moment) -> bool {
        self.goes_on(now)
            && (self.is_member(peer) && !self.has_parted_from(peer) || self.untold(now).contains(peer))
    }

    /// Sees to it that a sync runs with a connected member. The first is opened at once by who dialled.
    pub(super) fn meet(&mut self, peer: &DeviceId, now: Moment, out: &mut Outbox) {
        let runs = self.syncs.values().any(|session| session.peer == *peer);
        let may = self.is_to_be_met(peer, now);
        let Some(connection) = self.connections.0.get_mut(peer) else { return };
        if runs || !may || connection.open_at.is_some() {
            return;
        }
        connection.open_at =
            Some(if connection.dialed && connection.tries == 0 { now } else { now + connection.pause() });
        self.open_syncs(now, out);
    }

    /// Whoever became a member while connected is met. Something changed: who had nothing to say may have now, so that a
    /// pause that grew is a short one again.
    pub(super) fn meet_all(&mut self, now: Moment, out: &mut Outbox) {
        for connection in self.connections.0.values_mut() {
            connection.tries = connection.tries.min(1);
            let soon = now + connection.pause();
            connection.open_at = connection.open_at.map(|at| at.min(soon));
        }
        let connected: Vec<DeviceId> = self.connections.devices().copied().collect();
        for peer in connected {
            self.meet(&peer, now, out);
        }
    }

    /// Opens what is due. Whether it stands is heard by `Opened`; where that doesn't come, it is tried again.
    pub(super) fn open_syncs(&mut self, now: Moment, out: &mut Outbox) {
        for peer in self.connections.due(now) {
            let may = self.is_to_be_met(&peer, now);
            let Some(connection) = self.connections.0.get_mut(&peer) else { continue };
            connection.open_at = None;
            if may {
                connection.tries += 1;
                connection.open_at = Some(now + connection.pause());
                out.push(Output::Open { peer, protocol: Protocol::Sync });
            }
        }
    }

    /// A sync stream stands: none is to be opened.
    pub(super) fn need_not_open(&mut self, peer: &DeviceId) {
        if let Some(connection) = self.connections.0.get_mut(peer) {
            connection.open_at = None;
        }
    }

    /// The first word of a member came: from here on they are connected, for those who follow events.
    pub(super) fn is_met(&mut self, peer: DeviceId, now: Moment, out: &mut Outbox) {
        let Some(user_id) = self.roster().user_of(&peer).map(|user| user.id) else { return };
        let Some(connection) = self.connections.0.get_mut(&peer) else { return };
        // Not none: who says hello and hangs up, again and again, isn't met again at once.
        connection.tries = 1;
        if !std::mem::replace(&mut connection.told, true) {
            self.notify(now, Happening::MemberConnected { user_id, device_id: peer }, out);
        }
    }

    pub(super) fn disconnected(&mut self, peer: DeviceId, now: Moment, out: &mut Outbox) {
        let told = self.connections.0.remove(&peer).is_some_and(|connection| connection.told);
        self.syncs.retain(|_, session| session.peer != peer);
        if let Some(user) = self.roster().user_of(&peer).filter(|_| told) {
            let what = Happening::MemberDisconnected { user_id: user.id, device_id: peer };
            self.notify(now, what, out);
        }
    }

    /// Where devices were reached; only members' are remembered.
    pub(super) fn remember(&mut self, peer: DeviceId, addresses: Vec<Address>, out: &mut Outbox) {
        let mut batch = Batch::default();
        self.note_where(peer, addresses, &mut batch);
        out.commit(batch);
    }

    /// The same, to be written down with something else.
    pub(in super::super) fn note_where(
        &mut self,
        peer: DeviceId,
        addresses: Vec<Address>,
        batch: &mut Batch,
    ) {
        if !self.is_member(&peer) || addresses.is_empty() {
            return;
        }
        let known = self.reached.entry(peer).or_default();
        let before = known.clone();
        for address in addresses.into_iter().rev() {
            known.retain(|a| *a != address);
            known.insert(0, address);
        }
        known.truncate(limits::ADDRESSES_PER_DEVICE);
        if *known != before {
            self.learned += 1;
            batch.put(records::addresses(&peer), &*known);
        }
    }
}
