//! The roster: who is in, with which profile and which devices, decided alike by everybody who holds
//! the same certificates, with no server to ask (docs/spec/roster.md).
//!
//! ```text
//!  bytes ─ SignedCertificate ── verify ──▶ VerifiedCertificate ── History::add ──▶ held
//!            (what came)       signature,                        the verdict in        │
//!                              form, limits                      its own past          ▼ merge
//!                                                                                   Roster
//!  certificate  a signed statement with its place among all others, and its bytes
//!  body         what it says: Found, Enroll, AddDevice, SetProfile, Revoke, …
//!  proof        the word of the device that comes in
//!  seal         names, emails and labels, kept out of certificates
//!  verdict      might its author say this, by what they had seen? If not: refused for ever, by everyone
//!  merge        what those that didn't know of each other add up to
//!  graph        all that is held, and who did what in it; intake: how it gets there; held: one certificate of it, act:
//!               what it does; people, lists, numbers: what is kept of many, in few bytes; lineage: who stands below whom
//!  state        a set, resolved
//!  standings    which removals there are, and whose standing changed, for people to be told
//!  rights       who may do what to whom
//!  resolved     the roster as it is read
//!  ancestry     who comes before whom
//!  reconcile    who holds what the other lacks
//!  history      all that is held, kept resolved; authoring: signing one's own
//!  refused      why not
//!  profile      External, Member, Administrator
//! ```
//!
//! Not here: how certificates travel, where they lie, who is greeted, and what the values of names are. Nothing
//! here reads a clock: a certificate's time is shown and decides nothing.

mod act;
mod ancestry;
pub mod authoring;
pub mod body;
pub mod certificate;
pub mod graph;
mod held;
pub mod history;
mod intake;
mod lineage;
mod lists;
mod merge;
mod numbers;
mod people;
pub mod profile;
pub mod proof;
pub mod reconcile;
pub mod refused;
pub mod resolved;
mod rights;
pub mod seal;
pub mod standings;
mod state;
mod verdict;

pub use body::Body;
pub use certificate::{Certificate, SignedCertificate, VerifiedCertificate};
pub use history::{Acknowledged, Added, History, NotAdded};
pub use merge::{Dispute, Owed, Pins};
pub use profile::Profile;
pub use refused::{Refused, Standing, Void};
pub use resolved::{Device, Roster, User};
pub use standings::Restanding;
