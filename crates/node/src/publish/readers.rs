//! Who reads the logs over HTTP: few at a time, each for a short time, so that nobody can hold what
//! the node needs.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

use super::addresses::{Addresses, Counted};
use crate::accept::{self, Arrival, SpareDescriptor};
use crate::limits::{HTTP_MS_MAX, HTTP_PER_ADDRESS_MAX};

/// A listener that accepts no more than can be served: the others wait in its backlog.
pub(super) struct Readers {
    listener: TcpListener,
    room: Arc<Semaphore>,
    addresses: Arc<Addresses>,
    /// Whether an address is bounded only with all others together: this machine's own.
    is_own: fn(IpAddr) -> bool,
    spare: SpareDescriptor,
    freed: Notify,
    life: Duration,
}

impl Readers {
    pub(super) fn new(listener: TcpListener, readers_max: usize) -> Self {
        let room = Arc::new(Semaphore::new(readers_max));
        let life = Duration::from_millis(HTTP_MS_MAX);
        Self {
            listener,
            room,
            addresses: Addresses::new(HTTP_PER_ADDRESS_MAX),
            is_own: |address| address.to_canonical().is_loopback(),
            spare: SpareDescriptor::default(),
            freed: Notify::new(),
            life,
        }
    }

    async fn next(&mut self) -> (TimedReader, SocketAddr) {
        loop {
            // The semaphore is never closed.
            let place = Arc::clone(&self.room).acquire_owned().await.ok();
            match accept::next(&self.listener, &mut self.spare, &self.freed).await {
                Arrival::Usual(stream) => {
                    // One that has gone has no address.
                    let Ok(address) = stream.peer_addr() else { continue };
                    let counted = self.addresses.count(address.ip());
                    if counted.is_none() && !(self.is_own)(address.ip()) {
                        continue;
                    }
                    let ends = Box::pin(sleep(self.life));
                    let reader = TimedReader { stream, ends, _place: place, _counted: counted };
                    return (reader, address);
                }
                Arrival::OnSpare(stream) => drop(stream),
            }
        }
    }
}

impl axum::serve::Listener for Readers {
    type Io = TimedReader;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TimedReader, SocketAddr) {
        self.next().await
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends after its time, whatever it is doing.
pub(super) struct TimedReader {
    stream: TcpStream,
    ends: Pin<Box<Sleep>>,
    _place: Option<OwnedSemaphorePermit>,
    _counted: Option<Counted>,
}

impl TimedReader {
    fn check_time(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.ends.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for TimedReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check_time(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for TimedReader {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check_time(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn readers(readers_max: usize, life: Duration) -> (Readers, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (Readers { life, ..Readers::new(listener, readers_max) }, address)
    }

    #[tokio::test]
    async fn no_more_are_served_at_a_time_than_there_is_room_for() {
        let (mut readers, address) = readers(1, Duration::from_secs(60)).await;
        let (_one, _two) = (
            TcpStream::connect(address).await.unwrap(),
            TcpStream::connect(address).await.unwrap(),
        );
        let (first, _) = readers.next().await;
        let wait = Duration::from_millis(50);
        assert!(tokio::time::timeout(wait, readers.next()).await.is_err());
        drop(first);
        readers.next().await;
    }

    #[tokio::test]
    async fn a_reader_who_says_nothing_is_closed_after_its_time() {
        let (mut readers, address) = readers(1, Duration::from_millis(20)).await;
        let _silent = TcpStream::connect(address).await.unwrap();
        let (mut reader, _) = readers.next().await;
        let why = reader.read_u8().await.unwrap_err();
        assert_eq!(why.kind(), io::ErrorKind::TimedOut);
        assert!(reader.write_all(b"late").await.is_err());
    }

    /// How many of two more connections than one address may have are served, and not closed.
    async fn served(is_own: fn(IpAddr) -> bool) -> usize {
        let (readers, address) = readers(HTTP_PER_ADDRESS_MAX + 2, Duration::from_secs(60)).await;
        let mut readers = Readers { is_own, ..readers };
        let mut connections = Vec::new();
        for _ in 0..HTTP_PER_ADDRESS_MAX + 2 {
            connections.push(TcpStream::connect(address).await.unwrap());
        }
        let mut served = Vec::new();
        let wait = Duration::from_millis(200);
        while let Ok(reader) = tokio::time::timeout(wait, readers.next()).await {
            served.push(reader);
        }
        served.len()
    }

    #[tokio::test]
    async fn an_address_elsewhere_has_few_of_the_places() {
        assert_eq!(served(|_| false).await, HTTP_PER_ADDRESS_MAX);
        assert_eq!(served(|_| true).await, HTTP_PER_ADDRESS_MAX + 2);
    }
}
