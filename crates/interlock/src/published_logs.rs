//! The listener that serves a domain's published logs.

use std::net::SocketAddr;
use std::path::Path;

use tokio::net::TcpListener;

use crate::exit::Failure;

/// Listens on this address.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .map_err(|why| Failure::io(format!("`{address}` cannot be listened on"), &why))
}

/// Serves the published logs.
pub(crate) async fn publish(http: TcpListener, folder: impl AsRef<Path>) {
    if let Err(why) = node::publish::serve(http, folder.as_ref().to_owned()).await {
        node::notes::say(format!("the logs are not served any more: {why}"));
    }
}
