//! `interlock demo`: all of Interlock at work, with real programs.

pub(crate) mod agent;
mod bundle;
mod check;
mod live;
mod narration;
mod officer;
mod story;

use std::path::{Path, PathBuf};

use policy::{Bundle, Files};
use record::governance::{Change, Workload};

use crate::cli::DemoArgs;
use crate::exit::{Exit, Failure};
use crate::new_domain::{NewServer, configuration, create};
use crate::office;
use crate::output::Output;
use crate::published_logs::{bind, publish};
use crate::signals::EndSignals;
use crate::unfinished;

/// The domain's and the workload's names.
const DOMAIN: &str = "demo.interlock";
const WORKLOAD: &str = "assistant";
/// The workload to which the agent delegates a part of its work.
const HELPER: &str = "reader";
const SERVER: &str = "office";

/// Plays the story, then serves the logs unless `--exit` was given.
pub(crate) async fn run(arguments: &DemoArgs, output: &mut Output) -> Result<Exit, Failure> {
    // The signals are registered before anything is made, so that a signal at any time stops in
    // order.
    let mut ends = EndSignals::of_a_demo()?;
    let (folder, was_there) = folder(arguments.dir.as_deref())?;
    let place = folder.clone();
    ends.when_late(Some(Box::new(move |number| {
        unfinished::leave(&made(&place, was_there), number);
    })));
    let files = bundle::files(&[WORKLOAD, HELPER])?;
    let bundle = bundle::load(&files)?;
    let options = make(&folder, &files, &bundle)?;
    narration::opening(output, &folder)?;

    let running = start(&options).await?;
    let told = tokio::select! {
        told = live::play(&options, &bundle, output) => Some(told),
        _ = ends.wait() => None,
    };
    // The node stops first, so that all records are published.
    running.stop().await;
    let checked = match told {
        Some(told) => {
            let told = told?;
            Some((check::all(&options, &told, output)?, told))
        }
        None => None,
    };
    if let Some(number) = ends.come() {
        output.flush()?;
        unfinished::leave(&made(&folder, was_there), number);
    }
    let Some((is_sound, told)) = checked else {
        return Err(Failure::new(Exit::Failed, "the demo was interrupted"));
    };
    ends.when_late(None);
    narration::closing(output, &folder, &told)?;
    output.flush()?;
    if !arguments.exit {
        stay(arguments, options, &mut ends, output).await?;
    }
    Ok(if is_sound { Exit::Ok } else { Exit::Denied })
}

/// The paths that the demo made: its folder, or the entries of a folder that was there before.
fn made(folder: &Path, was_there: bool) -> Vec<PathBuf> {
    if !was_there {
        return vec![folder.to_owned()];
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// The folder of the demo, and whether it was there before: the requested one, which must be empty,
/// or a new temporary one, which is not removed.
fn folder(wanted: Option<&Path>) -> Result<(PathBuf, bool), Failure> {
    let failed = |why: std::io::Error| Failure::io("the demo's folder cannot be made", &why);
    match wanted {
        None => {
            let made = tempfile::Builder::new().prefix("interlock-demo-").tempdir();
            Ok((made.map_err(failed)?.keep(), false))
        }
        Some(path) => {
            let was_there = path.exists();
            std::fs::create_dir_all(path).map_err(failed)?;
            if std::fs::read_dir(path).map_err(failed)?.next().is_some() {
                let what = format!("the folder `{}` is not empty", path.display());
                return Err(Failure::new(Exit::Config, what).help("give a new folder to --dir"));
            }
            Ok((path.canonicalize().map_err(failed)?, was_there))
        }
    }
}

/// Makes the domain, with its bundle in a folder of its own, where a user can change it.
fn make(folder: &Path, files: &Files, bundle: &Bundle) -> Result<node::Options, Failure> {
    let failed = |why: std::io::Error| Failure::io("the demo's bundle cannot be written", &why);
    for (path, bytes) in files {
        let path = folder.join("bundle").join(path);
        path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(failed)?;
        std::fs::write(path, bytes).map_err(failed)?;
    }
    let root = folder.join("office");
    office::seed(&root)
        .map_err(|why| Failure::new(Exit::Failed, "the sample office cannot be made").why(why))?;
    let program = program()?;
    let command = [program, "office-server".into(), "--root".into(), root.display().to_string()];
    // All of the demo runs as one OS user, so its agent could go round the node, and the records
    // say so.
    let server = NewServer { name: SERVER.to_owned(), command: command.into(), user: None };
    let text = configuration(DOMAIN, "node-1", &[server]);
    let workloads = [WORKLOAD, HELPER].map(|name| {
        Change::WorkloadRegistered(Workload {
            name: name.to_owned(),
            os_user: rustix::process::geteuid().as_raw(),
            zone: "default".to_owned(),
        })
    });
    let options = create(folder, &text, bundle, kernel::governance::SEMANTICS, workloads.to_vec())?;
    officer::found_finance(&options)?;
    Ok(options)
}

fn program() -> Result<String, Failure> {
    let path = std::env::current_exe()
        .map_err(|why| Failure::io("this program does not know where it lies", &why))?;
    Ok(path.display().to_string())
}

async fn start(options: &node::Options) -> Result<node::Running, Failure> {
    // The notes about servers and sessions are not part of the story.
    node::start(options.clone(), node::notes::Notes::unheard())
        .await
        .map_err(|why| Failure::node(&why))
}

/// Runs the node again and serves the logs, until a signal comes.
async fn stay(
    arguments: &DemoArgs,
    options: node::Options,
    ends: &mut EndSignals,
    output: &mut Output,
) -> Result<(), Failure> {
    let http = bind(arguments.listen).await?;
    let address = http.local_addr().map_err(|why| Failure::io("no address", &why))?;
    let running = start(&options).await?;
    let publishing = tokio::spawn(publish(http, options.folder.clone()));
    narration::staying(output, &address)?;
    output.flush()?;
    ends.wait().await;
    publishing.abort();
    running.stop().await;
    Ok(())
}
