use std::path::PathBuf;

use clap::Args;

/// Serve the sample office over MCP on standard input and output
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("folder").required(true))]
pub(crate) struct OfficeServerArgs {
    /// Serve the office in this folder
    #[arg(long, value_name = "DIR", group = "folder")]
    pub(crate) root: Option<PathBuf>,

    /// Write the sample files into this folder, and end
    #[arg(long, value_name = "DIR", group = "folder")]
    pub(crate) seed: Option<PathBuf>,
}

/// Call the tools of an MCP server as a script says
///
/// The first line of output names the tools that the server lists. Each line of standard input is
/// one call, {"tool":"read_file","arguments":{"path":"a.txt"}}; each further line of output is what
/// came of it: {"outcome":"result"|"error"|"refused","text":...}.
#[derive(Debug, Args)]
pub(crate) struct OfficeAgentArgs {
    /// The program that is or leads to the server, and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}
