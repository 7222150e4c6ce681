//! Bundles, requests and histories made for tests and benchmarks. The same numbers give the same
//! bytes.
//!
//! | module | what it makes |
//! |---|---|
//! | [`scoped`] | as many policies as asked for, and requests that they decide |
//! | [`temporal`] | a bundle with temporal conditions, and an execution with a long history |
//! | [`detecting`] | a bundle with detectors, and a message for them to scan |

pub mod detecting;
pub mod scoped;
pub mod temporal;

#[cfg(test)]
mod tests;
