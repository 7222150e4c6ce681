//! Bundles and the decision: Dogwood and Cedar over a recorded history.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]
