use std::net::SocketAddr;
use std::path::Path;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::cli::Serve;
use crate::config;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Runs the node until a signal ends it.
pub(super) fn run(arguments: &Serve, output: &mut Output) -> Result<Exit, Failure> {
    let options = config::load(&arguments.domain)?;
    super::block_on_many(serve(options, arguments.listen, output))?
}

async fn serve(
    options: node::Options,
    listen: Option<SocketAddr>,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let (socket, folder) = (options.socket.clone(), options.folder.clone());
    let http = match listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    // Asked for before anything is served, so that a signal at any time stops in order.
    let mut ends = Ends::new()?;
    let (notes, listened) = mpsc::unbounded_channel();
    let running = node::start(options, notes).await.map_err(|why| Failure::node(&why))?;
    let telling = tokio::spawn(tell(listened));
    output.line(format!("serving {}", socket.display()))?;
    if let Some(http) = http {
        let address = http.local_addr().map_err(|why| Failure::io("no address", &why))?;
        output.line(format!("logs at http://{address}/lineage/checkpoint"))?;
        tokio::spawn(publish(http, folder));
    }
    output.flush()?;
    ends.wait().await;
    running.stop().await;
    telling.abort();
    Ok(Exit::Ok)
}

pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .map_err(|why| Failure::io(format!("`{address}` cannot be listened on"), &why))
}

/// Serves the published logs.
pub(crate) async fn publish(http: TcpListener, folder: impl AsRef<Path>) {
    if let Err(why) = node::publish::serve(http, folder.as_ref().to_owned()).await {
        node::say(format_args!("the logs are not served any more: {why}"));
    }
}

async fn tell(mut notes: mpsc::UnboundedReceiver<String>) {
    while let Some(note) = notes.recv().await {
        node::say(note);
    }
}

/// The signals that end the program in order.
pub(crate) struct Ends(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

impl Ends {
    pub(crate) fn new() -> Result<Self, Failure> {
        let listen =
            |kind| signal(kind).map_err(|why| Failure::io("signals cannot be listened to", &why));
        Ok(Self(listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?))
    }

    pub(crate) async fn wait(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}
