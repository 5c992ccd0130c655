//! What can be typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{NonEmptyStringValueParser, OsStringValueParser, TypedValueParser};
use clap::{ArgAction, Args as Group, Parser, Subcommand, ValueEnum};

use crate::control::data::{Address, Profile};

/// Bring people and their devices into an organization, without a server.
///
/// muster talks to the daemon musterd. An invitation's link holds a secret: give it to `muster join -` on
/// standard input; as an argument it is for your own terminal only.
#[derive(Debug, Parser)]
#[command(name = "muster", version, max_term_width = 100)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Group)]
#[command(next_help_heading = "Everywhere")]
pub(super) struct Global {
    /// Where the daemon listens
    #[arg(long, global = true, value_name = "PATH", env = "MUSTER_SOCKET", hide_env_values = true)]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub(super) socket: Option<PathBuf>,
    /// Which organization, where the daemon is in several: its name, or the start of its id
    #[arg(long, global = true, value_name = "NAME-OR-ID", env = "MUSTER_ORG", hide_env_values = true)]
    pub(super) org: Option<String>,
    /// Text for people, or JSON for programs
    #[arg(long, global = true, value_name = "FORMAT", env = "MUSTER_FORMAT", hide_env_values = true)]
    #[arg(default_value = "text")]
    pub(super) format: Format,
    /// Ask for no confirmation
    #[arg(long, global = true)]
    pub(super) yes: bool,
    /// Colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,
    /// No progress and no hints
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Ids in full
    #[arg(short, global = true, action = ArgAction::SetTrue)]
    pub(super) verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The daemon, its organizations, who is waiting
    Status,
    /// Found an organization; list, show or forget those of this daemon
    #[command(subcommand)]
    Org(Org),
    /// Invite people and devices of your own
    #[command(subcommand)]
    Invite(Invite),
    /// Open the door to a whole room, for a while
    #[command(subcommand)]
    Session(Session),
    /// Greet a guest: read codes to each other, then let them in
    Greet(Greet),
    /// Join an organization with an invitation's link, or a session on the local network
    Join(Join),
    /// The users
    #[command(subcommand)]
    User(User),
    /// The devices
    #[command(subcommand)]
    Device(Device),
    /// The certificates that everything follows from
    #[command(subcommand)]
    Roster(Roster),
    /// Follow what happens, one line each
    Events,
}

#[derive(Debug, Subcommand)]
pub(super) enum Org {
    /// Found an organization; you are its first Administrator
    Create {
        /// The organization's name
        #[arg(value_name = "NAME")]
        organization: String,
        /// Your name
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Your email address
        #[arg(long, value_name = "ADDR")]
        email: String,
        /// What this device is called
        #[arg(long, value_name = "LABEL")]
        device: Option<String>,
    },
    /// All organizations of this daemon
    List,
    /// One organization
    Show,
    /// Wipe what is left of a membership that was revoked
    Forget,
    /// The rendezvous points, where devices find each other across networks
    #[command(subcommand)]
    Rendezvous(Rendezvous),
}

#[derive(Debug, Subcommand)]
pub(super) enum Rendezvous {
    /// Make a rendezvous point the organization's: it comes to every member, and into links
    Add {
        /// Like /ip4/192.0.2.7/tcp/7733 or /dns/point.example.org/udp/7733/quic-v1
        #[arg(value_name = "MULTIADDR")]
        point: Address,
    },
    /// Take a rendezvous point from the organization's
    Remove {
        /// As `list` shows it
        #[arg(value_name = "MULTIADDR")]
        point: Address,
    },
    /// All that this device knows
    List,
}

