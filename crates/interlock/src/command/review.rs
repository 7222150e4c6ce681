//! The text that an officer sees before a signature: the whole change in words, beside the state
//! that it replaces.

mod keys;
mod policies;

use kernel::governance::Governance;
use node::clock::wall_ms;
use policy::Bundle;
use proof::json::{Object, Value};
use record::governance::{Change, SignedProposal, Subject};

use crate::exit::Failure;
use crate::output::{Output, Style};
use crate::record_line::utc;

pub(super) use policies::print as print_bundle;

/// A proposal, and the state that it is compared with.
pub(super) struct Review<'a> {
    pub(super) signed: &'a SignedProposal,
    /// The domain's governance, where its folder was named.
    pub(super) before: Option<&'a Governance>,
    /// The bundle that decides today, where it is known.
    pub(super) decides: Option<&'a Bundle>,
    /// The bundle that is published, where one is.
    pub(super) bundle: Option<&'a Bundle>,
}

impl Review<'_> {
    fn change(&self) -> &Change {
        &self.signed.proposal.change
    }

    /// Prints all of the proposal.
    pub(super) fn print(&self, output: &mut Output) -> Result<(), Failure> {
        let paint = output.paint();
        let mut row = |name: &str, text: String| {
            output.line(format!("  {}  {text}", paint.text(Style::Label, format!("{name:<9}"))))
        };
        row("change", self.change().type_name().to_owned())?;
        row("about", self.change().about())?;
        row("effect", effect(self.change(), self.before))?;
        let proposal = &self.signed.proposal;
        row(
            "based on",
            format!("{} at size {}", proposal.based_on.origin, proposal.based_on.size),
        )?;
        row("root", proposal.based_on.root.to_string())?;
        row("expires", expiry(proposal.expires_ms, wall_ms()))?;
        for key in self.signed.signers() {
            row("signed by", keys::named(key))?;
        }
        if self.before.is_none() {
            row("compared", "with nothing: --domain DIR holds it against what governs".to_owned())?;
        }
        if let Change::RolesChanged { roles } = self.change() {
            let before = self.before.and_then(Governance::roles);
            keys::print_roles(before, roles, output)?;
        }
        if let Some(bundle) = self.bundle {
            policies::print(self.decides, bundle, output)?;
        }
        for warning in self.warnings() {
            output.line(format!("  {} {warning}", paint.text(Style::Warning, "!")))?;
        }
        Ok(())
    }

    /// The points that an officer should check with care.
    pub(super) fn warnings(&self) -> Vec<String> {
        match self.change() {
            Change::RolesChanged { roles } => {
                keys::warnings(self.before.and_then(Governance::roles), roles)
            }
            _ => Vec::new(),
        }
    }

    /// The same as members of a JSON object.
    pub(super) fn members(&self) -> Object {
        let change = self.change();
        let list = |texts: Vec<String>| Value::Array(texts.into_iter().map(Value::from).collect());
        let mut members = Object::from([
            ("about", Value::from(change.about())),
            ("effect", Value::from(effect(change, self.before))),
            ("proposal", self.signed.to_value()),
            ("warnings", list(self.warnings())),
        ]);
        if let Change::RolesChanged { roles } = change {
            let before = self.before.and_then(Governance::roles);
            members.insert("roles", keys::value(before, roles));
        }
        if let Some(bundle) = self.bundle {
            members.insert("bundle", policies::value(self.decides, bundle));
        }
        members
    }
}

/// When a proposal expires, as a date and as the time that is left.
fn expiry(expires_ms: i64, now_ms: i64) -> String {
    let minutes = expires_ms.saturating_sub(now_ms).max(0) / 60_000;
    format!("{} UTC, in {} h {} min", utc(expires_ms), minutes / 60, minutes % 60)
}

/// The effect of a change in words.
fn effect(change: &Change, before: Option<&Governance>) -> String {
    match change {
        Change::DomainCreated { domain, .. } => format!("the domain `{domain}` begins"),
        Change::RolesChanged { .. } => {
            "these keys and thresholds hold every role from here on; all others lose theirs"
                .to_owned()
        }
        Change::SemanticsAdopted { semantics, .. } => {
            format!("bundles may name version {semantics} of the decider from here on")
        }
        Change::BundlePublished { bundle } => {
            format!("the bundle {bundle} decides everything from here on")
        }
        Change::WorkloadRegistered(workload) => {
            let (name, user, zone) = (&workload.name, workload.os_user, &workload.zone);
            let was = before.and_then(|governance| governance.workload(name));
            let was = match was {
                Some(was) if was.os_user == user && was.zone == *zone => {
                    "; it was so before".to_owned()
                }
                Some(was) => format!("; before: uid {} in zone `{}`", was.os_user, was.zone),
                None if before.is_some() => "; it is new".to_owned(),
                None => String::new(),
            };
            format!("every process of uid {user} may ask as `{name}`, in zone `{zone}`{was}")
        }
        Change::NodeRegistered { node, key } => {
            format!("the node `{node}` may decide, with the lineage key {}", keys::named(key))
        }
        Change::TrustChanged { subject, trust } => {
            let was = before.map(|governance| governance.trust(std::slice::from_ref(subject)));
            let was = was.map(|was| format!("; it is `{}` now", was.as_str())).unwrap_or_default();
            format!("{} has the trust state `{}`{was}", whom(subject), trust.as_str())
        }
        Change::HaltOrdered { subject } => {
            format!("nothing more is permitted to {}, until the halt is lifted", whom(subject))
        }
        Change::HaltLifted { subject } => {
            format!("the halt of {} ends; what policy permits it may do again", whom(subject))
        }
        Change::ExecutionEnded { execution } => {
            format!("the execution `{execution}` ends with all its sub-agents, for good")
        }
    }
}

/// A subject in words.
pub(super) fn whom(subject: &Subject) -> String {
    match subject {
        Subject::Domain => "everything in the domain".to_owned(),
        Subject::Zone(name) => format!("every workload of the zone `{name}`"),
        Subject::Node(name) => format!("every execution on the node `{name}`"),
        Subject::Workload(name) => format!("every execution of the workload `{name}`"),
        Subject::Execution(id) => format!("the execution `{id}`"),
    }
}

#[cfg(test)]
mod tests;
