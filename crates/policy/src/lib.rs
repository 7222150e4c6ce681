//! Bundles and the decision: Dogwood and Cedar over a recorded history.
//!
//! A [`Bundle`] is one version of everything that decides. [`decide`] takes a [`History`] (what one execution has
//! done so far, with the bundle it is judged by), the [`Standing`] of the asker, the [`Facts`] and the [`Request`],
//! and gives a [`Decision`]: the same inputs give the same bytes on every machine.
//!
//! ```text
//!   files ──► bundle ─────────────► Bundle        manifest, schema, policies, entities; strict, all problems at once
//!                                     │
//!   Request ──► form ───► typed       │           the request against the schema, converted once; candidates
//!                 │                   │
//!   Facts ──► shape                   │           the moment
//!                 ▼                   ▼
//!             history ──► temporal ─► engine ──► decision ──► explain
//!   events of one execution    index, Cedar       canonical bytes, every check
//!
//!   grant, labels, meters, approval
//!                 what a decision looks at besides: the bundle's rules here, their fold in `kernel`, in the Standing
//!   evaluation    one AuthZEN evaluation that brings its own standing, facts and history
//!   cases         the tests that a bundle carries
//!   diff          what differs between two bundles
//!   reach         what of a bundle no request can ever reach
//! ```
//!
//! Architecture invariant: nothing here reads a clock, a random source, the environment, a file or a socket, and
//! nothing iterates in an order that varies. Threads that call [`decide`] or [`Bundle::load`] are started by the
//! caller with [`limits::DECIDE_STACK_BYTES`] of stack; with less than the stated floor left, the answer is a denial.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod approval;
mod bundle;
mod canonical;
pub mod cases;
mod decide;
mod decision;
mod detectors;
pub mod diff;
pub mod engine;
mod error;
pub mod evaluation;
mod explain;
mod facts;
mod grant;
mod history;
mod json;
mod labels;
pub mod limits;
mod meters;
mod nearest;
pub mod protocol;
pub mod reach;
mod request;
mod semantics;
mod spelling;
pub mod temporal;
mod typed;
mod web;
pub mod workload;

pub use approval::{Approval, Given, Retry};
pub use bundle::{Bundle, Files, PolicyInfo, ToolInfo};
pub use canonical::canonical;
pub use decide::form::{Formed, form, form_shared};
pub use decide::{decide, decide_formed, look};
pub use decision::{Check, Decision, Outcome as CheckOutcome, Verdict};
pub use detectors::{Passing, Unseen};
pub use engine::{can_decide_here, can_read_here};
pub use error::{
    FactsError, LoadCode, LoadError, LoadErrors, Place, PrepareError, Warning, WarningCode,
};
pub use explain::{NearMiss, explain, is_forbidden, labels_looked_for, near_misses};
pub use facts::{Assurance, Facts, Standing, Trust};
pub use grant::{Grant, Held};
pub use history::{History, HistoryOf, Outcome, Page, kept_of_open};
pub use labels::{LabelChange, Labels};
pub use meters::{Charge, Meter, Per, Spent};
pub use protocol::MessageAction;
pub use request::{Entity, Request};
pub use semantics::Semantics;
