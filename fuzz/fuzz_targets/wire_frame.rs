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
    let fault = |line: &[u8]| line.len() > LINE_BYTES_MAX || line.contains(&b'\r');
    let mut wanted: Vec<Option<Vec<u8>>> =
        whole.iter().map(|line| (!fault(line)).then(|| line.to_vec())).collect();
    if fault(last) {
        wanted.push(None);
    }
    assert_eq!(read, wanted);
    assert_eq!(lines.finish().is_ok(), last.is_empty() || fault(last));
});
