//! `meters.toml`: what is limited, and what each action charges.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy_core::ast::EntityUID;
use record::Per;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::METERS;
use super::manifest::{TomlCodes, TomlEntry, TomlKey, TomlReader, TomlSpan};
use super::schema::{ActionShape, Shapes};
use crate::error::{LoadCode, LoadError};
use crate::limits::{METER_AMOUNT_MAX, METER_WINDOW_MS_MAX, METERS_MAX, NAME_METER_BYTES_MAX};
use crate::meters::{Amount, ChargeRule, Meter, Meters, NumberPath};
use crate::nearest::nearest;
use crate::typed::{Extension, RecordType, Type};

/// The codes of its problems: a wrong value, and a key that means nothing.
const CODES: TomlCodes = TomlCodes { value: LoadCode::Meters, key: LoadCode::MetersKey };
/// Places after the point that a Cedar decimal has at most.
const DECIMALS_MAX: u64 = 4;

/// What the charges are checked against.
pub(super) struct ChargeTargets<'a> {
    pub(super) shapes: &'a Shapes,
    /// The actions of each group, by the group's id; an action is its own group.
    pub(super) groups: &'a BTreeMap<String, BTreeSet<EntityUID>>,
}

/// Reads the file against the schema, with all of its problems.
pub(super) fn read(text: &Arc<str>, known: &ChargeTargets<'_>) -> Result<Meters, Vec<LoadError>> {
    let mut reader = TomlReader::new(text, METERS, CODES);
    let Some(table) = reader.table() else { return Err(reader.errors) };
    let meters = reader.meters(&table, known);
    if reader.errors.is_empty() { Ok(meters) } else { Err(reader.errors) }
}

