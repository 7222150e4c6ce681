use std::process::Stdio;
use std::time::Duration;

use rmcp::model::{CallToolRequestParams, ContentBlock, JsonObject, RequestMetaObject};
use rmcp::service::{RunningService, ServiceError};
use rmcp::{RoleClient, ServiceExt as _};
use tokio::process::{Child, Command};

/// The time for a child to end after its input was closed; then it is killed.
const END_WITHIN: Duration = Duration::from_secs(5);

/// The member of `params._meta` in which a retry names the pending decision that it relies on.
const PENDING_META: &str = "interlock/pending";

/// Why the agent could not go on. A denied call is no error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AgentError {
    /// The program did not start.
    #[error("`{program}` could not be started: {why}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        why: std::io::Error,
    },
    /// The MCP handshake failed.
    #[error("the handshake failed: {0}")]
    Handshake(String),
    /// The session ended, or the server sent something other than an answer.
    #[error("the session broke: {0}")]
    Session(String),
}

/// The outcome of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallOutcome {
    /// The tool succeeded.
    Result {
        /// The text of the result.
        text: String,
    },
    /// The tool itself reported an error.
    ToolError {
        /// The text of the result.
        text: String,
    },
    /// A JSON-RPC error: the call was denied or refused on its way, or the server does not know it.
    Refused {
        /// The JSON-RPC error code.
        code: i32,
        /// Its message.
        message: String,
        /// JSON text of its `data`; empty where there is none.
        data: String,
    },
}

/// A scripted MCP client whose server is a child process.
pub(crate) struct ScriptedAgent {
    session: RunningService<RoleClient, ()>,
    child: Child,
}

impl ScriptedAgent {
    /// Starts the program and shakes hands with it.
    ///
    /// # Errors
    /// When it does not start or does not speak MCP.
    pub(crate) async fn start(program: &str, arguments: &[String]) -> Result<Self, AgentError> {
        let mut command = Command::new(program);
        command.args(arguments);
        Self::start_command(command).await
    }

    /// Starts a command that was prepared (user, environment, folder) and shakes hands with it.
    ///
    /// # Errors
    /// When it does not start or does not speak MCP.
    pub(crate) async fn start_command(mut command: Command) -> Result<Self, AgentError> {
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        let started =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn();
        let mut child = started.map_err(|why| AgentError::Start { program, why })?;
        let (Some(output), Some(input)) = (child.stdout.take(), child.stdin.take()) else {
            return Err(AgentError::Handshake("the child has no pipes".to_owned()));
        };
        let session = ().serve((output, input)).await;
        let session = session.map_err(|why| AgentError::Handshake(why.to_string()))?;
        Ok(Self { session, child })
    }

    /// The names of the tools that the server lists to this agent, sorted.
    ///
    /// # Errors
    /// When the session is broken.
    pub(crate) async fn tools(&self) -> Result<Vec<String>, AgentError> {
        let tools = self.session.list_all_tools().await;
        let tools = tools.map_err(|why| AgentError::Session(why.to_string()))?;
        let mut names: Vec<String> = tools.into_iter().map(|tool| tool.name.into_owned()).collect();
        names.sort();
        Ok(names)
    }

    /// Calls one tool.
    ///
    /// # Errors
    /// When the session is broken. A denial is an answer: [`CallOutcome::Refused`].
    pub(crate) async fn call(
        &self,
        tool: &str,
        arguments: JsonObject,
    ) -> Result<CallOutcome, AgentError> {
        self.call_for(tool, arguments, None).await
    }

    /// As [`ScriptedAgent::call`], for a retry with the pending decision that it relies on.
    ///
    /// # Errors
    /// As [`ScriptedAgent::call`].
    pub(crate) async fn call_for(
        &self,
        tool: &str,
        arguments: JsonObject,
        pending: Option<&str>,
    ) -> Result<CallOutcome, AgentError> {
        let mut call = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        if let Some(pending) = pending {
            let mut meta = RequestMetaObject::default();
            meta.insert(PENDING_META.to_owned(), pending.into());
            call.meta = Some(meta);
        }
        match self.session.call_tool(call).await {
            Ok(result) => {
                let text: Vec<&str> = result.content.iter().filter_map(text_of).collect();
                let text = text.join("\n");
                let is_error = result.is_error == Some(true);
                Ok(if is_error {
                    CallOutcome::ToolError { text }
                } else {
                    CallOutcome::Result { text }
                })
            }
            Err(ServiceError::McpError(error)) => Ok(CallOutcome::Refused {
                code: error.code.0,
                message: error.message.into_owned(),
                data: error.data.map(|data| data.to_string()).unwrap_or_default(),
            }),
            Err(why) => Err(AgentError::Session(why.to_string())),
        }
    }

    /// Closes the session and waits for the child; one that does not end is killed.
    ///
    /// # Errors
    /// When the child cannot be waited for.
    pub(crate) async fn end(mut self) -> Result<(), AgentError> {
        let session = |why: &dyn std::fmt::Display| AgentError::Session(why.to_string());
        self.session.cancel().await.map_err(|why| session(&why))?;
        if tokio::time::timeout(END_WITHIN, self.child.wait()).await.is_err() {
            self.child.kill().await.map_err(|why| session(&why))?;
        }
        Ok(())
    }
}

fn text_of(block: &ContentBlock) -> Option<&str> {
    block.as_text().map(|text| text.text.as_str())
}
