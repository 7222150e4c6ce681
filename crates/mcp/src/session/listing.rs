use std::ops::Range;

use proof::digest::Digest;
use wire::json::Value;
use wire::mcp::ToolList;

/// A response to `tools/list`, with the positions of its tools.
#[derive(Debug)]
pub(super) struct Listing {
    line: Vec<u8>,
    output: Option<String>,
    /// The array, with its brackets.
    array: Range<usize>,
    tools: Vec<ListedTool>,
}

/// One tool of the list.
#[derive(Debug)]
struct ListedTool {
    name: String,
    definition: Digest,
    span: Range<usize>,
}

/// The positions of the tools in a result.
pub(super) struct ToolSpans {
    array: Range<usize>,
    tools: Vec<ListedTool>,
}

impl ToolSpans {
    pub(super) fn of(result: &Value<'_>) -> Result<Self, wire::Error> {
        let list = ToolList::read(result)?;
        let tools = list.tools().iter();
        let tools = tools.map(|tool| ListedTool {
            name: tool.name.to_owned(),
            definition: tool.digest(),
            span: tool.definition.span(),
        });
        let tools = tools.collect();
        // INVARIANT: `ToolList::read` has found this member, so it exists; an empty span would only
        // repeat the line.
        let array = result.get("tools").map_or(0..0, Value::span);
        Ok(Self { array, tools })
    }
}

impl Listing {
    pub(super) fn new(line: Vec<u8>, output: Option<String>, spans: ToolSpans) -> Self {
        Self { line, output, array: spans.array, tools: spans.tools }
    }

    /// The tools' names, with the digests of their definitions.
    pub(super) fn definitions(&self) -> Vec<(String, Digest)> {
        self.tools.iter().map(|tool| (tool.name.clone(), tool.definition)).collect()
    }

    pub(super) fn output(&self) -> Option<String> {
        self.output.clone()
    }

    /// The line without the tools that are not listed. Tools that remain have exactly the server's
    /// bytes; if all remain, so has the line.
    pub(super) fn filtered(self, listed: &[bool]) -> Vec<u8> {
        let listed = listed.iter().copied().chain(std::iter::repeat(false));
        let tools = self.tools.iter().zip(listed);
        let kept: Vec<&[u8]> = tools
            .filter(|(_, listed)| *listed)
            .filter_map(|(tool, _)| self.line.get(tool.span.clone()))
            .collect();
        if kept.len() == self.tools.len() {
            return self.line;
        }
        let before = self.line.get(..self.array.start).unwrap_or_default();
        let after = self.line.get(self.array.end..).unwrap_or_default();
        [before, b"[", &kept.join(&b","[..]), b"]", after].concat()
    }
}
