use std::future::Future;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::Direction;
use crate::limits::{
    ENDLESS_BYTES_MAX, LINES_AHEAD_MAX, READ_BYTES, SHORT_LINE_BYTES, UNREAD_MAX, WRITES_MAX,
};
use crate::room::{LineRoom, SessionRoom};
use crate::session::SessionInput;

/// Events that may be queued: one write for each lane, one failure for each side, and the client's
/// end.
pub(super) const EVENTS_MAX: usize = 8;

/// An event that a pipe reports.
#[derive(Debug)]
pub(super) enum PipeEvent {
    /// The line that this lane waits for is written.
    Written(Direction),
    /// Nothing more can be written in this direction. The number is how many bytes of the last line
    /// the pipe accepted.
    Failed(Direction, u64),
    /// The client's stream has ended. Some of its lines may still wait.
    ClientEnds,
    /// The client stopped in the middle of a long line, and others wait for its room.
    ClientStalls,
}

/// A line that was read, with the room that it occupies if it needs any.
struct ReadLine {
    line: Result<Vec<u8>, wire::frame::Error>,
    room: Option<LineRoom>,
}

/// The bound on how much of a client is read ahead, and on how long its lines may stall.
pub(super) struct ReadLimit {
    pub(super) room: SessionRoom,
    /// A line that occupies room must make progress within this time while others wait for room.
    pub(super) stalled: Duration,
}

/// Reads the lines of one side ahead. Its task ends when this is dropped.
pub(super) struct LineReader {
    to: Direction,
    lines: mpsc::Receiver<ReadLine>,
    _task: JoinSet<()>,
}

impl LineReader {
    /// Starts to read lines that are to go in this direction. With a `limit`, it reads no further
    /// ahead than the limit's room, and a line that occupies room must progress in time while
    /// others wait for room.
    pub(super) fn start<R>(
        reader: Option<R>,
        to: Direction,
        events: &mpsc::Sender<PipeEvent>,
        limit: Option<ReadLimit>,
    ) -> Self
    where
        R: AsyncRead + Send + Unpin + 'static,
    {
        let (sender, lines) = mpsc::channel(LINES_AHEAD_MAX);
        let events = events.clone();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let end = match reader {
                Some(reader) => read_lines(reader, sender.clone(), limit).await,
                None => PipeEvent::ClientEnds,
            };
            if to == Direction::ToServer {
                // The receiver is gone once the session is over.
                let _ = events.send(end).await;
            }
        });
        Self { to, lines, _task: task }
    }

    /// The next line, or the end of the stream; with the room that the line occupies until the
    /// other side has accepted it.
    pub(super) async fn next(&mut self) -> (SessionInput, Option<LineRoom>) {
        match self.lines.recv().await {
            Some(ReadLine { line, room }) => (SessionInput::Line(self.to, line), room),
            None => (SessionInput::Closed(self.to), None),
        }
    }
}

/// Reads to the stream's end. A stream that fails counts as ended, and so does one that never ends
/// its line.
async fn read_lines<R: AsyncRead + Unpin>(
    mut reader: R,
    sender: mpsc::Sender<ReadLine>,
    limit: Option<ReadLimit>,
) -> PipeEvent {
    let mut line_room: Option<LineRoom> = None;
    let mut pace = limit.as_ref().map(|limit| LinePace::new(limit.stalled));
    let mut lines = wire::frame::Lines::new(wire::limits::LINE_BYTES_MAX);
    let mut buffer = vec![0; READ_BYTES];
    let mut unended: usize = 0;
    while unended <= ENDLESS_BYTES_MAX {
        let reading = reader.read(&mut buffer);
        let read = match (&limit, &mut pace) {
            (Some(limit), Some(pace)) if line_room.is_some() => {
                pace.read(&limit.room, reading).await
            }
            _ => Some(reading.await),
        };
        let Some(read) = read else { return PipeEvent::ClientStalls };
        let Ok(count @ 1..) = read else { break };
        let bytes = buffer.get(..count).unwrap_or_default();
        unended = match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => count.saturating_sub(last),
            None => unended.saturating_add(count),
        };
        for line in lines.push(bytes) {
            // The room belongs to the line that was being read.
            let room = line_room.take().and_then(|room| room.shrink_to(&line));
            if sender.send(ReadLine { line, room }).await.is_err() {
                return PipeEvent::ClientEnds;
            }
        }
        if let (Some(limit), Some(pace)) = (&limit, &mut pace)
            && unended > SHORT_LINE_BYTES
            && line_room.is_none()
        {
            line_room = limit.room.acquire_line().await;
            pace.restart();
        }
    }
    if let Err(error) = lines.finish() {
        let _ = sender.send(ReadLine { line: Err(error), room: None }).await;
    }
    PipeEvent::ClientEnds
}

