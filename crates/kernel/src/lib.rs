//! Folds and state machines of governance and executions: step(now, input) -> effects.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]
