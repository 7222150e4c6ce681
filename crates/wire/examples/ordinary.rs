//! Which share of ordinary traffic is refused: the JSON and text files below the given folders, as
//! arguments of a call and as results, and numbers as programs compute them. Prints the shares
//! before ADR 0038 and since, and each kind that remains.
//!
//! `cargo run --release -p interlock-wire --example ordinary -- /usr/lib/python3 ~/.cargo/registry`
#![expect(clippy::cast_precision_loss, reason = "figures for people")]
#![expect(clippy::cast_possible_truncation, reason = "what is lost is what float32 lacks")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use interlock_wire::json::{Accept, Data, Number, Value};
use interlock_wire::jsonrpc::Message;
use interlock_wire::limits::LINE_BYTES_MAX;

/// Files that are looked at, of each kind.
const FILES_MAX: usize = 60_000;
/// Larger ones are no ordinary traffic: a tool that reads files cuts them.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
const NAMES: [&str; 9] = ["c", "h", "js", "md", "py", "rs", "toml", "ts", "txt"];

fn main() {
    let mut files = Vec::new();
    for folder in std::env::args().skip(1) {
        walk(Path::new(&folder), &mut files);
    }
    let mut table = BTreeMap::<(&str, Way), Share>::new();
    let (mut json, mut text) = (0, 0);
    for file in files {
        let Ok(bytes) = fs::read(&file) else { continue };
        let is_json = file.extension().is_some_and(|name| name == "json");
        if is_json && json < FILES_MAX && is_valid(&bytes) {
            json += 1;
            count(&mut table, "JSON files", &one_line(&bytes));
        }
        let as_text = String::from_utf8(bytes).ok().filter(|_| text < FILES_MAX);
        if let Some(as_text) = as_text {
            text += 1;
            count(
                &mut table,
                "text files",
                serde_json::Value::from(as_text).to_string().as_bytes(),
            );
        }
    }
    for (name, number) in numbers() {
        count(&mut table, name, number.as_bytes());
    }
    let all: Vec<String> = numbers().into_iter().map(|(_, number)| number).collect();
    for list in all.chunks(32) {
        count(&mut table, "lists of 32 numbers", format!("[{}]", list.join(",")).as_bytes());
    }
    println!(
        "| what | as | how many | refused before | since | kinds since |\n|---|---|---|---|---|---|"
    );
    for ((what, way), share) in table {
        let percent = |part: u32| f64::from(part) * 100.0 / f64::from(share.all);
        println!(
            "| {what} | {way:?} | {} | {:.3} % | {:.3} % | {:?} |",
            share.all,
            percent(share.before),
            percent(share.since.values().sum()),
            share.since
        );
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Arguments,
    Result,
}

#[derive(Default)]
struct Share {
    all: u32,
    before: u32,
    since: BTreeMap<&'static str, u32>,
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (path, Ok(meta)) = (entry.path(), entry.metadata()) else { continue };
        if meta.is_dir() {
            walk(&path, files);
            continue;
        }
        let name = path.extension().and_then(|name| name.to_str()).unwrap_or_default();
        if meta.is_file()
            && meta.len() <= FILE_BYTES_MAX
            && (name == "json" || NAMES.contains(&name))
        {
            files.push(path);
        }
    }
}

fn is_valid(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
}

/// The text without the spaces between its tokens, as a program sends it.
fn one_line(bytes: &[u8]) -> Vec<u8> {
    let (mut in_string, mut is_escaped) = (false, false);
    let kept = bytes.iter().copied().filter(|byte| {
        let keeps = in_string || !byte.is_ascii_whitespace();
        if *byte == b'"' && !is_escaped {
            in_string = !in_string;
        }
        is_escaped = in_string && *byte == b'\\' && !is_escaped;
        keeps
    });
    kept.collect()
}

fn count(table: &mut BTreeMap<(&'static str, Way), Share>, what: &'static str, value: &[u8]) {
    let call = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"value":"#;
    let result = br#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"structuredContent":{"value":"#;
    for (way, accept, head) in
        [(Way::Arguments, Accept::Request, &call[..]), (Way::Result, Accept::Result, &result[..])]
    {
        let line = [head, value, b"}}}"].concat();
        let share = table.entry((what, way)).or_default();
        share.all += 1;
        share.before += u32::from(!was_accepted(&line, way));
        if let Err(why) = Message::parse_with(&line, accept) {
            let kind = if line.len() > LINE_BYTES_MAX { "frame.too_long" } else { why.code() };
            *share.since.entry(kind).or_default() += 1;
        }
    }
}

/// The rules of ADR 0005 and 0007: those of a request, either way, and for all numbers.
fn was_accepted(line: &[u8], way: Way) -> bool {
    fn holds(value: &Value<'_>, way: Way) -> bool {
        match value.data() {
            Data::Number(number) => held(number, way),
            Data::Array(items) => items.iter().all(|item| holds(item, way)),
            Data::Object(object) => object.members().iter().all(|m| holds(m.value(), way)),
            _ => true,
        }
    }
    fn held(number: &Number<'_>, way: Way) -> bool {
        let is_read = if way == Way::Result { number.is_exact() } else { number.is_alike() };
        let is_negative_zero = number.text().starts_with('-') && number.to_f64() == 0.0;
        is_read && !is_negative_zero && number.text().len() <= 64
    }
    Value::parse(line).is_ok_and(|value| holds(&value, way))
}

/// Numbers as JavaScript and Python write them: each is the shortest form of its value.
fn numbers() -> Vec<(&'static str, String)> {
    let mut numbers = Vec::new();
    let mut state = 1_u64;
    let mut random = move || {
        // Knuth's MMIX.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    for n in 1..100 {
        for m in 1..100 {
            numbers.push(("quotients n/m", f64::from(n) / f64::from(m)));
        }
    }
    for n in 0..8_000 {
        let x = random();
        numbers.push(("random numbers", x));
        numbers.push(("float32 widened", f64::from(x as f32)));
        numbers.push(("sines times roots", (f64::from(n)).sin() * (f64::from(n)).sqrt()));
        numbers.push(("coordinates", x * 360.0 - 180.0));
        numbers.push(("times in seconds", 1.79e9 + x * 1e6));
        numbers.push(("rounded, negative zero too", ((x - 0.5) * 4.0).round() / 10.0));
        numbers.push(("nanoseconds and 64-bit ids", 1.79e18 + x * 1e15));
    }
    let written = |(name, number): (&'static str, f64)| match name {
        "nanoseconds and 64-bit ids" => (name, format!("{number:.0}")),
        _ => (name, format!("{number:?}")),
    };
    numbers.into_iter().map(written).collect()
}
