use super::*;
use crate::bundle::Files;
use crate::decide::decide;
use crate::facts::DecisionState;
use crate::history::TransitionOutcome;
use crate::request::Request;
use proof::json::{Object, Value};
use proptest::prelude::*;
use record::Facts;

const SCHEMA: &str = "entity W; entity T; action act appliesTo { principal: W, resource: T, context: { input: { n?: Long }, output?: { size: Long } } };";

/// Conditions whose monitors keep the latest, every and the different values.
fn bundle() -> Arc<Bundle> {
    let policies = "@id(\"p\") permit (principal, action, resource) when temporal { \
        count_within(3s, Action::\"act\"::request{ input.n: context.input.n }) < 4 && \
        sum_within(s, 4s, Action::\"act\"::response{ output.size: s }) < 10 && \
        !(formerly within 2s Action::\"act\"::error{}) };";
    let manifest = "name = \"h\"\nversion = \"1\"\nsemantics = 1";
    let files =
        [("bundle.toml", manifest), ("schema.cedarschema", SCHEMA), ("policies/p.dw", policies)];
    let files: Files = files.map(|(path, text)| (path.to_owned(), text.into())).into();
    Arc::new(Bundle::load(&files).unwrap_or_else(|errors| panic!("{errors}")))
}

fn request(resource: &str, input: &str) -> Request {
    Request {
        principal: Entity::new("W", "w"),
        action: "act".into(),
        resource: Entity::new("T", resource),
        input: input.into(),
    }
}

/// The members of a page, as a piece of a snapshot has them.
fn members(history: &History, page: HistoryPage) -> Object {
    let mut text = String::new();
    let mut open = OpenPage::new(page.first);
    open.extend(history, page, usize::MAX);
    open.write(&mut text, |members| members.string("execution", "e")).end();
    let Value::Object(mut members) = Value::parse(text.as_bytes()).unwrap() else { panic!() };
    assert_eq!(members.remove("execution"), Some(Value::from("e")));
    members
}

fn pages(history: &History) -> Vec<(HistoryPage, Object)> {
    let next = |page: &Option<HistoryPage>| page.map(|page| page.end);
    let mut pages = Vec::new();
    let mut page = history.page(0);
    while let Some(end) = next(&page) {
        pages.push((page.unwrap(), members(history, page.unwrap())));
        page = history.page(end);
    }
    pages
}

/// As it would be read back: through its bytes.
fn restored(history: &History) -> History {
    let mut restored = History::restoring(history.bundle(), history.is_full());
    for (_, members) in pages(history) {
        let bytes = Value::Object(members).to_bytes();
        restore_page(&mut restored, &bytes).unwrap();
    }
    restored
}

/// None where the members are not those two, or not what they are.
fn restore_page(history: &mut History, bytes: &[u8]) -> Option<()> {
    let mut members = Span::object(bytes)?.members()?;
    let (events, frames) = (members.next_if("events")?, members.next_if("frames")?);
    history.restore_page(events, frames)
}

fn live(history: &mut History, at: &mut i64, steps: &[(i64, u8, i64)]) -> Vec<Vec<u8>> {
    let mut decisions = Vec::new();
    for (later, what, n) in steps {
        *at += later;
        let asked = request(&format!("t{}", n % 3), &format!("{{\"n\":{n}}}"));
        match what {
            0 => history.complete(*at, &asked, &TransitionOutcome::Error),
            1 => {
                let text = format!("{{\"size\":{n}}}");
                history.complete(*at, &asked, &TransitionOutcome::Result(Some(text)));
            }
            2 => history.complete(*at, &asked, &TransitionOutcome::Result(None)),
            _ => {
                let facts = Facts { at: *at, ..Facts::DEFAULT };
                decisions.push(
                    decide(history, &DecisionState::DEFAULT, &facts, &asked).to_value().to_bytes(),
                );
            }
        }
    }
    decisions
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_restored_history_decides_as_the_original(
        before in prop::collection::vec((-50_i64..900, 0_u8..6, 0_i64..4), 0..600),
        after in prop::collection::vec((0_i64..900, 0_u8..6, 0_i64..4), 1..20),
    ) {
        let mut history = History::new(&bundle()).unwrap();
        let mut at = 1_000;
        live(&mut history, &mut at, &before);
        let mut other = restored(&history);
        prop_assert_eq!(pages(&other), pages(&history));
        let mut again = at;
        prop_assert_eq!(live(&mut other, &mut at, &after), live(&mut history, &mut again, &after));
        prop_assert_eq!(pages(&other), pages(&history));
    }
}

#[test]
fn a_full_page_never_changes() {
    let mut history = History::new(&bundle()).unwrap();
    assert_eq!(history.page(0), None);
    let small = request("t", "{\"n\":1}");
    for _ in 0..=HISTORY_PAGE_EVENTS {
        history.complete(1, &small, &TransitionOutcome::Error);
    }
    let first = history.page(0).unwrap();
    assert_eq!(first, HistoryPage { first: 0, end: HISTORY_PAGE_EVENTS, is_full: true });
    let rest = history.page(first.end).unwrap();
    assert_eq!(rest, HistoryPage { first: first.end, end: first.end + 1, is_full: false });
    // Two that fit together only just, and one more.
    let half = request("t", &format!("{{\"n\":{}}}", " ".repeat(HISTORY_PAGE_BYTES / 2 - 100)));
    for _ in 0..2 {
        history.complete(2, &half, &TransitionOutcome::Error);
    }
    let full = members(&history, first);
    assert_eq!(history.page(first.end).unwrap(), HistoryPage { end: first.end + 3, ..rest });
    history.complete(3, &half, &TransitionOutcome::Error);
    assert_eq!(
        history.page(first.end).unwrap(),
        HistoryPage { end: first.end + 3, is_full: true, ..rest }
    );
    assert_eq!(members(&history, history.page(0).unwrap()), full);
    assert_eq!(history.page(first.end + 3).unwrap().end, first.end + 4);
}

#[test]
fn an_invalid_page_restores_nothing() {
    let mut history = History::new(&bundle()).unwrap();
    history.complete(
        1,
        &request("t", "{}"),
        &TransitionOutcome::Result(Some("{\"size\":1}".into())),
    );
    let good = members(&history, history.page(0).unwrap());
    let text = String::from_utf8(Value::Object(good).to_bytes()).unwrap();
    let other = [
        text.replace("\"response\"", "\"request\""),
        text.replace("\"response\"", "\"unknown\""),
        text.replace("[1,0,", "[1,1,"),
        text.replace("[1,0,", "[1,-1,"),
        text.replace("[1,0,", "[\"1\",0,"),
        text.replace("\"W\",", ""),
        text.replace("]],\"frames\"", ",\"more\"]],\"frames\""),
        text.replace("{\"events\"", "{\"begin\":1,\"events\""),
        text.replace("\"frames\"", "\"gone\""),
    ];
    let restored = |text: &str| {
        restore_page(&mut History::restoring(history.bundle(), false), text.as_bytes())
    };
    assert!(restored(&text).is_some());
    for text in other {
        assert!(restored(&text).is_none(), "{text}");
    }
}
