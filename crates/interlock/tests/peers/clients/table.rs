//! The table: what is sent, or what the server answers, and what the client must see.

use std::time::Duration;

use serde_json::{Value, json};

use super::library::{Library, UNPAIRED};

/// One case.
pub(crate) struct Row {
    /// Its number among the cases from the field.
    pub(crate) case: u8,
    pub(crate) name: &'static str,
    pub(crate) asked: Asked,
    pub(crate) sees: Sees,
    pub(crate) by: By,
}

pub(crate) enum Asked {
    /// A call of this tool with these arguments.
    Call(&'static str, Value),
    /// A call that the server answers with this line; `@ID@` stands for the id.
    Answered(Vec<u8>),
}

/// What the client must see, within [`PATIENCE`].
pub(crate) enum Sees {
    /// The result that it gets from the server without Interlock between them.
    Result,
    /// What it comes to without Interlock, be it a result or an objection of the library.
    SameAsDirect,
    /// An error under its own id, with this number, code and kind.
    Error(i64, &'static str, &'static str),
}

/// Who can send it.
#[derive(Clone, Copy)]
pub(crate) enum By {
    All,
    /// An argument of a command has at most 128 KiB, and the inspector calls what is listed only.
    AllButInspector,
    /// It is no text for Python, or Python writes it in another way.
    JavaScript,
}

/// How long a client waits for an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

impl Row {
    pub(crate) fn is_for(&self, library: Library) -> bool {
        match self.by {
            By::All => true,
            By::AllButInspector => library != Library::Inspector,
            By::JavaScript => matches!(library, Library::TypeScript | Library::Inspector),
        }
    }
}

/// A refusal of what the client sent.
fn refused(kind: &'static str) -> Sees {
    Sees::Error(-32_600, "refused.input", kind)
}

/// A refusal of what the server answered.
fn withheld(kind: &'static str) -> Sees {
    Sees::Error(-32_006, "refused.input", kind)
}

fn denied(code: &'static str) -> Sees {
    Sees::Error(-32_005, code, "")
}

fn any(case: u8, name: &'static str, value: Value, sees: Sees) -> Row {
    let asked = Asked::Call("any", json!({ "value": value }));
    Row { case, name, asked, sees, by: By::All }
}

fn typed(name: &'static str, argument: &str, value: Value, sees: Sees) -> Row {
    let asked = Asked::Call("typed", json!({ "name": "x", argument: value }));
    Row { case: 28, name, asked, sees, by: By::All }
}

fn answered(case: u8, name: &'static str, line: impl Into<Vec<u8>>, sees: Sees) -> Row {
    let mut line = line.into();
    line.push(b'\n');
    Row { case, name, asked: Asked::Answered(line), sees, by: By::All }
}

/// A result with this as a member of what is structured.
fn holding(member: &str) -> String {
    let shown = r#"{"type":"text","text":"shown"}"#;
    format!(
        r#"{{"jsonrpc":"2.0","id":@ID@,"result":{{"content":[{shown}],"structuredContent":{{{member}}}}}}}"#
    )
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!([inner]))
}

fn members(count: usize) -> Value {
    (0..count).map(|number| (format!("m{number}"), json!(1))).collect()
}

pub(crate) fn rows() -> Vec<Row> {
    [sent(), large_sent(), passed_back(), withheld_back(), large_back(), arguments(), others()]
        .into_iter()
        .flatten()
        .collect()
}

