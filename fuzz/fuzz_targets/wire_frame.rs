//! Any stream, cut anywhere: the lines are those of a reader that has the whole stream.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::frame::Lines;

const LINE_BYTES_MAX: usize = 16;

fuzz_target!(|input: (Vec<u8>, u8)| {
    let (stream, cut) = input;
    let mut lines = Lines::new(LINE_BYTES_MAX);
    let parts = stream.chunks(usize::from(cut).max(1));
    let read: Vec<Option<Vec<u8>>> =
        parts.flat_map(|part| lines.push(part)).map(Result::ok).collect();
    let mut whole: Vec<&[u8]> = stream.split(|byte| *byte == b'\n').collect();
    let last = whole.pop().unwrap_or_default();
    let text = |line: &[u8]| line.strip_suffix(b"\r").unwrap_or(line).to_vec();
    let fault = |line: &[u8]| text(line).len() > LINE_BYTES_MAX || text(line).contains(&b'\r');
    let wanted: Vec<Option<Vec<u8>>> =
        whole.iter().map(|line| (!fault(line)).then(|| text(line))).collect();
    assert_eq!(read, wanted);
    assert_eq!(lines.finish().is_ok(), last.is_empty());
});
