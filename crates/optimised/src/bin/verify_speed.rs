//! How long verifying a log takes, on one core and from memory, and what of it the hashes and the
//! check of each record take in the same run. `cargo run --release -p interlock-optimised --bin
//! verify_speed [WHAT [ROUNDS]]`
//!
//! WHAT is `verify`, `check`, `hash` or all of them. `cargo xtask instructions` has callgrind count
//! the first two. Records are those of the demo: a decision of some 1,450 bytes, and of three in
//! four a completion of 400.
#![expect(clippy::unwrap_used, reason = "a measurement that can't go on stops")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use proof::json::{Value, object};
use proof::log::{Builder, LogReader};
use proof::merkle::leaf_hash;
use proof::note::{Ed25519Signer, Signer as _};
use proof::record::{Record, check};

const ORIGIN: &str = "example.org/lineage";
const RECORDS: u64 = 7 * 256;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_else(|| "all".to_owned());
    let rounds: u32 = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(200);
    let records: Vec<_> = (0..RECORDS).map(record).collect();
    let signer = Ed25519Signer::from_seed(ORIGIN, &[7; 32]).unwrap();
    let mut builder = Builder::new();
    for record in &records {
        builder.push(record).unwrap();
    }
    let mut files: BTreeMap<_, _> =
        builder.take_files().unwrap().into_iter().map(|file| (file.path, file.bytes)).collect();
    files.insert("checkpoint".to_owned(), builder.checkpoint(&signer).unwrap().into_bytes());
    let log = LogReader::open(files, &signer.verifier(), ORIGIN).unwrap();

    let measure = |name: &str, work: &dyn Fn()| {
        if what != "all" && what != name {
            return;
        }
        let begun = Instant::now();
        (0..rounds).for_each(|_| work());
        let per_s = f64::from(rounds) * RECORDS as f64 / begun.elapsed().as_secs_f64();
        println!("{name}: {per_s:.0} records a second on one core, {:.3} us each", 1e6 / per_s);
    };
    measure("verify", &|| assert_eq!(log.verify_all(&mut |_| {}).unwrap().records, RECORDS));
    measure("check", &|| records.iter().for_each(|record| check(black_box(record)).unwrap()));
    measure("hash", &|| {
        for record in &records {
            black_box(leaf_hash(black_box(record)));
        }
    });
    let bytes: usize = records.iter().map(Vec::len).sum();
    println!("{} bytes a record", bytes / records.len());
}

/// What three permits and a denial leave, over and over.
fn record(index: u64) -> Vec<u8> {
    let digest = |n: u64| leaf_hash(&(index * 16 + n).to_be_bytes()).to_value();
    let number = |n: u64| Value::try_from(n).unwrap();
    let is_completion = matches!(index % 7, 1 | 3 | 5);
    let mut members = vec![
        ("at", number(1_795_772_353_000 + index)),
        ("execution", "BziZEY7-wMdgIcFhWmANjQ".into()),
        (
            "governance",
            object([("origin", ORIGIN.into()), ("root", digest(1)), ("size", number(4))]),
        ),
        ("node", "node-1".into()),
        ("parents", Vec::new().into()),
        ("prev", digest(2)),
        ("seq", number(index)),
    ];
    if is_completion {
        members.push(("commitments", object([("message", digest(3))])));
        members.push(("outcome", "result".into()));
        members.push(("transition", digest(4)));
    } else {
        let commitments =
            object([("decision", digest(5)), ("message", digest(6)), ("request", digest(7))]);
        members.push(("action", "tools/call".into()));
        members.push(("commitments", commitments));
        members.push(("decision", decision(digest(8))));
        members.push(("direction", "to_server".into()));
        members.push(("facts", object([("assurance", "separated".into()), ("at", number(1))])));
        members.push(("method", "tools/call".into()));
        members.push(("server", "office".into()));
        members.push(("tool", "read_file".into()));
    }
    let kind = if is_completion { "transition.completed" } else { "transition.decided" };
    let members = members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Record::new(kind, members).unwrap().into_bytes()
}

fn decision(bundle: Value) -> Value {
    let check =
        |id: &policy::CheckId| object([("check", id.as_str().into()), ("outcome", "pass".into())]);
    let checks: Vec<Value> = policy::Semantics::V4.checks().iter().map(check).collect();
    let policy = object([
        ("effect", "permit".into()),
        ("file", "policies/files.dw".into()),
        ("id", "files.read".into()),
        ("line", 3_i64.into()),
    ]);
    object([
        ("bundle", bundle),
        ("checks", checks.into()),
        ("code", "permitted".into()),
        ("decision", "permit".into()),
        ("policies", vec![policy].into()),
        ("v", 1_i64.into()),
    ])
}
