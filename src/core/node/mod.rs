//! The node: one device in one organization. It takes [`Input`](input::Input) and gives
//! [`Output`](output::Output), and decides everything in between.
//!
//! The contract with whoever drives it:
//!
//! 1. `handle(input, now, entropy)`, then drain `poll_output()` to the end, in order, then wait for the next
//!    input or for `poll_timeout()`, whichever is first. `handle` is never called before the queue is drained.
//! 2. A `Commit` is durable before the next output is taken. So every crash is a crash between two outputs.
//! 3. If a commit fails, the driver drops the queue, hangs up on everybody, and restores the node from the
//!    store: a crash without a restart.
//!
//! Not here: sockets, disks, clocks. The node names streams by numbers that the driver gives.

pub mod conversation;
pub mod event;
pub mod input;
pub mod output;
pub mod request;
