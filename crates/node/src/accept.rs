//! Accepting connections where descriptors can run short: never a busy loop, and never nothing at
//! all.

use std::fs::File;
use std::future::Future;
use std::io;
use std::time::Duration;

use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Notify;

use crate::limits::ACCEPT_AGAIN_MS;

/// Something that connections come from.
pub(crate) trait Accepts {
    type Stream;
    fn accepted(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Accepts for UnixListener {
    type Stream = UnixStream;
    async fn accepted(&self) -> io::Result<UnixStream> {
        self.accept().await.map(|(stream, _)| stream)
    }
}

impl Accepts for TcpListener {
    type Stream = TcpStream;
    async fn accepted(&self) -> io::Result<TcpStream> {
        self.accept().await.map(|(stream, _)| stream)
    }
}

/// A descriptor that is given up where none is left, so that who waits is told, and does not wait
/// for nothing.
#[derive(Default)]
pub(crate) struct SpareDescriptor(Option<File>);

/// A connection.
pub(crate) enum Arrival<S> {
    /// One to serve.
    Usual(S),
    /// One for which there was no descriptor but the spare one.
    OnSpare(S),
}

/// The next connection. Where no descriptor is left for it, this waits until one is `freed`, or for
/// a moment.
pub(crate) async fn next<L: Accepts>(
    listener: &L,
    spare: &mut SpareDescriptor,
    freed: &Notify,
) -> Arrival<L::Stream> {
    loop {
        spare.refill();
        match listener.accepted().await {
            Ok(stream) => return Arrival::Usual(stream),
            Err(why) if is_the_connections_own(&why) => {}
            Err(_) => {
                if spare.give_up()
                    && let Ok(stream) = now(listener.accepted()).await
                {
                    return Arrival::OnSpare(stream);
                }
                let wait = Duration::from_millis(ACCEPT_AGAIN_MS);
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = freed.notified() => {}
                }
            }
        }
    }
}

/// What is there already: the listener said that a connection waits.
async fn now<T>(accepted: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match tokio::time::timeout(Duration::from_millis(1), accepted).await {
        Ok(accepted) => accepted,
        Err(_) => Err(io::ErrorKind::WouldBlock.into()),
    }
}

/// Whether only this connection failed, and the next may be accepted at once.
fn is_the_connections_own(why: &io::Error) -> bool {
    let own = [Errno::CONNABORTED, Errno::CONNRESET, Errno::INTR, Errno::PROTO];
    Errno::from_io_error(why).is_some_and(|why| own.contains(&why))
}

impl SpareDescriptor {
    fn refill(&mut self) {
        if self.0.is_none() {
            self.0 = File::open("/dev/null").ok();
        }
    }

    fn give_up(&mut self) -> bool {
        self.0.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Fails this often, as one does that has no descriptor.
    struct Short(AtomicUsize);

    impl Accepts for Short {
        type Stream = ();
        async fn accepted(&self) -> io::Result<()> {
            let left = self
                .0
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
            if left.is_ok() { Err(Errno::MFILE.into()) } else { Ok(()) }
        }
    }

    #[tokio::test]
    async fn without_a_descriptor_it_waits_between_attempts() {
        let (listener, freed) = (Short(AtomicUsize::new(4)), Notify::new());
        let begun = tokio::time::Instant::now();
        assert!(matches!(
            next(&listener, &mut SpareDescriptor::default(), &freed).await,
            Arrival::Usual(())
        ));
        // Two attempts each time: one with the spare descriptor.
        assert!(begun.elapsed().as_millis() >= u128::from(2 * ACCEPT_AGAIN_MS));
    }

    #[tokio::test]
    async fn the_spare_descriptor_lets_who_waits_be_told() {
        let (listener, freed) = (Short(AtomicUsize::new(1)), Notify::new());
        let next = next(&listener, &mut SpareDescriptor::default(), &freed).await;
        assert!(matches!(next, Arrival::OnSpare(())));
    }
}
