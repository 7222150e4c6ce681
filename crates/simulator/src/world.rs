//! One run: what happens next is drawn from the seed.

mod approvals;
mod audit;
mod doings;
mod ends;
mod erasures;
mod officers;

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::step::{Input, Now, Ticket};
use ledger::simulation::{Crash, MemoryDevice};
use policy::Bundle;
use proof::digest::Digest;
use proof::json::Value;
use record::governance::SignedProposal;

use crate::authority::SimulatedAuthority;
use crate::broken::{Broken, Law, holds};
use crate::limits::{WAITING_MAX, WORLD_STEPS};
use crate::model::{Event, Governed, Model, ModelExecution, Permit, TransitionEnd, number};
use crate::node::{Bug, NodeEvent, SimulatedNode};
use crate::office::{OfficeRequest, bundles};
use crate::random::Random;
use crate::replay::read;

/// The wall clock when a world begins, in milliseconds since the Unix epoch.
const BEGIN_MS: i64 = 1_700_000_000_000;

/// What came of a run.
#[derive(Debug, Clone, Default)]
pub struct Ran {
    /// The seed that it began with.
    pub seed: u64,
    /// Steps taken.
    pub steps: u64,
    /// Worlds gone through.
    pub worlds: u64,
    /// Crashes, and deaths of the process.
    pub crashes: u64,
    /// Starts that went on from a snapshot.
    pub resumed: u64,
    /// Requests that were asked.
    pub decisions: u64,
    /// Records in the logs at their ends.
    pub records: u64,
    /// Seed and step of the world in which a law was broken, and how.
    pub broken: Option<(u64, u64, Broken)>,
}

/// Runs so many steps from a seed, with a planted bug if one is given. Stops at the first broken
/// law.
///
/// The thread needs [`policy::limits::DECIDE_STACK_BYTES`] of stack.
#[must_use]
pub fn run(seed: u64, steps: u64, bug: Option<Bug>) -> Ran {
    let mut ran = Ran { seed, ..Ran::default() };
    let mut next = seed;
    let bundles = bundles(bug);
    while ran.steps < steps && ran.broken.is_none() {
        let mut taken = 0;
        let world = bundles.clone().and_then(|bundles| World::new(next, bundles, bug));
        let ended = world.and_then(|mut world| {
            let ended = world.live((steps - ran.steps).min(WORLD_STEPS), &mut taken);
            ran.crashes += world.crashes;
            ran.resumed += world.resumed;
            ran.decisions += world.decisions;
            ran.records += u64::try_from(world.model.log.len()).unwrap_or(0);
            ended
        });
        ran.steps += taken;
        ran.worlds += 1;
        ran.broken = ended.err().map(|why| (next, taken, why));
        next = Random::new(next).next();
    }
    ran
}

struct World {
    random: Random,
    now: Now,
    device: MemoryDevice,
    authority: SimulatedAuthority,
    node: SimulatedNode,
    model: Model,
    bundles: [Arc<Bundle>; 2],
    bug: Option<Bug>,
    tickets: Ticket,
    /// The request that is being decided.
    asking: Option<Ticket>,
    /// How the transition ends that is being settled.
    ending: Option<TransitionEnd>,
    /// Permitted, made, and not ended.
    open: Vec<Ticket>,
    /// Reductions that governance has not got yet.
    reduced: Vec<(SignedProposal, usize, u64)>,
    /// Results that bring a label, with the index of their record, until they go on.
    marked: BTreeMap<Ticket, u64>,
    /// Results that a planted bug holds back.
    held: Vec<(Input, TransitionEnd)>,
    /// Whether the server's last list has the definition that is pinned; it does not where it took
    /// the list back.
    is_as_pinned: bool,
    is_full: bool,
    /// By how much the wall clock stepped since the last tick.
    jumped_ms: i64,
    /// The step that the last record says.
    stepped_ms: i64,
    /// Every checkpoint that was published.
    heads: Vec<(u64, Digest)>,
    crashes: u64,
    resumed: u64,
    decisions: u64,
}

