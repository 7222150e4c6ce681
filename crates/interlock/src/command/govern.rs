pub(super) mod register;

use std::path::Path;
use std::sync::Arc;

use api::governance::Acting;
use kernel::governance::Governance;
use node::client::AcceptedBy;
use node::{Accepted, Options};
use proof::json::{Object, Value, number, object};
use record::governance::{Change, Subject};

use super::ask::{Unattended, ask};
use super::bundle::{test, warnings};
use super::review::print_bundle;
use super::{names, officer, signing};
use crate::cli::{HaltArgs, OfficerArgs, PublishArgs, TrustArgs};
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style, Table, counted};
use crate::{config, folder};

/// Publishes a bundle.
pub(super) fn publish(arguments: &PublishArgs, output: &mut Output) -> Result<Exit, Failure> {
    let bundle = Arc::new(folder::load_bundle(&arguments.bundle)?);
    test::check(&bundle, arguments.untested, output)?;
    let found = warnings::of(&bundle, Some(&arguments.domain))?;
    if !output.is_json() {
        warnings::print(&found, output)?;
    }
    if !output.is_json() {
        let options = config::load(&arguments.domain)?;
        let governs = node::domain::governance(&options).map_err(|why| Failure::node(&why))?;
        let old = governs.bundle().map(|digest| signing::stored_bundle(&arguments.domain, &digest));
        print_bundle(old.transpose()?.flatten().as_ref(), &bundle, output)?;
        output.flush()?;
    }
    ask("Publish this?", arguments.yes, Unattended::GoesOn)?;
    let change = Change::BundlePublished { bundle: bundle.digest() };
    let what = format!("bundle `{}` {} published", bundle.name(), bundle.version());
    let options = config::load(&arguments.domain)?;
    let key = officer::key(&arguments.domain, &arguments.officer)?;
    let published = node::domain::govern_as(&options, &key, change, Some(bundle.blob()));
    let (accepted, place) = published.map_err(|why| refused(&why))?;
    if output.is_json() {
        let more = [("warnings", warnings::values(&found))];
        output.json(&object(accepted_members(&accepted, place).into_iter().chain(more)))?;
        return Ok(Exit::Ok);
    }
    print_accepted(accepted, place, &what, output)
}

/// Shows trust states, or sets one.
pub(super) fn trust(arguments: &TrustArgs, output: &mut Output) -> Result<Exit, Failure> {
    is_domain_first(&arguments.domain, "trust", "STATE")?;
    let (Some(subject), Some(trust)) = (arguments.subject.clone(), arguments.state) else {
        return show(
            &officer::options(&arguments.domain, arguments.officer.socket.as_deref())?,
            output,
        );
    };
    let options = officer::options(&arguments.domain, arguments.officer.socket.as_deref())?;
    let key = officer::key(&arguments.domain, &arguments.officer).ok();
    let subject = names::subject(&options, subject, key.as_ref())?;
    let what = format!("{subject} is `{}`", trust.as_str());
    let change = Change::TrustChanged { subject, trust };
    let by =
        OrderedBy { options: &options, domain: &arguments.domain, officer: &arguments.officer };
    order(&by, change, &what, output)
}

/// Halts a subject, or lifts a halt.
pub(super) fn halt(arguments: &HaltArgs, output: &mut Output) -> Result<Exit, Failure> {
    is_domain_first(&arguments.domain, "halt", "")?;
    let options = officer::options(&arguments.domain, arguments.officer.socket.as_deref())?;
    let key = officer::key(&arguments.domain, &arguments.officer).ok();
    let subject = match &arguments.subject {
        Some(subject) => names::subject(&options, subject.clone(), key.as_ref())?,
        None if arguments.lift => Subject::Domain,
        None => {
            let question = format!("Halt everything in `{}`?", arguments.domain.display());
            // A stop never fails in a script.
            ask(&question, arguments.yes, Unattended::GoesOn)?;
            Subject::Domain
        }
    };
    if arguments.lift && !is_halted(&options, &subject) {
        return nothing_to_lift(&subject, output);
    }
    let (change, what) = if arguments.lift {
        let what = format!("the halt of {subject} is lifted");
        (Change::HaltLifted { subject }, what)
    } else {
        let what = format!("{subject} is halted");
        (Change::HaltOrdered { subject }, what)
    };
    let by =
        OrderedBy { options: &options, domain: &arguments.domain, officer: &arguments.officer };
    order(&by, change, &what, output)
}

