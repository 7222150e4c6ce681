use std::fs;
use std::path::{Path, PathBuf};

use kernel::governance::{Governance, GovernanceError};
use node::clock::wall_ms;
use node::plain;
use policy::Bundle;
use policy::limits::BUNDLE_BYTES_MAX;
use proof::digest::Digest;
use proof::json::{Object, Value};
use proof::note::Signer as _;
use record::governance::{Change, SignedProposal, Workload};

use super::ask::{Unattended, ask};
use super::officer;
use super::review::Review;
use super::{govern, roles, semantics};
use crate::cli::{ProposeArgs, ProposeCommand, PublishSignedArgs, SignArgs};
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style};
use crate::{config, domain, folder, record_line, unfinished, user};

/// Bytes of a proposal's file, at most: more than a record may have.
const PROPOSAL_BYTES_MAX: u64 = 128 * 1024;

/// Writes a proposal that nobody has signed.
pub(super) fn propose(arguments: &ProposeArgs, output: &mut Output) -> Result<Exit, Failure> {
    let options = config::load(&arguments.domain)?;
    let change = change(arguments, &options, output)?;
    let proposal = node::domain::propose(&options, change, arguments.for_ms)
        .map_err(|why| Failure::node(&why))?;
    if arguments.out.exists() {
        let shown = arguments.out.display();
        return Err(Failure::new(Exit::Usage, format!("`{shown}` is there already"))
            .help("choose another file: signatures in it would be lost"));
    }
    let bundle = match &arguments.change {
        ProposeCommand::Bundle { bundle } => Some(folder::load_bundle(bundle)?),
        _ => None,
    };
    // The bundle and the proposal are written together or not at all.
    unfinished::uninterrupted(|| {
        if let Some(bundle) = bundle {
            unfinished::write(&beside(&arguments.out), bundle.blob(), 0o666)?;
        }
        write(&arguments.out, &proposal)
    })?;
    print_proposal(&proposal, None, output)?;
    if !output.is_json() {
        output.line(format!("next: interlock sign {} --key KEY", arguments.out.display()))?;
    }
    Ok(Exit::Ok)
}

/// Prints a proposal, asks for confirmation, and adds one officer's signature.
pub(super) fn sign(arguments: &SignArgs, output: &mut Output) -> Result<Exit, Failure> {
    let proposal = read(&arguments.proposal)?;
    let key = node::keys::read_file(&arguments.key).map_err(|why| Failure::node(&why))?;
    if proposal.proposal.expires_ms < wall_ms() {
        return Err(Failure::new(Exit::Denied, "the proposal has expired")
            .help("propose it again: `interlock propose`"));
    }
    if let Change::SemanticsAdopted { semantics, replays } = &proposal.proposal.change {
        let domain = arguments.domain.as_deref().ok_or_else(|| {
            Failure::new(Exit::Usage, "who adopts a version of the decider replays the log first")
                .help("name the domain's folder with --domain")
        })?;
        let change = &proposal.proposal.change;
        let options = config::load(domain)?;
        node::domain::check_covered(&options, change).map_err(|why| Failure::node(&why))?;
        semantics::check(domain, *semantics, replays, output)?;
    }
    check_key_names(arguments, &proposal.proposal.change)?;
    let shown = show(arguments, &proposal, output)?;
    output.flush()?;
    ask(
        &format!("Sign this as `{}`?", key.verifier().name()),
        arguments.yes,
        Unattended::NeedsYes,
    )?;
    let signed = proposal
        .and_signed(&key)
        .map_err(|why| Failure::new(Exit::Failed, "the proposal could not be signed").why(why))?;
    let missing = arguments.domain.as_deref().map(|domain| missing(domain, &signed)).transpose()?;
    write(&arguments.proposal, &signed)?;
    if output.is_json() {
        let mut members = standing(&signed, missing.as_deref());
        members.extend(shown);
        output.json(&Value::Object(members))?;
        return Ok(Exit::Ok);
    }
    print_proposal(&signed, missing.as_deref(), output)?;
    Ok(Exit::Ok)
}

/// Refuses to sign for a new officer with too long a key name, which no authority accepts.
fn check_key_names(arguments: &SignArgs, change: &Change) -> Result<(), Failure> {
    let Change::RolesChanged { .. } = change else { return Ok(()) };
    let governance = match &arguments.domain {
        Some(domain) => node::domain::governance(&config::load(domain)?),
        None => Ok(Governance::new("")),
    };
    let governance = governance.map_err(|why| Failure::node(&why))?;
    governance.check_key_names(change).map_err(|why| {
        let failure = Failure::new(Exit::Denied, why.to_string()).code(why.code());
        match arguments.domain {
            Some(_) => failure,
            None => failure
                .help("where the domain has that key as an officer's already, name its folder with --domain"),
        }
    })
}

