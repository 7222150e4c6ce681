use proptest::prelude::*;

use super::*;

fn ok(line: &str) -> Result<Vec<u8>, Error> {
    Ok(line.as_bytes().to_vec())
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
fn a_line_past_the_bound_is_one_refusal_and_reading_resumes_after_it() {
    let mut lines = Lines::new(4);
    assert_eq!(lines.push(b"abcd\n"), [ok("abcd")]);
    assert_eq!(lines.push(b"abcde\nx\n"), [Err(Error::TooLong), ok("x")]);
    // Endless: refused when the bound is passed, not at its end, and held no longer.
    assert_eq!(lines.push(b"abc"), []);
    assert_eq!(lines.push(b"de"), [Err(Error::TooLong)]);
    for _ in 0..1_000 {
        assert_eq!(lines.push(b"endless"), []);
        assert_eq!(lines.line.capacity(), 0);
    }
    assert_eq!(lines.push(b"\nok\n"), [ok("ok")]);
}

#[test]
fn a_carriage_return_refuses_its_whole_line() {
    let mut lines = Lines::new(20);
    assert_eq!(lines.push(b"{}\r\n{}\n"), [Err(Error::CarriageReturn), ok("{}")]);
    assert_eq!(lines.push(b"a\rb\rc"), [Err(Error::CarriageReturn)]);
    assert_eq!(lines.push(b"d\ne\n"), [ok("e")]);
}

#[test]
fn an_unfinished_line_is_never_read() {
    let mut lines = Lines::new(4);
    assert_eq!(lines.push(b"ab"), []);
    assert_eq!(lines.finish(), Err(Error::Unfinished));
    let mut lines = Lines::new(4);
    assert_eq!(lines.push(b"abcde"), [Err(Error::TooLong)]);
    // It has been refused already.
    assert_eq!(lines.finish(), Ok(()));
}

#[test]
fn codes_are_stable() {
    let codes = [Error::TooLong, Error::CarriageReturn, Error::Unfinished].map(Error::code);
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
        // Which of two faults is named depends on how the stream is cut; that there is one does not.
        let fault = |line: &[u8]| line.len() > max || line.contains(&b'\r');
        let mut want: Vec<Option<Vec<u8>>> = ended.iter().map(|line| (!fault(line)).then(|| line.to_vec())).collect();
        if fault(last) { want.push(None); }
        prop_assert_eq!(got.into_iter().map(Result::ok).collect::<Vec<_>>(), want);
        prop_assert_eq!(lines.finish().is_ok(), last.is_empty() || fault(last));
    }
}