impl World {
    fn new(seed: u64, bundles: [Arc<Bundle>; 2], bug: Option<Bug>) -> Result<Self, Broken> {
        let now = Now { wall_ms: BEGIN_MS, monotonic_ns: 0 };
        let [first, _] = &bundles;
        let mut authority = SimulatedAuthority::new(BEGIN_MS, first)?;
        authority.is_late = bug == Some(Bug::LateOrder);
        let device = MemoryDevice::new();
        SimulatedNode::create(&device)?;
        let (node, told) = SimulatedNode::open(&device, &authority, now, bug)?;
        let mut world = Self {
            random: Random::new(seed),
            now,
            device,
            node,
            model: Model::default(),
            bundles,
            bug,
            tickets: 0,
            asking: None,
            ending: None,
            open: Vec::new(),
            reduced: Vec::new(),
            marked: BTreeMap::new(),
            held: Vec::new(),
            is_as_pinned: true,
            is_full: false,
            jumped_ms: 0,
            stepped_ms: 0,
            heads: Vec::new(),
            crashes: 0,
            resumed: 0,
            decisions: 0,
            authority,
        };
        world.model.governed = first_changes(&world.authority)?;
        world.hear(told)?;
        world.adopt()?;
        world.join_all()?;
        Ok(world)
    }

    fn live(&mut self, steps: u64, taken: &mut u64) -> Result<(), Broken> {
        for _ in 0..steps {
            *taken += 1;
            self.pass_time();
            self.act()?;
            let misbehaved = self.node.misbehave(self.now);
            self.hear(misbehaved)?;
            if self.node.waiting.len() > WAITING_MAX {
                self.commit(usize::MAX)?;
            }
        }
        self.audit()
    }

    fn pass_time(&mut self) {
        let pause_ms = if self.random.once_in(60) { 3_000 } else { 40 };
        let ms = self.random.below(pause_ms);
        self.now.monotonic_ns += ms * 1_000_000;
        self.now.wall_ms += i64::try_from(ms).unwrap_or(0);
        if self.random.once_in(80) {
            let jump = i64::try_from(self.random.below(4_000_000)).unwrap_or(0);
            let jump = if self.random.once_in(2) { jump } else { -jump / 4 };
            self.now.wall_ms += jump;
            self.jumped_ms += jump;
        }
    }

    fn act(&mut self) -> Result<(), Broken> {
        match self.random.below(100) {
            0..=40 => self.request(),
            41..=42 => self.retry(),
            43..=44 => self.approve(),
            45..=62 => {
                let count = self.random.below(8);
                self.commit(usize::try_from(count).unwrap_or(0))
            }
            63..=76 => self.outcome(),
            77..=81 => self.govern(),
            82 if self.random.once_in(2) => self.move_workload(),
            82 => self.raise_alone(),
            83 if self.random.once_in(2) => self.reduce(),
            84..=85 => self.delegate(),
            86 => self.end_child(),
            87..=88 => self.join_all(),
            89..=90 => self.refuse(),
            91 => self.fill_or_free(),
            92 if self.random.once_in(4) => self.fail_sync(),
            93 => self.crash(),
            94 if self.random.once_in(2) => self.audit(),
            95 => self.keep(),
            96..=97 => self.erase(),
            98 => {
                self.is_as_pinned = !self.random.once_in(3);
                Ok(())
            }
            _ => self.commit(usize::MAX),
        }
    }

    fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        self.tickets
    }

    /// Has the kernel take an input, and hears what comes of it.
    fn tell(&mut self, input: Input) -> Result<(), Broken> {
        let told = self.node.step(self.now, input);
        self.hear(told)
    }

    fn hear(&mut self, told: Vec<NodeEvent>) -> Result<(), Broken> {
        let mut withheld = Vec::new();
        for one in told {
            match one {
                NodeEvent::Appended { index, entry } => {
                    let expected = u64::try_from(self.model.log.len()).unwrap_or(u64::MAX);
                    holds(index == expected, Law::Bytes, || {
                        format!("index {index} after {expected}")
                    })?;
                    let record = Value::parse(&entry.record).map_err(Broken::run)?;
                    self.model.log.push(entry);
                    self.appended(index, &record)?;
                }
                NodeEvent::Answered { ticket, answer } => {
                    self.model.answered(ticket, &answer, self.now.monotonic_ns)?;
                    let request = self.model.requests.get(&ticket);
                    let is_open = request
                        .is_some_and(|one| one.is_made && one.asked != OfficeRequest::Delegate);
                    if is_open {
                        self.open.push(ticket);
                    }
                }
                NodeEvent::Settled { ticket } => self.goes_on(ticket)?,
                // What ends is withheld first, and ended then.
                NodeEvent::Withheld { ticket } => withheld.push(ticket),
                NodeEvent::Unsettled { ticket } => {
                    let execution = self.model.requests.get(&ticket).map(|one| &one.execution);
                    let has_ended =
                        execution.is_some_and(|id| !self.model.executions.contains_key(id));
                    if self.bug == Some(Bug::ResultAfterEnd) && has_ended {
                        self.goes_on(ticket)?;
                    }
                }
                NodeEvent::Erased { execution, result } => self.erased(&execution, result)?,
                NodeEvent::Died => {
                    self.die(Crash::KeepUnsynced)?;
                    return Ok(());
                }
            }
        }
        withheld.into_iter().try_for_each(|ticket| self.stays(ticket))
    }

    /// What a record means to those outside.
    fn appended(&mut self, index: u64, record: &Value) -> Result<(), Broken> {
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        let id = text("execution").unwrap_or_default().to_owned();
        match text("type") {
            Some("execution.started") => {
                if let Some(execution) = began(record) {
                    self.model.happened(index, Event::Began(id, Box::new(execution)));
                }
            }
            Some("execution.ended") => self.model.happened(index, Event::Over(id)),
            Some("execution.erased") => self.erasing(index, text("erased").unwrap_or_default())?,
            Some("execution.delegated") => {
                let end = TransitionEnd { is_result: true, is_marked: false };
                self.model.happened(
                    index,
                    Event::Ended(Permit { execution: id, seq: ended(record) }, 0, end),
                );
            }
            Some("transition.decided") => {
                if let Some(ticket) = self.asking {
                    self.model.decided(ticket, record)?;
                }
            }
            Some("clock.stepped") => {
                self.stepped_ms = record.get("by_ms").and_then(Value::as_i64).unwrap_or_default();
            }
            Some("transition.withheld") => {
                self.model
                    .happened(index, Event::Withheld(Permit { execution: id, seq: ended(record) }));
            }
            Some("transition.completed") => {
                let at = record.get("at").and_then(Value::as_i64).unwrap_or_default();
                // What nobody tells the end of is unknown.
                let end = self.ending.take().unwrap_or_default();
                self.is_found(record, end)?;
                let permit = Permit { execution: id.clone(), seq: ended(record) };
                let comes = matches!(text("outcome"), Some("result" | "unknown"));
                if comes && self.model.is_fetching(&permit) {
                    self.model.happened(index, Event::Page(id, at));
                }
                self.model.happened(index, Event::Ended(permit, at, end));
            }
            _ => {}
        }
        Ok(())
    }

    /// Gives the kernel all of governance, and holds it to it.
    fn adopt(&mut self) -> Result<(), Broken> {
        let next = u64::try_from(self.model.log.len()).unwrap_or(u64::MAX);
        let size = self.authority.records.len();
        if self.bug == Some(Bug::StaleVersion) && self.random.once_in(3) {
            self.model.happened(next, Event::Adopted(size));
            return Ok(());
        }
        let told = self.node.adopt(self.now, &self.authority);
        self.model.happened(next, Event::Adopted(size));
        self.hear(told)
    }

    /// Keeps a snapshot of the state, or makes some of it ahead. Now and then the power goes: while
    /// it is written, or before or after its record is durable.
    fn keep(&mut self) -> Result<(), Broken> {
        let is_cut_off = self.random.once_in(4);
        if is_cut_off && self.random.once_in(2) {
            let operation = self.device.operations() + self.random.below(40);
            self.device.lose_power_at(Some(operation));
        }
        let is_whole = !self.random.once_in(3);
        let told = self.node.keep(self.now, is_whole);
        self.hear(told)?;
        if !is_cut_off {
            return Ok(());
        }
        let crashes = self.crashes;
        if self.random.once_in(2) {
            self.commit(usize::MAX)?;
        }
        if self.crashes == crashes { self.crash() } else { Ok(()) }
    }

    /// What of unsynced writes is left by a crash.
    fn any_crash(&mut self) -> Crash {
        match self.random.below(3) {
            0 => Crash::DropUnsynced,
            1 => Crash::KeepUnsynced,
            _ => Crash::Tear(self.random.next()),
        }
    }

    fn crash(&mut self) -> Result<(), Broken> {
        let kind = self.any_crash();
        if self.random.once_in(2) {
            // In the middle of a write or a sync.
            let operation = self.device.operations() + self.random.below(6);
            self.device.lose_power_at(Some(operation));
            let count = self.random.below(8);
            let told = self.node.commit(self.now, usize::try_from(count).unwrap_or(0));
            for one in told {
                match one {
                    NodeEvent::Died => return self.die(kind),
                    other => self.hear(vec![other])?,
                }
            }
            if self.random.once_in(2) {
                // A publication that is cut off changes nothing that counts.
                let _cut_off = self.node.ledger.publish();
            }
        }
        self.die(kind)
    }

    /// The process is gone, and what was not synced with it as the disk likes; then the node starts
    /// again.
    fn die(&mut self, kind: Crash) -> Result<(), Broken> {
        self.crashes += 1;
        self.device.crash(kind);
        self.device.lose_power_at(None);
        self.device.set_capacity_bytes(None);
        self.is_full = false;
        self.open.clear();
        self.held.clear();
        self.marked.clear();
        (self.jumped_ms, self.stepped_ms) = (0, 0);
        let opened = SimulatedNode::open(&self.device, &self.authority, self.now, self.bug);
        let (node, told) = match opened {
            Ok(opened) => opened,
            // A sync that was to fail may fail while the log is recovered: the next start succeeds.
            Err(_) => SimulatedNode::open(&self.device, &self.authority, self.now, self.bug)?,
        };
        self.resumed += u64::from(node.is_resumed);
        self.node = node;
        let log = read(&self.device)?;
        self.model.recovered(&log)?;
        let behind_ms = self.now.wall_ms - self.last_at().max(self.now.wall_ms);
        self.hear(told)?;
        self.is_told(behind_ms)?;
        self.keys_hold()?;
        self.keys_gone()?;
        self.adopt()?;
        self.join_all()
    }
}

