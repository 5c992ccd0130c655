//! The control socket: how local programs, `muster` first of all, talk to the daemon.
//!
//! HTTP/1.1 with JSON over a unix socket, under `/v1` (`docs/spec/control.md` has every route). The server
//! decides nothing: each request becomes one [`Call`] to the daemon, each reply of the daemon one response.
//!
//! ```text
//!  muster ── client ──unix socket──▶ bind, access     who may come in
//!                                    server           one hyper connection each, all of it bounded
//!                                    routes ─── Call ───▶ daemon
//!                                    conversations ◀── Step ── daemon, and the answers back
//!                                    events ◀── broadcast ──── daemon
//! ```
//!
//! | route | does |
//! |---|---|
//! | `GET /v1/status` | the daemon, its organizations, who waits |
//! | `GET /v1/organizations`, `POST` | lists them; founds one |
//! | `GET /v1/organization`, `DELETE` | shows the one that `?org=` names; wipes what a revocation left |
//! | `GET /v1/invitations`, `POST` | lists them (`?all=true`); makes some |
//! | `GET /v1/invitations/{id}`, `DELETE` | shows one with its link; cancels it |
//! | `GET /v1/sessions`, `POST`, `DELETE`, `DELETE /v1/sessions/{id}` | lists the open ones; opens one; closes one |
//! | `GET /v1/users`, `GET /v1/users/{user}` | lists them (`?revoked=true`); shows one |
//! | `POST /v1/users/revoke`, `POST /v1/users/profile` | what is done to several users at once |
//! | `GET /v1/devices` | lists them (`?user=`) |
//! | `GET /v1/roster/log`, `GET /v1/roster/verify` | the certificates; checks them all again |
//! | `GET /v1/roster/changes` | the lines of the log that changed (`?since=`) |
//! | `POST /v1/roster/adopt` | a void Enroll is to count again |
//! | `GET /v1/points`, `POST`, `DELETE` | the rendezvous points; adds one, takes one away |
//! | `POST /v1/greetings`, `POST /v1/joins` | begins a conversation: the response is a stream of steps |
//! | `POST /v1/conversations/{n}`, `DELETE` | answers a step; cancels |
//! | `GET /v1/events` | server-sent events; `?log=true`: only that the log changed |
//!
//! Not here: what the requests mean (`core::node`), which membership they go to (`daemon`), how they look on
//! a terminal (`cli`). Only this folder names axum and hyper.

mod access;
mod bind;
pub mod call;
pub mod client;
mod conversations;
mod events;
mod place;
mod refuse;
mod routes;
mod server;
mod wire;

pub use access::Access;
pub use bind::{BindError, bind};
pub use call::{About, Call, LinkText, StatusReport};
pub use place::{SYSTEM_SOCKET, Surroundings, default_socket};
pub use server::serve;
pub use wire::{Founding, NewSession};

/// The plain data that travels over the socket, for clients that know nothing else of the core.
pub mod data {
    pub use crate::core::greeting::{Reason, Side};
    pub use crate::core::node::conversation::{
        Confirmation, FoundSession, JoinAnswers, Joined, Step, WaitingGuest,
    };
    pub use crate::core::node::event::{Event, Happening};
    pub use crate::core::node::request::{
        ChangeAnswer, ChangeResult, Class, DeviceAnswer, InvitationAnswer, InvitationState, InvitedAnswer,
        LogAnswer, LogChangesAnswer, OrganizationAnswer, PointAnswer, PointSource, Refusal, SessionAnswer,
        UserAnswer, UserState, VerifyAnswer, WaitingAnswer,
    };
    pub use crate::core::primitives::address::Address;
    pub use crate::core::primitives::ids::{CertificateId, DeviceId, InvitationId, OrganizationId, UserId};
    pub use crate::core::primitives::kind::Kind;
    pub use crate::core::primitives::text::shown;
    pub use crate::core::primitives::time::Moment;
    pub use crate::core::roster::profile::Profile;
}
