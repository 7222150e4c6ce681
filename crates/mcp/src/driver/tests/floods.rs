//! Sides that send too much, or read too little.

use super::*;
use crate::limits::{
    AHEAD_USER_BYTES_MAX, READ_BYTES, SERVER_REFUSALS_BURST, SHORT_LINE_BYTES, STDERR_BYTES_MAX,
    STDERR_LINE_BYTES_MAX,
};

#[tokio::test]
async fn a_server_that_floods_with_unreadable_lines_is_stopped() {
    let client = Client::start(&Script::new(no_writes), &python(&["garbage"]));
    let gate = Arc::clone(&client.gate);
    let summary = client.ends().await;
    assert_eq!(summary.ended, SessionEnd::Unruly);
    // While they arrive, some more are admitted.
    let refused = summary.counts.refused_of_server;
    assert!(refused > SERVER_REFUSALS_BURST, "{refused}");
    assert_eq!(gate.refused.lock().unwrap().len() as u64, refused);
    assert!(!summary.exit.unwrap().success());
}

#[tokio::test]
async fn an_endless_line_is_refused_once_and_ends_the_session() {
    let client = Client::start(&Script::new(no_writes), &python(&["endless"]));
    let notes = Arc::clone(&client.notes);
    let summary = client.ends().await;
    assert_eq!((summary.ended, summary.counts.refused_of_server), (SessionEnd::Server, 1));
    let too_long = |note: &Note| matches!(note, Note::Refused { kind: "frame.too_long", .. });
    assert!(notes.lock().unwrap().iter().any(too_long));
}

#[tokio::test]
async fn a_client_that_takes_nothing_holds_the_server_back() {
    let client = Client::start(&Script::new(no_writes), &python(&["notes"]));
    let gate = Arc::clone(&client.gate);
    until(|| gate.decided.lock().unwrap().len() > 30).await;
    let mut before = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let now = gate.decided.lock().unwrap().len();
        if now == before {
            break;
        }
        before = now;
    }
    // The client's 64 KiB hold some 66 of these lines; one more is being written.
    assert!(before < 80, "{before} were decided");
    drop((client.reader, client.writer));
    let summary = timeout(PATIENCE, client.session).await.unwrap().unwrap();
    assert_eq!((summary.ended, summary.settled), (SessionEnd::Client, true));
    assert_eq!(gate.ends().iter().filter(|end| **end == UNKNOWN).count(), 1);
}

#[tokio::test]
async fn a_server_that_ignores_its_stdin_does_not_outlive_its_client() {
    let mut client = Client::start(&Script::new(no_writes), &python(&["deaf"]));
    // More than its pipe holds: the last line can't be written.
    let filler = "x".repeat(60_000);
    for id in 0..3 {
        let line =
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping","params":{{"x":"{filler}"}}}}"#);
        client.says(&line).await;
    }
    let gate = Arc::clone(&client.gate);
    let notes = Arc::clone(&client.notes);
    until(|| gate.decided.lock().unwrap().len() >= 2).await;
    drop((client.reader, client.writer));
    let summary = timeout(PATIENCE, client.session).await.unwrap().unwrap();
    assert_eq!((summary.ended, summary.settled), (SessionEnd::Client, true));
    assert!(!Path::new(&format!("/proc/{}", pid(&notes))).exists());
    let ends = gate.ends();
    assert_eq!(ends.len(), gate.decided.lock().unwrap().len());
    assert!(ends.iter().all(|end| *end == UNKNOWN), "{ends:?}");
}

