use std::sync::Arc;

use policy::evaluation::{self, Evaluation};
use policy::{Bundle, Entity};
use proof::json::{Value, number, object};
use wire::authzen;

use super::lines::{LineBatch, each_line};
use crate::cli::DecideArgs;
use crate::exit::{Exit, Failure};
use crate::folder;
use crate::output::Output;

/// Decides each line of requests, and prints one line for each.
pub(super) fn run(arguments: &DecideArgs, output: &mut Output) -> Result<Exit, Failure> {
    let bundle = Arc::new(folder::load_bundle(&arguments.bundle)?);
    let mut answering = Answering { bundle, line: 0, refused: 0 };
    each_line(&arguments.requests, |lines| {
        answering.answer(lines, output)?;
        output.flush()
    })?;
    Ok(if answering.refused == 0 { Exit::Ok } else { Exit::Data })
}

struct Answering {
    bundle: Arc<Bundle>,
    line: u64,
    /// Lines that were no request.
    refused: u64,
}

impl Answering {
    fn answer(&mut self, lines: LineBatch, output: &mut Output) -> Result<(), Failure> {
        for line in lines {
            self.line = self.line.saturating_add(1);
            let answer = match line {
                Ok(bytes) => match authzen::EvaluationRequest::parse(&bytes) {
                    Ok(body) => self.decide(body),
                    Err(why) => self.refusal(&why),
                },
                Err(why) => self.refusal(&why),
            };
            output.json(&answer)?;
        }
        Ok(())
    }

    /// The decision's canonical object, with the names of the members that AuthZEN does not define,
    /// where there are any.
    fn decide(&self, body: authzen::EvaluationRequest) -> Value {
        let mut ignored = body.ignored;
        if body.action.properties.is_some() {
            ignored.push("action.properties".to_owned());
        }
        let evaluation = Evaluation {
            subject: entity(body.subject),
            action: body.action.name,
            resource: entity(body.resource),
            context: body.context.unwrap_or_else(|| "{}".to_owned()),
        };
        let mut answer = evaluation::evaluate(&self.bundle, &evaluation).to_value();
        if let (Value::Object(members), false) = (&mut answer, ignored.is_empty()) {
            let ignored: Vec<Value> = ignored.into_iter().map(Value::from).collect();
            members.insert("ignored", Value::from(ignored));
        }
        answer
    }

    /// The answer to a line that is no request: no decision was made.
    fn refusal(&mut self, why: &dyn std::fmt::Display) -> Value {
        self.refused = self.refused.saturating_add(1);
        object([
            ("code", "refused.input".into()),
            ("line", number(self.line)),
            ("v", Value::Integer(1)),
            ("why", why.to_string().into()),
        ])
    }
}

fn entity(entity: authzen::Entity) -> Entity {
    Entity {
        kind: entity.kind,
        id: entity.id,
        properties: entity.properties.unwrap_or_else(|| "{}".to_owned()),
    }
}
