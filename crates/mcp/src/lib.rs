//! The MCP gateway over stdio: it runs one session between a client and the real server that the
//! node starts for it.
//!
//! Every message in either direction is a transition. It is decided before its first byte is
//! forwarded, and forwarded as exactly the bytes that were accepted. Its outcome completes the
//! transition before that outcome is forwarded. This crate holds no policy and no log: it calls the
//! node through its own port, [`MessageGate`].
//!
//! | module | what it does |
//! |---|---|
//! | `codes` | the numbers of its own errors |
//! | `gate` | the port to the node: decide, complete, count refusals, filter `tools/list` |
//! | [`session`] | the rules, as a state machine without clock, process or socket |
//! | `driver` | the dumb loop around it: reads and writes lines, calls the gate, runs the timers |
//! | `server` | the server's process: starts it, stops it, waits for it |
//! | [`guard`] | the process between node and server that ends every process the server started |
//! | `unanswered` | answers a client's open requests at its own end if the node ends |
//! | `room` | the memory for long lines: bounded for a session and an OS user |
//! | `note` | diagnostics and the server's stderr, for operators |
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
