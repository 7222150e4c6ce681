//! Drives the kernel with real clocks, disks and sockets.
//!
//! | module | what it is |
//! |---|---|
//! | [`Options`] | what a node is told: folder, names, upstream servers |
//! | [`keys`] | the signing keys in a domain's `keys/` folder |
//! | [`domain`] | making a domain's folder, and reading it |
//! | [`start`] | opens the logs, folds them, starts the threads; [`Running`] stops them |
//! | [`Direct`] | a node without its socket, asked from within the process |
//! | `driver` | the one thread that steps the kernel: a dumb loop |
//! | `pending` | what waits for officers, in an answer that is bounded |
//! | `approvals` | what waits for officers, their words, and what is used of the meters |
//! | `authority` | appends signed changes to the governance log |
//! | `bring` | brings changes to the authority, and again where the log could not take them |
//! | `covered` | whether a stated replay covers this node's log |
//! | [`erase`] | what ended executions sealed is made unreadable, on record |
//! | [`sealing`] | the keys of executions, and opening sealed parts |
//! | `servers` | whether the servers can be started, and as whom |
//! | `shared` | what every connection needs |
//! | `socket` | the Unix sockets: who speaks (`SO_PEERCRED`), and whether there is a place |
//! | `http` | `/v1` on the same sockets |
//! | `reply` | what the kernel holds, in the words of the interface |
//! | `listeners` | the sockets are bound, and bound anew where they are gone |
//! | `officer` | the officers' own way in: a thread that agents have no part in |
//! | `stop` | the stop switch: sessions are cut before the kernel or the log have seen the order |
//! | `places` | how many connections and sessions each OS user may have |
//! | `descriptors`, `accept` | file descriptors, budgeted; accepting where they run short |
//! | [`machine`] | what the machine has |
//! | [`follow`] | a lineage log is followed in order, and read ahead on all cores |
//! | `fold` | the state of a log: from its newest good snapshot, else from its first record |
//! | `waiting_notes` | says on standard error that requests wait for officers |
//! | `whole` | a log that is damaged anywhere is not gone on from |
//! | `keeper` | snapshots of the state are written beside the log, by a thread of its own |
//! | `session` | a client's session with an upstream server |
//! | `gate` | what the MCP gateway asks the kernel through |
//! | [`guard`] | the process between the node and one server, from the MCP gateway |
//! | [`notes`] | lines on standard error, which nothing waits for; [`say`] writes them |
//! | [`client`] | what an officer's command asks of the running node |
//! | [`backup`] | a domain as it is at one moment, file by file |
//! | [`restore`] | going on from an older copy of a domain, and what that undoes |
//! | [`publish`] | the logs over HTTP, read only |
//!
//! Architecture invariant: nothing here decides. What may happen comes out of `kernel::step`, and
//! what is on record comes out of it too; this crate carries both out, in order.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod accept;
mod approvals;
mod authority;
pub mod backup;
mod bring;
pub mod client;
pub mod clock;
mod covered;
mod descriptors;
mod direct;
pub mod domain;
mod driver;
pub mod erase;
mod error;
#[cfg(test)]
mod fixture;
mod fold;
pub mod follow;
mod gate;
mod http;
mod keeper;
pub mod keys;
pub mod limits;
mod listeners;
pub mod machine;
mod marks;
mod monitors;
pub mod notes;
mod officer;
mod options;
mod pending;
mod places;
pub mod priority;
pub mod publish;
mod reply;
pub mod restore;
pub mod sealing;
mod servers;
mod session;
mod session_threads;
mod shared;
mod socket;
mod start;
mod stop;
mod waiting_notes;
mod whole;

pub use authority::{Accepted, Authority};
pub use direct::{Direct, DirectThread};
pub use error::{Error, RefusalCode};
pub use identity::plain;
pub use marks::{SeenChange, Undone};
pub use mcp::guard;
pub use notes::say;
pub use options::{Options, Server};
pub use start::{Running, start};
