//! What each command does: one file for each.

mod answer;
mod approvals;
mod ask;
mod backup;
mod bench;
mod bundle;
mod completions;
mod decide;
mod demo;
mod doctor;
mod erase;
mod explain;
mod family;
mod find;
mod govern;
pub(crate) mod init;
mod lines;
mod log;
mod mcp;
mod names;
mod office_agent;
mod office_server;
mod officer;
mod proved;
mod receipt;
mod replay;
mod restore;
mod review;
mod roles;
mod semantics;
pub(crate) mod serve;
mod signing;
mod status;
mod verify;
mod version;

use clap::error::{ContextKind, ContextValue};

use crate::cli::{Cli, CliCommand};
use crate::exit::{Exit, Failure};
use crate::output::{ColorChoice, Output, Paint, stderr_is_terminal};

/// Reads the command line, runs the command, and reports a failure.
pub(crate) fn run() -> Exit {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(_) => return usage(),
    };
    let mut output = Output::stdout(cli.json, cli.color);
    let done = no_engine_switches().and_then(|()| dispatch(&cli.command, &mut output));
    let flushed = output.flush();
    match done.and_then(|exit| flushed.map(|()| exit)) {
        Ok(exit) => exit,
        Err(failure) => failure.report(cli.json, error_paint(cli.color)),
    }
}

/// The temporal engine reads two switches from the environment. A decision reads no environment:
/// where one is set, nothing is decided.
fn no_engine_switches() -> Result<(), Failure> {
    let switches = ["DOGWOOD_DISABLE_AGG_MEMO", "DOGWOOD_DISABLE_SLICING"];
    match switches.into_iter().find(|name| std::env::var_os(name).is_some()) {
        Some(name) => {
            let what = format!("the environment variable `{name}` changes how the engine works");
            Err(Failure::new(Exit::Config, what).help("unset it"))
        }
        None => Ok(()),
    }
}

fn dispatch(command: &CliCommand, output: &mut Output) -> Result<Exit, Failure> {
    match command {
        CliCommand::Demo(arguments) => demo::run(arguments, output),
        CliCommand::Init(arguments) => init::run(arguments, output),
        CliCommand::Serve(arguments) => serve::run(arguments, output),
        CliCommand::Status(arguments) => status::run(arguments, output),
        CliCommand::Mcp(arguments) => mcp::run(arguments),
        CliCommand::Register(arguments) => govern::register::run(arguments, output),
        CliCommand::Trust(arguments) => govern::trust(arguments, output),
        CliCommand::Halt(arguments) => govern::halt(arguments, output),
        CliCommand::Delegate(arguments) => family::delegate(arguments, output),
        CliCommand::End(arguments) => family::end(arguments, output),
        CliCommand::Erase(arguments) => erase::run(arguments, output),
        CliCommand::Backup(arguments) => backup::run(arguments, output),
        CliCommand::Restore(arguments) => restore::run(arguments, output),
        CliCommand::Approvals(arguments) => approvals::run(&arguments.command, output),
        CliCommand::Approve(arguments) => approvals::approve(arguments, output),
        CliCommand::Meters(arguments) => approvals::meters(arguments, output),
        CliCommand::Bundle(arguments) => bundle::run(&arguments.command, output),
        CliCommand::Propose(arguments) => signing::propose(arguments, output),
        CliCommand::Sign(arguments) => signing::sign(arguments, output),
        CliCommand::PublishSigned(arguments) => signing::publish(arguments, output),
        CliCommand::Roles(arguments) => roles::show(arguments, output),
        CliCommand::Key(arguments) => roles::key(arguments, output),
        CliCommand::Decide(arguments) => decide::run(arguments, output),
        CliCommand::Log(arguments) => log::run(&arguments.command, output),
        CliCommand::Receipt(arguments) => receipt::run(arguments, output),
        CliCommand::Verify(arguments) => verify::run(arguments, output),
        CliCommand::Replay(arguments) => replay::run(arguments, output),
        CliCommand::Explain(arguments) => explain::run(arguments, output),
        CliCommand::Bench(arguments) => bench::run(arguments, output),
        CliCommand::Completions(arguments) => completions::run(arguments, output),
        CliCommand::Doctor => doctor::run(output),
        CliCommand::Version => version::run(output),
        CliCommand::OfficeServer(arguments) => office_server::run(arguments),
        CliCommand::OfficeAgent(arguments) => office_agent::run(arguments, output),
    }
}

fn error_paint(choice: ColorChoice) -> Paint {
    choice.paint(stderr_is_terminal())
}

/// Prints a usage error, or the help or version that was requested.
fn usage() -> Exit {
    let arguments: Vec<_> = std::env::args_os().collect();
    let color = crate::cli::color(&arguments);
    let Some(why) = Cli::error_of(&arguments, color) else {
        let what = "the arguments cannot be read";
        return Failure::new(Exit::Usage, what).report_plainly();
    };
    let is_wish = !why.use_stderr();
    let is_json = std::env::args_os().any(|word| word == "--json");
    if is_wish || !is_json {
        // Nothing more can be reported where the stream is closed.
        let _ = why.print();
        return if is_wish { Exit::Ok } else { Exit::Usage };
    }
    let text = why.render().to_string();
    let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    let message = lines.collect::<Vec<_>>().join(" ");
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    let suggestion =
        match why.get(ContextKind::SuggestedSubcommand).or(why.get(ContextKind::SuggestedArg)) {
            Some(ContextValue::String(one)) => format!("did you mean `{one}`? "),
            Some(ContextValue::Strings(all)) => {
                all.last().map(|one| format!("did you mean `{one}`? ")).unwrap_or_default()
            }
            _ => String::new(),
        };
    let failure = Failure::new(Exit::Usage, message)
        .help(format!("{suggestion}`interlock --help` lists the commands"));
    failure.report(true, Paint::Plain)
}

/// The running node of a domain.
fn node(options: &node::Options) -> client::Client {
    let node::Options { folder, officer_socket, socket, .. } = options.clone();
    client::Client::new(folder, officer_socket, socket)
}

/// Runs a future on a runtime of this thread.
fn block_on<F: Future>(future: F) -> Result<F::Output, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(|why| Failure::io("no runtime could be started", &why))?.block_on(future))
}

/// Runs a future on a runtime with threads of its own: for a node.
fn block_on_many<F: Future>(future: F) -> Result<F::Output, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // These threads read requests. A caller without others beside it waits for the disk on one
        // of them.
        .worker_threads(node::machine::cores().max(crate::limits::NODE_THREADS_MIN))
        .thread_stack_size(policy::limits::DECIDE_STACK_BYTES)
        .enable_all()
        .build();
    let runtime = runtime.map_err(|why| Failure::io("no runtime could be started", &why))?;
    let output = runtime.block_on(future);
    // The threads of a node that could not start, or has ended, get a bounded time to finish.
    runtime.shutdown_timeout(std::time::Duration::from_millis(crate::limits::END_MS_MAX));
    Ok(output)
}
