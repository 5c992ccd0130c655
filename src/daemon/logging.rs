//! What the daemon says, on stderr: INFO is what an administrator would care about, WARN what to look at
//! tomorrow, TRACE every packet. Never a code, token or key; names only at DEBUG.

use std::{
    env,
    io::{self, IsTerminal},
    panic,
};

use tracing_subscriber::{EnvFilter, fmt, util::SubscriberInitExt};

/// What is said where nothing else is asked for. The network's libraries report at INFO each connection and each
/// query, and at WARN what other machines do or what a network lacks: of no use to who runs a daemon.
pub const DEFAULT: &str = "info,libp2p=error,quinn=error,hickory=error,multistream_select=error,yamux=error,\
                           netlink=error,if_watch=error,hyper=warn,igd=error";

/// The text is no filter like `info` or `warn,muster=debug`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is neither a level (error, warn, info, debug, trace) nor a list like warn,muster=debug")]
pub struct NotAFilter(String);

/// Looks at a filter without using it. A level alone is that of our own words; the libraries keep theirs.
///
/// # Errors
/// [`NotAFilter`].
pub fn filter(text: &str) -> Result<EnvFilter, NotAFilter> {
    let wrong = || NotAFilter(crate::core::primitives::text::shown(text));
    let text = text.trim();
    let is_level = text.parse::<tracing::Level>().is_ok();
    if is_level {
        return EnvFilter::try_new(format!("{DEFAULT},muster={text}")).map_err(|_| wrong());
    }
    // Every bare word would be taken for the name of a module, a mistyped level too.
    let are_filters =
        text.split(',').all(|part| part.contains('=') || part.parse::<tracing::Level>().is_ok());
    if !are_filters {
        return Err(wrong());
    }
    EnvFilter::try_new(text).map_err(|_| wrong())
}

/// Begins to log. A second call changes nothing.
pub fn start(filter: EnvFilter) {
    let is_journal = env::var_os("JOURNAL_STREAM").is_some();
    let subscriber = fmt::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none());
    // The journal notes the time by itself.
    let begun = if is_journal {
        subscriber.without_time().finish().try_init()
    } else {
        subscriber.finish().try_init()
    };
    if begun.is_ok() {
        panic::set_hook(Box::new(|info| tell_of_panic(info.location())));
    }
}

/// Where, and not with which words: those may quote what must not be in a log.
fn tell_of_panic(location: Option<&panic::Location<'_>>) {
    let place = location.map(ToString::to_string).unwrap_or_default();
    tracing::error!(%place, "a part of the daemon failed and will be started again");
}
