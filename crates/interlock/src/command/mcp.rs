use std::io::stdin;

use crate::cli::Mcp;
use crate::exit::{Exit, Failure};
use crate::output::{stderr, stdout};

/// Carries bytes between the client and the node.
pub(super) fn run(arguments: &Mcp) -> Result<Exit, Failure> {
    let socket = arguments.socket.clone().unwrap_or_else(|| arguments.domain.join("node.sock"));
    let session = node::client::join(
        &socket,
        &arguments.workload,
        arguments.execution.as_deref(),
        &arguments.server,
    )
    .map_err(|why| Failure::node(&why))?;
    // Standard output belongs to MCP.
    stderr(format!(
        "interlock: execution {} of `{}`, assurance {}{}",
        session.execution,
        arguments.workload,
        session.assurance,
        match session.assurance.as_str() {
            "cooperative" => ": this OS user could go round the node; run the agent as another one",
            _ => "",
        }
    ));
    session.pipe(stdin(), stdout()).map_err(|why| Failure::node(&why))?;
    Ok(Exit::Ok)
}