/// What a client sends.
fn sent() -> Vec<Row> {
    let surrogate = any(1, "a lone surrogate", json!(UNPAIRED), refused("json.surrogate"));
    vec![
        any(1, "2^53 + 1", json!(9_007_199_254_740_993_u64), Sees::Result),
        any(1, "a time in nanoseconds", json!(1_764_504_000_123_456_789_u64), Sees::Result),
        any(1, "a snowflake id", json!(1_203_456_789_012_345_678_u64), Sees::Result),
        any(1, "-0.0", json!(-0.0), Sees::Result),
        any(25, "1/11", json!(0.090_909_090_909_090_91), Sees::Result),
        any(25, "a time", json!([1_764_504_000.123_456_7, 1e-7, 52.520_007]), Sees::Result),
        any(1, "U+2028", json!("a\u{2028}b"), refused("json.line_separator")),
        any(1, "U+2029", json!("a\u{2029}b"), refused("json.line_separator")),
        any(1, "U+0085", json!("a\u{85}b"), refused("json.line_separator")),
        any(1, "NUL", json!("a\0b"), refused("json.nul")),
        any(1, "names equal but for case", json!({"a": 1, "A": 2}), refused("json.duplicate_key")),
        any(1, "depth 70", nested(70), refused("json.too_deep")),
        any(1, "5,000 members", members(5_000), refused("json.too_many_members")),
        any(
            1,
            "a name of 1,100 bytes",
            json!({"n".repeat(1_100): 1}),
            refused("json.key_too_long"),
        ),
        Row { by: By::JavaScript, ..surrogate },
        any(16, "nothing wrong", json!("fine"), Sees::Result),
    ]
}

fn large_sent() -> Vec<Row> {
    let text = |bytes: usize| json!("x".repeat(bytes));
    let large = [
        any(1, "a string of 5 MiB", text(5 << 20), refused("json.string_too_long")),
        any(
            1,
            "a line of 9 MiB",
            json!([text(3 << 20), text(3 << 20), text(3 << 20)]),
            refused("frame.too_long"),
        ),
        any(1, "140,000 numbers", json!(vec![7; 140_000]), refused("json.too_many_values")),
    ];
    large.map(|row| Row { by: By::AllButInspector, ..row }).into()
}

