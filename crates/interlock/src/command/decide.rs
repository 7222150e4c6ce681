use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use policy::evaluation::{self, Evaluation};
use policy::{Bundle, Entity};
use proof::json::{Value, number, object};
use wire::authzen;
use wire::frame::Lines;

use crate::cli::Decide;
use crate::exit::{Exit, Failure};
use crate::folder;
use crate::limits::READ_BYTES;
use crate::output::Output;

/// Answers each line of requests with one line.
pub(super) fn run(arguments: &Decide, output: &mut Output) -> Result<Exit, Failure> {
    let bundle = Arc::new(folder::load_bundle(&arguments.bundle)?);
    let mut answering = Answering { bundle, line: 0 };
    each_line(&arguments.requests, |lines| {
        answering.answer(lines, output)?;
        output.flush()
    })?;
    Ok(Exit::Ok)
}

/// Lines as they were read, or why one can't be.
pub(super) type Read = Vec<Result<Vec<u8>, wire::frame::Error>>;

/// Hands on the lines of a file, or of standard input where it is `-`, as they come.
pub(super) fn each_line(
    path: &Path,
    mut take: impl FnMut(Read) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut from = open(path)?;
    let mut lines = Lines::new(wire::limits::LINE_BYTES_MAX);
    let mut chunk = vec![0; READ_BYTES];
    let mut is_line_open = false;
    loop {
        let read = from.read(&mut chunk);
        let read = read
            .map_err(|why| Failure::io(format!("`{}` could not be read", path.display()), &why))?;
        let bytes = chunk.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        is_line_open = !bytes.ends_with(b"\n");
        take(lines.push(bytes))?;
    }
    // The last line of a file may lack its line feed.
    if is_line_open { take(lines.push(b"\n")) } else { Ok(()) }
}

fn open(path: &Path) -> Result<Box<dyn io::Read>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    match File::open(path) {
        Ok(file) => Ok(Box::new(file)),
        Err(why) => Err(Failure::io(format!("`{}` cannot be read", path.display()), &why)),
    }
}

struct Answering {
    bundle: Arc<Bundle>,
    line: u64,
}

impl Answering {
    fn answer(&mut self, lines: Read, output: &mut Output) -> Result<(), Failure> {
        for line in lines {
            self.line = self.line.saturating_add(1);
            let answer = match line {
                Ok(bytes) => match authzen::Evaluation::parse(&bytes) {
                    Ok(body) => self.decide(body),
                    Err(why) => self.refusal(&why),
                },
                Err(why) => self.refusal(&why),
            };
            output.json(&answer)?;
        }
        Ok(())
    }

    /// The decision's canonical object, with the names of what AuthZEN does not have, where there are any.
    fn decide(&self, body: authzen::Evaluation) -> Value {
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
            members.insert("ignored".to_owned(), Value::from(ignored));
        }
        answer
    }

    /// No decision was made: the line was not a request.
    fn refusal(&self, why: &dyn std::fmt::Display) -> Value {
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
