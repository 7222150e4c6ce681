//! Making a domain's folder, and proposing changes to what governs it.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::{Duration, Instant};

use kernel::governance::{Governance, GovernanceError};
use ledger::{FileDisk, Ledger, Reader};
use policy::Bundle;
use proof::json::Value;
use proof::note::{Signer, VerifierKey};
use record::Position;
use record::governance::{Change, Proposal, Roles, SignedProposal};

use crate::authority::BasedOn;
use crate::authority::{Accepted, position_of, records};
use crate::client::{self, AcceptedBy};
use crate::limits::{LOG_FREE_AGAIN_MS, LOG_FREE_MS_MAX};
use crate::marks::Mark;
use crate::{Authority, Error, Options, clock, covered, keys, sealing};

/// How long an officer's signature made here may be used: five minutes, in milliseconds.
const PROPOSAL_LIFE_MS: i64 = 5 * 60 * 1000;

/// Makes a domain: its folder, keys, both logs, and the first governance records (genesis, this
/// node, the bundle). `changes` come after them.
///
/// # Errors
/// `folder` where there is one already; `keys`, `ledger`, `governance`.
pub fn init(options: &Options, bundle: &Bundle, changes: Vec<Change>) -> Result<Position, Error> {
    init_under(options, bundle, changes, kernel::governance::SEMANTICS)
}

/// As [`init`], with this as the newest version of the decider that bundles may name.
///
/// # Errors
/// As [`init`].
pub fn init_under(
    options: &Options,
    bundle: &Bundle,
    changes: Vec<Change>,
    semantics: u64,
) -> Result<Position, Error> {
    let wanted = bundle.semantics().number();
    if wanted > semantics {
        let too_new = GovernanceError::TooNew { bundle: wanted, domain: semantics };
        return Err(Error::refused(&too_new));
    }
    let folder = &options.folder;
    if !folder.is_dir() {
        let made = DirBuilder::new().mode(0o755).recursive(true).create(folder);
        made.map_err(|why| Error::folder(folder, &why))?;
    }
    keys::create_folder(folder)?;
    Mark::create_folder(options)?;
    create_log_folder(&options.governance_folder())?;
    create_lineage_folder(options)?;
    let officer = keys::create(folder, "officer", &format!("{}/officer", options.domain))?;
    keys::create(folder, "governance", &options.governance_origin())?;
    let lineage = keys::create(folder, "lineage", &options.lineage_origin())?;
    let genesis = Change::DomainCreated {
        domain: options.domain.clone(),
        roles: Roles::of_one(&officer.verifier()).map_err(|why| Error::governance(&why))?,
        semantics,
    };
    let node = Change::NodeRegistered { node: options.node.clone(), key: lineage.verifier() };
    create_lineage(options, lineage)?;
    Mark::lineage(options).remember()?;
    sealing::create(options)?;

    let mut authority = Authority::create(options)?;
    let published = Change::BundlePublished { bundle: bundle.digest() };
    for change in [genesis, node, published].into_iter().chain(changes) {
        let blob = matches!(change, Change::BundlePublished { .. }).then(|| bundle.blob());
        let signed = sign(BasedOn::of(authority.governance()), change, &officer)?;
        authority.accept(&signed, blob)?;
    }
    authority.publish()?;
    Ok(authority.governance().position())
}

/// Makes the folder of a new lineage log.
pub(crate) fn create_lineage_folder(options: &Options) -> Result<(), Error> {
    create_log_folder(&options.lineage_folder())
}

fn create_log_folder(log: &Path) -> Result<(), Error> {
    DirBuilder::new().mode(0o700).create(log).map_err(|why| Error::folder(log, &why))
}

/// Makes a new lineage log in its folder.
pub(crate) fn create_lineage(
    options: &Options,
    signer: proof::note::Ed25519Signer,
) -> Result<(), Error> {
    let failed = |why: &dyn std::fmt::Display| Error::ledger("lineage", why);
    let disk = FileDisk::open(&options.lineage_folder()).map_err(|why| failed(&why))?;
    let mut ledger = Ledger::create(disk, Box::new(signer), &options.lineage_origin())
        .map_err(|why| failed(&why))?;
    ledger.publish().map(drop).map_err(|why| failed(&why))
}

/// Has the officer sign a change on the domain's current governance, and brings it to the
/// authority: the running node, or, where none runs, the log itself.
///
/// # Errors
/// `keys` where the officer's key is not here, `governance` where the change is not acceptable.
pub fn govern(
    options: &Options,
    change: Change,
    blob: Option<&[u8]>,
) -> Result<(Accepted, AcceptedBy), Error> {
    let officer = keys::read(&options.folder, "officer")?;
    govern_as(options, &officer, change, blob)
}

