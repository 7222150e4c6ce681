//! The state that a lineage log says, and the keys of what it sealed.

use std::fmt::Display;

use identity::Vault;
use kernel::lineage::{Body, LineageRecord};
use kernel::replay::{Fed, Replay, Tally};
use kernel::snapshot::{Maker, Mark, restore};
use kernel::state::{Lost, NodeState};
use ledger::{FileDisk, Ledger, Reader};
use proof::log::LogReader;
use proof::note::VerifierKey;

use crate::authority::GovernanceBlobs;
use crate::sealing::{self, Opened, Opener};
use crate::{Error, Options};

/// What a node goes on from.
pub(crate) struct Folded {
    pub(crate) state: NodeState,
    /// What makes the next snapshot of it.
    pub(crate) maker: Maker,
    pub(crate) vault: Vault,
}

/// The records of the governance log, and the blobs beside it.
type Governance<'a> = (&'a [Vec<u8>], &'a GovernanceBlobs);

/// Folds the lineage log: the records after the newest snapshot that is what its record says, else all. What was erased
/// is left out, as records say; what is lost otherwise is damage, and not gone on from.
///
/// Whatever is wrong with the log itself is found by folding all of it. Once there is a state, snapshots that could not be used
/// are let go.
pub(crate) fn fold(
    options: &Options,
    (ledger, key): (&Ledger<FileDisk>, &VerifierKey),
    governance: Governance<'_>,
) -> Result<Folded, Error> {
    let snapshots = ledger.snapshots();
    let reader = Reader::open(&options.lineage_folder()).map_err(|why| lineage(&why))?;
    let mut unusable = Vec::new();
    let mut folded = None;
    for index in snapshots.newest_first().map_err(|why| lineage(&why))? {
        let resumed = mark_at(options, (&reader, key, ledger.size()), index)
            .and_then(|mark| resume(options, (ledger, &reader), governance, &mark));
        match resumed {
            Ok(resumed) => {
                folded = Some(resumed);
                break;
            }
            Err(why) => {
                eprintln!(
                    "interlock: the snapshot of record {index} is not used, an older one or the whole log is: {why}"
                );
                unusable.push(index);
            }
        }
    }
    let folded = folded.map_or_else(|| whole(options, &reader, governance), Ok)?;
    for index in unusable {
        snapshots.discard(index).map_err(|why| lineage(&why))?;
    }
    Ok(folded)
}

fn whole(
    options: &Options,
    reader: &Reader,
    (records, blobs): Governance<'_>,
) -> Result<Folded, Error> {
    let replay = Replay::new(&options.node, &options.governance_origin(), records, blobs);
    let (state, vault) = follow(replay, sealing::vault(options)?, (reader, 0))?;
    Ok(Folded { state, maker: Maker::default(), vault })
}

/// What the record at this index says of the state before it: out of the signed tree, where it is published.
fn mark_at(
    options: &Options,
    (reader, key, size): (&Reader, &VerifierKey, u64),
    index: u64,
) -> Result<Mark, String> {
    if index >= size {
        return Err("the log does not reach so far".to_owned());
    }
    let tree = LogReader::open(reader, key, &options.lineage_origin()).map_err(text)?;
    let record = if index < tree.size() {
        tree.entry(index).map_err(text)?
    } else {
        let mut rest = reader.entries(index).map_err(text)?;
        rest.next().ok_or("the log ends before it")?.map_err(text)?.record
    };
    match LineageRecord::parse(&record).map_err(text)?.body {
        Body::Snapshot(mark) if mark.size == index => Ok(mark),
        _ => Err("its record is not one of a snapshot".to_owned()),
    }
}

/// Puts the state together that a record speaks of, and folds what came after. The record itself is folded too, and so compares
/// what was put together with what it says.
fn resume(
    options: &Options,
    (ledger, reader): (&Ledger<FileDisk>, &Reader),
    (records, blobs): Governance<'_>,
    mark: &Mark,
) -> Result<Folded, String> {
    let mut vault = sealing::vault(options).map_err(text)?;
    let mut pieces = Opened { snapshots: &ledger.snapshots(), vault: &mut vault };
    let node = (options.node.as_str(), options.governance_origin());
    let restored = restore((node.0, &node.1), (records, blobs), mark, &mut pieces);
    let restored = restored.map_err(text)?;
    let replay = Replay::resume(restored.state, restored.maker.clone(), (records, blobs));
    let (state, vault) = follow(replay, vault, (reader, mark.size)).map_err(text)?;
    if let Some(id) = restored.without_key.iter().find(|id| state.erased(id).is_none()) {
        return Err(format!("the key of the execution `{id}` is missing"));
    }
    Ok(Folded { state, maker: restored.maker, vault })
}

/// Follows a log from this record on, to its end.
fn follow(
    mut replay: Replay<'_>,
    vault: Vault,
    (reader, first): (&Reader, u64),
) -> Result<(NodeState, Vault), Error> {
    let mut opener = Opener::over(vault);
    let mut tally = Tally::default();
    for entry in reader.entries(first).map_err(|why| lineage(&why))? {
        let entry = entry.map_err(|why| lineage(&why))?;
        let (record, sealed) = (entry.record.as_slice(), entry.sealed.as_deref());
        let fed = replay.feed_sealed(record, |of, index| opener.part(of, (index, record), sealed));
        let fed = fed.map_err(|why| Error::replay(&why))?;
        match &fed {
            Fed::Different { .. } => {
                let what = "a decision or a snapshot comes out differently with this program";
                return Err(Error::replay(&what));
            }
            Fed::NotReplayable { why: why @ (Lost::Missing | Lost::Damaged), execution } => {
                let what = format!("record {} of `{execution}`: {}", entry.index, why.as_str());
                return Err(Error::replay(&what));
            }
            _ => tally.add(&fed),
        }
    }
    let state = replay.into_state();
    if let Some(execution) = tally.without_reason(&state) {
        let what = format!(
            "the key of the execution `{execution}` is missing, and no record says that it was erased"
        );
        return Err(Error::replay(&what));
    }
    let mut vault = opener.into_vault().ok_or_else(|| Error::sealing(&"no keys"))?;
    sealing::settle(&mut vault, &state)?;
    Ok((state, vault))
}

fn lineage(why: &dyn Display) -> Error {
    Error::ledger("lineage", why)
}

fn text(why: impl Display) -> String {
    why.to_string()
}
