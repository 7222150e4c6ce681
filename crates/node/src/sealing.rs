//! Sealed parts of a node's lineage log: the keys they lie under, and opening them.

use std::path::Path;

use identity::{FileKeys, OpenError, Scope, Vault};
use kernel::replay::SealedPart;
use kernel::snapshot::Pieces;
use kernel::state::{NodeState, Unreadable};
use ledger::{Disk, Snapshots};
use proof::digest::Digest;

use crate::machine::cores;
use crate::{Error, Options};

/// Makes the sealing key, and the folder in which executions' keys lie.
pub(crate) fn create(options: &Options) -> Result<(), Error> {
    let (sealing, keys) = places(&options.lineage_folder());
    FileKeys::create(&sealing, &keys, &options.lineage_origin())
        .map(drop)
        .map_err(|why| Error::sealing(&why))
}

/// The vault of a node's lineage log.
pub(crate) fn vault(options: &Options) -> Result<Vault, Error> {
    let origin = options.lineage_origin();
    let (sealing, keys) = places(&options.lineage_folder());
    let store = FileKeys::open(&sealing, &keys, &origin).map_err(|why| Error::sealing(&why))?;
    Ok(Vault::new(&origin, store))
}

/// Where the sealing key and the executions' keys of the lineage log in this folder lie.
fn places(lineage: &Path) -> (std::path::PathBuf, std::path::PathBuf) {
    let domain = lineage.parent().unwrap_or(lineage);
    (domain.join("keys").join("sealing.key"), lineage.join("keys"))
}

/// Opens the sealed parts of a lineage log for a reader.
pub struct Opener(Option<Vault>);

impl Opener {
    /// For the lineage log in this folder. A copy without keys opens nothing.
    ///
    /// # Errors
    /// `keys` where there are keys that may not be used.
    pub fn of(lineage: &Path, origin: &str) -> Result<Self, Error> {
        let (sealing, keys) = places(lineage);
        if !sealing.exists() || !keys.exists() {
            return Ok(Self(None));
        }
        let store = FileKeys::open(&sealing, &keys, origin).map_err(|why| Error::sealing(&why))?;
        Ok(Self(Some(Vault::new(origin, store))))
    }

    /// One for the thread that follows the lineage log in this folder, and one for each core that
    /// can read ahead of it.
    ///
    /// # Errors
    /// As [`Opener::of`].
    pub fn to_follow(lineage: &Path, origin: &str) -> Result<Vec<Self>, Error> {
        (0..cores()).map(|_| Self::of(lineage, origin)).collect()
    }

    /// Opens nothing.
    #[must_use]
    pub fn without_keys() -> Self {
        Self(None)
    }

    /// The sealed part of the record at this index with this digest, of an execution or of the
    /// node.
    pub fn part(
        &mut self,
        execution: Option<&str>,
        index: u64,
        record: &Digest,
        sealed: Option<&[u8]>,
    ) -> SealedPart<'static> {
        let Some(sealed) = sealed else { return SealedPart::Unreadable(Unreadable::Missing) };
        if sealed.is_empty() {
            return SealedPart::from(Vec::new());
        }
        let Some(vault) = &mut self.0 else { return SealedPart::Unreadable(Unreadable::NoKey) };
        let scope = execution.map_or(Scope::Node, |id| Scope::Execution(id.to_owned()));
        match vault.open(&scope, index, record, sealed) {
            Ok(plain) => SealedPart::from(plain),
            Err(OpenError::NoKey) => SealedPart::Unreadable(Unreadable::NoKey),
            Err(_) => SealedPart::Unreadable(Unreadable::Damaged),
        }
    }
}

/// Pieces of snapshots as a vault opens them.
pub(crate) struct Opened<'a, D: Disk> {
    pub(crate) snapshots: &'a Snapshots<D>,
    pub(crate) vault: &'a mut Vault,
}

impl<D: Disk> Pieces for Opened<'_, D> {
    fn piece(&mut self, execution: Option<&str>, name: &Digest) -> Result<Vec<u8>, Unreadable> {
        let kept = self.snapshots.piece(name).map_err(|_| Unreadable::Damaged)?;
        let Some(execution) = execution else { return kept.ok_or(Unreadable::Missing) };
        let opened = self.vault.open_piece(execution, name, &kept.unwrap_or_default());
        opened.map_err(|why| match why {
            OpenError::NoKey => Unreadable::NoKey,
            _ => Unreadable::Damaged,
        })
    }
}

/// Settles the keys that were made ahead, destroys what a crash left of keys whose executions are
/// on record as erased, and sees that those which go on have theirs.
pub(crate) fn settle(vault: &mut Vault, state: &NodeState) -> Result<(), Error> {
    let has_begun = |id: &str| {
        let goes_on = state.execution(id).is_some();
        goes_on || state.ended_at(id).is_some() || state.erased(id).is_some()
    };
    vault.settle_ahead(&has_begun).map_err(|why| Error::sealing(&why))?;
    for id in vault.executions().map_err(|why| Error::sealing(&why))? {
        if state.erased(&id).is_some() {
            vault.destroy(&id).map_err(|why| Error::sealing(&why))?;
        }
    }
    for (id, _) in state.executions() {
        let found = vault.check(&Scope::Execution(id.to_owned()));
        found.map_err(|why| Error::sealing(&format!("the execution `{id}`: {why}")))?;
    }
    Ok(())
}