/// As [`govern`], with the key of any officer. A running node says what governs; only where none
/// runs is the folder read.
///
/// # Errors
/// As [`govern`].
pub fn govern_as(
    options: &Options,
    officer: &dyn Signer,
    change: Change,
    blob: Option<&[u8]>,
) -> Result<(Accepted, AcceptedBy), Error> {
    let based_on = match client::based_on(options) {
        Ok(Some(based_on)) => based_on,
        Ok(None) => BasedOn::of(&governance(options)?),
        Err(why) if why.code() == "ended" => BasedOn::of(&governance(options)?),
        Err(why) => return Err(why),
    };
    check_domain(options, &based_on.position.origin)?;
    bring(options, &sign(based_on, change, officer)?, blob)
}

/// A node says what an order is based on, and could name another domain in which the officer has a
/// role. Where the folder does not say whose it is, the officer is told whose order it is.
fn check_domain(options: &Options, origin: &str) -> Result<(), Error> {
    if options.domain.is_empty() || origin == options.governance_origin() {
        return Ok(());
    }
    Err(Error::peer(&format!(
        "nothing was signed: the folder is that of the domain `{}`, and the node there speaks for \
         `{origin}`",
        options.domain
    )))
}

/// Brings a signed change to the authority: the running node, or, where none runs, the log itself.
/// A node that ends while it has the change is none that runs: what it said of it counts for
/// nothing.
///
/// # Errors
/// `governance` where the change is not acceptable: too few have signed, say. `unrecorded` where
/// the node acts on it, and the disk is slow. `unanswered` where it is not on record, as far as
/// anybody knows, since a node ended, hangs or can't be reached.
pub fn bring(
    options: &Options,
    signed: &SignedProposal,
    blob: Option<&[u8]>,
) -> Result<(Accepted, AcceptedBy), Error> {
    let (begun, mut ended) = (Instant::now(), None);
    loop {
        let again = match client::govern(options, signed, blob) {
            Ok(Some(accepted)) => return Ok((accepted, AcceptedBy::Node)),
            Ok(None) => match put_in_log(options, signed, blob, ended.is_some()) {
                Ok(accepted) => return Ok((accepted.after(ended), AcceptedBy::Log)),
                // The node that had it is not gone yet, or one starts.
                Err(why) if why.code() == "locked" => why,
                // Who may not write the log brings it to the node that starts next.
                Err(why) if ended.is_some() && why.code() != "governance" => why,
                Err(why) => return Err(told_with(why, ended.as_ref())),
            },
            Err(why) if why.code() == "ended" => {
                // What the first one says that it stopped.
                ended.get_or_insert(why);
                Error::ended()
            }
            Err(why) => match ended.as_ref().map(|_| position_of(options, signed)) {
                Some(Ok(Some(position))) => return Ok((Accepted::at(position), AcceptedBy::Node)),
                _ => return Err(told_with(why, ended.as_ref())),
            },
        };
        if begun.elapsed() >= Duration::from_millis(LOG_FREE_MS_MAX) {
            return match (&ended, position_of(options, signed)) {
                // It could do so, and could not say so.
                (Some(_), Ok(Some(position))) => Ok((Accepted::at(position), AcceptedBy::Node)),
                (Some(_), _) => Err(Error::lost(&again)),
                (None, _) => Err(Error::unreachable(&options.officer_socket, &again)),
            };
        }
        std::thread::sleep(Duration::from_millis(LOG_FREE_AGAIN_MS));
    }
}

/// Puts a change in the log that no node has. One that a node had before it ended may be there
/// already.
fn put_in_log(
    options: &Options,
    signed: &SignedProposal,
    blob: Option<&[u8]>,
    a_node_had_it: bool,
) -> Result<Accepted, Error> {
    let mut authority = Authority::open(options)?;
    let there = if a_node_had_it { position_of(options, signed)? } else { None };
    match there {
        Some(position) => Ok(Accepted::at(position)),
        None => authority.accept(signed, blob),
    }
}

/// Why a change is not on record, where perhaps a node ended that had it.
fn told_with(why: Error, ended: Option<&Error>) -> Error {
    let is_of_a_node = ["unrecorded", "unanswered"].contains(&why.code()) || why.acting().is_some();
    match ended {
        Some(_) if !is_of_a_node => Error::lost(&why),
        _ => why,
    }
}

