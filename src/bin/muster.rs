//! `muster`: the control command. It only ever talks to a daemon, through the control socket.

use std::process::ExitCode;

fn main() -> ExitCode {
    muster::cli::run(std::env::args_os())
}
