//! The meters that a bundle's actions charge, and the amounts that results settle.

use std::collections::{BTreeMap, BTreeSet};

use super::Bundle;
use crate::limits::OUTPUT_BYTES_MAX;
use crate::meters::{ChargeRule, Meter, NumberPath};
use crate::request::Request;
use crate::typed::Typed;

impl Bundle {
    /// The meters it knows, by name.
    pub fn meters(&self) -> impl Iterator<Item = &Meter> {
        self.meters.meters.values()
    }

    /// The meters that a request for this action charges, each once.
    pub fn charged(&self, action: &str) -> impl Iterator<Item = &Meter> {
        // Most bundles have no meters: nothing is looked up for them.
        let is_metered = !self.meters.rules.is_empty();
        let action = is_metered.then(|| self.shapes.action(action)).flatten();
        let rules = action.and_then(|action| self.meters.rules.get(&action.uid));
        let names: BTreeSet<&str> =
            rules.into_iter().flatten().map(|rule| rule.meter.as_str()).collect();
        names.into_iter().filter_map(|name| self.meters.meters.get(name))
    }

    /// What a result says was used, by meter, of what its request charged. A meter is left out
    /// where nothing settles it, or the result does not say it: what was reserved is used then.
    #[must_use]
    pub fn settled(&self, request: &Request, output: &str) -> BTreeMap<String, u64> {
        let Some(action) = self.shapes.action(&request.action) else { return BTreeMap::new() };
        let rules = self.meters.rules.get(&action.uid).into_iter().flatten();
        let mut settling = rules.filter_map(|rule| Some((rule, rule.settle.as_ref()?))).peekable();
        if settling.peek().is_none() || output.len() > OUTPUT_BYTES_MAX {
            return BTreeMap::new();
        }
        let members = self.read_output(output).unwrap_or_default();
        let declared = action.output().filter(|record| !record.is_doubtful(&members));
        let fitting = declared.map(|record| record.read_what_fits(&members));
        let output = Typed::Record(fitting.unwrap_or_default());
        let amount = |(rule, at): (&ChargeRule, &NumberPath)| {
            Some((rule.meter.clone(), at.read(Some(&output)).ok()?))
        };
        settling.filter_map(amount).collect()
    }
}
