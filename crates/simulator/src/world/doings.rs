//! What agents, servers, officers and disks do.

use std::collections::BTreeSet;

use kernel::governance::{Change, Subject};
use kernel::lineage::{Direction, HandsOn, Transition};
use kernel::step::Input;
use policy::{Assurance, Grant, Trust};

use super::World;
use crate::authority::WORKLOADS;
use crate::broken::Broken;
use crate::model::{Event, Governed, Request};
use crate::node::Bug;
use crate::office::{Asked, LABELLED, definition};

const PATHS: [&str; 7] =
    ["reports/q3", "notes/a", LABELLED, "secret/key", "boards/a", "Boards/B", "drafts/a"];
const WRITTEN: [&str; 4] = ["boards/a", "boards/b", "drafts/a", "notes/a"];
const CLEARED: [&str; 4] = ["boards/a", "notes/a", "reports/q3", LABELLED];

impl World {
    /// Every workload's client connects again: it joins what is there.
    pub(super) fn join_all(&mut self) -> Result<(), Broken> {
        if self.is_full {
            // The driver sees to room for a key first, and refuses where there is none.
            return Ok(());
        }
        for (workload, os_user) in WORKLOADS {
            let (ticket, entropy) = (self.ticket(), self.random.entropy());
            let workload = workload.to_owned();
            self.tell(Input::Join { ticket, workload, os_user, execution: None, entropy })?;
        }
        Ok(())
    }

    pub(super) fn any_execution(&mut self) -> Option<String> {
        let ids: Vec<String> = self.model.executions.keys().cloned().collect();
        self.random.one_of(&ids).cloned()
    }

    pub(super) fn request(&mut self) -> Result<(), Broken> {
        let asked = match self.random.below(20) {
            0..=5 => Asked::Read(self.one_of(&PATHS)),
            6..=7 => Asked::Fetch,
            8..=10 => Asked::Send { cents: i64::try_from(self.random.below(3)).unwrap_or(0) },
            11 => Asked::Malformed,
            12 => {
                let cents = i64::try_from(self.random.below(9)).unwrap_or(0);
                Asked::Pay { cents, stands_on: None }
            }
            13..=14 => Asked::Post { to_press: self.random.once_in(2) },
            15..=16 => Asked::Write(self.one_of(&WRITTEN)),
            17..=18 => Asked::Clear(self.one_of(&CLEARED)),
            _ => Asked::Unknown,
        };
        self.ask(asked, None)
    }

