//! A domain in a temporary folder, with the starter bundle and many workloads of this user.

use std::path::{Path, PathBuf};

use record::governance::{Change, Workload};

use crate::exit::Failure;
use crate::new_domain::{configuration, create};
use crate::starter;
use crate::unfinished::Unfinished;

/// The number of workloads, and so of executions: none carries the whole history alone.
pub(super) const WORKLOADS: u32 = 64;

/// A temporary domain, which is removed when this is dropped or the command is interrupted.
pub(super) struct Site {
    _made: Unfinished,
    folder: PathBuf,
    pub(super) options: node::Options,
    pub(super) os_user: u32,
}

impl Site {
    /// Makes one below this folder.
    pub(super) fn new(below: &Path) -> Result<Self, Failure> {
        let made = Unfinished::temporary("interlock-bench-", below);
        let (made, folder) = made.map_err(|why| {
            why.help("name one with --folder, on the disk that is to be measured")
        })?;
        let os_user = rustix::process::getuid().as_raw();
        let workloads = (0..WORKLOADS).map(|number| {
            let zone = "default".to_owned();
            Change::WorkloadRegistered(Workload { name: workload(number), os_user, zone })
        });
        let text = configuration("bench", "node-1", &[]);
        let domain = folder.join("domain");
        let bundle = starter::bundle(&[])?;
        let semantics = kernel::governance::SEMANTICS;
        let options = create(&domain, &text, &bundle, semantics, workloads.collect())?;
        Ok(Self { _made: made, folder, options, os_user })
    }

    /// The temporary folder: the domain lies in it.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// The name of a workload.
pub(super) fn workload(number: u32) -> String {
    format!("bench-{number}")
}

/// Turns the node's error into a failure.
pub(super) fn opened<T>(result: Result<T, node::Error>) -> Result<T, Failure> {
    result.map_err(|why| Failure::node(&why))
}