impl TomlReader<'_> {
    fn meters(&mut self, table: &Spanned<DeTable<'_>>, known: &ChargeTargets<'_>) -> Meters {
        let table = table.get_ref();
        self.only(table, "at the top", &["meters", "charges"]);
        let mut meters = Meters::default();
        if let Some((entries, span)) = self.optional(table, "meters", DeValue::as_table) {
            if entries.len() > METERS_MAX {
                self.wrong(
                    LoadCode::Meters,
                    &span,
                    format!("a bundle has at most {METERS_MAX} meters"),
                );
            }
            for (key, value) in entries {
                if let Some(meter) = self.meter(key, value) {
                    meters.meters.insert(meter.name.clone(), meter);
                }
            }
        }
        let charges = self.optional(table, "charges", DeValue::as_array);
        for entry in charges.iter().flat_map(|(entries, _)| entries.iter()) {
            self.charge(entry, known, &mut meters);
        }
        meters
    }

    fn meter(&mut self, key: &TomlKey<'_>, value: &TomlEntry<'_>) -> Option<Meter> {
        let name = key.get_ref().as_ref();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !(1..=NAME_METER_BYTES_MAX).contains(&name.len()) || !name.chars().all(plain) {
            let message = format!("a meter's name has 1 to {NAME_METER_BYTES_MAX} of `a-z 0-9 _`");
            self.wrong(LoadCode::Meters, &key.span(), message);
        }
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(LoadCode::Meters, &key.span(), "a meter is a table".to_owned());
            return None;
        };
        self.only(table, &format!("of the meter `{name}`"), &["unit", "limit", "window", "per"]);
        let unit = self.text(table, "unit", &key.span());
        let limit = self.required(table, "limit", &key.span(), DeValue::as_integer);
        let limit = limit.and_then(|(value, span)| self.amount_in(value.as_str(), &span));
        let window = self.optional(table, "window", DeValue::as_str);
        let window_ms = window.and_then(|(text, span)| self.window(text, &span));
        let (word, span) = self.required(table, "per", &key.span(), DeValue::as_str)?;
        let Some(per) = Per::parse(word) else {
            let words = Per::ALL.map(Per::as_str);
            let message = "`per` is `execution`, `workload`, `zone` or `node`".to_owned();
            self.wrong_name(&span, message, nearest(word, words));
            return None;
        };
        Some(Meter { name: name.to_owned(), unit, limit: limit?, window_ms, per })
    }

    fn amount_in(&mut self, text: &str, span: &TomlSpan) -> Option<u64> {
        let amount = text.parse().ok().filter(|amount| *amount <= METER_AMOUNT_MAX);
        if amount.is_none() {
            self.wrong(
                LoadCode::Meters,
                span,
                format!("an amount is a whole number from 0 to {METER_AMOUNT_MAX}"),
            );
        }
        amount
    }

    fn window(&mut self, text: &str, span: &TomlSpan) -> Option<i64> {
        let window = duration_ms(text).filter(|ms| (1..=METER_WINDOW_MS_MAX).contains(ms));
        if window.is_none() {
            let message = "a window is a number and `s`, `m`, `h` or `d`, at most 366 days: `24h`";
            self.wrong(LoadCode::Meters, span, message.to_owned());
        }
        window
    }

    fn charge(&mut self, entry: &TomlEntry<'_>, known: &ChargeTargets<'_>, into: &mut Meters) {
        let span = entry.span();
        let Some(table) = entry.get_ref().as_table() else {
            return self.wrong(LoadCode::Meters, &span, "a charge is a table".to_owned());
        };
        self.only(table, "of a charge", &["meter", "action", "amount", "decimals", "settle"]);
        let meter = self.required(table, "meter", &span, DeValue::as_str);
        if let Some((name, span)) = &meter
            && !into.meters.contains_key(*name)
        {
            let message = format!("there is no meter `{name}`");
            let names: Vec<String> = into.meters.keys().cloned().collect();
            self.wrong_name(span, message, nearest(name, names.iter().map(String::as_str)));
        }
        let Some((name, action_span)) = self.required(table, "action", &span, DeValue::as_str)
        else {
            return;
        };
        let actions = self.actions_of(name, &action_span, known);
        let decimals = self.decimals(table);
        for action in &actions {
            let amount = self.amount(table, &span, action, decimals);
            let settle = self.settle(table, action, decimals);
            let (Some((meter, _)), Some(amount)) = (&meter, amount) else { continue };
            let rules = into.rules.entry(action.uid.clone()).or_default();
            let mut others = rules.iter().filter(|rule| rule.meter == *meter);
            if others.any(|rule| rule.settle.is_some() || settle.is_some()) {
                let message = "what a result settles is the only charge of its action to its meter";
                self.wrong(LoadCode::Meters, &span, message.to_owned());
            }
            rules.push(ChargeRule { meter: (*meter).to_owned(), amount, settle });
        }
    }

    /// The action of that name, or those of the group of that name.
    fn actions_of(
        &mut self,
        name: &str,
        span: &TomlSpan,
        known: &ChargeTargets<'_>,
    ) -> Vec<Arc<ActionShape>> {
        if let Some(action) = known.shapes.action(name) {
            return vec![Arc::clone(action)];
        }
        let Some(members) = known.groups.get(name) else {
            let names = known.shapes.action_ids().chain(known.groups.keys().map(String::as_str));
            let message = format!("the action `{name}` is not in the schema");
            self.wrong_name(span, message, nearest(name, names));
            return Vec::new();
        };
        let names: Vec<&str> = known.shapes.actions().map(|(name, _)| name).collect();
        let actions = names.into_iter().filter_map(|name| known.shapes.action(name));
        actions.filter(|action| members.contains(&action.uid)).map(Arc::clone).collect()
    }

    fn decimals(&mut self, table: &DeTable<'_>) -> u32 {
        let Some((value, span)) = self.optional(table, "decimals", DeValue::as_integer) else {
            return 0;
        };
        let decimals = value.as_str().parse().ok().filter(|n: &u64| *n <= DECIMALS_MAX);
        if decimals.is_none() {
            self.wrong(
                LoadCode::Meters,
                &span,
                format!("`decimals` is a number from 0 to {DECIMALS_MAX}"),
            );
        }
        decimals.and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
    }

    fn amount(
        &mut self,
        table: &DeTable<'_>,
        span: &TomlSpan,
        action: &ActionShape,
        decimals: u32,
    ) -> Option<Amount> {
        let Some(entry) = table.get("amount") else {
            self.wrong(LoadCode::Meters, span, "`amount` is missing".to_owned());
            return None;
        };
        let span = entry.span();
        let text = match entry.get_ref() {
            DeValue::Integer(value) => {
                return self.amount_in(value.as_str(), &span).map(Amount::Fixed);
            }
            DeValue::String(text) => text.as_ref(),
            _ => "",
        };
        if !text.starts_with("input.") && text != "input" {
            let message = "`amount` is a whole number, or the path of an argument: `input.NAME`";
            self.wrong(LoadCode::Meters, &span, message.to_owned());
            return None;
        }
        let path = self.path(text, &span, "input", action)?;
        Some(Amount::Argument(NumberPath { path, decimals }))
    }

    /// Where a result says what was used, of charges that are settled by it.
    fn settle(
        &mut self,
        table: &DeTable<'_>,
        action: &ActionShape,
        decimals: u32,
    ) -> Option<NumberPath> {
        let (text, span) = self.optional(table, "settle", DeValue::as_str)?;
        let path = self.path(text, &span, "output", action)?;
        Some(NumberPath { path, decimals })
    }

    /// The path of a number in what the schema declares.
    fn path(
        &mut self,
        text: &str,
        span: &TomlSpan,
        root: &str,
        action: &ActionShape,
    ) -> Option<Vec<String>> {
        let record = if root == "input" { action.input() } else { action.output() };
        let mut path = text.split('.').map(str::to_owned);
        let is_rooted = path.next().as_deref() == Some(root);
        let path: Vec<String> = path.collect();
        let named = record.and_then(|record| member(record, &path)).filter(|_| is_rooted);
        if matches!(named, Some(Type::Long | Type::Extension(Extension::Decimal))) {
            return Some(path);
        }
        let whose = if root == "input" { "arguments" } else { "results" };
        let message =
            format!("`{text}` is no integer or decimal among the {whose} of `{}`", action.id);
        let names = record.into_iter().flat_map(|record| record.members.keys());
        let names: Vec<String> = names.map(|name| format!("{root}.{name}")).collect();
        self.wrong_name(span, message, nearest(text, names.iter().map(String::as_str)));
        None
    }
}

/// The declared type of the member at a path.
fn member<'a>(mut record: &'a RecordType, path: &[String]) -> Option<&'a Type> {
    let (last, above) = path.split_last()?;
    for name in above {
        record = match &record.members.get(name)?.ty {
            Type::Record(record) => record,
            _ => return None,
        };
    }
    record.members.get(last).map(|member| &member.ty)
}

/// A whole number of seconds, minutes, hours or days, in milliseconds.
pub(super) fn duration_ms(text: &str) -> Option<i64> {
    let unit_at = text.len().checked_sub(1)?;
    let (number, unit) = (text.get(..unit_at)?, text.get(unit_at..)?);
    let unit_ms = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse::<i64>().ok().filter(|_| digits)?.checked_mul(unit_ms)
}

#[cfg(test)]
mod tests;
