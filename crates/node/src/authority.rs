use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::governance::Acting;
use kernel::governance::Governance;
use kernel::state::BlobSource;
use ledger::{CommitError, Entry, FileDisk, Ledger, Reader};
use policy::Bundle;
use proof::digest::Digest;
use proof::json::Value;
use proof::note::Signer;
use proof::record::RECORD_BYTES_MAX;
use record::Position;
use record::governance::{Change, SignedProposal};

use crate::marks::{Mark, SeenChange};
use crate::{Error, Options, clock, covered, keys};

/// The process that appends to a domain's governance log. It holds the log's lock: there is one.
pub struct Authority {
    governance: Governance,
    ledger: Ledger<FileDisk>,
    mark: Mark,
    /// The folder of the lineage log of the domain's node here, and the node.
    lineage: (PathBuf, String),
    /// What its records changed: a refusal of an older copy says what the copy would undo.
    changes: Vec<SeenChange>,
    is_published: bool,
    must_end: bool,
}

impl Authority {
    /// Makes the log of a new domain.
    pub(crate) fn create(options: &Options) -> Result<Self, Error> {
        let origin = options.governance_origin();
        let signer = Box::new(keys::read(&options.folder, "governance")?);
        let disk = disk(&options.governance_folder())?;
        let ledger = Ledger::create(disk, signer, &origin).map_err(|why| failed(&why))?;
        Ok(Self::of(options, Governance::new(&origin), Vec::new(), ledger))
    }

    /// Opens the log and folds it.
    ///
    /// # Errors
    /// `locked` where another process has the log, `ledger` where it cannot be opened or followed,
    /// `rollback` where it was longer once.
    pub fn open(options: &Options) -> Result<Self, Error> {
        let origin = options.governance_origin();
        let signer = keys::read(&options.folder, "governance")?;
        let (key, mark) = (signer.verifier(), Mark::governance(options));
        let disk = disk(&options.governance_folder())?;
        let (ledger, _) =
            Ledger::open(disk, Box::new(signer), &origin).map_err(|why| unopened(&why))?;
        mark.check(&key, &origin)?;
        let (mut governance, mut changes) = (Governance::new(&origin), Vec::new());
        for record in records(&options.governance_folder())? {
            changes.push(apply(&mut governance, &record)?);
        }
        Ok(Self::of(options, governance, changes, ledger))
    }

    fn of(
        options: &Options,
        governance: Governance,
        changes: Vec<SeenChange>,
        ledger: Ledger<FileDisk>,
    ) -> Self {
        let (mark, lineage) =
            (Mark::governance(options), (options.lineage_folder(), options.node.clone()));
        Self { governance, ledger, mark, lineage, changes, is_published: false, must_end: false }
    }

    /// The fold of the log.
    #[must_use]
    pub fn governance(&self) -> &Governance {
        &self.governance
    }

    /// Accepts a signed change: puts it, and the blob that it names, on stable storage.
    ///
    /// # Errors
    /// `governance` or `semantics.replay` where it is not acceptable, `ledger` where it cannot be
    /// stored. Nothing has changed then.
    pub fn accept(
        &mut self,
        signed: &SignedProposal,
        blob: Option<&[u8]>,
    ) -> Result<Accepted, Error> {
        self.accept_beside(signed, blob, &HeldReductions::default())
    }

    /// As [`Self::accept`], beside what the node holds: nothing of that is given back by too few.
    pub(crate) fn accept_beside(
        &mut self,
        signed: &SignedProposal,
        blob: Option<&[u8]>,
        held: &HeldReductions,
    ) -> Result<Accepted, Error> {
        let clock = clock::wall_ms();
        let at = self.governance.accepted_at(clock, signed);
        let is_acceptable = match held.acts {
            true => self.governance.check_owed(clock, signed),
            false => self.governance.check(clock, signed),
        };
        is_acceptable
            .and_then(|()| self.governance.check_giving_back(signed, &held.changes))
            .map_err(|why| Error::refused(&why))?;
        let (folder, node) = &self.lineage;
        covered::check(folder, node, &self.governance, &signed.proposal.change)?;
        self.keep_bundle(&signed.proposal.change, blob)?;
        let record = signed.to_record(at).to_bytes();
        if record.len() > RECORD_BYTES_MAX {
            return Err(Error::governance(&"the record would be larger than 65,535 bytes"));
        }
        // What is in the log for good must be what everybody reads there.
        let read = Value::parse(&record).map_err(|why| Error::governance(&why))?;
        if SignedProposal::from_record(&read).ok() != Some((at, signed.clone())) {
            return Err(Error::governance(&"the record could not be read back"));
        }
        let entry = Entry { record: record.clone(), sealed: Vec::new() };
        self.ledger.commit(&[entry]).map_err(|why| {
            self.must_end |= matches!(why, CommitError::Fatal(_) | CommitError::Stopped);
            failed(&why)
        })?;
        self.changes.push(apply(&mut self.governance, &record)?);
        self.is_published = false;
        // The change stands whatever becomes of its publication, which is made up for.
        if let Err(why) = self.publish() {
            crate::say(format_args!("the governance log's head is not published yet: {why}"));
        }
        Ok(Accepted { record, position: self.governance.position(), acting: None })
    }

