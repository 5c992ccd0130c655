//! The router of a home or an office: asked by UPnP for ports that lead to where we listen, so that others reach this
//! machine from outside. Only where somebody has switched that on (docs/decisions/0019).
//!
//! It is looked for whenever this machine's own addresses change, for then it may be another one.

use libp2p::core::transport::ListenerId;
use libp2p::swarm::{FromSwarm, NetworkBehaviour, NewListenAddr};
use libp2p::{Multiaddr, upnp};
use tokio::time::Instant;

use super::driver::Driver;

impl Driver<'_> {
    /// This machine's own addresses are others than before.
    pub(super) fn seek_router(&mut self) {
        if !self.settings.upnp {
            return;
        }
        self.opened.clear();
        let mut router = upnp::tokio::Behaviour::default();
        // It hears of what is listened at from here on; of the rest we tell it. The listener's number is only a name to it.
        let listener_id = ListenerId::next();
        for addr in self.swarm.listeners() {
            router.on_swarm_event(FromSwarm::NewListenAddr(NewListenAddr { listener_id, addr }));
        }
        self.swarm.behaviour_mut().upnp = Some(router).into();
    }

    /// The router has opened a port, or closed it; or there is none that would.
    pub(super) fn on_router(&mut self, event: upnp::Event) {
        match event {
            upnp::Event::NewExternalAddr { external_addr, .. } => self.opens(external_addr, true),
            upnp::Event::ExpiredExternalAddr { external_addr, .. } => self.opens(external_addr, false),
            upnp::Event::GatewayNotFound => tracing::info!("no router here opens ports"),
            upnp::Event::NonRoutableGateway => {
                tracing::info!("the router isn't on the Internet itself: a port of it would be of no use");
            }
        }
    }

    fn opens(&mut self, address: Multiaddr, is_open: bool) {
        tracing::info!(%address, is_open, "the router's port that leads here");
        if is_open {
            self.opened.insert(address);
        } else {
            self.opened.remove(&address);
        }
        self.announce_at = Some(Instant::now());
        self.due_now();
    }
}
