use std::collections::BTreeMap;
use std::path::Path;

use node::plain;

use super::permissions;
use crate::exit::{Exit, Failure};
use crate::limits::SECRETS_BYTES_MAX;

/// Reads a file of `KEY=VALUE` lines that its owner alone can read. Empty lines and lines that
/// begin with `#` are ignored. No message repeats a value.
pub(super) fn read(path: &Path) -> Result<BTreeMap<String, String>, Failure> {
    permissions::check_private(path)?;
    let text = plain::read_text(path, SECRETS_BYTES_MAX)
        .map_err(|why| Failure::io(format!("`{}` cannot be read", path.display()), &why))?;
    let mut secrets = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let pair = line.split_once('=').filter(|(name, _)| is_variable(name));
        let (name, value) = pair.ok_or_else(|| malformed(path, number, "it is not KEY=VALUE"))?;
        if value.contains('\0') || secrets.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(malformed(
                path,
                number,
                "its key stands there twice, or its value holds a NUL",
            ));
        }
    }
    Ok(secrets)
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn malformed(path: &Path, line: usize, why: &str) -> Failure {
    Failure::new(Exit::Config, format!("`{}:{line}` is no secret", path.display())).why(why)
}