    fn one_of(&mut self, paths: &[&'static str]) -> &'static str {
        self.random.one_of(paths).copied().unwrap_or_default()
    }

    pub(super) fn delegate(&mut self) -> Result<(), Broken> {
        let names = ["read", "write", "clear", "fetch", "post", "send", "pay", "agent/start"];
        let chosen: BTreeSet<String> =
            names.into_iter().filter(|_| !self.random.once_in(3)).map(str::to_owned).collect();
        let actions = (!self.random.once_in(6)).then_some(chosen);
        let calls_max = (!self.random.once_in(6)).then(|| self.random.below(12));
        let grant = Grant { actions, calls_max, ..Grant::unlimited() };
        if self.model.executions.len() < 24 {
            self.ask(Asked::Delegate, Some(grant))
        } else {
            Ok(())
        }
    }

    fn ask(&mut self, asked: Asked, grant: Option<Grant>) -> Result<(), Broken> {
        let Some(execution) = self.any_execution() else { return Ok(()) };
        self.ask_as(execution, asked, grant)
    }

    pub(super) fn ask_as(
        &mut self,
        execution: String,
        asked: Asked,
        grant: Option<Grant>,
    ) -> Result<(), Broken> {
        if self.is_full {
            // The driver asks for space first, and refuses where there is none.
            return Ok(());
        }
        self.decisions += 1;
        let (ticket, entropy) = (self.ticket(), self.random.entropy());
        let (tool, mut arguments) = asked.call();
        let stands_on = match asked {
            Asked::Pay { stands_on, .. } => stands_on,
            _ => None,
        };
        let message = format!(r#"{{"id":{ticket},"params":{arguments}}}"#).into_bytes();
        if self.bug == Some(Bug::OtherArguments) {
            arguments = self.model.approvals.approved(stands_on.as_ref()).unwrap_or(arguments);
        }
        let is_labelled = asked == Asked::Read(LABELLED);
        if self.bug == Some(Bug::LateLabel) && is_labelled && self.random.once_in(2) {
            (_, arguments) = Asked::Read("notes/a").call();
        }
        let transition = Transition {
            server: "office".to_owned(),
            direction: Direction::ToServer,
            method: if tool.is_some() { "tools/call" } else { "agent/start" }.to_owned(),
            is_known: true,
            tool: tool.map(str::to_owned),
            definition: (asked == Asked::Fetch)
                .then(|| definition(self.is_as_pinned || self.bug == Some(Bug::OldDefinition))),
            arguments,
            message: message.clone(),
            assurance: Assurance::Separated,
            pending: stands_on,
            besides: "{}".to_owned(),
            hands_on: grant.clone().map(|grant| HandsOn { workload: "helper".to_owned(), grant }),
        };
        let request = Request {
            execution: execution.clone(),
            asked,
            message,
            grant,
            is_as_pinned: self.is_as_pinned,
            seq: 0,
            queued_ns: self.now.monotonic_ns,
            is_made: false,
            is_answered: false,
        };
        self.model.requests.insert(ticket, request);
        self.asking = Some(ticket);
        let transition = Box::new(transition.into());
        let done = self.tell(Input::Request { ticket, execution, transition, entropy });
        self.asking = None;
        done
    }

    /// The time of the last record.
    pub(super) fn last_at(&self) -> i64 {
        let last = self.model.log.last();
        let value = last.and_then(|entry| proof::json::Value::parse(&entry.record).ok());
        value.and_then(|value| value.get("at")?.as_i64()).unwrap_or(0)
    }

    fn any_subject(&mut self) -> Subject {
        let id = self.any_execution().unwrap_or_default();
        let (workload, _) = self.random.one_of(&WORKLOADS).copied().unwrap_or_default();
        match self.random.below(8) {
            0 => Subject::Domain,
            1 => Subject::Zone("prod".into()),
            2 => Subject::Node(crate::node::NODE.into()),
            3 if !id.is_empty() => Subject::Execution(id),
            _ => Subject::Workload(workload.into()),
        }
    }

    /// Officers change something, restoring more often than not, and the node adopts it at once or later.
    pub(super) fn govern(&mut self) -> Result<(), Broken> {
        let at = self.now.wall_ms;
        let based_on = self.authority.records.len();
        let (mut bundle, mut reduction) = (None, None);
        let change = match self.random.below(10) {
            0 => {
                let number = usize::try_from(self.random.below(2)).unwrap_or(0);
                bundle = Some(number);
                let Some(published) = self.bundles.get(number) else { return Ok(()) };
                self.authority.publish(at, &published.clone())?;
                Some(Change::BundlePublished { bundle: published.digest() })
            }
            1 if self.random.once_in(2) => {
                Some(Change::HaltOrdered { subject: self.any_subject() })
            }
            2 => {
                Some(Change::TrustChanged { subject: self.any_subject(), trust: Trust::Suspended })
            }
            3 if self.random.once_in(2) => {
                self.any_execution().map(|execution| Change::ExecutionEnded { execution })
            }
            4 if !self.reduced.is_empty() => {
                // What acted at once gets into governance now, based on what it was signed on.
                let (signed, basis, number) = self.reduced.remove(0);
                if self.authority.accept(at, &signed).is_err() {
                    return Ok(());
                }
                reduction = Some(number);
                let change = signed.proposal.change.clone();
                self.model.governed.push(Governed { change, based_on: basis, bundle, reduction });
                return self.adopt();
            }
            _ => {
                let restoring = self.model.rule.restoring();
                self.random.one_of(&restoring).cloned()
            }
        };
        let Some(change) = change else { return Ok(()) };
        if bundle.is_none() {
            self.authority.change(at, change.clone())?;
        }
        self.model.governed.push(Governed { change, based_on, bundle, reduction });
        if self.random.once_in(4) { Ok(()) } else { self.adopt() }
    }

    /// An officer takes something away, and the node hears of it before governance does.
    pub(super) fn reduce(&mut self) -> Result<(), Broken> {
        let subject = self.any_subject();
        let change = match self.random.below(2) {
            0 => Change::HaltOrdered { subject },
            _ => Change::TrustChanged { subject, trust: Trust::Suspended },
        };
        // Signed on what the node has, and sooner or later brought to the authority.
        let basis = self.node.adopted;
        if basis != self.authority.records.len() {
            return Ok(());
        }
        let signed =
            self.authority.propose(self.now.wall_ms.max(self.last_at()), change.clone())?;
        let (ticket, before) = (self.ticket(), self.model.log.len());
        let proposal = Box::new(signed.clone());
        self.tell(Input::Reduce { ticket, proposal })?;
        if self.model.log.len() > before {
            let index = u64::try_from(before).unwrap_or(u64::MAX);
            self.model.happened(index, Event::Reduced(Box::new(change), basis, ticket));
            self.reduced.push((signed, basis, ticket));
        }
        Ok(())
    }

    pub(super) fn end_child(&mut self) -> Result<(), Broken> {
        let children: Vec<(String, String)> = self
            .model
            .executions
            .iter()
            .filter_map(|(id, one)| Some((one.parent.clone()?, id.clone())))
            .collect();
        let Some((execution, child)) = self.random.one_of(&children).cloned() else {
            return Ok(());
        };
        let ticket = self.ticket();
        self.tell(Input::End { ticket, execution, child })
    }

    pub(super) fn refuse(&mut self) -> Result<(), Broken> {
        let count = self.random.below(5);
        self.tell(Input::Refused { code: "refused.input", count })?;
        self.tell(Input::Tick)
    }

    /// Commits so many of the appends that wait.
    pub(super) fn commit(&mut self, count: usize) -> Result<(), Broken> {
        let told = self.node.commit(self.now, count);
        self.hear(told)
    }

    /// The disk fills up, or there is room again.
    pub(super) fn fill_or_free(&mut self) -> Result<(), Broken> {
        self.is_full = !self.is_full;
        let used: usize = self
            .device
            .paths()
            .iter()
            .filter_map(|path| self.device.content(path))
            .map(|file| file.len())
            .sum();
        let used = u64::try_from(used).unwrap_or(u64::MAX);
        self.device.set_capacity_bytes(self.is_full.then_some(used));
        Ok(())
    }

    /// A sync fails: the process must end, and nothing may be released that was not durable before.
    pub(super) fn fail_sync(&mut self) -> Result<(), Broken> {
        // With nothing to write the failure would wait for a publication, which no process dies of.
        if self.node.waiting.is_empty() {
            return Ok(());
        }
        self.device.fail_sync_after(0);
        self.commit(usize::MAX)
    }
}
