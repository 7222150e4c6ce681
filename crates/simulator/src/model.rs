//! What agents, servers, officers and readers of the log have seen, and what must follow. Nothing
//! here asks the kernel.

mod approvals;
mod labels;
mod line;
mod meters;
mod rule;

use std::collections::{BTreeMap, BTreeSet};

use kernel::step::{Answer, Ticket};
use ledger::Entry;
use proof::digest::Digest;
use proof::json::Value;
use record::Grant;
use record::governance::Change;

use crate::broken::{Broken, Law, holds};
use crate::office::{INSIDE, Names, OfficeRequest, Past};
pub(crate) use approvals::OfficerWord;
use approvals::{Approvals, WaitingPayment};
pub(crate) use labels::ModelLabels;
use labels::{Left, Touch};
use meters::{ModelCharge, ModelMeter, ModelMeters};
pub(crate) use rule::{Governed, Rule};

/// One execution, as those outside see it.
#[derive(Debug, Clone)]
pub(crate) struct ModelExecution {
    pub(crate) workload: &'static str,
    pub(crate) parent: Option<String>,
    pub(crate) grant: Grant,
    pub(crate) calls: u64,
    pub(crate) past: Past,
    pub(crate) carried: ModelLabels,
}

/// One request, and what has become of it.
#[derive(Debug, Clone)]
pub(crate) struct ModelRequest {
    pub(crate) execution: String,
    pub(crate) asked: OfficeRequest,
    pub(crate) message: Vec<u8>,
    pub(crate) grant: Option<Grant>,
    /// The server's last list has what it calls with the definition that is pinned.
    pub(crate) is_as_pinned: bool,
    /// Its execution's record that decided it.
    pub(crate) seq: u64,
    pub(crate) queued_ns: u64,
    /// Permitted, and its effect made.
    pub(crate) is_made: bool,
    pub(crate) is_answered: bool,
}

/// A permit, by the record that gives it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Permit {
    pub(crate) execution: String,
    /// The `seq` of the record in its execution.
    pub(crate) seq: u64,
}

/// How a transition ended, as its server knows it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TransitionEnd {
    pub(crate) is_result: bool,
    /// The mark of what stays inside was in the message.
    pub(crate) is_marked: bool,
}

/// Something that happened with a record, and is undone where a crash takes the record.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// An execution began.
    Began(String, Box<ModelExecution>),
    /// A permit counts for an execution and all above it.
    Permit(String),
    /// A read was asked for at this time.
    Read(String, i64),
    /// A page came back at this time, or nobody knows.
    Page(String, i64),
    /// A page was asked for, and may come.
    Fetching(Permit),
    /// A permit does something to labels.
    Touched(Permit, Touch),
    /// An execution ended.
    Over(String),
    /// What it sealed is to become unreadable.
    Erased(String),
    /// So many governance records are adopted.
    Adopted(usize),
    /// A reduction acts.
    Reduced(Box<Change>, usize, u64),
    /// The permit of an execution and `seq` charges a meter.
    Reserved(Permit, ModelCharge),
    /// It was not released.
    Withheld(Permit),
    /// It ended at this time.
    Ended(Permit, i64, TransitionEnd),
    /// A payment waits.
    Waits(Box<WaitingPayment>),
    /// An officer said this about it.
    Word(Digest, OfficerWord),
    /// It was permitted.
    Done(Digest),
}

#[derive(Default)]
pub(crate) struct Model {
    pub(crate) governed: Vec<Governed>,
    adopted: usize,
    events: Vec<(u64, Event)>,
    pub(crate) executions: BTreeMap<String, ModelExecution>,
    pub(crate) requests: BTreeMap<Ticket, ModelRequest>,
    pub(crate) rule: Rule,
    meters: ModelMeters,
    left: Left,
    /// What open permits do to labels, with the index of their records.
    touching: BTreeMap<Permit, (u64, Touch)>,
    /// Executions that ended, with the index of the record that erased them.
    pub(crate) over: BTreeMap<String, Option<u64>>,
    pub(crate) approvals: Approvals,
    /// Permits to fetch a page.
    fetching: BTreeSet<Permit>,
    /// Executions that ended, with the first one that they descended from.
    begun_below: BTreeMap<String, String>,
    /// All records that were sequenced since the start of the log; cut where a crash took the end.
    pub(crate) log: Vec<Entry>,
    /// Records on which an answer was released: they are never lost.
    released: BTreeMap<u64, Digest>,
}

impl Model {
    /// Something happened with the record at this index.
    pub(crate) fn happened(&mut self, index: u64, event: Event) {
        self.apply(index, &event);
        self.events.push((index, event));
    }

