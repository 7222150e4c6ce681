use super::Revision;
use crate::json::Value;
use crate::jsonrpc::Id;
use crate::limits::TOOL_NAME_BYTES_MAX;
use crate::shape::Shape;
use crate::{Error, ErrorKind};

/// Bytes of a `protocolVersion`.
const VERSION_BYTES_MAX: usize = 64;

/// The params of `initialize`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initialize {
    /// The newest revision that the client speaks. One unknown here is forwarded: the server
    /// answers with one of its own, and the client disconnects if it does not speak that (MCP,
    /// lifecycle, version negotiation).
    pub protocol_version: String,
}

impl Initialize {
    /// Reads the params.
    ///
    /// # Errors
    /// There are none, or `protocolVersion` is missing, empty, too long or no string.
    pub fn read(params: Option<&Value<'_>>) -> Result<Self, Error> {
        let shape = params_shape(params)?;
        let protocol_version = shape.name("protocolVersion", VERSION_BYTES_MAX)?.to_owned();
        Ok(Self { protocol_version })
    }

    /// The revision asked for, if it is read here.
    pub fn revision(&self) -> Option<Revision> {
        Revision::parse(&self.protocol_version)
    }
}

/// The result of `initialize`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitializeResult {
    /// The revision that the server chose.
    pub protocol_version: String,
}

impl InitializeResult {
    /// Reads the result.
    ///
    /// # Errors
    /// `protocolVersion` is missing, empty, too long or no string.
    pub fn read(result: &Value<'_>) -> Result<Self, Error> {
        let shape = Shape::of(result)?;
        let protocol_version = shape.name("protocolVersion", VERSION_BYTES_MAX)?.to_owned();
        Ok(Self { protocol_version })
    }

    /// The revision chosen, if it is read here; without it nothing more can be decided on this
    /// connection.
    pub fn revision(&self) -> Option<Revision> {
        Revision::parse(&self.protocol_version)
    }
}

/// The params of `tools/call`. Members that are not named here are refused: they would be forwarded
/// undecided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToolCall<'v, 'a> {
    /// The tool's name.
    pub name: &'v str,
    /// Its arguments: an object. What is decided on and what is executed are its very bytes,
    /// [`Value::raw`].
    pub arguments: Option<&'v Value<'a>>,
    /// Metadata: an object.
    pub meta: Option<&'v Value<'a>>,
    /// The wish to run it as a task (2025-11-25): an object.
    pub task: Option<&'v Value<'a>>,
}

impl<'v, 'a> ToolCall<'v, 'a> {
    /// Reads the params.
    ///
    /// # Errors
    /// There are none; `name` is missing, empty, too long or no string; another member is no object
    /// or unknown.
    pub fn read(params: Option<&'v Value<'a>>, revision: Revision) -> Result<Self, Error> {
        let shape = params_shape(params)?;
        if revision < Revision::V2025_11_25 {
            shape.only(&["name", "arguments", "_meta"])?;
        }
        shape.only(&["name", "arguments", "_meta", "task"])?;
        Ok(Self {
            name: shape.name("name", TOOL_NAME_BYTES_MAX)?,
            arguments: shape.object_or_null("arguments")?,
            meta: shape.object_or_null("_meta")?,
            task: shape.object_or_null("task")?,
        })
    }
}

/// The params of `notifications/cancelled`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancelled {
    /// The request that the sender gives up.
    pub request_id: Id,
    /// Why.
    pub reason: Option<String>,
}

impl Cancelled {
    /// Reads the params.
    ///
    /// # Errors
    /// There are none; `requestId` is missing or no id; `reason` is no string; another member is
    /// unknown.
    pub fn read(params: Option<&Value<'_>>) -> Result<Self, Error> {
        let shape = params_shape(params)?;
        shape.only(&["requestId", "reason", "_meta"])?;
        shape.object_or_null("_meta")?;
        Ok(Self {
            request_id: Id::read("requestId", shape.required("requestId")?)?,
            reason: shape.string_or_null("reason")?.map(str::to_owned),
        })
    }
}

/// The token under which a request wants progress notifications: `_meta.progressToken`.
///
/// # Errors
/// `_meta` is no object, or the token is neither a string nor an integer.
pub fn request_token(params: Option<&Value<'_>>) -> Result<Option<Id>, Error> {
    let Some(params) = params else { return Ok(None) };
    let Some(meta) = Shape::of(params)?.object_or_null("_meta")? else { return Ok(None) };
    let token = Shape::of(meta)?.optional("progressToken")?;
    token.map(|token| Id::read("progressToken", token)).transpose()
}

/// The token of a `notifications/progress`.
///
/// # Errors
/// It is missing, or neither a string nor an integer.
pub fn progress_token(params: Option<&Value<'_>>) -> Result<Id, Error> {
    Id::read("progressToken", params_shape(params)?.required("progressToken")?)
}

fn params_shape<'v, 'a>(params: Option<&'v Value<'a>>) -> Result<Shape<'v, 'a>, Error> {
    Shape::of(params.ok_or_else(|| ErrorKind::MissingMember.at(0).named("params"))?)
}
