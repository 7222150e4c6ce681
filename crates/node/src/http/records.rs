use std::collections::BTreeSet;
use std::ops::Range;

use api::RecordJson;
use api::problem::Code;
use api::record::{Receipt, Record, RecordDetail, RecordPage, RecordQuery};
use ledger::{ReadEntry, Reader};
use proof::digest::Digest;
use proof::json::Value;
use proof::log::LogReader;
use proof::note::VerifierKey;
use record::lineage::{Body, Decided, LineageRecord};
use record::{LabelChange, Labels};

use super::explanation;
use super::extract::{InPath, Json, Officer, Query};
use super::refusal::Refusal;
use super::requester::Requester;
use super::routes::limit_of;
use crate::Options;
use crate::limits::{RECORDS_BYTES_MAX, RECORDS_SCANNED_MAX};

/// What went wrong while a log was read.
type Failed = (Code, String);

/// Records by filter, page by page. A page ends after so many records that were looked at, however
/// few of them it shows.
pub(super) async fn page(
    Officer(requester): Officer,
    Query(query): Query<RecordQuery>,
) -> Result<Json<RecordPage>, Refusal> {
    let limit = limit_of(&requester, query.limit)?;
    let of_workload = query.workload.as_deref();
    let of_workload = of_workload.map(|name| requester.shared.kernel.switch.executions_of(name));
    let filter = Filter { query, of_workload };
    let size = requester.kernel.durable_size();
    let options = requester.shared.options.clone();
    let bounds = Bounds::new(limit, size);
    let read = move || read_page(&options, &filter, bounds);
    requester.read(read).await.map(Json)
}

/// One record, with its explanation where it is a decision.
pub(super) async fn detail(
    Officer(requester): Officer,
    InPath(index): InPath<u64>,
) -> Result<Json<RecordDetail>, Refusal> {
    let (size, options) = (requester.kernel.durable_size(), requester.shared.options.clone());
    let entry = requester.read(move || entry(&options, index, size)).await?;
    let (digest, record) = (Digest::of(&entry.record), value_of(&entry.record));
    let record = record.map_err(|(code, why)| requester.refuse(code, why))?;
    let explanation = explanation::of(&requester, entry).await?;
    Ok(Json(RecordDetail {
        index,
        digest: digest.to_string(),
        record: RecordJson(record),
        explanation,
    }))
}

/// A record's receipt, once a signed checkpoint covers it.
pub(super) async fn receipt(
    Officer(requester): Officer,
    InPath(index): InPath<u64>,
) -> Result<Json<Receipt>, Refusal> {
    let (size, options) = (requester.kernel.durable_size(), requester.shared.options.clone());
    requester.read(move || read_receipt(&options, index, size)).await.map(Json)
}

/// The next of these records that a stream sends, at most one page of them.
pub(super) async fn next_records(
    requester: &Requester,
    records: Range<u64>,
) -> Result<Vec<Record>, Refusal> {
    let options = requester.shared.options.clone();
    let filter = Filter {
        query: RecordQuery { from: Some(records.start), ..RecordQuery::default() },
        of_workload: None,
    };
    let limit = usize::from(api::limits::PAGE_ITEMS_MAX);
    let bounds = Bounds::new(limit, records.end);
    let read = move || read_page(&options, &filter, bounds);
    let done = tokio::task::spawn_blocking(read).await;
    let done = done.map_err(|_| requester.refuse(Code::Ledger, "the log could not be read"))?;
    done.map(|page| page.records).map_err(|(code, why)| requester.refuse(code, why))
}

/// Which records are shown.
struct Filter {
    query: RecordQuery,
    /// Executions of the workload that is asked for.
    of_workload: Option<BTreeSet<String>>,
}

impl Filter {
    /// Whether a record can only be judged once it is parsed.
    fn is_open(&self) -> bool {
        let RecordQuery { execution, workload, tool, code, label, since_ms, until_ms, .. } =
            &self.query;
        let texts = [execution, workload, tool, code, label];
        texts.iter().all(|text| text.is_none()) && since_ms.is_none() && until_ms.is_none()
    }

    fn shows(&self, record: &LineageRecord) -> bool {
        let query = &self.query;
        let link = record.header.link.as_ref().map(|link| link.execution.as_str());
        let is_of = |set: &BTreeSet<String>| link.is_some_and(|id| set.contains(id));
        query.execution.as_deref().is_none_or(|wanted| link == Some(wanted))
            && self.of_workload.as_ref().is_none_or(is_of)
            && query.since_ms.is_none_or(|since| record.header.at >= since)
            && query.until_ms.is_none_or(|until| record.header.at < until)
            && query.tool.as_deref().is_none_or(|tool| tool_of(&record.body) == Some(tool))
            && query.code.as_deref().is_none_or(|code| code_of(&record.body) == Some(code))
            && query.label.as_deref().is_none_or(|label| has_label(&record.body, label))
    }
}