    fn apply(&mut self, index: u64, event: &Event) {
        match event {
            Event::Began(id, execution) => {
                let mut execution = (**execution).clone();
                let parent = execution.parent.as_ref().and_then(|id| self.executions.get(id));
                let inherited = parent.map(|one| one.carried.names()).unwrap_or_default();
                execution.carried.add(&inherited, index);
                drop(self.executions.insert(id.clone(), execution));
            }
            Event::Touched(permit, touch) => {
                self.touch(&permit.execution, index, &touch.adds, touch);
                self.touching.insert(permit.clone(), (index, touch.clone()));
            }
            Event::Permit(id) => {
                let line: Vec<String> = self.line(id).into_iter().map(|(id, _)| id).collect();
                for id in line {
                    self.executions.get_mut(&id).into_iter().for_each(|one| one.calls += 1);
                }
            }
            Event::Read(id, at) => self.past(id).into_iter().for_each(|past| past.reads.push(*at)),
            Event::Page(id, at) => self.past(id).into_iter().for_each(|past| past.pages.push(*at)),
            Event::Fetching(permit) => drop(self.fetching.insert(permit.clone())),
            Event::Over(id) => {
                let root = self.root(id);
                self.begun_below.insert(id.clone(), root);
                self.executions.remove(id);
                self.approvals.over(id);
                self.over.insert(id.clone(), None);
            }
            Event::Erased(id) => drop(self.over.insert(id.clone(), Some(index))),
            Event::Reserved(permit, charge) => self.meters.reserve(permit.clone(), charge.clone()),
            Event::Withheld(permit) => {
                self.touching.remove(permit);
                drop(self.meters.give_back(permit));
            }
            Event::Ended(permit, at, end) => {
                self.meters.use_up(permit, *at);
                self.end(permit, index, *end);
            }
            Event::Waits(waiting) => self.approvals.wait(waiting),
            Event::Word(pending, word) => self.approvals.hear(pending, *word),
            Event::Done(pending) => self.approvals.done(pending),
            Event::Adopted(size) => {
                for governed in self.governed.get(self.adopted..*size).unwrap_or_default() {
                    self.rule.adopt(governed);
                    governed.bundle.into_iter().for_each(|bundle| self.left.publish(bundle));
                }
                self.adopted = self.adopted.max(*size);
            }
            Event::Reduced(change, since, number) => {
                self.rule.reductions.push(((**change).clone(), *since, *number));
            }
        }
    }

    /// What an execution and all above it carry: they can have told it.
    pub(crate) fn carried(&self, id: &str) -> Names {
        self.line(id).into_iter().flat_map(|(_, one)| one.carried.names()).collect()
    }

    /// An execution takes labels up, for itself and all above it, and leaves what it carries then.
    fn touch(&mut self, id: &str, index: u64, adds: &Names, touch: &Touch) {
        let line: Vec<String> = self.line(id).into_iter().map(|(id, _)| id).collect();
        for id in &line {
            self.executions.get_mut(id).into_iter().for_each(|one| one.carried.add(adds, index));
        }
        self.left.leave(touch, self.carried(id));
    }

    /// Whatever the end is, what the permit did to labels is done again; what it takes away goes
    /// only now.
    fn end(&mut self, permit: &Permit, index: u64, end: TransitionEnd) {
        let (asked, touch) = self.touching.remove(permit).unwrap_or_default();
        if let (true, Some(execution)) =
            (touch.is_clearing && end.is_result, self.executions.get_mut(&permit.execution))
        {
            execution.carried.clear(asked);
        }
        let mut adds = touch.adds.clone();
        adds.extend(end.is_marked.then_some(INSIDE));
        self.touch(&permit.execution, index, &adds, &touch);
    }

