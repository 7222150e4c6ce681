use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;

use super::*;

/// Reads a byte now and then, until the node closes.
async fn read_slowly(mut stream: UnixStream) {
    let mut one = [0];
    while stream.read(&mut one).await.is_ok_and(|read| read > 0) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_reply_that_is_read_byte_by_byte_ends_with_its_time() {
    let (mut node, client) = UnixStream::pair().unwrap();
    let reader = tokio::spawn(read_slowly(client));
    let begun = Instant::now();
    let written = write_reply(&mut node, &vec![b'x'; ORDER_BYTES_MAX]).await;
    let took = begun.elapsed();
    reader.abort();
    assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
    let limit = Duration::from_millis(REPLY_MS_MAX);
    assert!((limit..2 * limit).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_reply_that_is_read_is_written_whole() {
    let (mut node, mut client) = UnixStream::pair().unwrap();
    let reader = tokio::spawn(async move {
        let mut got = Vec::new();
        client.read_to_end(&mut got).await.map(|_| got.len())
    });
    write_reply(&mut node, &vec![b'x'; ORDER_BYTES_MAX]).await.unwrap();
    drop(node);
    assert_eq!(reader.await.unwrap().unwrap(), ORDER_BYTES_MAX);
}
