use std::path::Path;

use kernel::governance::{Change, Governance, Workload};
use node::Accepted;
use node::client::Place;
use proof::json::{Value, number, object};

use super::bundle::warnings;
use crate::cli::{Halt, Publish, Register, Trust};
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style, Table};
use crate::{config, folder, user};

/// Publishes a bundle.
pub(super) fn publish(arguments: &Publish, output: &mut Output) -> Result<Exit, Failure> {
    let bundle = folder::load_bundle(&arguments.bundle)?;
    let found = warnings::of(&bundle, Some(&arguments.domain))?;
    if !output.is_json() {
        warnings::tell(&found, output)?;
    }
    let change = Change::BundlePublished { bundle: bundle.digest() };
    let what = format!("bundle `{}` {} published", bundle.name(), bundle.version());
    let accepted = signed(&arguments.domain, change, Some(bundle.blob()))?;
    if output.is_json() {
        let more = [("warnings", warnings::values(&found))];
        output.json(&object(place(&accepted).into_iter().chain(more)))?;
        return Ok(Exit::Ok);
    }
    told(accepted, &what, output)
}

/// Registers a workload.
pub(super) fn register(arguments: &Register, output: &mut Output) -> Result<Exit, Failure> {
    let (os_user, _) = user::resolve(&arguments.user)?;
    let change = Change::WorkloadRegistered(Workload {
        name: arguments.workload.clone(),
        os_user,
        zone: arguments.zone.clone(),
    });
    let what = format!("workload `{}` registered for uid {os_user}", arguments.workload);
    govern(&arguments.domain, (change, None), &what, output)
}

/// Shows trust states, or sets one.
pub(super) fn trust(arguments: &Trust, output: &mut Output) -> Result<Exit, Failure> {
    let (Some(subject), Some(trust)) = (arguments.subject.clone(), arguments.state) else {
        return show(&arguments.domain, output);
    };
    let what = format!("{subject} is `{}`", trust.as_str());
    govern(&arguments.domain, (Change::TrustChanged { subject, trust }, None), &what, output)
}

/// Halts a subject, or lifts a halt.
pub(super) fn halt(arguments: &Halt, output: &mut Output) -> Result<Exit, Failure> {
    let subject = arguments.subject.clone();
    let (change, what) = if arguments.lift {
        let what = format!("the halt of {subject} is lifted");
        (Change::HaltLifted { subject }, what)
    } else {
        let what = format!("{subject} is halted");
        (Change::HaltOrdered { subject }, what)
    };
    govern(&arguments.domain, (change, None), &what, output)
}

pub(super) fn govern(
    domain: &Path,
    (change, blob): (Change, Option<&[u8]>),
    what: &str,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let accepted = signed(domain, change, blob)?;
    told(accepted, what, output)
}

/// Has the officer of the domain's folder sign a change, and brings it.
fn signed(
    domain: &Path,
    change: Change,
    blob: Option<&[u8]>,
) -> Result<(Accepted, Place), Failure> {
    let options = config::load(domain)?;
    node::domain::govern(&options, change, blob).map_err(|why| refused(&why))
}

/// Where a change was accepted, as members of an answer.
fn place((accepted, place): &(Accepted, Place)) -> [(&'static str, Value); 3] {
    [
        ("index", number(accepted.position.size.saturating_sub(1))),
        ("node_running", Value::Bool(*place == Place::Node)),
        ("position", accepted.position.to_value()),
    ]
}

/// Where one key is not enough, others can sign too.
pub(super) fn refused(why: &node::Error) -> Failure {
    let failure = Failure::node(why);
    match why.code() {
        "governance" => failure.help("`interlock roles` says who must sign; `interlock propose` and `interlock sign` let several officers do so"),
        _ => failure,
    }
}

/// Tells where a change was accepted.
pub(super) fn told(
    accepted: (Accepted, Place),
    what: &str,
    output: &mut Output,
) -> Result<Exit, Failure> {
    if output.is_json() {
        output.json(&object(place(&accepted)))?;
        return Ok(Exit::Ok);
    }
    let (accepted, place) = accepted;
    let size = accepted.position.size;
    let when = match place {
        Place::Node => "the node acts on it now",
        Place::Log => "no node runs: the next start acts on it",
    };
    let index = size.saturating_sub(1);
    output.line(format!("{what} (governance record {index}; {when})"))?;
    Ok(Exit::Ok)
}

fn show(domain: &Path, output: &mut Output) -> Result<Exit, Failure> {
    let options = config::load(domain)?;
    let governance = node::domain::governance(&options).map_err(|why| Failure::node(&why))?;
    if output.is_json() {
        output.json(&standing(&governance))?;
        return Ok(Exit::Ok);
    }
    let (trust, halts) = governance.standing();
    let mut table = Table::default();
    for (subject, trust) in trust {
        let style = if trust == policy::Trust::Trusted { Style::Good } else { Style::Bad };
        table.row([(Style::Plain, subject.to_string()), (style, trust.as_str().to_owned())]);
    }
    for subject in halts {
        table.row([(Style::Plain, subject.to_string()), (Style::Bad, "halted".to_owned())]);
    }
    let lines = table.lines(0, output.paint());
    if lines.is_empty() {
        output.line("everything is trusted, nothing is halted")?;
    }
    lines.iter().try_for_each(|line| output.line(line))?;
    Ok(Exit::Ok)
}

fn standing(governance: &Governance) -> Value {
    let (trust, halts) = governance.standing();
    let trust = trust.map(|(subject, trust)| {
        object([("subject", subject.to_string().into()), ("trust", trust.as_str().into())])
    });
    let halts = halts.map(|subject| Value::from(subject.to_string()));
    object([("halted", Value::Array(halts.collect())), ("trust", Value::Array(trust.collect()))])
}