/// Measures the progress of a line that occupies room. Only the time spent waiting for its next
/// bytes counts.
struct LinePace {
    limit: Duration,
    left: Duration,
    bytes: usize,
}

impl LinePace {
    fn new(limit: Duration) -> Self {
        Self { limit, left: limit, bytes: 0 }
    }

    fn restart(&mut self) {
        *self = Self::new(self.limit);
    }

    /// Waits for the line's next bytes. None if it made no progress for too long and others wait
    /// for its room.
    async fn read(
        &mut self,
        room: &SessionRoom,
        reading: impl Future<Output = std::io::Result<usize>>,
    ) -> Option<std::io::Result<usize>> {
        let begun = Instant::now();
        let stalled = async {
            sleep(self.left).await;
            room.until_wanted().await;
        };
        let read = tokio::select! {
            biased;
            read = reading => read,
            () = stalled => return None,
        };
        self.left = self.left.saturating_sub(begun.elapsed());
        self.bytes = self.bytes.saturating_add(read.as_ref().map_or(0, |count| *count));
        if self.bytes >= READ_BYTES {
            self.restart();
        }
        Some(read)
    }
}

/// Writes lines to one side. Its task ends when this is dropped.
pub(super) struct LineWriter {
    lines: mpsc::Sender<WaitingWrite>,
    task: JoinSet<()>,
    taken_bytes: Arc<TakenBytes>,
    unwritten: Arc<UnwrittenLines>,
}

/// A line that is to be written.
struct WaitingWrite {
    /// The lane that waits for the write.
    lane: Option<Direction>,
    /// Without its LF.
    line: Vec<u8>,
}

/// Lines that were queued and are not yet written.
#[derive(Debug, Default)]
struct UnwrittenLines {
    lines: AtomicUsize,
    /// A line was written.
    one_written: Notify,
}

/// How many bytes of each lane's last line the pipe accepted. A lane has one line at a time.
#[derive(Debug, Default)]
struct TakenBytes {
    to_server: AtomicU64,
    to_client: AtomicU64,
}

impl TakenBytes {
    fn of(&self, lane: Direction) -> &AtomicU64 {
        match lane {
            Direction::ToServer => &self.to_server,
            Direction::ToClient => &self.to_client,
        }
    }
}