/// What a server answers, and the client gets.
fn passed_back() -> Vec<Row> {
    vec![
        answered(2, "2^60", holding(r#""n":1152921504606846976"#), Sees::Result),
        answered(2, "-0 and -0.0", holding(r#""n":[-0,-0.0]"#), Sees::Result),
        answered(2, "21 digits of pi", holding(r#""n":3.14159265358979323846"#), Sees::Result),
        answered(2, "1e400", holding(r#""n":1e400"#), Sees::SameAsDirect),
        answered(
            26,
            "U+2028 as it is",
            holding("\"t\":\"a\u{2028}b\u{2029}\u{85}\""),
            Sees::Result,
        ),
        answered(26, "an escaped NUL", holding(r#""t":"a\u0000b""#), Sees::Result),
        answered(26, "a lone surrogate", holding(r#""t":"\ud800""#), Sees::SameAsDirect),
        answered(26, "names equal but for case", holding(r#""a":1,"A":2"#), Sees::Result),
        answered(26, "`__proto__`", holding(r#""__proto__":1"#), Sees::Result),
        answered(5, "CR LF", holding("\"t\":1") + "\r", Sees::Result),
        answered(2, "tabs between tokens", holding("\t\"t\":\t1\t"), Sees::Result),
        answered(
            2,
            "`structuredContent` null",
            holding("").replace("{}", "null"),
            Sees::SameAsDirect,
        ),
        answered(6, "lines of a log before", format!("INFO\n\n{}", holding("")), Sees::Result),
        answered(
            2,
            "an error of its own",
            r#"{"jsonrpc":"2.0","id":@ID@,"error":{"code":-31000,"message":"own"}}"#,
            Sees::SameAsDirect,
        ),
    ]
}

/// What a server answers, and nobody gets.
fn withheld_back() -> Vec<Row> {
    let whole = |rest: &str| format!(r#"{{"jsonrpc":"2.0","id":@ID@,{rest}}}"#);
    let result = r#""result":{"content":[]}"#;
    vec![
        answered(2, "a name twice", holding(r#""a":1,"a":2"#), withheld("json.duplicate_key")),
        answered(2, "`result` null", whole(r#""result":null"#), withheld("message.wrong_type")),
        answered(2, "`result` []", whole(r#""result":[]"#), withheld("message.wrong_type")),
        answered(2, "`result` text", whole(r#""result":"x""#), withheld("message.wrong_type")),
        answered(
            2,
            "`error` null beside a result",
            whole(&format!(r#"{result},"error":null"#)),
            withheld("message.contradiction"),
        ),
        answered(
            2,
            "one more member",
            whole(&format!(r#"{result},"x":1"#)),
            withheld("message.unknown_member"),
        ),
        answered(
            2,
            "a code of text",
            whole(r#""error":{"code":"-31000","message":"x"}"#),
            withheld("message.wrong_type"),
        ),
        answered(
            2,
            "no message",
            whole(r#""error":{"code":-31000}"#),
            withheld("message.missing_member"),
        ),
        answered(
            2,
            "no `jsonrpc`",
            format!(r#"{{"id":@ID@,{result}}}"#),
            withheld("message.missing_member"),
        ),
        answered(2, "a batch", format!("[{}]", whole(result)), withheld("message.batch")),
        answered(2, "a cut line", holding("").trim_end_matches("}}"), withheld("json.end")),
        answered(
            2,
            "no UTF-8",
            [&holding("\"t\":\"").into_bytes()[..], b"\xff"].concat(),
            withheld("json.utf8"),
        ),
    ]
}

fn large_back() -> Vec<Row> {
    let filled = |name, kind: &str, count: usize, sees| {
        let arguments = json!({"fill": {"kind": kind, "count": count}});
        Row { case: 2, name, asked: Asked::Call("any", arguments), sees, by: By::All }
    };
    vec![
        answered(
            2,
            "depth 70",
            holding(&format!(r#""t":{}"#, nested(70))),
            withheld("json.too_deep"),
        ),
        answered(
            2,
            "a name of 1,100 bytes",
            holding(&format!(r#""{}":1"#, "n".repeat(1_100))),
            withheld("json.key_too_long"),
        ),
        filled("5,000 members", "members", 5_000, withheld("json.too_many_members")),
        filled("140,000 numbers", "numbers", 140_000, withheld("json.too_many_values")),
        filled("a string over 4 MiB", "text", (4 << 20) + 1, withheld("json.string_too_long")),
        filled("a line over 8 MiB", "texts", 3 << 20, withheld("frame.too_long")),
    ]
}

/// Arguments as models send them.
fn arguments() -> Vec<Row> {
    let malformed = || denied("request.malformed");
    vec![
        typed("3.0 for a whole number", "count", json!(3.0), Sees::Result),
        typed("null for what is optional", "count", Value::Null, Sees::Result),
        typed("text for a number", "count", json!("3"), malformed()),
        typed("text for a Boolean", "flag", json!("true"), malformed()),
        typed("an argument too many", "more", json!(1), malformed()),
        typed("19.99", "price", json!(19.99), Sees::Result),
        typed("19.99999", "price", json!(19.999_99), malformed()),
        typed("an element twice", "tags", json!(["a", "a"]), Sees::Result),
        typed("an empty record", "opt", json!({}), Sees::Result),
    ]
}

fn others() -> Vec<Row> {
    let call = |case, name, tool, arguments, sees| Row {
        case,
        name,
        asked: Asked::Call(tool, arguments),
        sees,
        by: By::All,
    };
    vec![
        call(6, "70 lines of a log", "any", json!({"stray": 70}), Sees::Result),
        call(6, "70 more", "any", json!({"stray": 70}), Sees::Result),
        call(16, "a forbidden tool", "forbidden", json!({}), denied("policy.denied")),
        Row {
            by: By::AllButInspector,
            ..call(16, "an unknown tool", "unheard", json!({}), denied("tool.unknown"))
        },
        call(29, "an image of 1 MiB", "any", json!({"big": 1 << 20}), Sees::Result),
    ]
}
