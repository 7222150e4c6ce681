//! A session of an agent, once it has joined.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Error;

/// A joined MCP session: what the node said of it, and the stream.
#[derive(Debug)]
pub struct Session {
    /// The execution that this session belongs to.
    pub execution: String,
    /// How strongly the enforcement point binds this client.
    pub assurance: String,
    pub(super) stream: UnixStream,
}

impl Session {
    /// Carries bytes both ways, as they are, until the node closes the session. The end of `input` is
    /// passed on, and what still comes back is written.
    ///
    /// # Errors
    /// `socket` where the connection breaks, `session` where the node closes it before the input ends.
    pub fn pipe<R, W>(self, mut input: R, mut output: W) -> Result<(), Error>
    where
        R: Read + Send + 'static,
        W: Write,
    {
        let failed = |why: std::io::Error| Error::socket(Path::new("node"), &why);
        let mut to_node = self.stream.try_clone().map_err(failed)?;
        let input_ended = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&input_ended);
        // Not joined: it may wait for input for ever, and ends with the process.
        std::thread::spawn(move || {
            // A node that takes nothing more is no end of the input.
            ended.store(copy(&mut input, &mut to_node).is_ok(), Ordering::Release);
            let _closed = to_node.shutdown(Shutdown::Write);
        });
        let mut from_node = self.stream;
        copy(&mut from_node, &mut output).map_err(failed)?;
        match input_ended.load(Ordering::Acquire) {
            true => Ok(()),
            false => {
                Err(Error::session(&"the node ended the session; its standard error says why"))
            }
        }
    }
}

/// Copies until the end, handing on each read at once.
fn copy(from: &mut impl Read, to: &mut impl Write) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return Ok(());
        };
        to.write_all(bytes)?;
        to.flush()?;
    }
}
