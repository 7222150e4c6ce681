use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::AsyncWrite;
use tokio::time::{Sleep, sleep};

use crate::limits::REPLY_MS_MAX;

/// How far a connection is.
#[derive(Default)]
pub(super) struct ReplyState {
    is_handled: AtomicBool,
    is_stream: AtomicBool,
}

impl ReplyState {
    /// The head was read: a handler has the request, and what is written is its reply.
    pub(super) fn is_handled(&self) -> bool {
        self.is_handled.load(Ordering::Relaxed)
    }

    pub(super) fn becomes_handled(&self) {
        self.is_handled.store(true, Ordering::Relaxed);
    }

    /// The reply is a stream of events, which has no end.
    pub(super) fn is_stream(&self) -> bool {
        self.is_stream.load(Ordering::Relaxed)
    }

    pub(super) fn becomes_stream(&self) {
        self.is_stream.store(true, Ordering::Relaxed);
    }
}

/// Where `hyper` writes. What it writes before a handler has the request is its own refusal, which
/// has no body: it is left out, for the node says it in its own words. A reply has one time for all
/// of it, from its first byte on, however slowly it is read.
pub(super) struct ReplyWriter<W> {
    to: W,
    state: Arc<ReplyState>,
    end: Option<Pin<Box<Sleep>>>,
}

impl<W: AsyncWrite + Unpin> ReplyWriter<W> {
    pub(super) fn new(to: W, state: Arc<ReplyState>) -> Self {
        Self { to, state, end: None }
    }

    pub(super) fn into_inner(self) -> W {
        self.to
    }

    /// Whether what `hyper` writes goes on. An error where the reply has taken its time.
    fn goes_on(&mut self, context: &mut Context<'_>) -> io::Result<bool> {
        if !self.state.is_handled() {
            return Ok(false);
        }
        if !self.state.is_stream() {
            let wait = Duration::from_millis(REPLY_MS_MAX);
            let end = self.end.get_or_insert_with(|| Box::pin(sleep(wait)));
            if end.as_mut().poll(context).is_ready() {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        Ok(true)
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for ReplyWriter<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.goes_on(context)? {
            true => Pin::new(&mut self.to).poll_write(context, bytes),
            false => Poll::Ready(Ok(bytes.len())),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.goes_on(context)? {
            true => Pin::new(&mut self.to).poll_write_vectored(context, parts),
            false => Poll::Ready(Ok(parts.iter().map(|part| part.len()).sum())),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.to.is_write_vectored()
    }

    /// All that was to be written is: what comes after it (a reply after `100 Continue`, say) has a
    /// time of its own.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.to).poll_flush(context))?;
        self.end = None;
        Poll::Ready(Ok(()))
    }

    /// The node's own words about a head that `hyper` refuses are still to come.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.state.is_handled() {
            true => Pin::new(&mut self.to).poll_shutdown(context),
            false => Poll::Ready(Ok(())),
        }
    }
}
