//! The node between programs that other people wrote, watched from outside.
//!
//! Where a peer, the superuser or `strace` is missing, a test prints `skipped: REASON` and ends.

#[cfg(test)]
mod agent;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod durable_before_release;
#[cfg(test)]
mod everything;
#[cfg(test)]
mod foreign_verifiers;
#[cfg(test)]
mod found;
#[cfg(test)]
mod names;
#[cfg(test)]
mod real_peers;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod site;
#[cfg(test)]
mod strace;
#[cfg(test)]
#[expect(dead_code, unused_imports, reason = "other tests use other parts of it")]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod trace;
