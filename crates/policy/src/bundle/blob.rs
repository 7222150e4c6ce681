//! The archive of a bundle: one canonical JSON object that holds every file, so that it has one
//! digest.

use std::collections::BTreeMap;

use proof::base64url;
use proof::json::{Value, object};

use super::Files;
use crate::error::{LoadCode, LoadError};
use crate::limits::{BUNDLE_BYTES_MAX, FILE_BYTES_MAX, FILES_MAX, PATH_BYTES_MAX};

/// The archive of `files`: `{"files":[{"bytes","path"}...],"v":1}`, sorted by path, bytes in
/// base64url.
pub(crate) fn pack(files: &Files) -> Vec<u8> {
    let entries = files.iter().map(|(path, bytes)| {
        object([
            ("path", Value::from(path.as_str())),
            ("bytes", Value::from(base64url::encode(bytes))),
        ])
    });
    object([("v", Value::Integer(1)), ("files", Value::Array(entries.collect()))]).to_bytes()
}

/// Reads what [`pack`] wrote, and nothing else.
pub(crate) fn unpack(blob: &[u8]) -> Result<Files, LoadError> {
    let wrong = |why: &str| LoadError::new(LoadCode::Archive, "", format!("the archive {why}"));
    let value =
        Value::parse(blob).map_err(|error| wrong(&format!("is not canonical JSON: {error}")))?;
    let has = |value: &Value, keys: &[&str]| {
        value.as_object().is_some_and(|members| members.keys().eq(keys.iter().copied()))
    };
    if !has(&value, &["files", "v"]) || value.get("v").and_then(Value::as_i64) != Some(1) {
        return Err(wrong("is not an object with `v` 1 and `files`"));
    }
    let mut files = BTreeMap::new();
    let mut before: Option<&str> = None;
    for entry in value.get("files").and_then(Value::as_array).unwrap_or_default() {
        let path =
            entry.get("path").and_then(Value::as_str).filter(|_| has(entry, &["bytes", "path"]));
        let path = path.ok_or_else(|| wrong("has a file without exactly `path` and `bytes`"))?;
        if before.is_some_and(|before| before >= path) {
            return Err(wrong("is not sorted by path"));
        }
        before = Some(path);
        let bytes = entry.get("bytes").and_then(Value::as_str).map(base64url::decode);
        let bytes =
            bytes.and_then(Result::ok).ok_or_else(|| wrong("has a file that is not base64url"))?;
        files.insert(path.to_owned(), bytes);
    }
    Ok(files)
}

/// Checks counts, sizes and paths.
pub(crate) fn check(files: &Files) -> Vec<LoadError> {
    let mut errors = Vec::new();
    let total: usize = files.values().map(Vec::len).sum();
    if files.len() > FILES_MAX || total > BUNDLE_BYTES_MAX {
        let message = format!(
            "a bundle has at most {FILES_MAX} files and {BUNDLE_BYTES_MAX} bytes; this one has {} and {total}",
            files.len()
        );
        errors.push(LoadError::new(LoadCode::Limit, "", message));
    }
    for (path, bytes) in files {
        if bytes.len() > FILE_BYTES_MAX {
            let message =
                format!("a file has at most {FILE_BYTES_MAX} bytes; this one has {}", bytes.len());
            errors.push(LoadError::new(LoadCode::Limit, path, message));
        }
        if path.len() > PATH_BYTES_MAX || !is_plain(path) {
            let message = format!(
                "a path has at most {PATH_BYTES_MAX} of the characters `a-z A-Z 0-9 . _ - /`, and no part that is empty or begins with a dot"
            );
            errors.push(LoadError::new(LoadCode::File, &crate::typed::quoted(path), message));
        }
    }
    errors
}

fn is_plain(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    path.split('/')
        .all(|part| !part.is_empty() && !part.starts_with('.') && part.chars().all(plain))
}
