//! `musterd`: the daemon. It stays in the foreground, logs to stderr, and stops cleanly on SIGTERM and SIGINT.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use muster::cli;
use muster::daemon::{config, environment::Environment, logging, run};

fn main() -> ExitCode {
    let environment = Environment::of_this_process();
    let flags = match config::Flags::try_parse() {
        Ok(flags) => flags,
        Err(error) => return cli::bad_command_line("musterd", &error),
    };
    let settings = match config::Settings::gather(flags, &environment) {
        Ok(settings) => settings,
        Err(wrong) => return end(2, &wrong.to_string()),
    };
    match logging::filter(settings.log.as_deref().unwrap_or(logging::DEFAULT)) {
        Ok(filter) => logging::start(filter),
        Err(wrong) => return end(2, &wrong.to_string()),
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return end(1, &error.to_string()),
    };
    match runtime.block_on(run::run(settings, &environment)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => end(1, &error.to_string()),
    }
}

fn end(code: u8, why: &str) -> ExitCode {
    // Where stderr is gone nobody is there to be told.
    let _ = writeln!(std::io::stderr(), "musterd: {why}");
    ExitCode::from(code)
}
