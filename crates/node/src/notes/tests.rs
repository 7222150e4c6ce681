use std::sync::mpsc::{Sender, channel};
use std::sync::{Condvar, Mutex};

use super::*;

/// Takes nothing before it is opened.
#[derive(Clone, Default)]
struct Pipe(Arc<(Mutex<Inside>, Condvar)>);

#[derive(Default)]
struct Inside {
    is_open: bool,
    written: Vec<u8>,
    /// Told when a write begins to wait.
    waits: Option<Sender<()>>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut inside = self.0.0.lock().unwrap();
        if let Some(waits) = inside.waits.take() {
            waits.send(()).unwrap();
        }
        let mut inside = self.0.1.wait_while(inside, |inside| !inside.is_open).unwrap();
        inside.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Pipe {
    fn open(&self) {
        self.0.0.lock().unwrap().is_open = true;
        self.0.1.notify_all();
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.0.lock().unwrap().written.clone()).unwrap()
    }
}

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn lines_that_nobody_reads_are_dropped_and_counted() {
    let pipe = Pipe::default();
    let (waits, is_waiting) = channel();
    pipe.0.0.lock().unwrap().waits = Some(waits);
    let notes = Notes::to(pipe.clone()).unwrap();
    notes.say("first");
    is_waiting.recv().unwrap();
    for number in 0..NOTES_MAX + 7 {
        notes.say(format!("line {number}"));
    }
    notes.flush(Duration::from_millis(1));
    assert_eq!(pipe.text(), "");
    pipe.open();
    notes.flush(PATIENCE);
    let text = pipe.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "interlock: first");
    assert_eq!(lines[1], "interlock: 7 lines were dropped: nobody read them");
    assert_eq!(lines.len(), 2 + NOTES_MAX);
    assert_eq!(lines[1 + NOTES_MAX], format!("interlock: line {}", NOTES_MAX - 1));
}

#[test]
fn a_line_past_the_limit_is_cut() {
    let pipe = Pipe::default();
    pipe.open();
    let notes = Notes::to(pipe.clone()).unwrap();
    notes.say("é".repeat(NOTE_BYTES_MAX));
    notes.flush(PATIENCE);
    assert_eq!(pipe.text().len(), "interlock: \n".len() + NOTE_BYTES_MAX);
}