/// Prints all of a proposal before it is signed, or returns it as members of the JSON output.
fn show(
    arguments: &SignArgs,
    proposal: &SignedProposal,
    output: &mut Output,
) -> Result<Object, Failure> {
    let governance = match &arguments.domain {
        Some(domain) => {
            let options = config::load(domain)?;
            Some(node::domain::governance(&options).map_err(|why| Failure::node(&why))?)
        }
        None => None,
    };
    let bundle = match &proposal.proposal.change {
        Change::BundlePublished { bundle } => {
            let named = arguments.bundle.as_deref();
            Some(proposed_bundle(&arguments.proposal, named, arguments.domain.as_deref(), bundle)?)
        }
        _ => None,
    };
    let decides = match (&arguments.domain, governance.as_ref().and_then(Governance::bundle)) {
        (Some(domain), Some(digest)) if bundle.is_some() => stored_bundle(domain, &digest)?,
        _ => None,
    };
    let review = Review {
        signed: proposal,
        before: governance.as_ref(),
        decides: decides.as_ref(),
        bundle: bundle.as_ref(),
    };
    if output.is_json() {
        return Ok(review.members());
    }
    review.print(output)?;
    Ok(Object::new())
}

/// The bundle of a proposal that publishes one: from the named folder, from the file beside the
/// proposal, or from the domain, if it had that bundle before.
fn proposed_bundle(
    proposal: &Path,
    folder: Option<&Path>,
    domain: Option<&Path>,
    digest: &Digest,
) -> Result<Bundle, Failure> {
    let beside = beside(proposal);
    let bundle = match (folder, beside.is_file(), domain) {
        (Some(folder), ..) => Some(folder::load_bundle(folder)?),
        (None, true, _) => Some(load_beside(&beside)?),
        (None, false, Some(domain)) => stored_bundle(domain, digest)?,
        (None, false, None) => None,
    };
    match bundle {
        Some(bundle) if bundle.digest() == *digest => Ok(bundle),
        Some(bundle) => {
            let what =
                format!("the proposal publishes {digest}, and this bundle is {}", bundle.digest());
            Err(Failure::new(Exit::Denied, what).help("ask whoever proposed it for the bundle"))
        }
        None => Err(Failure::new(Exit::Usage, "the bundle that is to be signed is not here")
            .help(format!("put it at `{}`, or name its folder with --bundle", beside.display()))),
    }
}

/// The path of a proposed bundle, beside the proposal.
fn beside(proposal: &Path) -> PathBuf {
    let mut path = proposal.as_os_str().to_owned();
    path.push(".bundle");
    PathBuf::from(path)
}

fn load_beside(path: &Path) -> Result<Bundle, Failure> {
    let blob = folder::content_of(path, BUNDLE_BYTES_MAX)?;
    Bundle::from_blob(&blob).map_err(|why| {
        Failure::new(Exit::Data, format!("`{}` holds no bundle", path.display())).why(why)
    })
}

/// A bundle that lies beside the domain's governance log.
pub(super) fn stored_bundle(domain: &Path, digest: &Digest) -> Result<Option<Bundle>, Failure> {
    let unreadable = |why: &dyn std::fmt::Display| {
        Failure::new(Exit::Data, "a bundle of the domain cannot be read").why(why)
    };
    let log = domain::log(domain, Some(&domain::LogChoice::Governance))?;
    match log.reader.blob(digest).map_err(|why| unreadable(&why))? {
        Some(blob) => Bundle::from_blob(&blob).map(Some).map_err(|why| unreadable(&why)),
        None => Ok(None),
    }
}

/// Submits a proposal to its domain.
pub(super) fn publish(arguments: &PublishSignedArgs, output: &mut Output) -> Result<Exit, Failure> {
    let options = officer::options(&arguments.domain, arguments.socket.as_deref())?;
    let signed = read(&arguments.proposal)?;
    let bundle = match &signed.proposal.change {
        Change::BundlePublished { bundle } => {
            let named = arguments.bundle.as_deref();
            Some(proposed_bundle(&arguments.proposal, named, Some(&arguments.domain), bundle)?)
        }
        _ => None,
    };
    let brought = node::domain::bring(&options, &signed, bundle.as_ref().map(Bundle::blob));
    let (accepted, place) =
        brought.map_err(|why| match node::domain::published(&options, &signed) {
            Ok(Some(index)) => {
                let what = format!(
                    "nothing was done: this was published already, as governance record {index}"
                );
                Failure::new(Exit::Denied, what).code("published")
            }
            _ => govern::refused(&why),
        })?;
    let what = record_line::governance(&signed.proposal.change, output.paint());
    govern::print_accepted(accepted, place, &what, output)
}