/// Whether a halt of exactly this subject holds, or may hold: true where the governance log cannot
/// be read.
fn is_halted(options: &Options, subject: &Subject) -> bool {
    let Ok(governance) = node::domain::governance(options) else { return true };
    // The node may act on a halt that the log does not have yet.
    let acts = || {
        let status = super::node(options).status().ok();
        status.and_then(|status| status.reductions).is_some_and(|held| !held.is_empty())
    };
    governance.standing().1.any(|halted| halted == subject) || acts()
}

/// Prints that there is no halt to lift. Nothing is signed or recorded.
fn nothing_to_lift(subject: &Subject, output: &mut Output) -> Result<Exit, Failure> {
    if output.is_json() {
        let members = [("lifted", Value::Bool(false)), ("subject", subject.to_string().into())];
        output.json(&object(members))?;
    } else {
        output.line(format!("nothing was done: no halt of {subject} holds"))?;
    }
    Ok(Exit::Denied)
}

/// Refuses a subject in the place of the domain's folder.
fn is_domain_first(domain: &Path, command: &str, rest: &str) -> Result<(), Failure> {
    let word = domain.to_string_lossy();
    let is_subject = word.contains(':') && word.parse::<Subject>().is_ok();
    if !is_subject || domain.exists() {
        return Ok(());
    }
    let meant = format!("interlock {command} . {word} {rest}");
    Err(Failure::new(
        Exit::Usage,
        format!("`{word}` is a subject, and the domain's folder comes first"),
    )
    .help(format!("did you mean `{}`?", meant.trim_end())))
}

/// An officer, and the domain that the officer's order is for.
pub(super) struct OrderedBy<'a> {
    pub(super) options: &'a Options,
    /// The domain's folder.
    pub(super) domain: &'a Path,
    pub(super) officer: &'a OfficerArgs,
}

/// Signs a change with an officer's key, has the node act on it, and prints what it stopped. The
/// exit code is 2 where nothing has the name that the change names; the change holds all the same.
pub(super) fn order(
    by: &OrderedBy<'_>,
    change: Change,
    what: &str,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let OrderedBy { options, domain, officer } = *by;
    let key = officer::key(domain, officer)?;
    let brought = node::domain::govern_as(options, &key, change.clone(), None);
    let (accepted, place) = brought.map_err(|why| match why.acting() {
        Some(acting) => refused(&why).also(stopped(acting, &change)),
        None => refused(&why),
    })?;
    officer::say_domain(options, &accepted.position.origin);
    let unknown = match (&accepted.acting, place) {
        (Some(acting), _) => (!acting.is_known).then(|| acting.near.clone()),
        (None, AcceptedBy::Log) => names::in_folder(options, &change),
        (None, AcceptedBy::Node) => None,
    };
    let subject = match &change {
        Change::ExecutionEnded { execution } => format!("execution:{execution}"),
        Change::HaltOrdered { subject }
        | Change::HaltLifted { subject }
        | Change::TrustChanged { subject, .. } => subject.to_string(),
        other => other.about(),
    };
    let stopped = accepted.acting.as_ref().map(|acting| stopped(acting, &change));
    let unknown = unknown.map(|near| UnknownSubject { subject, near });
    AcceptedChange { accepted, place, what, unknown, stopped }.print(output)
}

/// `stopped: 2 executions, 3 sessions, 3 servers`; or the reason why nothing stops.
fn stopped(acting: &Acting, change: &Change) -> String {
    if (acting.executions, acting.sessions) != (0, 0) {
        return format!(
            "stopped: {}, {}, {}{}",
            counted(acting.executions, "execution", "executions"),
            counted(acting.sessions, "session", "sessions"),
            counted(acting.servers, "server", "servers"),
            servers_ended(acting)
        );
    }
    match change {
        Change::TrustChanged { trust, .. } if *trust < record::Trust::Suspended => {
            format!("stopped: 0 executions: `{}` stops nobody, policies see it", trust.as_str())
        }
        _ => "stopped: 0 executions: none that it covers was still going on".to_owned(),
    }
}

/// `; all servers are gone` or `; 1 server still ends: its processes are being killed`; empty where
/// no server was stopped.
fn servers_ended(acting: &Acting) -> String {
    match (acting.servers, acting.ending) {
        (0, _) => String::new(),
        (_, 0) => "; all servers are gone".to_owned(),
        (_, 1) => "; 1 server still ends: its processes are being killed".to_owned(),
        (_, many) => format!("; {many} servers still end: their processes are being killed"),
    }
}

