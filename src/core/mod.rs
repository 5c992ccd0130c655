//! The core: everything that Muster decides, and nothing that it does.
//!
//! PURE. No clock, socket, disk, thread, or randomness of its own: time and entropy come in with each
//! input, what is to be done comes out as outputs, in order. So a whole network of nodes runs in one test,
//! in virtual time, from one seed, and a crash is a crash between two outputs.
//!
//! ```text
//!            node        one device in one organization: takes Input, gives Output
//!           ╱    ╲
//!     roster      greeting     (siblings; neither knows the other)
//!           ╲    ╱
//!         primitives     keys, digests, codec, limits, ids, time
//! ```
//!
//! Not here: how bytes travel (`net`), where they lie (`store`), who asks (`control`), and the clock that
//! drives it all (`daemon`).

// What these name is in clippy.toml: the clock, randomness, files, sockets, threads.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod greeting;
pub mod node;
pub mod primitives;
pub mod roster;
