//! The temporal conditions of one bundle, compiled.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use dogwood_language::{Event, TemporalField};
use proof::digest::Digest;

use super::check::{MonitorCheck, StreamId, StreamSpec};
use super::compile::Compiler;
use crate::limits::MONITOR_STREAMS_MAX;

/// Ticks of a bundle's temporal conditions in one second.
pub(crate) const TICKS_PER_SECOND: i64 = 1_000_000;

/// Changes with what streams keep of events, and with how that is written.
const ENCODING: &[u8] = b"interlock.monitors.v1\n";

/// The temporal conditions of one bundle: those that monitors serve, and the rest.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// What the conditions look back at. A stream that looks at others stands behind them.
    pub(super) streams: Vec<StreamSpec>,
    /// The streams that an event can belong to: of each action, by kind.
    by_event: BTreeMap<String, BTreeMap<String, Vec<StreamId>>>,
    /// The conditions by the name within Cedar.
    pub(super) leaves: BTreeMap<String, MonitorCheck>,
    /// Conditions of a shape that has no monitor.
    pub(crate) rest: Vec<TemporalField>,
    /// As [`Plan::digest`].
    digest: OnceLock<Digest>,
}

impl Plan {
    /// Compiles conditions, for timestamps of so many ticks a second.
    pub(crate) fn new<'f>(
        fields: impl Iterator<Item = &'f TemporalField>,
        ticks_per_second: i64,
    ) -> Plan {
        let mut compiler = Compiler::new(ticks_per_second);
        let mut plan = Plan::default();
        for field in fields {
            let before = compiler.streams.len();
            let check = compiler.leaf(&field.condition.condition);
            match check {
                Some(check) if compiler.streams.len() <= MONITOR_STREAMS_MAX => {
                    plan.leaves.insert(field.id.clone(), check);
                }
                _ => {
                    // What a condition needed that is not served is of no use to another.
                    compiler.streams.truncate(before);
                    plan.rest.push(field.clone());
                }
            }
        }
        plan.streams = compiler.streams;
        for (id, stream) in plan.streams.iter().enumerate() {
            let Some(pattern) = stream.patterns.first() else { continue };
            let of_action = plan.by_event.entry(pattern.action.clone()).or_default();
            of_action.entry(pattern.kind.clone()).or_default().push(id);
        }
        plan
    }

    /// How many conditions it serves.
    pub(crate) fn served(&self) -> usize {
        self.leaves.len()
    }

    /// Tells what its streams keep, of events that a bundle with this digest judges.
    pub(crate) fn digest(&self, bundle: &Digest) -> Digest {
        *self.digest.get_or_init(|| {
            let streams = format!("{:?}", self.streams);
            Digest::of_parts(&[ENCODING, bundle.as_bytes(), streams.as_bytes()])
        })
    }

    pub(super) fn streams_of(&self, event: &Event) -> &[StreamId] {
        self.streams(event.action(), event.kind())
    }

    /// Whether some condition is about events of this action and kind.
    pub(crate) fn is_about(&self, action: &str, kind: &str) -> bool {
        !self.rest.is_empty() || !self.streams(action, kind).is_empty()
    }

    fn streams(&self, action: &str, kind: &str) -> &[StreamId] {
        let streams = self.by_event.get(action).and_then(|of_action| of_action.get(kind));
        streams.map(Vec::as_slice).unwrap_or_default()
    }
}