    /// The code that a request must be decided with at this time; none where plain code can't say.
    pub(crate) fn expected(&self, request: &ModelRequest, at: i64) -> Option<&'static str> {
        if request.asked == OfficeRequest::Malformed {
            return Some("request.malformed");
        }
        if let Some(code) = self.rule.objection(&self.subjects(&request.execution)) {
            return Some(code);
        }
        let line = self.line(&request.execution);
        if line.iter().any(|(_, one)| is_beyond(one, request)) {
            return Some("grant.exceeded");
        }
        if request.asked == OfficeRequest::Unknown {
            return Some("tool.unknown");
        }
        if request.asked == OfficeRequest::Fetch && !request.is_as_pinned {
            return Some("tool.changed");
        }
        let bundle = self.rule.bundle;
        let there = self.left.there(&request.asked, bundle);
        self.executions.get(&request.execution)?;
        let carried = self.carried(&request.execution);
        let past = &self.executions.get(&self.root(&request.execution))?.past;
        let code = past.code(&request.asked, at, bundle == 1, [&carried, &there])?;
        if code != "permitted" {
            return Some(code);
        }
        match self.charge(request).map_or(Some(true), |charge| self.meters.fits(&charge, at))? {
            true if self.is_approved(request, at) => Some("permitted"),
            true => Some("approval.required"),
            false => Some("meter.exhausted"),
        }
    }

    /// What a request charges, if it does.
    fn charge(&self, request: &ModelRequest) -> Option<ModelCharge> {
        match request.asked {
            OfficeRequest::Send { .. } => {
                let workload = self.executions.get(&request.execution)?.workload.to_owned();
                Some(ModelCharge { meter: ModelMeter::Sends, account: workload, amount: 1 })
            }
            OfficeRequest::Pay { cents, .. } => {
                let amount = u64::try_from(cents).unwrap_or(u64::MAX);
                Some(ModelCharge { meter: ModelMeter::Paid, account: String::new(), amount })
            }
            _ => None,
        }
    }

    /// The pending request that a payment stands on by then.
    fn stands_on(&self, request: &ModelRequest, at: i64) -> Option<Digest> {
        let OfficeRequest::Pay { cents, stands_on } = request.asked else { return None };
        self.approvals.stands(stands_on.as_ref(), &request.execution, cents, at)
    }

    /// Whether nobody need approve it, or somebody has.
    fn is_approved(&self, request: &ModelRequest, at: i64) -> bool {
        !matches!(request.asked, OfficeRequest::Pay { .. }) || self.stands_on(request, at).is_some()
    }

    /// What a sequenced decision leads to.
    fn follows(&mut self, index: u64, request: &ModelRequest, record: &Value, at: i64) {
        let decision = record.get("decision").and_then(|one| one.get("decision"));
        let verdict = decision.and_then(Value::as_str);
        let permit = Permit { execution: request.execution.clone(), seq: number(record, "seq") };
        match (verdict, &request.asked) {
            (Some("permit"), _) => {
                if let Some(pending) = self.stands_on(request, at) {
                    self.happened(index, Event::Done(pending));
                }
                if let Some(charge) = self.charge(request) {
                    self.happened(index, Event::Reserved(permit, charge));
                }
            }
            (Some("pending"), OfficeRequest::Pay { cents, .. }) => {
                let pending = self.log.last().map(|entry| Digest::of(&entry.record));
                let waiting = pending.map(|pending| {
                    WaitingPayment::new(pending, request.execution.clone(), *cents, at)
                });
                if let Some(waiting) = waiting {
                    self.happened(index, Event::Waits(Box::new(waiting)));
                }
            }
            _ => {}
        }
    }

    /// A decision was sequenced: it is the one that must come, and is part of the history from here
    /// on.
    pub(crate) fn decided(&mut self, ticket: Ticket, record: &Value) -> Result<(), Broken> {
        let Some(request) = self.requests.get(&ticket).cloned() else { return Ok(()) };
        let decision = record.get("decision");
        let text = |name: &str| decision.and_then(|one| one.get(name)).and_then(Value::as_str);
        let at = record.get("at").and_then(Value::as_i64).unwrap_or_default();
        if let Some(expected) = self.expected(&request, at) {
            let found = text("code").unwrap_or_default();
            holds(found == expected, Law::Closed, || {
                format!("request {ticket} ({:?}) is `{found}`, must be `{expected}`", request.asked)
            })?;
        }
        let index = u64::try_from(self.log.len()).unwrap_or(u64::MAX).saturating_sub(1);
        let touch = (text("decision") == Some("permit")).then(|| {
            let there = self.left.there(&request.asked, self.rule.bundle);
            Touch::of(&request.asked, there, self.rule.bundle)
        });
        let (does, must) =
            (decision.and_then(|one| one.get("labels")), touch.as_ref().and_then(Touch::to_value));
        holds(does == must.as_ref(), Law::Closed, || {
            format!("request {ticket} ({:?}) does {does:?}, must do {must:?}", request.asked)
        })?;
        if let Some(touch) = touch {
            let seq = number(record, "seq");
            self.requests.get_mut(&ticket).into_iter().for_each(|one| one.seq = seq);
            self.happened(index, Event::Permit(request.execution.clone()));
            let permit = Permit { execution: request.execution.clone(), seq };
            if request.asked == OfficeRequest::Fetch {
                self.happened(index, Event::Fetching(permit.clone()));
            }
            self.happened(index, Event::Touched(permit, touch));
        }
        self.follows(index, &request, record, at);
        if matches!(request.asked, OfficeRequest::Read(_)) {
            self.happened(index, Event::Read(request.execution, at));
        }
        Ok(())
    }

    /// An answer reached its agent.
    pub(crate) fn answered(
        &mut self,
        ticket: Ticket,
        answer: &Answer,
        now_ns: u64,
    ) -> Result<(), Broken> {
        let Some(request) = self.requests.get(&ticket).cloned() else {
            return Err(Broken::new(
                Law::Permit,
                format!("an answer to nobody's request {ticket}"),
            ));
        };
        holds(!request.is_answered, Law::Permit, || format!("request {ticket} is answered twice"))?;
        let objection = self.rule.objection(&self.subjects(&request.execution));
        let index = match answer {
            Answer::Permit { index } => {
                holds(objection.is_none(), Law::Closed, || {
                    format!("request {ticket} is permitted against {objection:?}")
                })?;
                let is_late =
                    now_ns.saturating_sub(request.queued_ns) > kernel::limits::QUEUE_NS_MAX;
                holds(!is_late, Law::Closed, || format!("request {ticket} is permitted late"))?;
                self.is_permit_for(*index, &request)?;
                Some(*index)
            }
            Answer::Deny { index, .. } | Answer::Pending { index, .. } => Some(*index),
            Answer::Refused { .. } => None,
        };
        if let Some(index) = index {
            let entry = self.entry(index)?;
            self.released.insert(index, Digest::of(&entry.record));
        }
        if let Some(request) = self.requests.get_mut(&ticket) {
            request.is_answered = true;
            request.is_made = matches!(answer, Answer::Permit { .. });
        }
        Ok(())
    }

    fn entry(&self, index: u64) -> Result<&Entry, Broken> {
        let place = usize::try_from(index).ok().and_then(|index| self.log.get(index));
        place.ok_or_else(|| Broken::new(Law::Durable, format!("record {index} does not exist")))
    }

    /// The record permits exactly these bytes to exactly this execution.
    fn is_permit_for(&self, index: u64, request: &ModelRequest) -> Result<(), Broken> {
        let entry = self.entry(index)?;
        let record = Value::parse(&entry.record).map_err(Broken::run)?;
        let verdict = record.get("decision").and_then(|one| one.get("decision"));
        let is_permit = verdict.and_then(Value::as_str) == Some("permit");
        let is_own = record.get("execution").and_then(Value::as_str) == Some(&request.execution);
        let sealed = Value::parse(&entry.sealed).map_err(Broken::run)?;
        let message =
            sealed.get("message").and_then(|one| one.get("bytes")).and_then(Value::as_str);
        let is_same = message == Some(proof::base64url::encode(&request.message).as_str());
        holds(is_permit && is_own && is_same, Law::Permit, || {
            format!("record {index} is no permit for what is forwarded")
        })
    }

    /// The log after a crash holds all that was released, and nothing that was not sequenced.
    pub(crate) fn recovered(&mut self, log: &[Entry]) -> Result<(), Broken> {
        for (index, digest) in &self.released {
            let found = usize::try_from(*index).ok().and_then(|index| log.get(index));
            let is_there = found.is_some_and(|entry| Digest::of(&entry.record) == *digest);
            holds(is_there, Law::Durable, || format!("record {index} was released and is lost"))?;
        }
        let is_prefix = self.log.get(..log.len()).is_some_and(|own| own == log);
        holds(is_prefix, Law::Durable, || "the log holds what was not sequenced".to_owned())?;
        self.log.truncate(log.len());
        let size = u64::try_from(log.len()).unwrap_or(u64::MAX);
        self.events.retain(|(index, _)| *index < size);
        self.executions.clear();
        self.requests.clear();
        (self.rule, self.adopted) = (Rule::default(), 0);
        (self.meters, self.approvals) = (ModelMeters::default(), Approvals::default());
        self.left = Left::default();
        self.touching.clear();
        self.over.clear();
        self.begun_below.clear();
        self.fetching.clear();
        let events = std::mem::take(&mut self.events);
        events.iter().for_each(|(index, event)| self.apply(*index, event));
        self.events = events;
        Ok(())
    }
}

/// Whether a request goes beyond what an execution, or one below it, may do.
fn is_beyond(one: &ModelExecution, request: &ModelRequest) -> bool {
    let Grant { actions, calls_max, .. } = &one.grant;
    let lacks = |action: &str| actions.as_ref().is_some_and(|own| !own.contains(action));
    let left = calls_max.map(|most| most.saturating_sub(one.calls));
    let is_wider = |child: &Grant| {
        let wants = child.actions.as_ref().is_none_or(|asked| asked.iter().any(|name| lacks(name)));
        (actions.is_some() && wants)
            || left.is_some_and(|left| child.calls_max.is_none_or(|asked| asked > left))
    };
    lacks(request.asked.action()) || left == Some(0) || request.grant.as_ref().is_some_and(is_wider)
}

/// A count in a record.
pub(crate) fn number(record: &Value, name: &str) -> u64 {
    let number = record.get(name).and_then(Value::as_i64);
    number.and_then(|number| number.try_into().ok()).unwrap_or(u64::MAX)
}
