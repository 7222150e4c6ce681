use kernel::governance::SignedProposal;
use proof::base64url;
use proof::json::{Object, Value, object};
use proof::record::Fields;

use crate::Error;

/// The first line on a connection to the node's socket: canonical JSON with `v` 1 and a `type`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Hello {
    /// `mcp`: speak MCP for a workload to an upstream server. After the answer, both sides are MCP.
    Mcp { workload: String, server: String },
    /// `govern`: a signed change, with the blob that it publishes if it does.
    Govern { proposal: Box<SignedProposal>, blob: Option<Vec<u8>> },
    /// `status`: how the node stands.
    Status,
}

impl Hello {
    pub(crate) fn to_line(&self) -> Vec<u8> {
        let mut object = Object::new();
        let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
        put("v", Value::Integer(1));
        match self {
            Self::Mcp { workload, server } => {
                put("type", Value::from("mcp"));
                put("workload", Value::from(workload.as_str()));
                put("server", Value::from(server.as_str()));
            }
            Self::Govern { proposal, blob } => {
                put("type", Value::from("govern"));
                put("proposal", proposal.to_value());
                if let Some(blob) = blob {
                    put("blob", Value::from(base64url::encode(blob)));
                }
            }
            Self::Status => {
                put("type", Value::from("status"));
            }
        }
        line(&Value::Object(object))
    }

    pub(crate) fn parse(line: &[u8]) -> Result<Self, Error> {
        let value = Value::parse(line).map_err(|why| Error::input(&why))?;
        read(&value).map_err(|why| Error::input(&why))
    }
}

fn read(value: &Value) -> Result<Hello, Box<dyn std::error::Error>> {
    let fields = Fields::of(value, "hello")?;
    if fields.integer("v")? != 1 {
        return Err("the first line is of another version".into());
    }
    match fields.str("type")? {
        "mcp" => {
            fields.only(&["server", "type", "v", "workload"])?;
            let (workload, server) = (fields.str("workload")?, fields.str("server")?);
            Ok(Hello::Mcp { workload: workload.to_owned(), server: server.to_owned() })
        }
        "govern" => {
            fields.only(&["blob", "proposal", "type", "v"])?;
            let proposal = SignedProposal::from_value(fields.value("proposal")?)?;
            let blob = fields.has("blob").then(|| fields.bytes("blob")).transpose()?;
            Ok(Hello::Govern { proposal: Box::new(proposal), blob })
        }
        "status" => {
            fields.only(&["type", "v"])?;
            Ok(Hello::Status)
        }
        other => Err(format!("unknown first line `{other}`").into()),
    }
}

/// The answer to a refused first line, or to one that could not be served.
pub(crate) fn refusal(code: &str, message: &str) -> Vec<u8> {
    line(&object([
        ("code", Value::from(code)),
        ("message", Value::from(message)),
        ("type", Value::from("refused")),
        ("v", Value::Integer(1)),
    ]))
}

/// A canonical value as one line.
pub(crate) fn line(value: &Value) -> Vec<u8> {
    let mut bytes = value.to_bytes();
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests;
