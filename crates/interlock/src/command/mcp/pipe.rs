//! The bytes of a session, carried both ways.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use client::Session;
use mcp::Unanswered;

use crate::exit::{Exit, Failure};

/// What both directions of a session know of it.
#[derive(Default)]
struct Carried {
    unanswered: Mutex<Unanswered>,
    has_input_ended: AtomicBool,
}

impl Carried {
    fn unanswered(&self) -> MutexGuard<'_, Unanswered> {
        self.unanswered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Carries bytes both ways, as they are, until the node closes the session. The end of `input` is
/// passed on, and what still comes back is written. What the node leaves unanswered gets an error.
/// Fails where the node closes the session before the input ends, or before all is answered.
pub(super) fn pipe<R, W>(session: Session, mut input: R, mut output: W) -> Result<(), Failure>
where
    R: Read + Send + 'static,
    W: Write,
{
    let mut from_node = session.stream;
    let mut to_node = from_node.try_clone().map_err(|why| broken(&why))?;
    let carried = Arc::new(Carried::default());
    let of_client = Arc::clone(&carried);
    // Not joined: it may wait for input for ever, and ends with the process.
    std::thread::spawn(move || {
        let asked = copy(&mut input, &mut to_node, |bytes| {
            of_client.unanswered().record_client_bytes(bytes)
        });
        // A node that takes nothing more is no end of the input.
        of_client.has_input_ended.store(asked.is_ok(), Ordering::Release);
        let _closed = to_node.shutdown(Shutdown::Write);
    });
    let ended =
        copy(&mut from_node, &mut output, |bytes| carried.unanswered().record_node_bytes(bytes));
    let unanswered = carried.unanswered();
    if !unanswered.is_empty() {
        // A client that has gone is told nothing.
        let _gone = output.write_all(&unanswered.errors()).and_then(|()| output.flush());
    }
    ended.map_err(|why| broken(&why))?;
    match carried.has_input_ended.load(Ordering::Acquire) && unanswered.is_empty() {
        true => Ok(()),
        false => {
            let what = "the node ended the session; its standard error says why";
            Err(Failure::new(Exit::Failed, what).code("session"))
        }
    }
}

fn broken(why: &std::io::Error) -> Failure {
    Failure::new(Exit::NoInput, format!("the connection to the node: {why}")).code("socket")
}

/// Copies until the end, handing on each read at once, and shows it before it goes on.
fn copy(
    from: &mut impl Read,
    to: &mut impl Write,
    mut show: impl FnMut(&[u8]),
) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return Ok(());
        };
        show(bytes);
        to.write_all(bytes)?;
        to.flush()?;
    }
}

#[cfg(test)]
mod tests;