/// The governance record that holds this change as it was signed, where it was published.
///
/// # Errors
/// `ledger` where the log cannot be read.
pub fn published(options: &Options, signed: &SignedProposal) -> Result<Option<u64>, Error> {
    let position = position_of(options, signed)?;
    Ok(position.map(|position| position.size.saturating_sub(1)))
}

/// A change on the domain's current governance that nobody has signed yet, to be signed within so
/// many milliseconds.
///
/// # Errors
/// `ledger` or `governance` where the log cannot be read or followed, or the change names a new
/// officer's key too long.
pub fn propose(options: &Options, change: Change, life_ms: i64) -> Result<SignedProposal, Error> {
    let governance = governance(options)?;
    governance.check_key_names(&change).map_err(|why| Error::refused(&why))?;
    Ok(proposal(BasedOn::of(&governance), change, life_ms).unsigned())
}

/// A change on this governance, to be signed within so many milliseconds: of the log's time where
/// that is ahead of the clock, since the authority judges it by that.
fn proposal(based_on: BasedOn, change: Change, life_ms: i64) -> Proposal {
    let from_ms = match &change {
        // The clock alone judges what only takes away. A node that names a time far ahead must not
        // have it signed for as long.
        Change::HaltOrdered { .. } | Change::ExecutionEnded { .. } => clock::wall_ms(),
        _ => clock::wall_ms().max(based_on.at),
    };
    let expires_ms = from_ms.saturating_add(life_ms);
    Proposal { based_on: based_on.position, expires_ms, change }
}

/// What governs the domain, as its log lies in the folder.
///
/// # Errors
/// `ledger` where it cannot be read or followed, or has no records.
pub fn governance(options: &Options) -> Result<Governance, Error> {
    let mut governance = Governance::new(&options.governance_origin());
    let records = records(&options.governance_folder())?;
    if records.is_empty() {
        return Err(Error::ledger("governance", &"it has no records"));
    }
    for record in records {
        governance.apply(&record).map_err(|why| Error::ledger("governance", &why))?;
    }
    Ok(governance)
}

/// The domain's name, as the first record of the governance log in its folder says it: for orders,
/// where the configuration can't be used.
///
/// # Errors
/// `ledger` where the log cannot be read, or does not begin with a domain.
pub fn name_in_log(folder: &Path) -> Result<String, Error> {
    let failed = |why: &dyn std::fmt::Display| Error::ledger("governance", why);
    let log = Reader::open(&folder.join("governance")).map_err(|why| failed(&why))?;
    let first = log.entries(0).map_err(|why| failed(&why))?.next();
    let first = first.ok_or_else(|| failed(&"it has no records"))?.map_err(|why| failed(&why))?;
    let value = Value::parse(&first.record).map_err(|why| failed(&why))?;
    let (_, signed) = SignedProposal::from_record(&value).map_err(|why| failed(&why))?;
    match signed.proposal.change {
        Change::DomainCreated { domain, .. } => Ok(domain),
        _ => Err(failed(&GovernanceError::Genesis)),
    }
}

/// The name of the node whose lineage log lies in this folder of a domain, as its key says it:
/// where the configuration can't be used.
///
/// # Errors
/// `ledger` where its key cannot be read, or is of another domain.
pub fn node_in_folder(folder: &Path, domain: &str) -> Result<String, Error> {
    let failed = |why: &dyn std::fmt::Display| Error::ledger("lineage", why);
    let log = Reader::open(&folder.join("lineage")).map_err(|why| failed(&why))?;
    let key: VerifierKey =
        log.vkey().map_err(|why| failed(&why))?.parse().map_err(|why| failed(&why))?;
    let node = key.name().strip_prefix(&format!("{domain}/lineage/")).map(str::to_owned);
    node.ok_or_else(|| failed(&"its key is of another domain"))
}

/// Whether what a change states of a replay of this domain's lineage log is of that log, and covers
/// all that it held then.
///
/// # Errors
/// `semantics.replay` where it does not; `ledger` or `governance` where a log cannot be read.
pub fn check_covered(options: &Options, change: &Change) -> Result<(), Error> {
    let (folder, governance) = (options.lineage_folder(), governance(options)?);
    covered::check(&folder, &options.node, &governance, change)
}

fn sign(based_on: BasedOn, change: Change, officer: &dyn Signer) -> Result<SignedProposal, Error> {
    let proposal = proposal(based_on, change, PROPOSAL_LIFE_MS);
    proposal.sign(officer).map_err(|why| Error::governance(&why))
}

#[cfg(test)]
mod tests;