/// The position at which a change was accepted, as members of the JSON output.
fn accepted_members(accepted: &Accepted, place: AcceptedBy) -> [(&'static str, Value); 3] {
    [
        ("index", number(accepted.position.size.saturating_sub(1))),
        ("node_running", Value::Bool(place == AcceptedBy::Node)),
        ("position", accepted.position.to_value()),
    ]
}

/// The failure for a refused change. Its help says how several officers can sign.
pub(super) fn refused(why: &node::Error) -> Failure {
    let failure = Failure::node(why);
    match why.code() {
        "governance" => failure.help("`interlock roles` says who must sign; `interlock propose` and `interlock sign` let several officers do so"),
        _ => failure,
    }
}

/// Prints where a change was accepted.
pub(super) fn print_accepted(
    accepted: Accepted,
    place: AcceptedBy,
    what: &str,
    output: &mut Output,
) -> Result<Exit, Failure> {
    AcceptedChange { accepted, place, what, unknown: None, stopped: None }.print(output)
}

/// A change that the governance log or the node has accepted.
struct AcceptedChange<'a> {
    accepted: Accepted,
    place: AcceptedBy,
    /// The change as a sentence.
    what: &'a str,
    unknown: Option<UnknownSubject>,
    /// A sentence on the executions, sessions and servers that the change stopped.
    stopped: Option<String>,
}

/// The subject of an order that nothing here has as its name.
struct UnknownSubject {
    subject: String,
    /// Names here that are near to it.
    near: Vec<String>,
}

impl AcceptedChange<'_> {
    /// Prints where the change was accepted, what it stopped, and whether its subject is known.
    fn print(self, output: &mut Output) -> Result<Exit, Failure> {
        let exit = if self.unknown.is_some() { Exit::Denied } else { Exit::Ok };
        if output.is_json() {
            output.json(&self.to_value())?;
            return Ok(exit);
        }
        let when = match self.place {
            AcceptedBy::Node => "the node acts on it now",
            AcceptedBy::Log => "no node runs: the next start acts on it",
        };
        let mut what = self.what.to_owned();
        if let Some(UnknownSubject { subject, near }) = &self.unknown {
            let near = match near.as_slice() {
                [] => String::new(),
                near => format!("; near: {}", near.join(", ")),
            };
            let text = format!("nothing here is called `{subject}`{near}");
            output.line(output.paint().text(Style::Warning, text))?;
            what = format!("the order stands, should something be called so: {what}");
        }
        output.line(format!("{what} (governance record {}; {when})", self.index()))?;
        self.stopped.map_or(Ok(()), |stopped| output.line(stopped))?;
        Ok(exit)
    }

    fn to_value(&self) -> Value {
        let mut members = Object::from([
            ("index", number(self.index())),
            ("known", Value::Bool(self.unknown.is_none())),
            ("node_running", Value::Bool(self.place == AcceptedBy::Node)),
            ("position", self.accepted.position.to_value()),
        ]);
        if let Some(UnknownSubject { near, .. }) = &self.unknown {
            let near = near.iter().map(|name| Value::from(name.as_str()));
            members.insert("near", Value::Array(near.collect()));
        }
        if let Some(acting) = &self.accepted.acting {
            let counts = [
                ("ended", number(acting.servers.saturating_sub(acting.ending))),
                ("ending", number(acting.ending)),
                ("executions", number(acting.executions)),
                ("servers", number(acting.servers)),
                ("sessions", number(acting.sessions)),
            ];
            members.insert("stopped", object(counts));
        }
        Value::Object(members)
    }

    /// The index of the governance record.
    fn index(&self) -> u64 {
        self.accepted.position.size.saturating_sub(1)
    }
}

fn show(options: &Options, output: &mut Output) -> Result<Exit, Failure> {
    let governance = node::domain::governance(options).map_err(|why| Failure::node(&why))?;
    if output.is_json() {
        output.json(&standing(&governance))?;
        return Ok(Exit::Ok);
    }
    let (trust, halts) = governance.standing();
    let mut table = Table::default();
    for (subject, trust) in trust {
        let style = if trust == record::Trust::Trusted { Style::Good } else { Style::Bad };
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
