use crate::bundle::Bundle;

const SCHEMA: &str = "entity W; entity R; action Money;
action pay in [Money] appliesTo { principal: W, resource: R, context: { input: { cents: Long, note: String, price?: decimal, more: { deep: Long } }, output?: { bytes: Long, text: String } } };
action look appliesTo { principal: W, resource: R };";
const METER: &str =
    "[meters.daily]\nunit = \"cents\"\nlimit = 500\nwindow = \"24h\"\nper = \"workload\"\n";

fn load(meters: &str, semantics: u8) -> Result<Bundle, crate::error::LoadErrors> {
    let manifest = format!("name = \"n\"\nversion = \"1\"\nsemantics = {semantics}\n");
    let files = [
        ("bundle.toml", manifest.as_str()),
        ("schema.cedarschema", SCHEMA),
        ("meters.toml", meters),
    ];
    Bundle::load(&files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into())
}

#[test]
fn a_charge_names_an_action_or_a_group_of_them() {
    for action in ["pay", "Money"] {
        let charge = format!("[[charges]]\nmeter = \"daily\"\naction = \"{action}\"\namount = 1\n");
        let bundle = load(&format!("{METER}{charge}"), 2).unwrap();
        let charged: Vec<_> = bundle.charged("pay").map(|meter| meter.name.as_str()).collect();
        assert_eq!(charged, ["daily"], "{action}");
        assert_eq!(bundle.charged("look").count(), 0);
    }
}

#[test]
fn meters_need_the_second_semantics() {
    assert!(load(METER, 1).unwrap_err().to_string().contains("semantics = 2"));
    assert!(load(METER, 2).is_ok());
}

#[test]
fn each_wrong_value_is_told_with_what_may_have_been_meant() {
    let charge =
        |rest: &str| format!("{METER}[[charges]]\nmeter = \"daily\"\naction = \"pay\"\n{rest}");
    for (text, what) in [
        (METER.replace("limit = 500", "limit = -1"), "a whole number from 0"),
        (METER.replace("limit = 500", "limit = 9007199254740992"), "a whole number from 0"),
        (METER.replace("limit = 500\n", ""), "`limit` is missing"),
        (METER.replace("24h", "24 hours"), "a window is a number"),
        (METER.replace("24h", "0s"), "a window is a number"),
        (METER.replace("24h", "367d"), "a window is a number"),
        (METER.replace("\"workload\"", "\"worklaod\""), "did you mean `workload`"),
        (METER.replace("window", "windwo"), "did you mean `window`"),
        (charge(""), "`amount` is missing"),
        (charge("amount = -5"), "a whole number from 0"),
        (charge("amount = 1.5"), "`amount` is a whole number, or the path"),
        (charge("amount = \"input.note\""), "no integer or decimal"),
        (charge("amount = \"input.cent\""), "did you mean `input.cents`"),
        (charge("amount = \"input\""), "no integer or decimal"),
        (charge("amount = \"output.cents\""), "`amount` is a whole number, or the path"),
        (charge("amount = \"input.price\"\ndecimals = 5"), "`decimals` is a number"),
        (charge("amount = 1").replace("\"pay\"", "\"pya\""), "did you mean `pay`"),
        (
            charge("amount = 1").replace("meter = \"daily\"", "meter = \"dialy\""),
            "did you mean `daily`",
        ),
    ] {
        let error = load(&text, 2).expect_err(&text);
        let said: Vec<String> = error.iter().map(|one| format!("{one:?} {one}")).collect();
        assert!(said.iter().any(|said| matches(said, what)), "{text}\n{what}\n{said:?}");
    }
    for (settle, what) in [
        ("\"output.byte\"", "did you mean `output.bytes`"),
        ("\"output.text\"", "no integer or decimal among the results"),
        ("\"input.cents\"", "no integer or decimal among the results"),
        ("7", "`settle` can't be integer"),
    ] {
        let text = charge(&format!("amount = 1\nsettle = {settle}"));
        let error = load(&text, 2).expect_err(&text);
        let said: Vec<String> = error.iter().map(|one| format!("{one:?} {one}")).collect();
        assert!(said.iter().any(|said| matches(said, what)), "{text}\n{what}\n{said:?}");
    }
    let settled = charge("amount = 1\nsettle = \"output.bytes\"\n");
    assert!(load(&settled, 2).is_ok());
    let second = "[[charges]]\nmeter = \"daily\"\naction = \"Money\"\namount = 1\n";
    let error = load(&format!("{settled}{second}"), 2).unwrap_err();
    assert!(error.to_string().contains("the only charge of its action"), "{error}");
    assert!(load(&charge("amount = \"input.more.deep\""), 2).is_ok());
    assert!(load(&charge("amount = \"input.price\"\ndecimals = 2"), 2).is_ok());
}

#[test]
fn more_meters_or_a_longer_name_than_the_limits_are_refused() {
    use crate::limits::{METERS_MAX, NAME_METER_BYTES_MAX};

    let meters = |count: usize| -> String {
        (0..count).map(|n| METER.replace("daily", &format!("m{n}"))).collect()
    };
    assert_eq!(load(&meters(METERS_MAX), 2).unwrap().meters().count(), METERS_MAX);
    assert!(load(&meters(METERS_MAX + 1), 2).unwrap_err().to_string().contains("at most 64"));
    let named = |bytes: usize| METER.replace("daily", &"m".repeat(bytes));
    assert!(load(&named(NAME_METER_BYTES_MAX), 2).is_ok());
    let error = load(&named(NAME_METER_BYTES_MAX + 1), 2).unwrap_err();
    assert!(error.to_string().contains("a meter's name"), "{error}");
    assert!(load(&METER.replace("24h", "366d"), 2).is_ok());
}

fn matches(said: &str, what: &str) -> bool {
    match what.strip_prefix("did you mean `") {
        Some(name) => said.contains(&format!("nearest: Some(\"{}\")", name.trim_end_matches('`'))),
        None => said.contains(what),
    }
}
