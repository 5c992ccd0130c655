//! The command line: what a person types becomes requests to the daemon, and what it answers becomes text,
//! or JSON for programs.
//!
//! ```text
//!  args ─▶ one file per group of commands ─▶ control client ─▶ daemon
//!              │            │
//!              │        converse ── person (prompts, codes in large letters) or program (lines of JSON)
//!              ▼
//!           render ─▶ screen      data to standard output, all else to standard error
//!           failure               one line, perhaps a hint, an exit code
//! ```
//!
//! Nothing is decided here: whether an email is one, who may invite, what a code is worth is the daemon's to
//! say. Not here: the socket's protocol (`control`). Only this folder and the programs name clap.

mod args;
mod confirm;
mod converse;
mod events;
mod failure;
mod greet;
mod invite;
mod join;
mod org;
mod person;
mod prompt;
mod qr;
mod render;
mod revoke;
mod roster;
mod screen;
mod session;
mod status;
mod user;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use self::args::{Args, Command};
use self::failure::Failure;
use self::screen::Screen;
use crate::control::client::Client;
use crate::control::default_socket;

/// Runs one command line, to its exit code.
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = words.into_iter().collect();
    let args = match Args::try_parse_from(&words) {
        Ok(args) => args,
        Err(error) => return failure::of_command_line("muster", &error, failure::wants_json(&words)),
    };
    let screen = Screen::new(&args.global);
    match run_command(&screen, args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(&screen),
    }
}

/// Says of a program's command line, in the form of all our programs, why it can't be taken; gives the exit code.
pub fn bad_command_line(program: &str, error: &clap::Error) -> ExitCode {
    failure::of_command_line(program, error, false)
}

fn run_command(screen: &Screen, args: Args) -> Result<(), Failure> {
    let client = client(&args)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("muster itself: can't start: {error}")))?;
    let done = runtime.block_on(dispatch(screen, &client, args.command));
    // A prompt that nobody will answer any more must not hold the program.
    runtime.shutdown_background();
    done
}

async fn dispatch(screen: &Screen, client: &Client, command: Command) -> Result<(), Failure> {
    match command {
        Command::Status => status::run(screen, client).await,
        Command::Org(command) => org::run(screen, client, command).await,
        Command::Invite(command) => invite::run(screen, client, command).await,
        Command::Session(command) => session::run(screen, client, command).await,
        Command::Greet(command) => greet::run(screen, client, command).await,
        Command::Join(command) => join::run(screen, client, command).await,
        Command::User(command) => user::run(screen, client, command).await,
        Command::Device(command) => user::run_devices(screen, client, command).await,
        Command::Roster(command) => roster::run(screen, client, command).await,
        Command::Events => events::run(screen, client).await,
    }
}

/// For the socket that is named, or the default one. A variable that is set to nothing counts as not set.
fn client(args: &Args) -> Result<Client, Failure> {
    let named = args.global.socket.clone().filter(|path| !path.as_os_str().is_empty());
    let socket = named.or_else(default_socket).ok_or_else(|| {
        Failure::usage("--socket: there is no default place for it without HOME or XDG_RUNTIME_DIR")
            .hint("say where the daemon listens: --socket PATH")
    })?;
    let organization = args.global.org.clone().filter(|name| !name.is_empty());
    Ok(Client::new(socket, organization))
}
