//! The MCP gateway over stdio: one session between a client and the real server that the node starts for it.
//!
//! Every message in either direction is a transition: it is decided before its first byte is forwarded, it is
//! forwarded as exactly the bytes that were accepted, and what comes of it completes it before it goes on. This
//! crate holds no policy and no log; it asks the node through its own port, [`MessageGate`].
//!
//! | module | what it does |
//! |---|---|
//! | `codes` | the numbers of its own errors |
//! | `gate` | the port to the node: decide, complete, count refusals, filter `tools/list` |
//! | [`session`] | the rules, as a state machine without clock, process or socket |
//! | `driver` | the dumb loop around it: reads lines, writes lines, asks the gate, keeps the deadlines |
//! | `server` | the server's process: what it is given, and that it is gone at the end |
//! | [`guard`] | the process between node and server that ends all that the server started |
//! | `unanswered` | what a client's own end of a connection answers where the node ends |
//! | `note` | where diagnostics and the server's stderr go |
//! | [`limits`] | every bound |

mod codes;
mod driver;
mod gate;
pub mod guard;
pub mod limits;
mod note;
mod room;
mod server;
pub mod session;
mod unanswered;

pub use codes::ErrorNumber;
pub use driver::{
    ClientReader, ClientStreams, ClientWriter, SessionSummary, StartedServer, serve, serve_started,
};
pub use gate::{CompletionAnswer, Direction, GateAnswer, MessageGate, MessageStep, StepEnd, Stop};
pub use note::{Note, Sink};
pub use room::UserRoom;
pub use server::{ServerCommand, ServerProcess, SessionError};
pub use session::{Deadlines, SessionEnd};
pub use unanswered::Unanswered;
