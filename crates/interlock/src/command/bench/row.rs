use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::memory::resident_mib;
use super::samples::Samples;
use crate::exit::{Exit, Failure};
use crate::output::{Style, Table};

/// One figure, beside its limit.
#[derive(Debug, Default, Serialize)]
pub(super) struct Row {
    /// The name of the measurement.
    pub(super) name: String,
    /// Times of one, in microseconds.
    p50_us: f64,
    p99_us: f64,
    max_us: f64,
    /// The number a second, over all callers.
    per_s: f64,
    /// The limit's number a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_per_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio_to_limit: Option<f64>,
    /// The resident memory of this process afterwards.
    rss_mib: f64,
    /// The number of measured times.
    samples: u32,
    /// The limit in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limit: Option<String>,
    /// Further figures of this row.
    #[serde(flatten)]
    more: BTreeMap<&'static str, f64>,
}

impl Row {
    /// A row of these times, which were measured over `whole`.
    pub(super) fn new(name: impl Into<String>, mut samples: Samples, whole: Duration) -> Self {
        Self {
            name: name.into(),
            p50_us: samples.per_mille_us(500),
            p99_us: samples.per_mille_us(990),
            max_us: samples.per_mille_us(1_000),
            per_s: rate(samples.count(), whole),
            samples: samples.count(),
            rss_mib: resident_mib(),
            ..Self::default()
        }
    }

    /// A row of one long piece of work on so many things.
    pub(super) fn of_work(name: impl Into<String>, things: u32, whole: Duration) -> Self {
        let each_us = whole.as_secs_f64() * 1_000_000.0 / f64::from(things.max(1));
        let each_us = (each_us * 1_000.0).round() / 1_000.0;
        let (p50_us, p99_us, max_us) = (each_us, each_us, each_us);
        let (per_s, rss_mib) = (rate(things, whole), resident_mib());
        Self {
            name: name.into(),
            p50_us,
            p99_us,
            max_us,
            per_s,
            rss_mib,
            samples: 1,
            ..Self::default()
        }
    }

    /// The time that half of them do not exceed, in microseconds.
    pub(super) fn p50_us(&self) -> f64 {
        self.p50_us
    }

    /// With the limit that was measured in the same run.
    pub(super) fn limited(mut self, limit_per_s: f64, limit: impl Into<String>) -> Self {
        self.limit_per_s = Some(limit_per_s);
        self.ratio_to_limit = Some((self.per_s / limit_per_s.max(1.0) * 1_000.0).round() / 1_000.0);
        self.limit = Some(limit.into());
        self
    }

    /// With one more figure.
    pub(super) fn with(mut self, name: &'static str, value: f64) -> Self {
        self.more.insert(name, value);
        self
    }
}

/// The number a second.
pub(super) fn rate(count: u32, whole: Duration) -> f64 {
    (f64::from(count) / whole.as_secs_f64().max(1e-9)).round()
}

/// All rows of a run.
#[derive(Debug, Default, Serialize)]
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
}

impl Rows {
    /// Adds rows.
    pub(super) fn extend(&mut self, rows: Vec<Row>) {
        self.rows.extend(rows);
    }

    /// `{"rows":[{"name", "p50_us", "p99_us", "max_us", "per_s", "limit_per_s", "ratio_to_limit",
    /// "rss_mib", ..}]}`
    pub(super) fn to_json(&self) -> Result<Vec<u8>, Failure> {
        serde_json::to_vec(self)
            .map_err(|why| Failure::new(Exit::Failed, "the rows could not be written").why(why))
    }

    /// The rows for a person.
    pub(super) fn table(&self) -> Table {
        let mut table = Table::default();
        let names = ["", "p50 us", "p99 us", "max us", "per s", "limit per s", "ratio", "MiB"];
        table.row(names.map(|name| (Style::Heading, name.to_owned())));
        for row in &self.rows {
            let optional = |value: Option<f64>| value.map(|value| value.to_string());
            table.row([
                (Style::Name, row.name.clone()),
                (Style::Plain, row.p50_us.to_string()),
                (Style::Plain, row.p99_us.to_string()),
                (Style::Plain, row.max_us.to_string()),
                (Style::Plain, row.per_s.to_string()),
                (Style::Plain, optional(row.limit_per_s).unwrap_or_default()),
                (Style::Plain, optional(row.ratio_to_limit).unwrap_or_default()),
                (Style::Quiet, row.rss_mib.to_string()),
            ]);
        }
        table
    }
}