/// The signatures that a proposal still lacks, checked against the domain's log. An error where no
/// signature could make it acceptable.
fn missing(domain: &Path, signed: &SignedProposal) -> Result<String, Failure> {
    let options = config::load(domain)?;
    let governance = node::domain::governance(&options).map_err(|why| Failure::node(&why))?;
    match governance.check(wall_ms(), signed) {
        Ok(()) => Ok("signed by enough: `interlock publish` brings it".to_owned()),
        Err(why @ GovernanceError::Unsigned { .. }) => Ok(why.to_string()),
        Err(why) => {
            Err(Failure::new(Exit::Denied, "the proposal is not acceptable to this domain")
                .why(why))
        }
    }
}

fn change(
    arguments: &ProposeArgs,
    options: &node::Options,
    output: &mut Output,
) -> Result<Change, Failure> {
    Ok(match &arguments.change {
        ProposeCommand::Bundle { bundle } => {
            Change::BundlePublished { bundle: folder::load_bundle(bundle)?.digest() }
        }
        ProposeCommand::Workload { name, user, zone } => {
            let (os_user, _) = user::resolve(user)?;
            Change::WorkloadRegistered(Workload { name: name.clone(), os_user, zone: zone.clone() })
        }
        ProposeCommand::Node => {
            node::restore::registration(options).map_err(|why| Failure::node(&why))?
        }
        ProposeCommand::Trust { subject, state } => {
            Change::TrustChanged { subject: subject.clone(), trust: *state }
        }
        ProposeCommand::Halt { subject } => Change::HaltOrdered { subject: subject.clone() },
        ProposeCommand::Lift { subject } => Change::HaltLifted { subject: subject.clone() },
        ProposeCommand::End { execution } => {
            Change::ExecutionEnded { execution: execution.clone() }
        }
        ProposeCommand::Roles { file } => Change::RolesChanged { roles: roles::read(file)? },
        ProposeCommand::Semantics { number } => {
            let replays = semantics::replay(options, &arguments.domain, *number, output)?;
            Change::SemanticsAdopted { semantics: *number, replays }
        }
    })
}

fn read(path: &Path) -> Result<SignedProposal, Failure> {
    let shown = path.display();
    let unreadable = |why: &std::io::Error| Failure::io(format!("`{shown}` cannot be read"), why);
    let bytes = fs::metadata(path).map_err(|why| unreadable(&why))?.len();
    if bytes > PROPOSAL_BYTES_MAX {
        let what = format!("`{shown}` is longer than {PROPOSAL_BYTES_MAX} bytes: no proposal is");
        return Err(Failure::new(Exit::Data, what));
    }
    let text = plain::read(path, usize::try_from(PROPOSAL_BYTES_MAX).unwrap_or(usize::MAX))
        .map_err(|why| unreadable(&why))?;
    let text = text.strip_suffix(b"\n").unwrap_or(&text);
    let malformed = |why: &dyn std::fmt::Display| {
        Failure::new(Exit::Data, format!("`{shown}` is no proposal")).why(why)
    };
    let value = Value::parse(text).map_err(|why| malformed(&why))?;
    SignedProposal::from_value(&value).map_err(|why| malformed(&why))
}

/// Replaces the file as a whole, so that it never has half a signature.
fn write(path: &Path, proposal: &SignedProposal) -> Result<(), Failure> {
    let mut bytes = proposal.to_value().to_bytes();
    bytes.push(b'\n');
    unfinished::write(path, &bytes, 0o600)
}

/// Prints a proposal, its signers, and the signatures that it lacks.
fn print_proposal(
    proposal: &SignedProposal,
    missing: Option<&str>,
    output: &mut Output,
) -> Result<(), Failure> {
    let what = record_line::governance(&proposal.proposal.change, output.paint());
    let signers: Vec<String> = proposal.signers().map(ToString::to_string).collect();
    if output.is_json() {
        return output.json(&Value::Object(standing(proposal, missing)));
    }
    output.line(what)?;
    let based_on = &proposal.proposal.based_on;
    let label = |text: &str| output.paint().text(Style::Label, text);
    let (on, by) = (label("based on"), label("signed by"));
    output.line(format!("  {on}   {} at size {}", based_on.origin, based_on.size))?;
    for key in &signers {
        output.line(format!("  {by}  {key}"))?;
    }
    missing.map_or(Ok(()), |missing| output.line(missing))
}

/// The state of a proposal, as members of the JSON output.
fn standing(proposal: &SignedProposal, missing: Option<&str>) -> Object {
    let signers = proposal.signers().map(|key| Value::from(key.to_string()));
    let mut members = Object::from([
        ("expires_ms", Value::Integer(proposal.proposal.expires_ms)),
        ("signers", Value::Array(signers.collect())),
        ("type", Value::from(proposal.proposal.change.type_name())),
    ]);
    members.extend(missing.map(|missing| ("standing", Value::from(missing))));
    members
}
