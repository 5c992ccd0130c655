//! What this daemon does and where: flags win over `MUSTER_*` variables, which win over the file, which wins
//! over the defaults. `config/musterd.toml` lists every setting; what isn't there is an error that names it.

use std::{
    fs, io,
    net::{Ipv4Addr, Ipv6Addr},
    path::PathBuf,
    str::FromStr,
};

use super::{
    environment::Environment,
    file::{self, Given, WrongSetting},
    logging,
};
pub use crate::core::node::Hints;
use crate::core::primitives::address::{Address, Place, Transport};
use crate::core::primitives::limits;

/// TCP and UDP port where nothing else is said.
pub const PORT: u16 = 7733;

/// The command line of `musterd`.
#[derive(Debug, Clone, Default, clap::Parser)]
#[command(
    name = "musterd",
    version,
    about = "Muster's daemon: brings people and their devices into an organization, without a server",
    after_help = "It stays in the foreground, logs to stderr, and stops on SIGTERM and SIGINT. Every setting of the \
                  configuration file can also be given as a variable: [lan] mdns as MUSTER_LAN_MDNS."
)]
pub struct Flags {
    /// Read this configuration file [env: MUSTER_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Keep everything that outlives the daemon here [env: MUSTER_DATA_DIR]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Answer local programs on this socket [env: MUSTER_SOCKET; default: control.sock, with the data if that was moved]
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Listen on this address instead of the default, TCP and QUIC on port 7733; repeatable [env: MUSTER_LISTEN]
    #[arg(long, value_name = "MULTIADDR")]
    pub listen: Vec<Address>,
}

/// Every setting, decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What outlives the daemon.
    pub data_dir: PathBuf,
    /// The control socket.
    pub socket: PathBuf,
    /// Where to listen.
    pub listen: Vec<Address>,
    /// Whether somebody chose these addresses: then loopback too goes into links and registrations.
    pub is_listen_chosen: bool,
    /// Whether to serve registrations to others; where nobody decided, the network does.
    pub serve: Option<bool>,
    /// Whether to carry connections between others.
    pub relay: bool,
    /// The rendezvous points to register at and to ask.
    pub points: Vec<Address>,
    /// What links say of where to look.
    pub hints: Hints,
    /// Whether to ask the router for ports that lead here.
    pub upnp: bool,
    /// Where this daemon is reached from outside, as somebody says who forwarded a port.
    pub announce: Vec<Address>,
    /// Whether to find others, and to be found, on the local network.
    pub mdns: bool,
    /// What to log, if somebody decided.
    pub log: Option<String>,
}

/// TCP and QUIC on one port on all interfaces, IPv4 and IPv6.
#[must_use]
pub fn default_listen() -> Vec<Address> {
    let places = [Place::Ip4(Ipv4Addr::UNSPECIFIED), Place::Ip6(Ipv6Addr::UNSPECIFIED)];
    let each = |place: Place| {
        [Transport::Tcp, Transport::Quic].map(|transport| Address {
            place: place.clone(),
            port: PORT,
            transport,
        })
    };
    places.into_iter().flat_map(each).collect()
}

impl Settings {
    /// Decides every setting.
    ///
    /// # Errors
    /// [`WrongSetting`], in one line that names the place and the setting.
    pub fn gather(flags: Flags, environment: &Environment) -> Result<Self, WrongSetting> {
        let given = all_given(flags.config, environment)?;
        let data_dir = flags.data_dir.or(given.read("data_dir", Given::path)?);
        let socket = flags.socket.or(given.read("socket", Given::path)?);
        let homeless = |error| WrongSetting::new("defaults", "data_dir", error);
        let socket = match socket {
            Some(socket) => socket,
            None => environment.socket(data_dir.as_deref()).map_err(homeless)?,
        };
        let listen = match flags.listen {
            chosen if chosen.is_empty() => given.read("listen", Given::list)?,
            chosen => Some(chosen),
        };
        Ok(Self {
            data_dir: data_dir.map_or_else(|| environment.data_dir(), Ok).map_err(homeless)?,
            socket,
            is_listen_chosen: listen.is_some(),
            listen: listen.unwrap_or_else(default_listen),
            serve: given.read("rendezvous.serve", Given::flag)?,
            relay: given.read("relay.serve", Given::flag)?.unwrap_or(false),
            points: given.read("rendezvous.points", Given::list)?.unwrap_or_default(),
            hints: given.read("invite.hints", Given::word)?.unwrap_or_default(),
            upnp: given.read("nat.upnp", Given::flag)?.unwrap_or(false),
            announce: given.read("nat.announce", places)?.unwrap_or_default(),
            mdns: given.read("lan.mdns", Given::flag)?.unwrap_or(true),
            log: given.read("log.level", filter_text)?,
        })
    }
}

/// Addresses that others can dial.
fn places(given: &Given) -> Result<Vec<Address>, String> {
    let places: Vec<Address> = given.list()?;
    let is_one = |address: &Address| address.port != 0 && address.ip().is_none_or(|ip| !ip.is_unspecified());
    match places.iter().find(|address| !is_one(address)) {
        Some(wrong) => Err(format!("{wrong} is nowhere that others could dial")),
        None if places.len() > limits::ANNOUNCED => Err(format!("{} addresses at most", limits::ANNOUNCED)),
        None => Ok(places),
    }
}

/// What the variables and the file say.
fn all_given(flag: Option<PathBuf>, environment: &Environment) -> Result<file::AllGiven, WrongSetting> {
    let place = if flag.is_some() { "--config" } else { "MUSTER_CONFIG" };
    let chosen = flag.or_else(|| environment.variable("MUSTER_CONFIG").map(PathBuf::from));
    let Some(path) = chosen.clone().or_else(|| environment.config_file()) else {
        return file::AllGiven::read_from("", "", environment);
    };
    match fs::read_to_string(&path) {
        Ok(text) => file::AllGiven::read_from(&path.display().to_string(), &text, environment),
        // There need not be one, unless somebody said that there is.
        Err(error) if error.kind() == io::ErrorKind::NotFound && chosen.is_none() => {
            file::AllGiven::read_from("", "", environment)
        }
        Err(error) => Err(WrongSetting::new(place, "config", format!("{}: {error}", path.display()))),
    }
}

/// A filter that has been tried: a mistyped level must not silence the daemon.
fn filter_text(given: &Given) -> Result<String, String> {
    let text: String = given.word()?;
    logging::filter(&text).map(|_| text).map_err(|error| error.to_string())
}

/// The text is none of the words for hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of all, addresses, points")]
pub struct NotHints;

impl FromStr for Hints {
    type Err = NotHints;

    fn from_str(text: &str) -> Result<Self, NotHints> {
        match text {
            "all" => Ok(Self::All),
            "addresses" => Ok(Self::Addresses),
            "points" => Ok(Self::Points),
            _ => Err(NotHints),
        }
    }
}
