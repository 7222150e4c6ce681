//! A small domain whose executions are asked for, ended, and replayed.

use std::path::{Path, PathBuf};

use kernel::replay::{Counts, Replay, Tally};
use kernel::state::BlobSource;
use ledger::Reader;
use node::sealing::Opener;
use node::{Direct, Options};
use proof::digest::Digest;
use record::governance::Change;

pub(crate) use fixture::{USER, options, ping};

#[path = "../../src/fixture.rs"]
pub(crate) mod fixture;

pub(crate) fn domain(folder: &Path) -> Options {
    let options = options(folder);
    node::domain::init(&options, &fixture::small_bundle(), vec![fixture::agent()]).unwrap();
    options
}

/// Has the workload's execution decide some requests, and ends it as an officer while no node runs.
pub(crate) async fn ended_execution(options: &Options, decisions: usize) -> String {
    let (node, thread) = Direct::open(options).await.unwrap();
    let execution = node.join("agent", USER).await.unwrap().unwrap();
    for _ in 0..decisions {
        node.request(&execution, ping()).await.unwrap();
    }
    node.stop(thread).await;
    let change = Change::ExecutionEnded { execution: execution.clone() };
    node::domain::govern(options, change, None).unwrap();
    execution
}

/// The blobs beside a governance log.
pub(crate) struct Shelf(Reader);

impl Shelf {
    /// With the records of the log.
    pub(crate) fn open(options: &Options) -> (Vec<Vec<u8>>, Self) {
        let governance = Reader::open(&options.governance_folder()).unwrap();
        let records = governance.entries(0).unwrap().map(|one| one.unwrap().record).collect();
        (records, Self(governance))
    }
}

impl BlobSource for Shelf {
    fn blob(&self, digest: &Digest) -> Option<Vec<u8>> {
        self.0.blob(digest).ok().flatten()
    }
}

pub(crate) fn replay(options: &Options) -> Counts {
    let (records, shelf) = Shelf::open(options);
    let origin = options.governance_origin();
    let mut replay = Replay::new(&options.node, &origin, &records, &shelf);
    let mut opener = Opener::of(&options.lineage_folder(), &options.lineage_origin()).unwrap();
    let mut tally = Tally::default();
    for entry in Reader::open(&options.lineage_folder()).unwrap().entries(0).unwrap() {
        let entry = entry.unwrap();
        let (record, sealed) = (entry.record.as_slice(), entry.sealed.as_deref());
        let fed =
            replay.apply_sealed(record, |of, index, digest| opener.part(of, index, digest, sealed));
        tally.add(&fed.unwrap());
    }
    tally.finish(replay.state())
}

pub(crate) fn key_file(options: &Options, execution: &str) -> PathBuf {
    options.lineage_folder().join(format!("keys/execution.{execution}"))
}

pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
