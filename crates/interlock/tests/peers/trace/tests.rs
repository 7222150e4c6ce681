use super::{Call, parse};

const TRACE: &str = r#"70 pwrite64(16</d/wal/0>, "\x00ab\xff" <unfinished ...>
71   writev(7<pipe:[1]>, [{iov_base="\x78", iov_len=1}, {iov_base="yz", iov_len=2}], 2) = 3
70 <... pwrite64 resumed>, 4, 8192) = 4
71 read(0<pipe:[2]>,  <unfinished ...>
70 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=1} ---
71 <... read resumed>"\x22\x5c", 65536)     = 2
72 write(4<\x61\x3e>, "", 0) = -1 EAGAIN (Resource temporarily unavailable)
72 read(0<pipe:[2]>,  <unfinished ...>) = ?
72 +++ exited with 0 +++
"#;

fn call(name: &str, file: (u32, &str), data: &[u8], at: (usize, usize, Option<i64>)) -> Call {
    let (began, ended, result) = at;
    let file = Some((file.0, file.1.to_owned()));
    Call { name: name.to_owned(), file, data: data.to_vec(), result, began, ended }
}

#[test]
fn interrupted_calls_are_ordered_by_their_beginning() {
    let calls = parse(TRACE).unwrap();
    let expected = [
        call("pwrite64", (16, "/d/wal/0"), b"\0ab\xff", (0, 2, Some(4))),
        call("writev", (7, "pipe:[1]"), b"xyz", (1, 1, Some(3))),
        call("read", (0, "pipe:[2]"), b"\"\\", (3, 5, Some(2))),
        call("write", (4, "a>"), b"", (6, 6, Some(-1))),
        call("read", (0, "pipe:[2]"), b"", (7, 7, None)),
    ];
    assert_eq!(calls, expected);
}

#[test]
fn a_trace_that_hides_something_is_an_error() {
    for (line, why) in [
        (r#"7 write(1<a>, "abc"..., 9) = 9"#, "cut short"),
        (r#"7 write(1<a>, "\0", 1) = 1"#, "-xx"),
        (r#"7 <... write resumed>, 1) = 1"#, "nothing was unfinished"),
        ("7 fsync(1<a> <unfinished ...>\n7 fsync(1<a> <unfinished ...>", "in two calls"),
        ("7 fsync(1<a>)", "no result"),
        (r#"7 write(1<a>, "abc, 9) = 9"#, "does not end"),
    ] {
        assert!(parse(line).unwrap_err().contains(why), "{line}: {:?}", parse(line));
    }
}
