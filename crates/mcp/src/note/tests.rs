use super::*;

#[test]
fn each_note_is_one_line_that_names_the_sender() {
    let refused = |direction| Note::Refused {
        direction,
        kind: "json.syntax",
        why: "the text is not JSON: unexpected character at byte 0".into(),
    };
    let (sink, mut heard) = mpsc::unbounded_channel();
    for (note, line) in [
        (Note::Started { pid: Some(7) }, "the server runs as process 7"),
        (Note::Stderr("no licence".into()), "server: no licence"),
        (Note::StderrDropped, "the server's further stderr is dropped"),
        (
            refused(Direction::ToServer),
            "a message of the client was refused: json.syntax: the text is not JSON: unexpected character at byte 0",
        ),
        (
            refused(Direction::ToClient),
            "a message of the server was refused: json.syntax: the text is not JSON: unexpected character at byte 0",
        ),
        (
            Note::Probe { method: "a\u{1b}\n".into() },
            "the client probed for a newer revision with `a\\u{1b}\\n`",
        ),
        (Note::Unsettled, "the session ended before all its steps were completed"),
    ] {
        sink.note(note);
        assert_eq!(heard.try_recv().unwrap(), line);
    }
    drop(heard);
    sink.note(Note::Unsettled);
}
