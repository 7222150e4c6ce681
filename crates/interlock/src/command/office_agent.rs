use std::io::BufRead as _;

use proof::json::{Value, object};
use serde::Deserialize;

use crate::cli::OfficeAgentArgs;
use crate::demo::agent::{AgentError, CallOutcome, ScriptedAgent};
use crate::exit::{Exit, Failure};
use crate::output::Output;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptedCall {
    tool: String,
    #[serde(default)]
    arguments: serde_json::Map<String, serde_json::Value>,
}

/// Calls tools as the lines of standard input say, one after the other.
pub(super) fn run(arguments: &OfficeAgentArgs, output: &mut Output) -> Result<Exit, Failure> {
    super::block_on(converse(arguments, output))?
}

async fn converse(arguments: &OfficeAgentArgs, output: &mut Output) -> Result<Exit, Failure> {
    let [program, rest @ ..] = arguments.command.as_slice() else {
        return Err(Failure::new(Exit::Usage, "no command was given"));
    };
    let agent = ScriptedAgent::start(program, rest).await.map_err(|why| failed(&why))?;
    let tools = agent.tools().await.map_err(|why| failed(&why))?;
    let tools: Vec<Value> = tools.into_iter().map(Value::from).collect();
    output.json(&object([("tools", tools.into())]))?;
    output.flush()?;
    for (number, line) in (1_u64..).zip(std::io::stdin().lock().lines()) {
        let line = line.map_err(|why| Failure::io("standard input could not be read", &why))?;
        let call: ScriptedCall = serde_json::from_str(&line).map_err(|why| {
            Failure::new(Exit::Data, format!("line {number} is no call")).why(why)
        })?;
        let called = agent.call(&call.tool, call.arguments).await.map_err(|why| failed(&why))?;
        output.json(&shown(called))?;
        output.flush()?;
    }
    agent.end().await.map_err(|why| failed(&why))?;
    Ok(Exit::Ok)
}

fn shown(called: CallOutcome) -> Value {
    match called {
        CallOutcome::Result { text } => {
            object([("outcome", "result".into()), ("text", text.into())])
        }
        CallOutcome::ToolError { text } => {
            object([("outcome", "error".into()), ("text", text.into())])
        }
        CallOutcome::Refused { code, message, data } => object([
            ("code", Value::Integer(i64::from(code))),
            ("data", data.into()),
            ("outcome", "refused".into()),
            ("text", message.into()),
        ]),
    }
}

fn failed(why: &AgentError) -> Failure {
    Failure::new(Exit::Failed, "the MCP session failed").why(why)
}
