//! `interlock demo`: the whole of it at work, with real programs.

pub(crate) mod agent;
mod check;
mod story;
mod tell;

use std::path::{Path, PathBuf};

use kernel::governance::{Change, Subject, Workload};
use policy::{Bundle, Trust};
use tokio::sync::mpsc;

use crate::cli::Demo;
use crate::command::init;
use crate::command::serve::{Ends, bind, publish};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::{office, starter};
use agent::{Agent, AgentError, Called};
use story::{Scene, Step};

/// The domain's and the workload's names.
const DOMAIN: &str = "demo.interlock";
const WORKLOAD: &str = "assistant";
const SERVER: &str = "office";

/// Tells the story, then stays and serves the logs unless it is to end.
pub(crate) async fn run(arguments: &Demo, output: &mut Output) -> Result<Exit, Failure> {
    // Asked for before anything is made, so that a signal at any time stops in order.
    let mut ends = Ends::new()?;
    let folder = folder(arguments.dir.as_deref())?;
    let bundle = starter::bundle()?;
    let options = make(&folder, &bundle)?;
    tell::opening(output, &folder)?;

    let running = start(&options).await?;
    let told = tokio::select! {
        told = live(&options, &bundle, output) => told,
        () = ends.wait() => Err(Failure::new(Exit::Failed, "the demo was interrupted")),
    };
    // Stopped first, so that everything that happened is published.
    running.stop().await;
    let denied = told?;
    let is_sound = check::all(&options, output)?;
    tell::closing(output, &folder, denied)?;
    output.flush()?;
    if !arguments.exit {
        stay(arguments, options, &mut ends, output).await?;
    }
    Ok(if is_sound { Exit::Ok } else { Exit::Denied })
}

/// The folder of the demo: the one asked for, which must not hold anything, or a new temporary one, which stays.
fn folder(wanted: Option<&Path>) -> Result<PathBuf, Failure> {
    let failed = |why: std::io::Error| Failure::io("the demo's folder cannot be made", &why);
    match wanted {
        None => {
            let made = tempfile::Builder::new().prefix("interlock-demo-").tempdir();
            Ok(made.map_err(failed)?.keep())
        }
        Some(path) => {
            std::fs::create_dir_all(path).map_err(failed)?;
            if std::fs::read_dir(path).map_err(failed)?.next().is_some() {
                let what = format!("the folder `{}` is not empty", path.display());
                return Err(Failure::new(Exit::Config, what).help("give a new folder to --dir"));
            }
            path.canonicalize().map_err(failed)
        }
    }
}

fn make(folder: &Path, bundle: &Bundle) -> Result<node::Options, Failure> {
    let root = folder.join("office");
    office::seed(&root)
        .map_err(|why| Failure::new(Exit::Failed, "the sample office cannot be made").why(why))?;
    let program = program()?;
    let command = [program, "office-server".into(), "--root".into(), root.display().to_string()];
    let text = init::configuration(DOMAIN, "node-1", &[(SERVER.to_owned(), command.into())]);
    let workload = Workload {
        name: WORKLOAD.to_owned(),
        os_user: rustix::process::geteuid().as_raw(),
        zone: "default".to_owned(),
    };
    init::create(folder, &text, bundle, vec![Change::WorkloadRegistered(workload)])
}

fn program() -> Result<String, Failure> {
    let path = std::env::current_exe()
        .map_err(|why| Failure::io("this program does not know where it lies", &why))?;
    Ok(path.display().to_string())
}

async fn start(options: &node::Options) -> Result<node::Running, Failure> {
    // What servers say and why sessions end is not part of the story.
    let (notes, _unread) = mpsc::unbounded_channel();
    node::start(options.clone(), notes).await.map_err(|why| Failure::node(&why))
}

/// The agent's calls, and the officer's one change, while the node runs. Gives the record most worth explaining.
async fn live(
    options: &node::Options,
    bundle: &Bundle,
    output: &mut Output,
) -> Result<u64, Failure> {
    let mut denied = 0;
    let mut agent = connect(options).await?;
    tell::agent(output, &agent.tools().await.map_err(|why| failed(&why))?)?;
    for scene in story::scenes() {
        match scene {
            Scene::Says(text) => tell::says(output, text)?,
            Scene::Calls(step) => {
                let called = play(&agent, &step, bundle, output).await?;
                denied = step.record_to_explain(&called).unwrap_or(denied);
            }
            Scene::Reconnects => {
                agent.end().await.map_err(|why| failed(&why))?;
                agent = connect(options).await?;
                tell::reconnected(output)?;
            }
            Scene::Suspends => {
                suspend(options).await?;
                tell::suspended(output, WORKLOAD)?;
            }
        }
        output.flush()?;
    }
    agent.end().await.map_err(|why| failed(&why))?;
    Ok(denied)
}

/// Starts the agent and its gateway.
async fn connect(options: &node::Options) -> Result<Agent, Failure> {
    let mut command = tokio::process::Command::new(program()?);
    command.arg("mcp").arg(&options.folder).args(["--server", SERVER, "--workload", WORKLOAD]);
    command.stderr(std::process::Stdio::null());
    Agent::start_command(command).await.map_err(|why| failed(&why))
}

async fn play(
    agent: &Agent,
    step: &Step,
    bundle: &Bundle,
    output: &mut Output,
) -> Result<Called, Failure> {
    let began = std::time::Instant::now();
    let called = agent.call(step.tool, step.arguments()).await.map_err(|why| failed(&why))?;
    tell::called(output, bundle, step, (&called, began.elapsed()))?;
    if step.is_as_expected(&called) {
        Ok(called)
    } else {
        Err(Failure::new(Exit::Denied, format!("`{}` came out otherwise than it must", step.tool)))
    }
}

async fn suspend(options: &node::Options) -> Result<(), Failure> {
    let options = options.clone();
    let change = Change::TrustChanged {
        subject: Subject::Workload(WORKLOAD.to_owned()),
        trust: Trust::Suspended,
    };
    let governed =
        tokio::task::spawn_blocking(move || node::domain::govern(&options, change, None));
    match governed.await {
        Ok(done) => done.map(drop).map_err(|why| Failure::node(&why)),
        Err(why) => Err(Failure::new(Exit::Failed, "the change was not made").why(why)),
    }
}

/// Runs the node again and serves the logs, until a signal comes.
async fn stay(
    arguments: &Demo,
    options: node::Options,
    ends: &mut Ends,
    output: &mut Output,
) -> Result<(), Failure> {
    let http = bind(arguments.listen).await?;
    let address = http.local_addr().map_err(|why| Failure::io("no address", &why))?;
    let running = start(&options).await?;
    let publishing = tokio::spawn(publish(http, options.folder.clone()));
    tell::staying(output, &address)?;
    output.flush()?;
    ends.wait().await;
    publishing.abort();
    running.stop().await;
    Ok(())
}

fn failed(why: &AgentError) -> Failure {
    Failure::new(Exit::Failed, "the agent's MCP session failed").why(why)
}