fn tool_of(body: &Body) -> Option<&str> {
    if let Body::Decided(decided) = body { decided.tool.as_deref() } else { None }
}

fn code_of(body: &Body) -> Option<&str> {
    match body {
        Body::Decided(decided) => decided.decision.code(),
        Body::Withheld { code, .. } => Some(code),
        Body::Completed { withheld, .. } => withheld.as_deref(),
        _ => None,
    }
}

fn has_label(body: &Body, label: &str) -> bool {
    match body {
        Body::Decided(decided) => changed_labels(decided)
            .is_some_and(|change| change.adds.contains(label) || change.removes.contains(label)),
        Body::Completed { labels, .. } => Labels::contains(labels, label),
        _ => false,
    }
}

fn changed_labels(decided: &Decided) -> Option<LabelChange> {
    LabelChange::from_value(decided.decision.to_value().get("labels")?)
}

/// Where a page ends.
#[derive(Clone, Copy)]
struct Bounds {
    /// Records that it shows.
    shown: usize,
    /// Records that it looks at.
    scanned: u64,
    /// Bytes of records after which it shows no more.
    bytes: usize,
    /// Records that are on stable storage.
    size: u64,
}

impl Bounds {
    fn new(shown: usize, size: u64) -> Self {
        Self { shown, scanned: RECORDS_SCANNED_MAX, bytes: RECORDS_BYTES_MAX, size }
    }
}

fn read_page(options: &Options, filter: &Filter, bounds: Bounds) -> Result<RecordPage, Failed> {
    let size = bounds.size;
    let from = filter.query.from.unwrap_or(0);
    let mut page = RecordPage { records: Vec::new(), next: None, size };
    if from >= size {
        return Ok(page);
    }
    let reader = Reader::open(&options.lineage_folder()).map_err(|why| unreadable(&why))?;
    let (mut scanned, mut bytes): (u64, usize) = (0, 0);
    for entry in reader.records(from).map_err(|why| unreadable(&why))? {
        let ReadEntry { index, record, .. } = entry.map_err(|why| unreadable(&why))?;
        if index >= size {
            return Ok(page);
        }
        let is_full = page.records.len() >= bounds.shown || bytes >= bounds.bytes;
        if is_full || scanned >= bounds.scanned {
            page.next = Some(index);
            return Ok(page);
        }
        scanned = scanned.saturating_add(1);
        let is_shown = filter.is_open()
            || LineageRecord::parse(&record).is_ok_and(|record| filter.shows(&record));
        if is_shown {
            bytes = bytes.saturating_add(record.len());
            let digest = Digest::of(&record).to_string();
            let record = RecordJson(value_of(&record)?);
            page.records.push(Record { index, digest, record });
        }
    }
    Ok(page)
}

fn entry(options: &Options, index: u64, size: u64) -> Result<ReadEntry, Failed> {
    let missing = || (Code::NotFound, format!("the lineage log has no record {index}"));
    if index >= size {
        return Err(missing());
    }
    let reader = Reader::open(&options.lineage_folder()).map_err(|why| unreadable(&why))?;
    let mut entries = reader.entries(index).map_err(|why| unreadable(&why))?;
    entries.next().ok_or_else(missing)?.map_err(|why| unreadable(&why))
}

fn read_receipt(options: &Options, index: u64, size: u64) -> Result<Receipt, Failed> {
    if index >= size {
        return Err((Code::NotFound, format!("the lineage log has no record {index}")));
    }
    let reader = Reader::open(&options.lineage_folder()).map_err(|why| unreadable(&why))?;
    let key = reader.vkey().map_err(|why| unreadable(&why))?;
    let key: VerifierKey = key.trim().parse().map_err(|why| unreadable(&why))?;
    let origin = options.lineage_origin();
    let log = LogReader::open(&reader, &key, &origin).map_err(|why| unreadable(&why))?;
    if index >= log.size() {
        let why = "the record is on stable storage, and no signed checkpoint covers it yet";
        return Err((Code::NotPublished, why.to_owned()));
    }
    let receipt = log.receipt(index).map_err(|why| unreadable(&why))?.to_text();
    Ok(Receipt { index, origin, receipt })
}

fn value_of(record: &[u8]) -> Result<Value, Failed> {
    Value::parse(record).map_err(|why| unreadable(&why))
}

pub(super) fn unreadable(why: &dyn std::fmt::Display) -> Failed {
    (Code::Ledger, format!("the lineage log cannot be read: {why}"))
}

#[cfg(test)]
mod tests;
