//! What `wire::json` accepts, `serde_json`, Python and Node accept too, and what Interlock reads of
//! it they read as the same value.
//!
//! The texts are a corpus of nasty ones, `corpus/texts.txt`, and thousands made here: well-formed
//! ones in every spelling, and the same with a few bytes changed. Each reader writes each value in
//! one form, in which numbers are their binary64 bits (or all their digits, where a reader holds
//! more), strings their code points, and objects their members in order of the names' code points,
//! repeated ones included; the forms must be equal.
//!
//! Numbers that are not alike are accepted, and not read: policy takes them for unreadable. In the
//! text that is compared a zero stands in their place.

use std::path::PathBuf;
use std::sync::LazyLock;

use interlock_wire::json::{Accept, Data, Number, Value};

#[test]
fn each_text_of_the_corpus_is_accepted_or_refused_with_its_code() {
    let corpus = corpus::texts();
    assert!(corpus.len() > 120);
    for (code, text) in corpus {
        let read = Value::parse(&text);
        let got = read.as_ref().map_or_else(|error| error.code(), |_| "ok");
        assert_eq!(got, code, "{}", String::from_utf8_lossy(&text));
    }
}

#[test]
fn three_readers_agree_on_requests() {
    let accepted = texts(Accept::Request);
    assert!(accepted.len() > 3_000, "only {} texts are accepted", accepted.len());
    let read = masked(&accepted, Accept::Request, |number| number.is_alike());
    let changed = read.iter().zip(&accepted).filter(|(read, text)| read != text).count();
    assert!(changed > 300, "only {changed} texts hold numbers that are not read");
    for text in &read {
        assert_eq!(dump::serde(text), dump::ours(text, Accept::Request), "{}", shown(text));
    }
    for peer in peers::ALL {
        compare(&peer, &read, Accept::Request);
        if let Some(dumps) = peer.dump(&accepted) {
            let refused = dumps.iter().position(|dump| dump == "!").map(|at| shown(&accepted[at]));
            assert_eq!(refused, None, "{} refuses what is forwarded to it", peer.name);
        }
    }
}

/// Readers that round correctly; `serde_json` does not as it comes.
#[test]
fn readers_that_round_correctly_agree_on_results() {
    let accepted = texts(Accept::Result);
    assert!(
        accepted.len() > texts(Accept::Request).len(),
        "the second rule accepts no more than the first"
    );
    let read = masked(&accepted, Accept::Result, |number| number.is_exact());
    // Half of a surrogate pair is U+FFFD here, and itself elsewhere.
    let whole = |text: &Vec<u8>| !dump::ours(text, Accept::Result).contains("fffd");
    let read: Vec<Vec<u8>> = read.into_iter().filter(whole).collect();
    assert!(read.len() + 500 > accepted.len());
    for peer in peers::ALL {
        compare(&peer, &read, Accept::Result);
    }
}

/// Texts that no transport cuts into lines, such as what is put to the decider: the same, with ends
/// of lines between tokens.
#[test]
fn three_readers_agree_on_several_lines() {
    let read = masked(&texts(Accept::Request), Accept::Request, |number| number.is_alike());
    let broken: Vec<Vec<u8>> = read.iter().map(|text| over_several_lines(text)).collect();
    assert!(broken.iter().all(|text| Value::parse(text).is_err()));
    for text in &broken {
        assert_eq!(dump::serde(text), dump::ours(text, Accept::Text), "{}", shown(text));
    }
    for peer in peers::ALL {
        compare(&peer, &broken, Accept::Text);
    }
}

/// The refusals are not idle: of what is refused there is much that these readers read differently.
#[test]
fn much_of_what_is_refused_is_read_differently() {
    let refused: Vec<Vec<u8>> =
        ALL.iter().filter(|text| Value::parse(text).is_err()).cloned().collect();
    assert!(refused.len() > 3_000, "only {} texts are refused", refused.len());
    let mut views: Vec<Vec<String>> = vec![refused.iter().map(|text| dump::serde(text)).collect()];
    views.extend(peers::ALL.iter().filter_map(|peer| peer.dump(&refused)));
    let differs = |at: usize| views.iter().any(|view| view[at] != views[0][at]);
    let count = (0..refused.len()).filter(|at| differs(*at)).count();
    println!(
        "{count} of {} refused texts are read differently by {} readers",
        refused.len(),
        views.len()
    );
    assert!(views.len() < 3 || count > 300, "{count}");
}

fn compare(peer: &peers::Peer, accepted: &[Vec<u8>], accept: Accept) {
    let Some(dumps) = peer.dump(accepted) else { return };
    println!("{}: {} texts", peer.name, dumps.len());
    assert_eq!(dumps.len(), accepted.len());
    for (text, theirs) in accepted.iter().zip(dumps) {
        assert_eq!(theirs, dump::ours(text, accept), "{}: {}", peer.name, shown(text));
    }
}

fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// The text with the end of a line before each value in it.
#[cfg(test)]
fn over_several_lines(text: &[u8]) -> Vec<u8> {
    fn collect(value: &Value<'_>, into: &mut Vec<usize>) {
        into.push(value.span().start);
        match value.data() {
            Data::Array(elements) => elements.iter().for_each(|element| collect(element, into)),
            Data::Object(object) => {
                object.members().iter().for_each(|member| collect(member.value(), into));
            }
            _ => {}
        }
    }
    let mut starts = Vec::new();
    collect(&Value::parse(text).unwrap(), &mut starts);
    let mut broken = text.to_vec();
    for start in starts.into_iter().rev() {
        broken.splice(start..start, *b"\r\n\t");
    }
    broken
}

/// The texts with a zero in the place of each number that does not hold.
#[cfg(test)]
fn masked(texts: &[Vec<u8>], accept: Accept, holds: fn(&Number<'_>) -> bool) -> Vec<Vec<u8>> {
    fn collect(
        value: &Value<'_>,
        holds: fn(&Number<'_>) -> bool,
        into: &mut Vec<std::ops::Range<usize>>,
    ) {
        match value.data() {
            // Readers of integers have no negative zero.
            Data::Number(number) if !holds(number) || number.to_f64() == 0.0 => {
                into.push(value.span())
            }
            Data::Array(elements) => elements.iter().for_each(|e| collect(e, holds, into)),
            Data::Object(object) => {
                object.members().iter().for_each(|m| collect(m.value(), holds, into));
            }
            _ => {}
        }
    }
    let mask = |text: &Vec<u8>| {
        let value = Value::parse_with(text, accept).unwrap();
        let mut spans = Vec::new();
        collect(&value, holds, &mut spans);
        let mut masked = text.clone();
        for span in spans.into_iter().rev() {
            masked.splice(span, *b"0");
        }
        masked
    };
    texts.iter().map(mask).collect()
}

/// The corpus and what is made here, each once.
static ALL: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut texts: Vec<Vec<u8>> = corpus::texts().into_iter().map(|(_, text)| text).collect();
    texts.extend(generate::texts(10_000));
    texts
});

fn texts(accept: Accept) -> Vec<Vec<u8>> {
    let all = ALL.iter();
    all.filter(|text| Value::parse_with(text, accept).is_ok()).cloned().collect()
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name)
}

#[cfg(test)]
mod corpus {
    /// Each text of `corpus/texts.txt` with its code.
    pub(crate) fn texts() -> Vec<(String, Vec<u8>)> {
        let file = std::fs::read_to_string(super::file("texts.txt")).unwrap();
        let lines = file.lines().filter(|line| !line.starts_with('#'));
        lines
            .map(|line| {
                let (code, text) = line.split_once(' ').unwrap();
                (code.to_owned(), unescape(text))
            })
            .collect()
    }

