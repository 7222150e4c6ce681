//! Whole nodes on a virtual clock and disk: one seed reproduces any run.
//!
//! The node's kernel, its log and its recovery are the real ones; the disk is
//! [`ledger::simulation`]'s, the loop that carries effects out stands in for `node`'s. Officers,
//! agents and servers do what a generator of random numbers says. After each step the laws are
//! checked by code that shares nothing with what it checks.
//!
//! | module | what it is |
//! |---|---|
//! | `random` | the only source of chance: one seed |
//! | `office` | the bundles, and what plain code says they decide |
//! | `authority` | officers and their log |
//! | `keys` | what each execution's sealed parts are read with, until they are erased |
//! | `node` | kernel and log, and the loop between them, with bugs to plant |
//! | `model` | what agents, servers and readers of the log have seen, and what must follow |
//! | [`world`] | one run: what happens next |

mod authority;
mod broken;
mod keys;
pub mod limits;
mod model;
mod names;
mod node;
mod office;
mod random;
mod replay;
mod snapshots;
pub mod world;

pub use broken::{Broken, Law};
pub use node::Bug;
pub use world::{Ran, run};
