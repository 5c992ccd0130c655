//! The greeting: how a stranger with an invitation becomes a member. Nothing is trusted until two people
//! have read a code to each other (docs/spec/greeting.md).
//!
//! ```text
//!      guest                                              host
//!        │  invitation id · message 1 {commitment}   ──▶   │   a wrong token ends here
//!        │  ◀──   message 2 {organization}                 │   Noise stands, nobody is trusted
//!        │  ◀──   place in the queue                       │   the person greets …
//!        │  ◀──   host's nonce                             │
//!        │  guest's nonce                            ──▶   │   checked against the commitment
//!        │        both compute both codes                  │   shows the host's code
//!  types it, shows the guest's code                  ──▶   │   types it
//!        │  details, proof                           ──▶   │   confirms, sets the profile
//!        │  ◀──   welcome                                  │
//!        │  acknowledged                             ──▶   │
//! ```
//!
//! [`host`] and [`guest`] are state machines by type: each state is named for what it awaits, and a step
//! consumes it, so that a nonce can't be revealed twice, and a code can't be guessed twice. What is *not*
//! here: who may greet, what is written down, when it is too late (`node`), and what a certificate says
//! (`roster`): their bytes pass through the welcome unread.

pub mod code;
pub mod commitment;
pub mod guest;
pub mod host;
pub mod invitation;
pub mod link;
pub mod message;
pub mod noise;
pub mod reason;
pub mod sessions;

pub use reason::{Ended, OrEnded, Reason, Side};