#[derive(Debug, Subcommand)]
pub(super) enum Invite {
    /// Make an invitation for each address
    User {
        #[arg(required = true, value_name = "EMAIL")]
        emails: Vec<String>,
        /// How long the invitation lives, like 12h or 7d
        #[arg(long, value_name = "TIME", value_parser = span)]
        expires: Option<Duration>,
        /// Draw the link as a QR code as well
        #[arg(long)]
        qr: bool,
    },
    /// Make an invitation for a further device of your own
    Device {
        /// How long the invitation lives, like 2h or 1d
        #[arg(long, value_name = "TIME", value_parser = span)]
        expires: Option<Duration>,
        /// Draw the link as a QR code as well
        #[arg(long)]
        qr: bool,
    },
    /// The invitations that this daemon made
    List {
        /// The ended ones as well
        #[arg(long)]
        all: bool,
    },
    /// One invitation, with its link while it is pending
    Show {
        /// Its id, the start of it, or the email it was made for
        #[arg(value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
        id: String,
    },
    /// Take an invitation back
    Cancel {
        /// Its id, the start of it, or the email it was made for
        #[arg(value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Session {
    /// Open a session: guests on this network find it, and others come with its link
    Open {
        /// What guests become where you say nothing else: external, member or administrator
        #[arg(long, value_name = "PROFILE")]
        profile: Option<Profile>,
        /// How long it is open, like 30m or 2h
        #[arg(long = "for", value_name = "TIME", value_parser = span)]
        life: Option<Duration>,
        /// How many it lets in
        #[arg(long, value_name = "N")]
        seats: Option<u32>,
        /// Tell your name to who looks for sessions on this network
        #[arg(long)]
        show_name: bool,
        /// Draw the link as a QR code as well
        #[arg(long)]
        qr: bool,
    },
    /// The sessions that are open
    List,
    /// Close a session: nobody else comes in, and who waits is told
    Close {
        /// Its id, or the start of it; without, the only one
        #[arg(value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
        id: Option<String>,
    },
}

#[derive(Debug, Group)]
pub(super) struct Greet {
    /// The invitation: its id, the start of it, or the email it was made for; without, the one with a guest
    #[arg(value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub(super) id: Option<String>,
    /// One of several guests
    #[arg(long, value_name = "TICKET", value_parser = NonEmptyStringValueParser::new())]
    pub(super) guest: Option<String>,
}

#[derive(Debug, Group)]
pub(super) struct Join {
    /// The link; `-` reads it from the first line of standard input; without, it is asked for
    #[arg(value_name = "LINK")]
    pub(super) link: Option<String>,
    /// Without a link, at a session on the local network: the only one, or that of this id or organization
    #[arg(long, value_name = "SESSION", num_args = 0..=1, default_missing_value = "", conflicts_with = "link")]
    pub(super) lan: Option<String>,
    /// Your name
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,
    /// Your email address
    #[arg(long, value_name = "ADDR")]
    pub(super) email: Option<String>,
    /// What this device is called
    #[arg(long, value_name = "LABEL")]
    pub(super) device: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// The active users
    List {
        /// The revoked ones as well
        #[arg(long)]
        revoked: bool,
    },
    /// One user
    Show {
        /// An email address, a user's id, or the start of one
        #[arg(value_name = "USER", value_parser = NonEmptyStringValueParser::new())]
        user: String,
    },
    /// Take users out, each with all their devices, for ever
    Revoke {
        /// Email addresses, ids, or starts of ids
        #[arg(required = true, value_name = "USER", value_parser = NonEmptyStringValueParser::new())]
        users: Vec<String>,
    },
    /// Give users another profile
    SetProfile {
        /// external, member or administrator
        #[arg(value_name = "PROFILE")]
        profile: Profile,
        /// Email addresses, ids, or starts of ids
        #[arg(required = true, value_name = "USER", value_parser = NonEmptyStringValueParser::new())]
        users: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Device {
    /// The devices of one user, or of all
    List {
        /// An email address, a user's id, or the start of one
        #[arg(value_name = "USER", value_parser = NonEmptyStringValueParser::new())]
        user: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Roster {
    /// Every certificate: who signed it, when, and what became of it
    Log {
        /// Go on with each that comes, and each that stands otherwise, until Ctrl-C
        #[arg(long)]
        follow: bool,
    },
    /// Check every certificate again, from scratch
    Verify,
    /// Let in again who was let in by somebody removed meanwhile: a void enroll counts again
    Adopt {
        /// The enroll's id in the log, or the start of it
        #[arg(value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
        id: String,
    },
}

/// Reads a time like `90s`, `12h`, `7d` or `1d12h`.
fn span(text: &str) -> Result<Duration, String> {
    const WRONG: &str = "a time is like 90s, 30m, 12h, 7d or 1d12h";
    let mut seconds: u64 = 0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or(WRONG)?;
        let count: u64 = rest[..digits].parse().map_err(|_| WRONG)?;
        let unit = rest[digits..].chars().next().ok_or(WRONG)?;
        let length = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 24 * 3600,
            'w' => 7 * 24 * 3600,
            _ => return Err(WRONG.to_owned()),
        };
        seconds = count.checked_mul(length).and_then(|more| seconds.checked_add(more)).ok_or(WRONG)?;
        rest = &rest[digits + unit.len_utf8()..];
    }
    if seconds == 0 { Err(WRONG.to_owned()) } else { Ok(Duration::from_secs(seconds)) }
}
