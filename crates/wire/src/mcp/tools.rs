use std::collections::BTreeSet;

use proof::digest::Digest;

use crate::json::Value;
use crate::limits::{TOOL_NAME_BYTES_MAX, TOOLS_MAX};
use crate::shape::{Shape, wrong_type};
use crate::{Error, ErrorKind};

/// The result of `tools/list`.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolList<'v, 'a> {
    result: &'v Value<'a>,
    tools: Vec<Tool<'v, 'a>>,
    next_cursor: Option<&'v str>,
}

/// One tool of a list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tool<'v, 'a> {
    /// Its name.
    pub name: &'v str,
    /// Its definition, whole.
    pub definition: &'v Value<'a>,
}

impl Tool<'_, '_> {
    /// SHA-256 over the whole definition in the form of RFC 8785: the order of its members and how
    /// numbers are spelt make no difference, anything else does.
    pub fn digest(&self) -> Digest {
        Digest::of(self.definition.canonical().as_bytes())
    }
}

impl<'v, 'a> ToolList<'v, 'a> {
    /// Reads the result.
    ///
    /// # Errors
    /// `tools` is missing, no array or too long; a tool is no object or has no usable name; two
    /// tools have the same name; `nextCursor` is neither a string nor `null`.
    pub fn read(result: &'v Value<'a>) -> Result<Self, Error> {
        let shape = Shape::of(result)?;
        let list = shape.required("tools")?;
        let listed = list.as_array().ok_or_else(|| wrong_type("tools", list))?;
        if listed.len() > TOOLS_MAX {
            return Err(ErrorKind::TooLong.at(list.span().start).named("tools"));
        }
        let mut names = BTreeSet::new();
        let mut tools = Vec::with_capacity(listed.len());
        for definition in listed {
            let name = Shape::of(definition)?.name("name", TOOL_NAME_BYTES_MAX)?;
            if !names.insert(name) {
                return Err(ErrorKind::Contradiction.at(definition.span().start).named(name));
            }
            tools.push(Tool { name, definition });
        }
        Ok(Self { result, tools, next_cursor: shape.string_or_null("nextCursor")? })
    }

    /// The tools, in the server's order.
    pub fn tools(&self) -> &[Tool<'v, 'a>] {
        &self.tools
    }

    /// Where the next page starts, if there is one.
    pub fn next_cursor(&self) -> Option<&'v str> {
        self.next_cursor
    }

    /// The result's text with only the tools for which `keep` holds. Every other byte that matters
    /// is the server's own: definitions and other members are copied, not re-encoded.
    pub fn filtered(&self, keep: impl Fn(&Tool<'v, 'a>) -> bool) -> String {
        let kept: Vec<&str> =
            self.tools.iter().filter(|tool| keep(tool)).map(|tool| tool.definition.raw()).collect();
        let kept = format!("[{}]", kept.join(","));
        let members = self.result.as_object().map(|object| object.members()).unwrap_or_default();
        let written: Vec<String> = members
            .iter()
            .map(|member| match member.key() {
                "tools" => format!("\"tools\":{kept}"),
                _ => format!("{}:{}", member.raw_key(), member.value().raw()),
            })
            .collect();
        format!("{{{}}}", written.join(","))
    }
}
