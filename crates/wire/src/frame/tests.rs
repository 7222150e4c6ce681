use proptest::prelude::*;

use super::*;

fn ok(line: &str) -> Result<Vec<u8>, Error> {
    Ok(line.as_bytes().to_vec())
}

fn refused(kind: ErrorKind) -> Result<Vec<u8>, Error> {
    Err(Error { kind, outline: Outline::Nothing })
}

#[test]
fn lines_come_whole_however_the_stream_is_cut() {
    let mut lines = Lines::new(10);
    assert_eq!(lines.push(b"ab"), []);
    assert_eq!(lines.push(b"c\n\nde\nf"), [ok("abc"), ok(""), ok("de")]);
    assert_eq!(lines.push(b"\n"), [ok("f")]);
    assert_eq!(lines.finish(), Ok(()));
}

#[test]
fn a_line_past_the_bound_is_refused_once() {
    let mut lines = Lines::new(4);
    assert_eq!(lines.push(b"abcd\n"), [ok("abcd")]);
    assert_eq!(lines.push(b"abcde\nx\n"), [refused(ErrorKind::TooLong), ok("x")]);
    // Endless: held no longer once the bound is passed, and refused at its end.
    assert_eq!(lines.push(b"abcde"), []);
    for _ in 0..1_000 {
        assert_eq!(lines.push(b"endless"), []);
        assert_eq!(lines.line.capacity(), 0);
    }
    assert_eq!(lines.push(b"\nok\n"), [refused(ErrorKind::TooLong), ok("ok")]);
}

#[test]
fn a_carriage_return_before_the_line_feed_is_part_of_the_end() {
    let mut lines = Lines::new(4);
    assert_eq!(lines.push(b"{}\r\n\r\nabcd\r\n"), [ok("{}"), ok(""), ok("abcd")]);
    assert_eq!(lines.push(b"ab\r"), []);
    assert_eq!(lines.push(b"\n"), [ok("ab")]);
}

#[test]
fn any_other_carriage_return_refuses_its_whole_line() {
    let mut lines = Lines::new(20);
    let cr = || refused(ErrorKind::CarriageReturn);
    assert_eq!(lines.push(b"{}\r\r\n{}\n"), [cr(), ok("{}")]);
    assert_eq!(lines.push(b"a\rb\n\rc\n"), [cr(), cr()]);
    assert_eq!(lines.push(b"a\r"), []);
    assert_eq!(lines.push(b"b\r"), []);
    assert_eq!(lines.push(b"\ne\n"), [cr(), ok("e")]);
}

#[test]
fn a_refused_line_still_gives_its_id() {
    let line = r#"{"jsonrpc":"2.0","id":"r-1","method":"tools/call","params":{"a":"#;
    for (rest, kind) in
        [("\"\r\"}}", ErrorKind::CarriageReturn), ("\"long\"}}", ErrorKind::TooLong)]
    {
        let mut lines = Lines::new(line.len());
        let got = lines.push(format!("{line}{rest}\n").as_bytes());
        let error = got[0].as_ref().unwrap_err();
        assert_eq!(error.kind(), kind);
        let Outline::Request(id) = error.outline() else { panic!("{error:?}") };
        assert_eq!(id.as_str(), Some("r-1"));
    }
}

#[test]
fn an_unfinished_line_is_never_read() {
    for begun in [&b"ab"[..], b"abcde", b"\r"] {
        let mut lines = Lines::new(4);
        assert_eq!(lines.push(begun), []);
        assert!(lines.finish().is_err());
    }
}

#[test]
fn codes_are_stable() {
    let kinds = [ErrorKind::TooLong, ErrorKind::CarriageReturn, ErrorKind::Unfinished];
    let codes = kinds.map(ErrorKind::code);
    assert_eq!(codes, ["frame.too_long", "frame.carriage_return", "frame.unfinished"]);
}

proptest! {
    #[test]
    fn cutting_agrees_with_a_reader_that_has_the_whole_stream(
        stream in prop::collection::vec(prop::sample::select(b"ab\n\r".to_vec()), 0..80),
        cuts in prop::collection::vec(0_usize..80, 0..10),
    ) {
        let max = 5;
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let mut lines = Lines::new(max);
        let got: Vec<_> = cuts.windows(2).flat_map(|cut| lines.push(&stream[cut[0]..cut[1]])).collect();
        let whole: Vec<&[u8]> = stream.split(|byte| *byte == b'\n').collect();
        let (last, ended) = whole.split_last().unwrap();
        // The cuts of the stream decide which of two faults is named, not whether there is one.
        let text = |line: &'_ [u8]| line.strip_suffix(b"\r").unwrap_or(line).to_vec();
        let fault = |line: &[u8]| text(line).len() > max || text(line).contains(&b'\r');
        let want: Vec<Option<Vec<u8>>> = ended.iter().map(|line| (!fault(line)).then(|| text(line))).collect();
        prop_assert_eq!(got.into_iter().map(Result::ok).collect::<Vec<_>>(), want);
        prop_assert_eq!(lines.finish().is_ok(), last.is_empty());
    }
}
