//! The story, played against the running node.

use std::time::Instant;

use api::execution::Grant;
use client::NodeSocket;
use node::erase::Which;
use policy::Bundle;

use super::agent::{AgentError, CallOutcome, ScriptedAgent};
use super::story::{self, Scene, StoryCall, pending, scenes};
use super::{HELPER, SERVER, WORKLOAD, narration, officer, program};
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// The state of the story between two scenes.
struct StoryState<'a> {
    options: &'a node::Options,
    bundle: &'a Bundle,
    agent: ScriptedAgent,
    /// The helper's execution.
    helper: Option<String>,
    /// The decision that waits for approval.
    pending: Option<String>,
    /// The index of the denial that the closing text proposes to explain.
    denied: u64,
    /// The index of the helper's last denial.
    erased: u64,
}

/// The records that the closing text names.
pub(super) struct StoryRecords {
    /// A denial.
    pub(super) denied: u64,
    /// A decision whose execution was erased.
    pub(super) erased: u64,
}

/// Plays the agent's calls and the officers' orders while the node runs.
pub(super) async fn play(
    options: &node::Options,
    bundle: &Bundle,
    output: &mut Output,
) -> Result<StoryRecords, Failure> {
    let agent = connect(options, WORKLOAD, None).await?;
    narration::agent(output, &agent.tools().await.map_err(|why| failed(&why))?)?;
    let mut live =
        StoryState { options, bundle, agent, helper: None, pending: None, denied: 0, erased: 0 };
    for scene in scenes() {
        live = live.act(scene, output).await?;
        output.flush()?;
    }
    live.agent.end().await.map_err(|why| failed(&why))?;
    Ok(StoryRecords { denied: live.denied, erased: live.erased })
}

impl StoryState<'_> {
    async fn act(mut self, scene: Scene, output: &mut Output) -> Result<Self, Failure> {
        match scene {
            Scene::Says(text) => narration::says(output, text)?,
            Scene::Calls(step) => {
                let called = self.call(&self.agent, &step, None, output).await?;
                self.denied = step.record_to_explain(&called).unwrap_or(self.denied);
                self.pending = pending(&called).or(self.pending);
            }
            Scene::CallsAgain(step) => {
                self.call(&self.agent, &step, self.pending.as_deref(), output).await?;
            }
            Scene::Approves => {
                let pending = self.pending.as_deref().unwrap_or_default();
                let record = officer::approve(self.options, pending).await?;
                narration::approved(output, pending, record)?;
            }
            Scene::Delegates => {
                let helper = self.delegate().await?;
                narration::delegated(output, HELPER)?;
                self.helper = Some(helper);
            }
            Scene::HelperCalls(step) => {
                let helper = connect(self.options, HELPER, self.helper.as_deref()).await?;
                let called = self.call(&helper, &step, None, output).await?;
                self.erased = story::record(&called).unwrap_or(self.erased);
                helper.end().await.map_err(|why| failed(&why))?;
            }
            Scene::Erases => {
                let record = self.erase().await?;
                narration::erased(output, HELPER, record)?;
            }
            Scene::Reconnects => {
                self = self.reconnect().await?;
                narration::reconnected(output)?;
            }
            Scene::EndsExecution => {
                officer::end(self.options, &self.execution().await?).await?;
                self = self.reconnect().await?;
                narration::ended(output)?;
            }
            Scene::Suspends => {
                officer::suspend(self.options).await?;
                narration::suspended(output, WORKLOAD)?;
            }
            Scene::IsTurnedAway(code) => {
                self.is_turned_away(code).await?;
                narration::turned_away(output, code)?;
            }
        }
        Ok(self)
    }

    async fn call(
        &self,
        agent: &ScriptedAgent,
        step: &StoryCall,
        pending: Option<&str>,
        output: &mut Output,
    ) -> Result<CallOutcome, Failure> {
        let began = Instant::now();
        let called = agent.call_for(step.tool, step.arguments(), pending).await;
        let called = called.map_err(|why| failed(&why))?;
        narration::called(output, self.bundle, step, &called, began.elapsed())?;
        if step.is_as_expected(&called) {
            return Ok(called);
        }
        Err(Failure::new(Exit::Denied, format!("`{}` came out otherwise than it must", step.tool)))
    }

    async fn reconnect(self) -> Result<Self, Failure> {
        self.agent.end().await.map_err(|why| failed(&why))?;
        let agent = connect(self.options, WORKLOAD, None).await?;
        Ok(Self { agent, ..self })
    }

    /// Delegates reading to the helper, for a hundred calls.
    async fn delegate(&self) -> Result<String, Failure> {
        let actions = ["initialize", "notifications/initialized", "read_file"];
        let actions = Some(actions.map(str::to_owned).into());
        let grant = Grant { actions, calls_max: Some(100), ..Grant::default() };
        let options = self.options.clone();
        let arguments = r#"{"budget_cents":100,"role":"reader"}"#;
        officer::run_blocking(move || {
            let child = agent_of(&options).delegate(HELPER, grant, arguments);
            child.map(|child| child.execution).map_err(|why| Failure::client(&why))
        })
        .await
    }

    /// Erases the helper's execution. Returns the index of the record of that.
    async fn erase(&self) -> Result<u64, Failure> {
        let helper = self.helper.clone().unwrap_or_default();
        let erased = node::erase::erase(self.options, &Which::One(helper), false).await;
        let erased = erased.map_err(|why| Failure::node(&why))?;
        match erased.first().map(|one| &one.result) {
            Some(Ok(Some(record))) => Ok(*record),
            other => {
                let what = "the helper's execution was not erased";
                Err(Failure::new(Exit::Failed, what).why(format!("{other:?}")))
            }
        }
    }

    /// Checks that the agent is refused another session, with this code.
    async fn is_turned_away(&self, code: &str) -> Result<(), Failure> {
        let options = self.options.clone();
        let session = officer::run_blocking(move || {
            agent_of(&options).join(SERVER).map_err(|why| Failure::client(&why))
        });
        match session.await {
            Err(why) if why.sentence().contains(code) => Ok(()),
            Err(why) => Err(why),
            Ok(_) => Err(Failure::new(Exit::Denied, "the agent was let in, and must not be")),
        }
    }

    /// The agent's execution.
    async fn execution(&self) -> Result<String, Failure> {
        let options = self.options.clone();
        let session = officer::run_blocking(move || {
            agent_of(&options).join(SERVER).map_err(|why| Failure::client(&why))
        });
        Ok(session.await?.execution)
    }
}

/// The agent, as its workload's own execution.
fn agent_of(options: &node::Options) -> client::Agent<'_> {
    client::Agent::new(socket_of(options), WORKLOAD, None)
}

fn socket_of(options: &node::Options) -> NodeSocket<'_> {
    NodeSocket { path: &options.socket, folder: &options.folder }
}

/// Starts an agent and its gateway, in a given execution or in the workload's own.
async fn connect(
    options: &node::Options,
    workload: &str,
    execution: Option<&str>,
) -> Result<ScriptedAgent, Failure> {
    let mut command = tokio::process::Command::new(program()?);
    command.arg("mcp").arg(&options.folder).args(["--server", SERVER, "--workload", workload]);
    if let Some(execution) = execution {
        command.args(["--execution", execution]);
    }
    command.stderr(std::process::Stdio::null());
    ScriptedAgent::start_command(command).await.map_err(|why| failed(&why))
}

fn failed(why: &AgentError) -> Failure {
    Failure::new(Exit::Failed, "the agent's MCP session failed").why(why)
}
