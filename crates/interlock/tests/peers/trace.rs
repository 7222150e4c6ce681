//! What `strace -f -y -xx` has written, read as system calls in their order.
//!
//! A thread that `strace` has stopped at a call's end goes on only after the line of that end was
//! written, so whatever it causes stands on a later line: the lines' order is an order of causes.

mod tests;

use std::collections::BTreeMap;

/// One system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// The descriptor in its first argument, and what the descriptor is.
    pub(crate) file: Option<(u32, String)>,
    /// The bytes of all buffers among its arguments, in order.
    pub(crate) data: Vec<u8>,
    /// What it returned; none where the thread ended in it.
    pub(crate) result: Option<i64>,
    /// The number of the line on which it began.
    pub(crate) began: usize,
    /// The number of the line on which it ended.
    pub(crate) ended: usize,
}

impl Call {
    /// Whether the call was on a file of this name or below this folder.
    pub(crate) fn is_on(&self, path: &str) -> bool {
        self.file.as_ref().is_some_and(|(_, file)| file.starts_with(path))
    }

    /// The messages in its bytes: lines that are JSON objects.
    pub(crate) fn messages(&self) -> impl Iterator<Item = serde_json::Value> + '_ {
        let lines = self.data.split(|byte| *byte == b'\n');
        lines
            .filter_map(|line| serde_json::from_slice(line).ok())
            .filter(serde_json::Value::is_object)
    }
}

/// All calls of a trace, by the line on which each began.
pub(crate) fn parse(text: &str) -> Result<Vec<Call>, String> {
    let mut calls = Vec::new();
    let mut unfinished: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let (thread, said) =
            line.split_once(' ').ok_or_else(|| format!("line {number}: no thread"))?;
        let said = said.trim_start();
        if said.starts_with("+++") || said.starts_with("---") {
            continue;
        }
        if let Some(begun) = said.strip_suffix("<unfinished ...>") {
            if unfinished.insert(thread, (number, begun)).is_some() {
                return Err(format!("line {number}: thread {thread} is in two calls"));
            }
            continue;
        }
        let (began, whole) =
            match said.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>")) {
                None => (number, said.to_owned()),
                Some((_, rest)) => {
                    let begun = unfinished.remove(thread);
                    let (began, begun) =
                        begun.ok_or_else(|| format!("line {number}: nothing was unfinished"))?;
                    (began, format!("{begun}{rest}"))
                }
            };
        calls.push(
            call(&whole, began, number).map_err(|why| format!("line {number}: {why}: {whole}"))?,
        );
    }
    calls.sort_by_key(|call| call.began);
    Ok(calls)
}

fn call(text: &str, began: usize, ended: usize) -> Result<Call, String> {
    let (name, rest) = text.split_once('(').ok_or("it is no call")?;
    let (arguments, result) = rest.rsplit_once(" = ").ok_or("it has no result")?;
    let result = result.split([' ', '<']).next().unwrap_or_default();
    let result = match result {
        "?" => None,
        number => Some(number.parse().map_err(|_| "its result is no number")?),
    };
    let file = descriptor(arguments)?;
    Ok(Call { name: name.to_owned(), file, data: buffers(arguments)?, result, began, ended })
}

fn descriptor(arguments: &str) -> Result<Option<(u32, String)>, String> {
    let digits = arguments.find(|byte: char| !byte.is_ascii_digit()).unwrap_or(arguments.len());
    let (number, rest) = arguments.split_at(digits);
    let (Ok(number), Some(rest)) = (number.parse(), rest.strip_prefix('<')) else {
        return Ok(None);
    };
    let (file, _) = rest.split_once('>').ok_or("its descriptor does not end")?;
    let file = String::from_utf8(unescaped(file)?).map_err(|_| "its file's name is not UTF-8")?;
    Ok(Some((number, file)))
}

/// The strings in quotes. One that `strace` cut short is an error.
fn buffers(mut text: &str) -> Result<Vec<u8>, String> {
    let mut data = Vec::new();
    while let Some((_, rest)) = text.split_once('"') {
        let mut is_escaped = false;
        let end = rest.find(|byte: char| {
            let is_end = byte == '"' && !is_escaped;
            is_escaped = byte == '\\' && !is_escaped;
            is_end
        });
        let (string, rest) = rest.split_at(end.ok_or("a string does not end")?);
        data.extend(unescaped(string)?);
        text = rest.get(1..).unwrap_or_default();
        if text.starts_with("...") {
            return Err("a string is cut short".to_owned());
        }
    }
    Ok(data)
}

/// Bytes as `\xHH`, or as they are; the other escapes of C do not occur with `-xx`.
fn unescaped(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    loop {
        match rest {
            [] => return Ok(bytes),
            [b'\\', b'x', high, low, tail @ ..] => {
                let digit =
                    |byte: u8| char::from(byte).to_digit(16).and_then(|it| u8::try_from(it).ok());
                let (high, low) = (digit(*high), digit(*low));
                let (high, low) = high.zip(low).ok_or("an escape is not hexadecimal")?;
                bytes.push(high << 4 | low);
                rest = tail;
            }
            [plain, tail @ ..] if *plain != b'\\' && plain.is_ascii() => {
                bytes.push(*plain);
                rest = tail;
            }
            _ => return Err("it was not written with -xx".to_owned()),
        }
    }
}
