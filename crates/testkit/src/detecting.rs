//! A bundle with detectors, and a message for them to look through.

use policy::Files;
use regex::RegexSet;

/// Bytes of the message.
pub const MESSAGE_BYTES: usize = 4 * 1024;

/// Detectors that a bundle may have, by name and pattern. The last one is found, at the end of the
/// message.
const DETECTORS: [(&str, &str); 8] = [
    ("injection", r"(?i-u)\bignore\s+(?:all\s+)?(?:previous|earlier)\s+instructions\b"),
    ("private-key", r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY-----"),
    ("cloud-key", r"(?-u)\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    (
        "access-token",
        r"(?-u)\b(?:gh[opsur]_[A-Za-z0-9]{36}|glpat-[\w-]{20}|xox[abeoprs]-[\w-]{10})",
    ),
    ("card", r"(?-u)\b(?:\d{4}[ -]?){3}\d{4}\b"),
    ("iban", r"(?-u)\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}\b"),
    ("password", r"(?i-u)\bpass(?:word|phrase)\s*[:=]"),
    ("confidential", r"(?-u)\bSTRICTLY CONFIDENTIAL\b"),
];

/// A bundle with eight detectors, and a result of 4 KiB in which one of them finds something.
#[derive(Debug, Clone)]
pub struct DetectorSample {
    /// What [`policy::Bundle::load`] takes.
    pub files: Files,
    /// A message of JSON-RPC, as a server sends it.
    pub message: String,
    raw: RegexSet,
}

impl DetectorSample {
    /// Counts the expressions that match the bytes of the message, without reading it as JSON: the
    /// least work that detecting can take.
    #[must_use]
    pub fn scan(&self) -> usize {
        self.raw.matches(&self.message).iter().count()
    }
}

/// The sample.
#[must_use]
pub fn decide_detectors() -> DetectorSample {
    let detectors = DETECTORS.map(|(name, pattern)| {
        format!(
            "[detectors.{name}]\npattern = '{pattern}'\nlooks_at = [\"results\"]\nadds = [\"{name}\"]\n"
        )
    });
    let labels = DETECTORS.map(|(name, _)| format!("{name} = \"what it found\"\n")).concat();
    let files = [
        ("bundle.toml", "name = \"detecting\"\nversion = \"1\"\nsemantics = 2\n".to_owned()),
        ("schema.cedarschema", "entity Workload;\n".to_owned()),
        ("labels.toml", format!("[labels]\n{labels}")),
        ("detectors.toml", detectors.concat()),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.into_bytes())).into();
    // None of them is refused: a test sees that one is found.
    let raw = RegexSet::new(DETECTORS.map(|(_, pattern)| pattern)).unwrap_or_default();
    DetectorSample { files, message: message(), raw }
}

fn message() -> String {
    let head = r#"{"jsonrpc":"2.0","id":17,"result":{"content":[{"type":"text","text":""#;
    let end = r#"STRICTLY CONFIDENTIAL"}],"isError":false}}"#;
    let line =
        r"| 2026-11-27 | Northwind | steel, 4,120 kg | \u20ac 18,400.00 | due in 30 days |\n";
    let mut text = head.to_owned();
    while text.len().saturating_add(line.len()).saturating_add(end.len()) <= MESSAGE_BYTES {
        text.push_str(line);
    }
    let rest = MESSAGE_BYTES.saturating_sub(text.len()).saturating_sub(end.len());
    text.push_str(&" ".repeat(rest));
    text + end
}
