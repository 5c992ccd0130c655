//! The swarm: transports, behaviours, and the addresses it listens on.
//!
//! Limits come first among the behaviours: what denies a connection must do so before others have counted it.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use libp2p::core::{muxing::StreamMuxerBox, transport::Boxed, transport::ListenerId, upgrade::Version};
use libp2p::identity::Keypair;
use libp2p::swarm::{self, NetworkBehaviour, Swarm, behaviour::toggle::Toggle};
use libp2p::{
    PeerId, Transport, connection_limits, dcutr, dns, identify, noise, ping, quic, relay, tcp, upnp, yamux,
};

use super::addresses;
use super::callbacks::Callbacks;
use super::gate::Gate;
use super::ledger::Ledger;
use super::links::Links;
use super::point::{Point, registry::Limits, registry::Registry};
use super::relays;
use super::shares::Shares;
use super::streams::Streams;
use super::{NetError, Serves, Settings};
use crate::core::primitives::address::{Address, Transport as Kind};
use crate::core::primitives::limits;

/// What a connection may take to be made, from the first packet to the proven key.
const CONNECT: Duration = Duration::from_secs(10);

/// Streams that one connection may begin at one moment.
const STREAMS_NEGOTIATED: usize = 64;

/// Streams that one connection may carry: ours, libp2p's own, and, between a relay and a host, one for each guest: all that
/// a relay carries may lead to one host.
const STREAMS_PER_CONNECTION: usize = 64 + limits::CIRCUITS;

/// What a peer may have under way on one QUIC stream, and on one connection: ten megabytes a second over a
/// tenth of a second's round trip.
const QUIC_WINDOWS: (u32, u32) = (512 * 1024, 1024 * 1024);

/// Everything that a swarm does.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    limits: connection_limits::Behaviour,
    pub(super) gate: Gate,
    pub(super) streams: Streams,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    pub(super) relay: relay::client::Behaviour,
    relay_for: Toggle<relay::Behaviour>,
    dcutr: dcutr::Behaviour,
    pub(super) point: Point,
    pub(super) callbacks: Callbacks,
    /// Where it was asked for, and made by [`Driver::seek_router`](super::driver::Driver::seek_router).
    pub(super) upnp: Toggle<upnp::tokio::Behaviour>,
}

/// A swarm that listens.
pub(super) struct Listening {
    pub(super) swarm: Swarm<Behaviour>,
    /// For each listener, which of the ledger's addresses it is.
    pub(super) listeners: Vec<(ListenerId, usize)>,
    pub(super) shares: Shares,
}

/// Builds a swarm and binds its addresses.
pub(super) fn build(settings: &Settings, ledger: &mut Ledger) -> Result<Listening, NetError> {
    let key = Keypair::ed25519_from_bytes(*settings.key_seed.expose()).map_err(set_up)?;
    let config = swarm::Config::with_tokio_executor()
        .with_idle_connection_timeout(settings.pace.idle)
        .with_max_negotiating_inbound_streams(STREAMS_NEGOTIATED)
        // Saves a round trip for each stream: what is to be said is sent along with the protocol's name.
        .with_substream_upgrade_protocol_override(Version::V1Lazy);
    let (circuits, relay) = relay::client::new(key.public().to_peer_id());
    let transport = with_circuits(transport(&key)?, circuits, &key)?;
    let shares = Shares::default();
    let behaviour = behaviour(settings, &key, relay, &shares)?;
    let mut swarm = Swarm::new(transport, behaviour, key.public().to_peer_id(), config);
    let listeners = listen(&mut swarm, settings.explicit, &ledger.listen)?;
    Ok(Listening { swarm, listeners, shares })
}

fn set_up(error: impl std::fmt::Display) -> NetError {
    NetError::SetUp(error.to_string())
}

fn transport(key: &Keypair) -> Result<Boxed<(PeerId, StreamMuxerBox)>, NetError> {
    // Without a resolver's configuration names can't be dialled; everything else works.
    match dns::tokio::Transport::system(tcp_and_quic(key)?) {
        Ok(with_names) => Ok(with_names.boxed()),
        Err(error) => {
            tracing::warn!(%error, "names can't be resolved on this machine");
            tcp_and_quic(key)
        }
    }
}

/// Circuits are encrypted from end to end, like TCP: a relay carries what it can't read.
fn with_circuits(
    direct: Boxed<(PeerId, StreamMuxerBox)>,
    circuits: relay::client::Transport,
    key: &Keypair,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, NetError> {
    let circuits = circuits
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(key).map_err(set_up)?)
        .multiplex(muxer())
        .timeout(CONNECT)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    Ok(circuits.or_transport(direct).map(|either, _| either.into_inner()).boxed())
}

fn muxer() -> yamux::Config {
    let mut muxer = yamux::Config::default();
    muxer.set_max_num_streams(STREAMS_PER_CONNECTION);
    muxer
}