    fn unescape(text: &str) -> Vec<u8> {
        let mut parts = text.split('%');
        let mut bytes = parts.next().unwrap().as_bytes().to_vec();
        for part in parts {
            let (hex, rest) = part.split_at(2);
            bytes.push(u8::from_str_radix(hex, 16).unwrap());
            bytes.extend_from_slice(rest.as_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod dump {
    use std::fmt;

    use interlock_wire::json::{Accept, Data, Value};
    use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

    pub(crate) fn ours(text: &[u8], accept: Accept) -> String {
        value(&Value::parse_with(text, accept).unwrap())
    }

    pub(crate) fn serde(text: &[u8]) -> String {
        serde_json::from_slice::<Dump>(text).map_or_else(|_| "!".to_owned(), |dump| dump.0)
    }

    fn value(value: &Value<'_>) -> String {
        match value.data() {
            Data::Null => "n".to_owned(),
            Data::Bool(true) => "t".to_owned(),
            Data::Bool(false) => "f".to_owned(),
            Data::Number(read) => number(read.to_f64()),
            Data::String(text) => string(text),
            Data::Array(elements) => array(elements.iter().map(self::value).collect()),
            Data::Object(object) => members(
                object
                    .members()
                    .iter()
                    .map(|m| (string(m.key()), self::value(m.value())))
                    .collect(),
            ),
        }
    }

    fn number(number: f64) -> String {
        format!("d{:016x}", number.to_bits())
    }

    /// An integer is its binary64 bits too, unless it is past what binary64 holds exactly.
    fn integer(value: i128) -> String {
        if value.unsigned_abs() >= 1 << 53 {
            return format!("i{value};");
        }
        number(value.to_string().parse().unwrap())
    }

    fn string(text: &str) -> String {
        let codes: Vec<String> = text.chars().map(|c| format!("{:x}", u32::from(c))).collect();
        format!("s{};", codes.join("."))
    }

    fn array(elements: Vec<String>) -> String {
        format!("[{}]", elements.concat())
    }

    fn members(mut members: Vec<(String, String)>) -> String {
        members.sort();
        let members: Vec<String> = members.into_iter().map(|(key, value)| key + &value).collect();
        format!("{{{}}}", members.concat())
    }

    /// A value in the common form, as `serde_json` hands it over: repeated names are not lost.
    struct Dump(String);

    impl<'de> Deserialize<'de> for Dump {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            from.deserialize_any(Reader)
        }
    }

    struct Reader;

    impl<'de> Visitor<'de> for Reader {
        type Value = Dump;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("any value")
        }

        fn visit_unit<E>(self) -> Result<Dump, E> {
            Ok(Dump("n".to_owned()))
        }

        fn visit_bool<E>(self, value: bool) -> Result<Dump, E> {
            Ok(Dump(if value { "t" } else { "f" }.to_owned()))
        }

        fn visit_u64<E>(self, value: u64) -> Result<Dump, E> {
            Ok(Dump(integer(value.into())))
        }

        fn visit_i64<E>(self, value: i64) -> Result<Dump, E> {
            Ok(Dump(integer(value.into())))
        }

        fn visit_f64<E>(self, value: f64) -> Result<Dump, E> {
            Ok(Dump(number(value)))
        }

        fn visit_str<E>(self, value: &str) -> Result<Dump, E> {
            Ok(Dump(string(value)))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Dump, A::Error> {
            let mut elements = Vec::new();
            while let Some(Dump(element)) = from.next_element()? {
                elements.push(element);
            }
            Ok(Dump(array(elements)))
        }

        fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Dump, A::Error> {
            let mut pairs = Vec::new();
            while let Some((key, Dump(value))) = from.next_entry::<String, Dump>()? {
                pairs.push((string(&key), value));
            }
            Ok(Dump(members(pairs)))
        }
    }
}

#[cfg(test)]
mod peers {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    pub(crate) struct Peer {
        pub(crate) name: &'static str,
        script: &'static str,
    }

    pub(crate) const ALL: [Peer; 2] =
        [Peer { name: "python3", script: "dump.py" }, Peer { name: "node", script: "dump.mjs" }];

    impl Peer {
        /// What this reader makes of each text; nothing where the reader is not installed.
        pub(crate) fn dump(&self, texts: &[Vec<u8>]) -> Option<Vec<String>> {
            let mut command = Command::new(self.name);
            command.arg(super::file(self.script)).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = match command.spawn() {
                Ok(child) => child,
                Err(error) => {
                    println!("skipped: {} can't be run: {error}", self.name);
                    return None;
                }
            };
            let mut input = child.stdin.take().unwrap();
            let batch: String = texts.iter().map(|text| hex(text) + "\n").collect();
            let writer = std::thread::spawn(move || input.write_all(batch.as_bytes()));
            let output = child.wait_with_output().unwrap();
            writer.join().unwrap().unwrap();
            assert!(output.status.success(), "{}", self.name);
            let dumps = String::from_utf8(output.stdout).unwrap();
            let dumps: Vec<String> = dumps.lines().map(str::to_owned).collect();
            assert_eq!(dumps.len(), texts.len(), "{}", self.name);
            Some(dumps)
        }
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod generate {
    use proptest::prelude::*;
    use proptest::sample::{Index, select};
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    /// The same texts on every run: half of them well-formed, half of those with a few bytes
    /// changed.
    pub(crate) fn texts(count: usize) -> Vec<Vec<u8>> {
        let mut runner = TestRunner::deterministic();
        let (plain, mutated) = (text(), mutated());
        let mut texts = Vec::with_capacity(count);
        for at in 0..count {
            let tree = if at % 2 == 0 {
                plain.new_tree(&mut runner).unwrap().current().into_bytes()
            } else {
                mutated.new_tree(&mut runner).unwrap().current()
            };
            texts.push(tree);
        }
        texts
    }

    /// A JSON text in any spelling; most are accepted.
    fn text() -> impl Strategy<Value = String> {
        let word = select(vec!["null", "true", "false"]).prop_map(str::to_owned);
        let leaf = prop_oneof![1 => word, 4 => number(), 4 => string()];
        leaf.prop_recursive(5, 24, 5, |inner| {
            let member = (key(), space(), inner.clone())
                .prop_map(|(key, space, value)| format!("{key}{space}:{space}{value}"));
            prop_oneof![
                (prop::collection::vec(inner, 0..5), space()).prop_map(|(list, space)| format!(
                    "[{space}{}{space}]",
                    list.join(&format!("{space},"))
                )),
                (prop::collection::vec(member, 0..5), space()).prop_map(|(list, space)| format!(
                    "{{{space}{}{space}}}",
                    list.join(&format!(",{space}"))
                )),
            ]
        })
    }

    fn space() -> impl Strategy<Value = &'static str> {
        select(vec!["", "", "", " ", "  ", "\t"])
    }

    fn number() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => "-?(0|[1-9][0-9]{0,14})",
            1 => "-?[1-9][0-9]{14,19}",
            4 => "-?(0|[1-9][0-9]{0,5})\\.[0-9]{1,6}",
            2 => "-?(0|[1-9][0-9]{0,9})(\\.[0-9]{1,12})?[eE][+-]?[0-9]{1,3}",
            2 => any::<f64>().prop_filter("JSON has no such number", |n| n.is_finite()).prop_map(|n| format!("{n:e}")),
            2 => (-180.0..180.0).prop_map(|n: f64| n.to_string()),
            1 => (-1_000_000_i32..1_000_000).prop_map(|n| (f64::from(n) / 3.0).to_string()),
        ]
    }

    fn string() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            6 => "[a-zA-Z0-9 _/.-]{0,6}",
            2 => "\\PC{0,3}".prop_map(|text| text.replace(['"', '\\'], "")),
            2 => select(vec!["\\n", "\\r", "\\t", "\\b", "\\f", "\\/", "\\\\", "\\\""]).prop_map(str::to_owned),
            2 => "\\\\u[0-9a-cA-C][0-9a-fA-F]{3}",
            1 => "\\\\ud[89ab][0-9a-f]{2}\\\\uD[c-fC-F][0-9A-F]{2}",
            1 => any::<char>().prop_filter("must be escaped", |c| *c >= ' ' && *c != '"' && *c != '\\').prop_map(String::from),
        ];
        prop::collection::vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
    }