    /// Publishes what the log has, and remembers its head, where that is not done.
    pub(crate) fn publish(&mut self) -> Result<(), Error> {
        if self.is_published {
            return Ok(());
        }
        self.ledger.publish().map_err(|why| {
            self.must_end |= why.is_fatal();
            failed(&why)
        })?;
        self.mark.remember_changes(&self.changes)?;
        self.mark.remember()?;
        self.is_published = true;
        Ok(())
    }

    /// Whether the log failed so that nobody knows what of it is on stable storage: the process
    /// must end.
    pub(crate) fn must_end(&self) -> bool {
        self.must_end
    }

    /// A bundle is kept before the record that names it, and only one that loads.
    fn keep_bundle(&mut self, change: &Change, blob: Option<&[u8]>) -> Result<(), Error> {
        let Change::BundlePublished { bundle } = change else {
            return match blob {
                None => Ok(()),
                Some(_) => Err(Error::input(&"only a published bundle comes with a blob")),
            };
        };
        let blob = blob.ok_or_else(|| Error::input(&"the bundle's bytes did not come with it"))?;
        if Digest::of(blob) != *bundle {
            return Err(Error::input(&"the bundle's bytes are not those that were signed"));
        }
        let loaded = Bundle::from_blob(blob).map_err(|why| Error::governance(&why))?;
        let semantics = self.governance.check_semantics(loaded.semantics());
        semantics.map_err(|why| Error::governance(&why))?;
        self.ledger.put_blob(blob).map_err(|why| failed(&why))?;
        Ok(())
    }
}

/// What acts on the node before governance says so.
#[derive(Debug, Default)]
pub(crate) struct HeldReductions {
    /// The change that is brought acts already.
    pub(crate) acts: bool,
    /// All that acts and is not in governance.
    pub(crate) changes: Vec<Change>,
}

/// Applies one record, and says what it changed.
fn apply(governance: &mut Governance, record: &[u8]) -> Result<SeenChange, Error> {
    let index = governance.position().size;
    let change = governance.apply(record).map_err(|why| failed(&why))?;
    Ok(SeenChange::of(index, governance.at(), &change))
}

/// An accepted change.
#[derive(Debug, Clone)]
pub struct Accepted {
    pub(crate) record: Vec<u8>,
    /// The governance log with it.
    pub position: Position,
    /// What the running node stopped by it, where it takes something away.
    pub acting: Option<Acting>,
}

impl Accepted {
    /// The log has it, up to here.
    pub(crate) fn at(position: Position) -> Self {
        Self { record: Vec::new(), position, acting: None }
    }

    /// The same, of what a node acted on before it ended.
    pub(crate) fn after(self, ended: Option<Error>) -> Self {
        Self { acting: ended.and_then(|why| why.acting().cloned()), ..self }
    }
}

/// What a change is signed on: a prefix of the governance log, and that log's time.
#[derive(Debug, Clone)]
pub struct BasedOn {
    /// The prefix.
    pub position: Position,
    /// The log's time, in milliseconds since the Unix epoch.
    pub at: i64,
}

impl BasedOn {
    pub(crate) fn of(governance: &Governance) -> Self {
        Self { position: governance.position(), at: governance.at() }
    }
}

/// Bundles that lie beside the governance log.
pub(crate) struct GovernanceBlobs(Reader<FileDisk>);

impl GovernanceBlobs {
    pub(crate) fn open(folder: &Path) -> Result<Arc<Self>, Error> {
        Ok(Arc::new(Self(Reader::open(folder).map_err(|why| failed(&why))?)))
    }
}

impl BlobSource for GovernanceBlobs {
    fn blob(&self, digest: &Digest) -> Option<Vec<u8>> {
        self.0.blob(digest).ok().flatten()
    }
}

/// All records of a log's folder, also those that are not published yet.
pub(crate) fn records(folder: &Path) -> Result<Vec<Vec<u8>>, Error> {
    let reader = Reader::open(folder).map_err(|why| failed(&why))?;
    let entries = reader.entries(0).map_err(|why| failed(&why))?;
    entries.map(|entry| entry.map(|entry| entry.record).map_err(|why| failed(&why))).collect()
}

/// The governance log up to a change, if it has that exactly as it was signed.
pub(crate) fn position_of(
    options: &Options,
    signed: &SignedProposal,
) -> Result<Option<Position>, Error> {
    let mut governance = Governance::new(&options.governance_origin());
    for record in records(&options.governance_folder())? {
        apply(&mut governance, &record)?;
        let read = Value::parse(&record).map_err(|why| failed(&why))?;
        if SignedProposal::from_record(&read).is_ok_and(|(_, one)| one == *signed) {
            return Ok(Some(governance.position()));
        }
    }
    Ok(None)
}

fn disk(folder: &Path) -> Result<FileDisk, Error> {
    FileDisk::open(folder).map_err(|why| failed(&why))
}

fn unopened(why: &ledger::Error) -> Error {
    match why.is_locked() {
        true => Error::locked("governance", why),
        false => failed(why),
    }
}

fn failed(why: &dyn std::fmt::Display) -> Error {
    Error::ledger("governance", why)
}
