//! Tests.
#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by failing")]

mod cli_command_line;
mod cli_conversations;
mod cli_output;
mod control_conversations;
mod control_events;
mod control_script;
mod control_socket;
mod control_stand_in;