fn tcp_and_quic(key: &Keypair) -> Result<Boxed<(PeerId, StreamMuxerBox)>, NetError> {
    let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(key).map_err(set_up)?)
        .multiplex(muxer())
        .timeout(CONNECT)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let mut config = quic::Config::new(key);
    config.handshake_timeout = CONNECT;
    config.max_concurrent_stream_limit = u32::try_from(STREAMS_PER_CONNECTION).unwrap_or(u32::MAX);
    (config.max_stream_data, config.max_connection_data) = QUIC_WINDOWS;
    let quic = quic::tokio::Transport::new(config).map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    Ok(quic.or_transport(tcp).map(|either, _| either.into_inner()).boxed())
}

fn behaviour(
    settings: &Settings,
    key: &Keypair,
    relay: relay::client::Behaviour,
    shares: &Shares,
) -> Result<Behaviour, NetError> {
    let peer = key.public().to_peer_id();
    let identify = identify::Config::new("muster/1".to_owned(), key.public())
        .with_agent_version("muster".to_owned())
        .with_hide_listen_addrs(true)
        .with_cache_size(0);
    Ok(Behaviour {
        limits: connection_limits::Behaviour::new(connection_limits()),
        gate: Gate::default(),
        streams: Streams::default(),
        identify: identify::Behaviour::new(identify),
        ping: ping::Behaviour::new(pings(settings)),
        relay,
        relay_for: settings
            .relay
            .then(|| relay::Behaviour::new(peer, relays::server(settings.pace.circuit, shares)))
            .into(),
        dcutr: dcutr::Behaviour::new(peer),
        point: point(settings, key)?,
        callbacks: Callbacks::new(settings.calls_back),
        upnp: None.into(),
    })
}

fn pings(settings: &Settings) -> ping::Config {
    let (interval, timeout) = settings.pace.ping;
    ping::Config::new().with_interval(interval).with_timeout(timeout)
}

fn connection_limits() -> connection_limits::ConnectionLimits {
    connection_limits::ConnectionLimits::default()
        .with_max_pending_incoming(Some(limits::PENDING_CONNECTIONS))
        // The gate decides who goes when all places are taken; whoever goes is there until the connection has ended.
        .with_max_established_incoming(Some(limits::INCOMING_CONNECTIONS + limits::PENDING_CONNECTIONS))
        .with_max_established_per_peer(Some(limits::CONNECTIONS_PER_PEER))
}

fn point(settings: &Settings, key: &Keypair) -> Result<Point, NetError> {
    let registry = (settings.serve != Serves::Nobody).then(|| registry(settings)).transpose()?;
    let point = Point::new(key.clone(), registry, settings.pace.frame);
    Ok(if settings.serve == Serves::OwnLinks { point.for_links(Links::default()) } else { point })
}

fn registry(settings: &Settings) -> Result<Registry, NetError> {
    let shortest = settings.pace.shortest_registration;
    let life = getrandom::u32().map_err(set_up)?;
    Ok(Registry::new(Limits { shortest, ..Limits::default() }, life))
}

fn listen(
    swarm: &mut Swarm<Behaviour>,
    all_must_work: bool,
    listen: &[Address],
) -> Result<Vec<(ListenerId, usize)>, NetError> {
    let mut listeners = Vec::new();
    for (at, address) in listen.iter().enumerate() {
        match swarm.listen_on(addresses::multiaddr(address)) {
            Ok(listener) => listeners.push((listener, at)),
            Err(error) if all_must_work => return Err(refused(address, &error)),
            // The outer error has no words of its own.
            Err(error) => tracing::warn!("{}", refused(address, &error)),
        }
    }
    if listeners.is_empty() && !listen.is_empty() { Err(NetError::Nowhere) } else { Ok(listeners) }
}

fn refused(address: &Address, error: &(dyn Error + 'static)) -> NetError {
    match innermost(error) {
        Some(io) if io.kind() == io::ErrorKind::AddrInUse => NetError::InUse(address.clone()),
        Some(io) => NetError::Listen { address: address.clone(), reason: io.to_string() },
        None => NetError::Listen { address: address.clone(), reason: error.to_string() },
    }
}

/// The system's own error, inside what libraries have wrapped around it.
fn innermost<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    let here = error.downcast_ref::<io::Error>();
    let wrapped = here.and_then(|io| io.get_ref()).map(|inner| inner as &(dyn Error + 'static));
    wrapped.or_else(|| error.source()).and_then(innermost).or(here)
}

/// TCP ports are bound so that dialling can share them; two daemons of one user would then take each other's
/// guests. So each port is first asked for alone.
pub(super) fn refuse_ports_in_use(settings: &Settings) -> Result<(), NetError> {
    let checked = |address: &&Address| address.transport == Kind::Tcp && address.port != 0;
    for address in settings.listen.iter().filter(checked) {
        let Some(ip) = address.ip() else { continue };
        let alone = std::net::TcpListener::bind(SocketAddr::new(ip, address.port));
        if alone.is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse) {
            return Err(NetError::InUse(address.clone()));
        }
    }
    Ok(())
}
