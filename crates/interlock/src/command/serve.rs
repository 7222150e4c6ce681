use std::net::SocketAddr;
use std::time::Duration;

use crate::cli::ServeArgs;
use crate::config;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::published_logs::{bind, publish};
use crate::signals::EndSignals;

/// Runs the node until a signal ends it.
pub(super) fn run(arguments: &ServeArgs, output: &mut Output) -> Result<Exit, Failure> {
    keep_memory_private()?;
    let options = config::load(&arguments.domain)?;
    config::permissions::check_place(&arguments.domain)?;
    config::permissions::check_sockets(&options)?;
    node::priority::go_first();
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
    // The signals are registered before anything is served, so that a signal at any time stops in
    // order.
    let mut ends = EndSignals::of_a_node()?;
    node::guard::adopt().map_err(|why| Failure::io("no guard's heirs can be had", &why))?;
    let notes = notes().map_err(|why| Failure::io("standard error cannot be used", &why))?;
    let running = node::start(options, notes).await.map_err(|why| Failure::node(&why))?;
    output.line(format!("serving {}", socket.display()))?;
    if let Some(http) = http {
        let address = http.local_addr().map_err(|why| Failure::io("no address", &why))?;
        output.line(format!("logs at http://{address}/lineage/checkpoint"))?;
        tokio::spawn(publish(http, folder));
    }
    output.flush()?;
    ends.wait().await;
    running.stop().await;
    node::notes::flush(Duration::from_millis(node::limits::HALT_NOTE_MS_MAX));
    Ok(Exit::Ok)
}

/// Makes standard error asynchronous: from here on neither a session's note nor a panic's message
/// waits for it.
fn notes() -> std::io::Result<node::notes::Notes> {
    let notes = node::notes::Notes::stderr()?;
    std::panic::set_hook(Box::new(|panic| node::notes::say(format!("a thread failed: {panic}"))));
    Ok(notes)
}

/// Keeps the node's memory, which holds keys and plain text, out of core files and out of reach of
/// other processes of this user.
fn keep_memory_private() -> Result<(), Failure> {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none)
        .and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable))
        .map_err(|why| Failure::io("the node's memory cannot be kept private", &why.into()))
}
