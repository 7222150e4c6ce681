use std::sync::Arc;

use super::*;
use crate::bundle::{Bundle, Files};
use crate::history::TransitionOutcome;
use crate::limits::{HISTORY_PAGE_BYTES, HISTORY_PAGE_EVENTS};
use crate::request::{Entity, Request};
use proof::json::{Object, Value};

fn history() -> History {
    let schema = "entity W; entity T; action act appliesTo { principal: W, resource: T };";
    let files = [
        ("bundle.toml", "name = \"h\"\nversion = \"1\"\nsemantics = 1"),
        ("schema.cedarschema", schema),
        ("policies/p.dw", "@id(\"p\") permit (principal, action, resource);"),
    ];
    let files: Files = files.map(|(path, text)| (path.to_owned(), text.into())).into();
    let bundle = Bundle::load(&files).unwrap_or_else(|errors| panic!("{errors}"));
    History::new(&Arc::new(bundle)).unwrap()
}

/// Adds an event of each kind in turn.
fn add(history: &mut History, number: usize, resource: &str, bytes: usize) {
    let request = Request {
        principal: Entity::new("W", "w"),
        action: "act".into(),
        resource: Entity::new("T", resource),
        input: format!("{{\"n\":\"{number} \\\"{}\"}}", "x".repeat(bytes)),
    };
    let outcome = match number % 3 {
        0 => TransitionOutcome::Error,
        1 => TransitionOutcome::Result(None),
        _ => TransitionOutcome::Result(Some(format!("{{\"size\":{number}}}"))),
    };
    history.complete(i64::try_from(number).unwrap(), &request, &outcome);
}

/// A page as it stands in a piece, by [`Value`] and frames that are looked for by what they are.
fn by_values(history: &History, page: HistoryPage) -> String {
    let text = |text: &str| Value::from(text);
    let mut frames: Vec<&EventFrame> = Vec::new();
    let events = history.events.all[page.first..page.end].iter().map(|event| {
        let known = frames.iter().position(|frame| **frame == *event.frame);
        let frame = known.unwrap_or_else(|| {
            frames.push(&event.frame);
            frames.len() - 1
        });
        let (kind, output) = match &event.kind {
            EventKind::Request => ("request", None),
            EventKind::Response(output) => ("response", output.as_deref()),
            EventKind::Error => ("error", None),
            EventKind::Unknown => ("unknown", None),
        };
        let mut parts = vec![
            Value::Integer(event.at),
            Value::Integer(i64::try_from(frame).unwrap()),
            text(kind),
            text(&event.input),
        ];
        parts.extend(output.map(text));
        Value::Array(parts)
    });
    let mut members = Object::new();
    members.insert("events", Value::Array(events.collect()));
    members.insert("execution", text("e"));
    let frames = frames.iter().map(|frame| Value::Array(frame.texts().map(text).to_vec()));
    members.insert("frames", Value::Array(frames.collect()));
    String::from_utf8(Value::Object(members).to_bytes()).unwrap()
}

fn text_of(open: &OpenPage) -> String {
    let mut text = String::new();
    open.write(&mut text, |members| members.string("execution", "e")).end();
    text
}

/// Writes each page as its events come, so many more each time, and compares it with what is
/// written at once, and with the canonical form of its values.
fn check(numbers: usize, each: usize, event: impl Fn(&mut History, usize)) -> Vec<HistoryPage> {
    let mut history = history();
    let mut open = OpenPage::new(0);
    let mut full = Vec::new();
    for number in 0..numbers {
        event(&mut history, number);
        if (number + 1) % each != 0 {
            continue;
        }
        while let Some(page) = history.page(open.first()) {
            open.extend(&history, page, usize::MAX);
            assert_eq!((open.first(), open.end()), (page.first, page.end));
            let mut at_once = OpenPage::new(page.first);
            at_once.extend(&history, page, usize::MAX);
            let text = text_of(&open);
            assert!(text == text_of(&at_once), "{page:?} differs from what is written at once");
            assert!(text == by_values(&history, page), "{page:?} is not canonical");
            assert!(text.starts_with(open.head()));
            if !page.is_full {
                break;
            }
            full.push(page);
            open = OpenPage::new(page.end);
        }
    }
    full
}

#[test]
fn an_open_page_is_written_as_one_is_at_once() {
    for each in [1, 3, 7, 100] {
        let full = check(2 * HISTORY_PAGE_EVENTS + 100, each, |history, number| {
            add(history, number, "one", number % 50);
        });
        assert_eq!(full.len(), 2);
    }
}

#[test]
fn an_open_page_of_many_frames_is_written_as_at_once() {
    let full = check(HISTORY_PAGE_EVENTS + 9, 5, |history, number| {
        add(history, number, &format!("\"t{}", number % 97), 10);
    });
    assert_eq!(full.len(), 1);
    check(HISTORY_PAGE_EVENTS + 9, 5, |history, number| {
        add(history, number, &format!("t{number}"), 10);
    });
}

#[test]
fn an_open_page_that_its_bytes_fill_is_written_as_at_once() {
    let full = check(28, 4, |history, number| {
        add(history, number, "one", HISTORY_PAGE_BYTES / 9);
    });
    assert_eq!(full.iter().map(|page| page.end).collect::<Vec<_>>(), [8, 16, 24]);
}

#[test]
fn an_open_page_is_extended_by_so_many_bytes_at_most() {
    let mut history = history();
    (0..30).for_each(|number| add(&mut history, number, "one", 100));
    let page = history.page(0).unwrap();
    let mut open = OpenPage::new(0);
    open.extend(&history, page, 0);
    assert_eq!(open.end(), 0);
    open.extend(&history, page, 1);
    assert_eq!(open.end(), 1, "the event with which they are reached");
    let mut times = 0;
    while open.end() < page.end {
        let before = open.head().len();
        open.extend(&history, page, 500);
        assert!(open.head().len() - before < 700);
        times += 1;
    }
    assert!(times > 5);
    assert_eq!(text_of(&open), by_values(&history, page));
}

#[test]
fn the_bytes_of_an_open_page_are_those_of_its_texts_and_frames() {
    let mut history = history();
    (0..30).for_each(|number| add(&mut history, number, &format!("t{number}"), 100));
    let mut open = OpenPage::new(0);
    let empty = open.bytes();
    open.extend(&history, history.page(0).unwrap(), usize::MAX);
    assert!(open.bytes() >= text_of(&open).len());
    assert!(empty < 256 && open.bytes() < 3 * text_of(&open).len());
}
