use super::*;

fn lines(body: &[u8]) -> ChunkedLines<&[u8]> {
    ChunkedLines(body)
}

#[test]
fn lines_come_out_of_their_chunks() {
    let mut lines = lines(b"3\r\n{}\n\r\nB\r\n{\"acting\":\n\r\n0\r\n\r\n");
    assert_eq!(lines.next_line().unwrap(), b"{}");
    assert_eq!(lines.next_line().unwrap(), b"{\"acting\":");
    assert_eq!(lines.next_line().unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
}

#[test]
fn line_without_its_end_is_none() {
    for body in [
        "",
        "3",
        "3\r\n",
        "3\r\n{}\n",
        "2\r\n{}\r\n",
        "x\r\n{}\n\r\n",
        "-3\r\n{}\n\r\n",
        "3\n{}\n\r\n",
        "ffffffffffffffff\r\n",
        "3;x\r\n{}\n\r\n",
    ] {
        assert!(lines(body.as_bytes()).next_line().is_err(), "{body:?}");
    }
}

#[test]
fn a_node_that_ends_says_what_it_stopped_first() {
    let acting = Acting { executions: 2, ..Acting::default() };
    let why = recorded(&mut lines(b"0\r\n\r\n"), acting.clone()).unwrap_err();
    assert_eq!((why.code(), why.acting()), ("ended", Some(&acting)));
    let refused = Problem::new(api::problem::Code::Ledger, "full");
    let line = serde_json::to_string(&refused.while_it_acts(Some(acting.clone()))).unwrap();
    let body = format!("{:x}\r\n{line}\n\r\n", line.len() + 1);
    let why = recorded(&mut lines(body.as_bytes()), Acting::default()).unwrap_err();
    assert_eq!((why.code(), why.acting()), ("ledger", Some(&acting)));
}