/// The governance that a domain begins with, as the model keeps it.
fn first_changes(authority: &SimulatedAuthority) -> Result<Vec<Governed>, Broken> {
    let one = |(index, record): (usize, &Vec<u8>)| {
        let value = Value::parse(record).map_err(Broken::run)?;
        let (_, signed) = SignedProposal::from_record(&value).map_err(Broken::run)?;
        let change = signed.proposal.change;
        let is_bundle = change.type_name() == "bundle.published";
        let bundle = is_bundle.then_some(0);
        Ok(Governed { change, based_on: index, bundle, reduction: None, is_by_quorum: true })
    };
    authority.records.iter().enumerate().map(one).collect()
}

/// The `seq` of the decision that a record ends.
fn ended(record: &Value) -> u64 {
    number(record, "decided_seq")
}

/// The execution that a record begins.
fn began(record: &Value) -> Option<ModelExecution> {
    let name = record.get("workload").and_then(Value::as_str)?;
    let (workload, _) =
        crate::authority::WORKLOADS.into_iter().find(|(known, _)| *known == name)?;
    let delegation = record.get("delegation");
    let grant = delegation.and_then(|one| record::Grant::from_value(one.get("grant")?));
    let parent = delegation.and_then(|one| one.get("parent")).and_then(Value::as_str);
    Some(ModelExecution {
        workload,
        parent: parent.map(str::to_owned),
        grant: grant.unwrap_or_default(),
        calls: 0,
        past: crate::office::Past::default(),
        carried: crate::model::ModelLabels::default(),
    })
}
