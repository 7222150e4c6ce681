//! The `interlock` command line: argument parsing, configuration, output and wiring. Nothing is
//! decided or proven here; `policy`, `kernel` and `proof` do that.
//!
//! | module | content |
//! |---|---|
//! | `cli` | the arguments, and the help texts |
//! | `command` | one file for each command |
//! | `config` | `interlock.toml`, read whole before anything starts |
//! | `starter` | the starter bundle inside the program |
//! | `user` | OS users by name or number |
//! | `domain` | the folders of a domain and of its logs |
//! | `folder` | a folder's files, read strictly |
//! | `key` | public keys, as a user names them |
//! | `record_line` | a record in one line |
//! | `new_domain` | makes a domain's folder: configuration, keys and logs |
//! | `published_logs` | the listener that serves a domain's logs |
//! | `output` | results, tables and progress |
//! | `paint`, `stderr` | colours; the one way to standard error |
//! | `exit` | exit codes, and the report of a failure |
//! | `unfinished` | files that a command makes in steps: complete, or removed |
//! | `signals` | the effect of signals on a program that serves |
//! | `office` | the sample MCP server |
//! | `demo` | a scripted MCP client, and its story |
#![forbid(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod cli;
mod command;
mod config;
mod demo;
mod domain;
mod exit;
mod folder;
mod key;
mod limits;
mod new_domain;
mod office;
mod output;
mod paint;
mod published_logs;
mod record_line;
mod replay;
mod signals;
mod starter;
mod stderr;
mod unfinished;
mod user;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs everything on one thread of a fixed stack size, so that nothing depends on the first
/// thread's stack, which the shell sets.
fn main() -> ExitCode {
    // The guard runs before there is any thread: it sets limits for its own process.
    if std::env::args_os().nth(1).is_some_and(|word| word == node::guard::ARGUMENT) {
        return ExitCode::from(node::guard::run());
    }
    node::guard::close_descriptors_on_exec();
    output::show_panics();
    let worker = std::thread::Builder::new()
        .name("interlock".to_owned())
        .stack_size(limits::STACK_BYTES)
        .spawn(command::run);
    let exit = match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(exit)) => exit,
        Ok(Err(_)) => exit::Exit::Failed,
        Err(why) => exit::Failure::io("no thread could be started", &why).report_plainly(),
    };
    ExitCode::from(exit)
}
