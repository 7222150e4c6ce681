//! Bundles and the decision: Dogwood and Cedar over a recorded history.
//!
//! A [`Bundle`] is one version of everything that decides. [`decide`] takes a [`History`] (the
//! events of one execution, with the bundle that judges it), the [`DecisionState`] (the fold of
//! earlier records), the [`record::Facts`] and the [`Request`], and returns a [`Decision`]: the
//! same inputs give the same bytes on every machine.
//!
//! ```text
//!   files ──► bundle ────────────────► Bundle     manifest, schema, policies, entities; strict
//!                                        │
//!   Request ──► resolve ──► typed        │        the request against the schema, converted once
//!                  │                     ▼
//!   Facts ──► decide ──► history ──► temporal ──► engine ──► decision ──► explain
//!                        events      monitors     index,     every check,
//!                                                 Cedar      canonical bytes
//!
//!   grant, labels, meters, approval   the rules; `kernel` folds their state into DecisionState
//!   evaluation    one AuthZEN evaluation that brings its own state, facts and history
//!   cases         the tests that a bundle carries
//!   diff          what differs between two bundles
//!   reach         the parts of a bundle that no request can reach
//! ```
//!
//! Architecture invariant: nothing here reads a clock, a random source, the environment, a file or
//! a socket, and nothing iterates in an order that varies. Threads that call [`decide`] or
//! [`Bundle::load`] are started by the caller with [`limits::DECIDE_STACK_BYTES`] of stack; with
//! less than the stated floor left, the answer is a denial.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod approval;
mod bundle;
mod canonical;
pub mod cases;
mod check_id;
mod decide;
mod decision;
mod detectors;
pub mod diff;
pub mod engine;
mod error;
pub mod evaluation;
mod event_string;
mod explain;
mod facts;
mod grant;
mod history;
mod json;
mod kept;
pub mod limits;
mod meters;
mod nearest;
pub mod protocol;
pub mod reach;
mod request;
mod resolve;
mod semantics;
mod spelling;
pub mod temporal;
mod typed;
mod web;

pub use approval::{OfficerVote, RetryEvidence};
pub use bundle::{Bundle, Files, HistoryScope, PolicyInfo, ToolInfo};
pub use canonical::canonical;
pub use check_id::CheckId;
pub use decide::{decide, decide_dry_run, decide_resolved};
pub use decision::{Check, CheckOutcome, Decision, Verdict};
pub use detectors::{Passing, ScanError};
pub use engine::{can_decide_here, can_read_here};
pub use error::{LoadCode, LoadError, LoadErrors, PrepareError, SourcePlace, Warning, WarningCode};
pub use explain::{NearMiss, explain, is_forbidden, labels_looked_for, near_misses};
pub use facts::DecisionState;
pub use grant::HeldGrant;
pub use history::{History, HistoryPage, OpenPage, TransitionOutcome};
pub use meters::{Charge, Meter, Spent};
pub use protocol::MessageAction;
pub use request::{Entity, Request, ToolName};
pub use resolve::{ResolvedRequest, resolve, resolve_shared};
pub use semantics::Semantics;