#[tokio::test]
async fn a_server_that_does_not_take_a_line_in_time_gets_no_more() {
    let times = Times { write: Duration::from_millis(200), ..times() };
    let mut client = Client::start_within(&Script::new(no_writes), &python(&["deaf"]), times);
    let filler = "x".repeat(200_000);
    client
        .says(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":"{filler}"}}}}"#))
        .await;
    assert!(client.hears().await.contains(r#""code":-32003"#));
    assert_eq!(client.ends().await.ended, SessionEnd::Server);
}

#[tokio::test]
async fn stderr_beyond_its_bounds_is_dropped_and_never_blocks() {
    let (_folder, log) = folder();
    let mut client = Client::start(&Script::new(no_writes), &python(&["complains", &log]));
    client.says(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).await;
    client.hears_of("1").await;
    let notes = Arc::clone(&client.notes);
    client.leaves().await;
    let notes = notes.lock().unwrap();
    let lines = notes.iter().filter_map(|note| match note {
        Note::Stderr(line) => Some(line.len()),
        _ => None,
    });
    let lines: Vec<usize> = lines.collect();
    assert!(lines.iter().all(|bytes| *bytes <= STDERR_LINE_BYTES_MAX));
    assert_eq!(lines.iter().sum::<usize>(), STDERR_BYTES_MAX);
    assert_eq!(notes.iter().filter(|note| **note == Note::StderrDropped).count(), 1);
}

/// The bound for one more session of this OS user.
fn read_limit(user: &UserRoom, stalled: Duration) -> ReadLimit {
    ReadLimit { room: SessionRoom::new(user.clone()), stalled }
}

/// A client of an OS user with this room that sends this much of a line that does not end; with a
/// counter of how much was read.
fn half_a_line(room: &UserRoom, bytes: usize) -> (LineReader, Arc<AtomicUsize>, JoinHandle<()>) {
    let (mut client, reader) = tokio::io::duplex(READ_BYTES);
    let (events, _) = mpsc::channel(pipe::EVENTS_MAX);
    let room = Some(read_limit(room, PATIENCE));
    let lines = LineReader::start(Some(reader), Direction::ToServer, &events, room);
    let read = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&read);
    let piece = [b'x'; READ_BYTES];
    let speaks = tokio::spawn(async move {
        while count.load(Ordering::SeqCst) < bytes && client.write_all(&piece).await.is_ok() {
            count.fetch_add(piece.len(), Ordering::SeqCst);
        }
        std::future::pending::<()>().await;
    });
    (lines, read, speaks)
}

#[tokio::test]
async fn long_lines_of_an_os_user_wait_where_its_room_is_used_up() {
    const BYTES: usize = 4 * 1024 * 1024;
    let room = UserRoom::default();
    let at_once = AHEAD_USER_BYTES_MAX / wire::limits::LINE_BYTES_MAX;
    let mut sessions: Vec<_> = (0..at_once + 3).map(|_| half_a_line(&room, BYTES)).collect();
    let read = |sessions: &[(LineReader, Arc<AtomicUsize>, JoinHandle<()>)]| {
        sessions.iter().filter(|(_, read, _)| read.load(Ordering::SeqCst) >= BYTES).count()
    };
    until(|| read(&sessions) == at_once).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!((read(&sessions), room.left_bytes()), (at_once, 0));
    let held_back = |(_, read, _): &&(LineReader, Arc<AtomicUsize>, JoinHandle<()>)| {
        read.load(Ordering::SeqCst) <= SHORT_LINE_BYTES + 4 * READ_BYTES
    };
    assert_eq!(sessions.iter().filter(held_back).count(), 3, "the others are read no further");
    // Short lines need no room.
    let (mut client, reader) = tokio::io::duplex(READ_BYTES);
    let (events, _) = mpsc::channel(pipe::EVENTS_MAX);
    let own = Some(read_limit(&room, PATIENCE));
    let mut lines = LineReader::start(Some(reader), Direction::ToServer, &events, own);
    client.write_all(b"{}\n").await.unwrap();
    let (line, held) = timeout(PATIENCE, lines.next()).await.unwrap();
    assert!(matches!(line, SessionInput::Line(_, Ok(_))) && held.is_none());
    // Room that a session releases goes to the next one.
    let done = sessions.iter().position(|one| one.1.load(Ordering::SeqCst) >= BYTES).unwrap();
    let (lines, _, speaks) = sessions.swap_remove(done);
    drop(lines);
    speaks.abort();
    until(|| read(&sessions) == at_once).await;
    sessions.iter().for_each(|(_, _, speaks)| speaks.abort());
}

#[tokio::test]
async fn a_session_reads_no_line_further_than_its_room() {
    const BYTES: usize = wire::limits::LINE_BYTES_MAX - READ_BYTES;
    let user = UserRoom::default();
    let (mut client, reader) = tokio::io::duplex(READ_BYTES);
    let (events, _) = mpsc::channel(pipe::EVENTS_MAX);
    let room = Some(read_limit(&user, PATIENCE));
    let mut lines = LineReader::start(Some(reader), Direction::ToServer, &events, room);
    let count = Arc::<AtomicUsize>::default();
    let said = Arc::clone(&count);
    let speaks = tokio::spawn(async move {
        let line = [vec![b'x'; BYTES], vec![b'\n']].concat();
        for _ in 0..4 {
            for piece in line.chunks(READ_BYTES) {
                client.write_all(piece).await.unwrap();
                said.fetch_add(piece.len(), Ordering::SeqCst);
            }
        }
        client
    });
    let (_, first) = timeout(PATIENCE, lines.next()).await.unwrap();
    assert!(first.is_some());
    until(|| count.load(Ordering::SeqCst) > 2 * BYTES).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let most = 2 * BYTES + SHORT_LINE_BYTES + 4 * READ_BYTES;
    assert!(count.load(Ordering::SeqCst) <= most, "{}", count.load(Ordering::SeqCst));
    assert_eq!(user.left_bytes(), AHEAD_USER_BYTES_MAX - 2 * BYTES);
    // The server has read the first line.
    drop(first);
    for _ in 0..3 {
        let (line, _held) = timeout(PATIENCE, lines.next()).await.unwrap();
        assert!(matches!(line, SessionInput::Line(_, Ok(line)) if line.len() == BYTES));
    }
    drop(speaks.await.unwrap());
    assert_eq!(user.left_bytes(), AHEAD_USER_BYTES_MAX, "all is given back");
}

/// A client that sends part of a line which does not end, with this time for progress.
fn stalls(
    room: &UserRoom,
    limit: Duration,
) -> (mpsc::Receiver<PipeEvent>, LineReader, DuplexStream) {
    let (client, reader) = tokio::io::duplex(4 * SHORT_LINE_BYTES);
    let (events, happened) = mpsc::channel(pipe::EVENTS_MAX);
    let lines = LineReader::start(
        Some(reader),
        Direction::ToServer,
        &events,
        Some(read_limit(room, limit)),
    );
    (happened, lines, client)
}

#[tokio::test]
async fn a_stalled_long_line_ends_its_session_when_others_wait() {
    let (room, limit) = (UserRoom::default(), Duration::from_millis(50));
    let at_once = AHEAD_USER_BYTES_MAX / wire::limits::LINE_BYTES_MAX;
    let mut stalled: Vec<_> = (0..at_once).map(|_| stalls(&room, limit)).collect();
    let half = vec![b'x'; 2 * SHORT_LINE_BYTES];
    for (_, _, client) in &mut stalled {
        client.write_all(&half).await.unwrap();
    }
    until(|| room.left_bytes() == 0).await;
    tokio::time::sleep(4 * limit).await;
    for (happened, ..) in &mut stalled {
        assert!(happened.try_recv().is_err(), "nobody waits for its room");
    }
    let (_happened, mut lines, mut client) = stalls(&room, PATIENCE);
    client.write_all(&half).await.unwrap();
    client.write_all(b"\n").await.unwrap();
    let (line, held) = timeout(PATIENCE, lines.next()).await.unwrap();
    assert!(matches!(line, SessionInput::Line(_, Ok(_))) && held.is_some());
    let mut ends = JoinSet::new();
    for (mut happened, lines, client) in stalled {
        ends.spawn(async move {
            let event = happened.recv().await;
            drop((lines, client));
            event
        });
    }
    let first = timeout(PATIENCE, ends.join_next()).await.unwrap();
    assert!(matches!(first, Some(Ok(Some(PipeEvent::ClientStalls)))), "{first:?}");
}

#[tokio::test]
async fn a_long_line_that_progresses_keeps_its_session() {
    let (room, limit) = (UserRoom::default(), Duration::from_secs(2));
    let (mut happened, mut lines, mut client) = stalls(&room, limit);
    client.write_all(&vec![b'x'; 2 * SHORT_LINE_BYTES]).await.unwrap();
    until(|| room.left_bytes() < AHEAD_USER_BYTES_MAX).await;
    // All other room is used up, and another line waits for room.
    let mut others: Vec<_> = (0..AHEAD_USER_BYTES_MAX / wire::limits::LINE_BYTES_MAX)
        .map(|_| stalls(&room, PATIENCE))
        .collect();
    for (_, _, other) in &mut others {
        other.write_all(&vec![b'x'; 2 * SHORT_LINE_BYTES]).await.unwrap();
    }
    until(|| room.left_bytes() == 0).await;
    let began = Instant::now();
    while began.elapsed() < limit + limit / 2 {
        client.write_all(&vec![b'x'; READ_BYTES]).await.unwrap();
        tokio::time::sleep(limit / 100).await;
    }
    client.write_all(b"\n").await.unwrap();
    assert!(matches!(
        timeout(PATIENCE, lines.next()).await.unwrap().0,
        SessionInput::Line(_, Ok(_))
    ));
    assert!(happened.try_recv().is_err());
}

#[tokio::test]
async fn a_client_that_stalls_is_told_why_its_session_ends() {
    let user = UserRoom::default();
    let mut client = Client::start_in(&Script::new(no_writes), &python(&["deaf"]), &user);
    client.says(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).await;
    client.writer.write_all(&vec![b'x'; 2 * SHORT_LINE_BYTES]).await.unwrap();
    until(|| user.left_bytes() < AHEAD_USER_BYTES_MAX).await;
    let others = AHEAD_USER_BYTES_MAX / wire::limits::LINE_BYTES_MAX;
    let wants = tokio::spawn(async move {
        let mut held = Vec::new();
        for _ in 0..others {
            held.push(SessionRoom::new(user.clone()).acquire_line().await);
        }
        held.len()
    });
    let told = client.hears().await;
    assert!(
        told.contains(r#""id":1,"error":{"code":-32003,"#) && told.contains("others waited"),
        "{told}"
    );
    assert_eq!(client.ends().await.ended, SessionEnd::Stalled);
    assert_eq!(wants.await.unwrap(), others);
}