impl LineWriter {
    /// Writes lines in this direction, each within `limit`.
    pub(super) fn start<W>(
        writer: Option<W>,
        to: Direction,
        events: &mpsc::Sender<PipeEvent>,
        limit: Duration,
    ) -> Self
    where
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let (lines, waiting) = mpsc::channel(WRITES_MAX);
        let events = events.clone();
        let taken_bytes = Arc::<TakenBytes>::default();
        let taken = Arc::clone(&taken_bytes);
        let unwritten = Arc::<UnwrittenLines>::default();
        let still_unwritten = Arc::clone(&unwritten);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let written = match writer {
                Some(writer) => {
                    let progress = WriteProgress {
                        events: &events,
                        taken_bytes: &taken,
                        unwritten: &still_unwritten,
                    };
                    write_lines(writer, waiting, progress, limit).await
                }
                None => false,
            };
            if !written {
                let taken = taken.of(to).load(Ordering::Acquire);
                let _ = events.send(PipeEvent::Failed(to, taken)).await;
            }
        });
        Self { lines, task, taken_bytes, unwritten }
    }

    /// Queues a line to be written.
    pub(super) fn write(&self, lane: Option<Direction>, line: Vec<u8>) {
        // INVARIANT: the queue has space for all lines that a session writes at a time. If sending
        // fails, the task has ended and has reported `PipeEvent::Failed`.
        if let Some(lane) = lane {
            self.taken_bytes.of(lane).store(0, Ordering::Release);
        }
        self.unwritten.lines.fetch_add(1, Ordering::AcqRel);
        if self.lines.try_send(WaitingWrite { lane, line }).is_err() {
            self.unwritten.lines.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Whether a line is being written or is queued.
    pub(super) fn is_writing(&self) -> bool {
        self.unwritten.lines.load(Ordering::Acquire) > 0
    }

    /// Whether the other side reads: at most [`UNREAD_MAX`] lines are queued.
    pub(super) fn is_read(&self) -> bool {
        self.unwritten.lines.load(Ordering::Acquire) <= UNREAD_MAX
    }

    /// Resolves when one more line is written.
    pub(super) async fn line_written(&self) {
        self.unwritten.one_written.notified().await;
    }

    /// Stops writing at once and closes the stream. Returns how many bytes of the last line of
    /// `lane` were accepted.
    pub(super) async fn cut(&mut self, lane: Direction) -> u64 {
        self.task.shutdown().await;
        self.taken_bytes.of(lane).load(Ordering::Acquire)
    }

    /// Lets the task write the queued lines and then close the stream. Returns at once.
    pub(super) fn close(&mut self) {
        let (closed, _) = mpsc::channel(1);
        self.lines = closed;
    }

    /// Writes the queued lines and closes the stream, within `limit`.
    pub(super) async fn flush(self, limit: Duration) {
        let Self { lines, mut task, .. } = self;
        drop(lines);
        // Lines that are not accepted in time are lost with the session.
        let _ = timeout(limit, task.join_next()).await;
    }
}

/// Where a writing task reports its progress.
#[derive(Clone, Copy)]
struct WriteProgress<'a> {
    events: &'a mpsc::Sender<PipeEvent>,
    taken_bytes: &'a TakenBytes,
    unwritten: &'a UnwrittenLines,
}

/// Writes queued lines. Returns whether all of them were written completely.
async fn write_lines<W: AsyncWrite + Unpin>(
    mut writer: W,
    mut waiting: mpsc::Receiver<WaitingWrite>,
    progress: WriteProgress<'_>,
    limit: Duration,
) -> bool {
    while let Some(WaitingWrite { lane, mut line }) = waiting.recv().await {
        line.push(b'\n');
        let writing = async {
            let mut rest = line.as_slice();
            while !rest.is_empty() {
                let count = writer.write(rest).await?;
                if let Some(lane) = lane {
                    let bytes = u64::try_from(count).unwrap_or(u64::MAX);
                    progress.taken_bytes.of(lane).fetch_add(bytes, Ordering::AcqRel);
                }
                rest = rest.get(count..).filter(|_| count > 0).ok_or(ErrorKind::WriteZero)?;
            }
            writer.flush().await
        };
        if !matches!(timeout(limit, writing).await, Ok(Ok(()))) {
            return false;
        }
        progress.unwritten.lines.fetch_sub(1, Ordering::AcqRel);
        progress.unwritten.one_written.notify_one();
        if let Some(lane) = lane
            && progress.events.send(PipeEvent::Written(lane)).await.is_err()
        {
            return true;
        }
    }
    // The other side may have closed first.
    let _ = writer.shutdown().await;
    true
}