    fn key() -> impl Strategy<Value = String> {
        let known = select(vec![
            "\"k\"",
            "\"K\"",
            "\"\u{212A}\"",
            "\"\\u212a\"",
            "\"s\"",
            "\"\u{17F}\"",
            "\"id\"",
            "\"\\u0069d\"",
            "\"\"",
            "\"0\"",
            "\"1\"",
        ]);
        prop_oneof![1 => known.prop_map(str::to_owned), 3 => "\"[a-z]{1,4}\"", 2 => string()]
    }

    fn mutated() -> impl Strategy<Value = Vec<u8>> {
        (text(), prop::collection::vec((any::<Index>(), edit()), 1..3)).prop_map(|(text, edits)| {
            let mut bytes = text.into_bytes();
            for (at, edit) in edits {
                let at = at.index(bytes.len() + 1);
                match edit {
                    Edit::Insert(snippet) => drop(bytes.splice(at..at, snippet)),
                    Edit::Replace(byte) if at < bytes.len() => bytes[at] = byte,
                    Edit::Remove if at < bytes.len() => drop(bytes.remove(at)),
                    Edit::Repeat(length) => {
                        let piece = bytes[at..(at + length).min(bytes.len())].to_vec();
                        drop(bytes.splice(at..at, piece));
                    }
                    Edit::Replace(_) | Edit::Remove => bytes.truncate(at),
                }
            }
            bytes
        })
    }

    #[derive(Debug, Clone)]
    enum Edit {
        Insert(Vec<u8>),
        Replace(u8),
        Remove,
        Repeat(usize),
    }

    fn edit() -> impl Strategy<Value = Edit> {
        let snippets: Vec<&[u8]> = vec![
            b" ",
            b"\n",
            b"\r",
            b"\t",
            b"\0",
            b"0",
            b"1",
            b"-",
            b".",
            b"e9",
            b"e400",
            b",",
            b":",
            b"\"",
            b"\\",
            b"\\u",
            b"\\ud800",
            b"\\u0000",
            b"{",
            b"}",
            b"[",
            b"]",
            b"\xef\xbb\xbf",
            b"\xff",
            b"\xc0\x80",
            b"\xe2\x80\xa8",
            b"NaN",
            b"Infinity",
            b"//",
            b"\"a\":1,",
            b"\"A\":2,",
            b"\"__proto__\":1,",
            b"-0",
            b"9007199254740993",
            b"0.1",
        ];
        prop_oneof![
            3 => select(snippets).prop_map(|snippet| Edit::Insert(snippet.to_vec())),
            1 => any::<u8>().prop_map(Edit::Replace),
            1 => Just(Edit::Remove),
            1 => (1_usize..12).prop_map(Edit::Repeat),
        ]
    }
}
