//! What the kernel puts into the records of a node: the transition that was asked for, its request
//! and intent, and the bodies that are made of them. The record types are `record::lineage`'s.

mod decided;
mod intent;
mod request;
mod sealing_scope;
mod transition;

pub(crate) use decided::{CompletionParts, DecisionParts, seal_asked, seen};
pub(crate) use intent::{intent, intent_of};
pub(crate) use request::{request_of, request_value};
pub use sealing_scope::SealingScope;
pub(crate) use transition::called_tool;
pub use transition::{DELEGATE_ACTION, Transition, passing};
