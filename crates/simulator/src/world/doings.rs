//! What agents, servers, officers and disks do.

use std::collections::BTreeSet;

use kernel::limits::CLOCK_STEP_MS;
use kernel::lineage::Transition;
use kernel::step::Input;
use record::lineage::{DelegationRequest, MessageDirection};
use record::{Assurance, Grant};

use super::World;
use crate::authority::WORKLOADS;
use crate::broken::{Broken, Law, holds};
use crate::model::ModelRequest;
use crate::node::Bug;
use crate::office::{ANSWER, LABELLED, OfficeRequest, definition};

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
            0..=5 => OfficeRequest::Read(self.one_of(&PATHS)),
            6..=7 => OfficeRequest::Fetch,
            8..=10 => {
                OfficeRequest::Send { cents: i64::try_from(self.random.below(3)).unwrap_or(0) }
            }
            11 => OfficeRequest::Malformed,
            12 => {
                let cents = i64::try_from(self.random.below(9)).unwrap_or(0);
                OfficeRequest::Pay { cents, stands_on: None }
            }
            13..=14 => OfficeRequest::Post { to_press: self.random.once_in(2) },
            15..=16 => OfficeRequest::Write(self.one_of(&WRITTEN)),
            17 => OfficeRequest::Clear(self.one_of(&CLEARED)),
            18 => OfficeRequest::Answer,
            _ => OfficeRequest::Unknown,
        };
        self.ask(asked, None)
    }

    pub(super) fn one_of(&mut self, paths: &[&'static str]) -> &'static str {
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
            self.ask(OfficeRequest::Delegate, Some(grant))
        } else {
            Ok(())
        }
    }

    fn ask(&mut self, asked: OfficeRequest, grant: Option<Grant>) -> Result<(), Broken> {
        let Some(execution) = self.any_execution() else { return Ok(()) };
        self.ask_as(execution, asked, grant)
    }

    pub(super) fn ask_as(
        &mut self,
        execution: String,
        asked: OfficeRequest,
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
            OfficeRequest::Pay { stands_on, .. } => stands_on,
            _ => None,
        };
        let message = format!(r#"{{"id":{ticket},"params":{arguments}}}"#).into_bytes();
        if self.bug == Some(Bug::OtherArguments) {
            arguments = self.model.approvals.approved(stands_on.as_ref()).unwrap_or(arguments);
        }
        let is_labelled = asked == OfficeRequest::Read(LABELLED);
        if self.bug == Some(Bug::LateLabel) && is_labelled && self.random.once_in(2) {
            (_, arguments) = OfficeRequest::Read("notes/a").call();
        }
        let method = match asked {
            OfficeRequest::Delegate => "agent/start",
            OfficeRequest::Answer => ANSWER,
            _ => "tools/call",
        };
        let transition = Transition {
            server: "office".to_owned(),
            direction: MessageDirection::ToServer,
            method: method.to_owned(),
            is_known: true,
            tool: tool.map(str::to_owned),
            definition: (asked == OfficeRequest::Fetch)
                .then(|| definition(self.is_as_pinned || self.bug == Some(Bug::OldDefinition))),
            arguments,
            message: message.clone(),
            assurance: Assurance::Separated,
            pending: stands_on,
            extra_params: "{}".to_owned(),
            delegates: grant
                .clone()
                .map(|grant| DelegationRequest { workload: "helper".to_owned(), grant }),
        };
        let request = ModelRequest {
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
        let jumped_ms = std::mem::take(&mut self.jumped_ms);
        self.tell(Input::Tick)?;
        self.is_told(jumped_ms)
    }

    /// Whether a step of the clock is on record, if it is one.
    pub(super) fn is_told(&mut self, by_ms: i64) -> Result<(), Broken> {
        let told_ms = std::mem::take(&mut self.stepped_ms);
        let must_ms = if by_ms.abs() < CLOCK_STEP_MS { 0 } else { by_ms };
        holds(told_ms == must_ms, Law::Closed, || {
            format!("the clock stepped by {must_ms} ms, and the record says {told_ms}")
        })
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
