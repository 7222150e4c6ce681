use std::collections::BTreeMap;
use std::path::Path;

use proof::digest::Digest;
use proof::json::{Value, object};
use wire::json::Accept;
use wire::jsonrpc::{Message, Outcome};
use wire::mcp::ToolList;

use crate::command::lines::{LineBatch, each_line};
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style, Table};

/// Prints the digest of each tool that a server listed.
pub(super) fn run(messages: &Path, output: &mut Output) -> Result<Exit, Failure> {
    let mut found = BTreeMap::new();
    each_line(messages, |lines| read(lines, &mut found))?;
    if found.is_empty() {
        let what =
            format!("`{}` holds no result of `tools/list` that can be read", messages.display());
        let help = "give it what the server wrote to its standard output, one message a line";
        return Err(Failure::new(Exit::Data, what).help(help));
    }
    if output.is_json() {
        let tools = found.iter().map(|(name, digest)| {
            object([("definition", digest.to_value()), ("name", Value::from(name.as_str()))])
        });
        output.json(&object([("tools", Value::Array(tools.collect()))]))?;
        return Ok(Exit::Ok);
    }
    let mut table = Table::default();
    for (name, digest) in &found {
        table.row([(Style::Label, name.clone()), (Style::Heading, digest.to_string())]);
    }
    for line in table.lines(0, output.paint()) {
        output.line(line)?;
    }
    Ok(Exit::Ok)
}

/// Adds the digests of the tools in these lines. A result with a `tools` member that is no list of
/// tools is an error: it has nothing to pin.
fn read(lines: LineBatch, found: &mut BTreeMap<String, Digest>) -> Result<(), Failure> {
    for line in lines {
        let Ok(line) = line else { continue };
        let Ok(Message::Response(response)) = Message::parse_with(&line, Accept::Result) else {
            continue;
        };
        let Outcome::Result(result) = &response.outcome else { continue };
        if result.get("tools").is_none() {
            continue;
        }
        let list = ToolList::read(result).map_err(|why| {
            Failure::new(Exit::Data, "a result of `tools/list` can't be read").why(why)
        })?;
        found.extend(list.tools().iter().map(|tool| (tool.name.to_owned(), tool.digest())));
    }
    Ok(())
}
