use api::RecordJson;
use api::governance::Acting;
use kernel::governance::SignedProposal;
use proof::base64url;
use proof::json::{Object, Value};
use proof::record::Fields;

use crate::Error;

/// The first line on a connection to the node's socket: canonical JSON with `v` 1 and a `type`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Hello {
    /// `govern`: a signed change, with the blob that it publishes if it does.
    Govern { proposal: Box<SignedProposal>, blob: Option<Vec<u8>> },
}

impl Hello {
    pub(crate) fn to_line(&self) -> Vec<u8> {
        let mut object = Object::new();
        let mut put = |name: &str, value: Value| {
            object.insert(name.to_owned(), value);
        };
        put("v", Value::Integer(1));
        match self {
            Self::Govern { proposal, blob } => {
                put("type", Value::from("govern"));
                put("proposal", proposal.to_value());
                if let Some(blob) = blob {
                    put("blob", Value::from(base64url::encode(blob)));
                }
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
        "govern" => {
            fields.only(&["blob", "proposal", "type", "v"])?;
            let proposal = SignedProposal::from_value(fields.value("proposal")?)?;
            let blob = fields.has("blob").then(|| fields.bytes("blob")).transpose()?;
            Ok(Hello::Govern { proposal: Box::new(proposal), blob })
        }
        other => Err(format!("unknown first line `{other}`").into()),
    }
}

/// The answer to a refused first line, or to one that could not be served.
pub(crate) fn refusal(code: &str, message: &str) -> Vec<u8> {
    line(&Value::Object(refused(code, message)))
}

pub(crate) fn refused(code: &str, message: &str) -> Object {
    Object::from([
        ("code", Value::from(code)),
        ("message", Value::from(message)),
        ("type", Value::from("refused")),
        ("v", Value::Integer(1)),
    ])
}

/// What an order stopped, as the first line of its answer.
pub(crate) fn acting(acting: &Acting) -> Vec<u8> {
    let Ok(RecordJson(Value::Object(mut members))) = RecordJson::of(acting) else {
        return refusal("refused.storage", "the answer cannot be written");
    };
    members.insert("type", Value::from("acting"));
    members.insert("v", Value::Integer(1));
    line(&Value::Object(members))
}

/// A canonical value as one line.
pub(crate) fn line(value: &Value) -> Vec<u8> {
    let mut bytes = value.to_bytes();
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests;
