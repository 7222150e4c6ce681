use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Accept, Data, Error, ErrorKind, Member, Number, Object, Value, fold, string};
use crate::limits::{
    DEPTH_MAX, KEY_BYTES_MAX, MEMBERS_MAX, NODES_MAX, STRING_BYTES_MAX, TEXT_BYTES_MAX,
};

/// Names that are instructions to some readers: `serde_json` with `arbitrary_precision` or
/// `raw_value` replaces the object that has one; JavaScript code that copies members sets a
/// prototype, which only what is authorised need fear.
const RESERVED_PREFIX: &str = "$serde_json::private::";
const RESERVED_KEY: &str = "__proto__";

pub(super) fn read(bytes: &[u8], accept: Accept) -> Result<Value<'_>, Error> {
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(ErrorKind::TooLong.at(TEXT_BYTES_MAX));
    }
    let text =
        std::str::from_utf8(bytes).map_err(|error| ErrorKind::Utf8.at(error.valid_up_to()))?;
    if text.starts_with('\u{FEFF}') {
        return Err(ErrorKind::ByteOrderMark.at(0));
    }
    // A tab ends a line for nobody; within a string it is refused there.
    if accept.is_one_line()
        && let Some(offset) = control(bytes)
    {
        return Err(ErrorKind::Control.at(offset));
    }
    if accept == Accept::Request
        && let Some(offset) = line_separator(bytes)
    {
        return Err(ErrorKind::LineSeparator.at(offset));
    }
    let mut reader = TextReader { text, at: 0, nodes: 0, accept, open: Vec::new() };
    let value = reader.value()?;
    reader.spaces();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(ErrorKind::Trailing.at(reader.at)),
    }
}

/// Where the first control character stands that is no tab.
fn control(bytes: &[u8]) -> Option<usize> {
    const PART_BYTES: usize = 64;
    let is_control = |byte: &u8| *byte < 0x20 && *byte != b'\t';
    // Parts without a way out early become wide instructions.
    let has_one = |part: &&[u8]| part.iter().fold(false, |any, byte| any | is_control(byte));
    let part = bytes.chunks(PART_BYTES).position(|part| has_one(&part))?;
    let from = part.saturating_mul(PART_BYTES);
    bytes.get(from..)?.iter().position(is_control).map(|offset| from.saturating_add(offset))
}

/// Where the first character stands that ends a line for some readers: U+0085, U+2028 or U+2029.
fn line_separator(utf8: &[u8]) -> Option<usize> {
    let is_one = |at: &usize| {
        let rest = utf8.get(*at..).unwrap_or_default();
        ["\u{85}", "\u{2028}", "\u{2029}"].iter().any(|one| rest.starts_with(one.as_bytes()))
    };
    memchr::memchr2_iter(0xC2, 0xE2, utf8).find(is_one)
}

/// Keeps what is open in a list of its own, so that depth costs no stack.
struct TextReader<'a> {
    text: &'a str,
    at: usize,
    nodes: usize,
    accept: Accept,
    open: Vec<Open<'a>>,
}

/// An array or object that has begun and waits for its next value.
struct Open<'a> {
    offset: usize,
    inner: Nesting<'a>,
}

enum Nesting<'a> {
    Array(Vec<Value<'a>>),
    /// Its members so far, their names (folded, where case makes no difference), and the name whose
    /// value comes next.
    Object(Vec<Member<'a>>, BTreeSet<String>, Option<Name<'a>>),
}

struct Name<'a> {
    key: Cow<'a, str>,
    raw_key: &'a str,
    offset: usize,
}

impl<'a> TextReader<'a> {
    fn value(&mut self) -> Result<Value<'a>, Error> {
        loop {
            let mut read = self.begin()?;
            while let Some(value) = read {
                let Some(mut open) = self.open.pop() else { return Ok(value) };
                open.inner.add(value);
                read = self.go_on(open, false)?;
            }
        }
    }

    /// Reads a value, or opens one that has others in it.
    fn begin(&mut self) -> Result<Option<Value<'a>>, Error> {
        self.spaces();
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes > NODES_MAX {
            return Err(ErrorKind::TooManyValues.at(self.at));
        }
        let offset = self.at;
        let inner = match self.peek() {
            Some(b'{') => Nesting::Object(Vec::new(), BTreeSet::new(), None),
            Some(b'[') => Nesting::Array(Vec::new()),
            _ => {
                let data = self.leaf()?;
                return Ok(Some(self.since(offset, data)));
            }
        };
        if self.open.len() == DEPTH_MAX {
            return Err(ErrorKind::TooDeep.at(offset));
        }
        self.skip();
        self.go_on(Open { offset, inner }, true)
    }

    /// Ends the array or object if it ends here; else steps to where its next value begins, over a
    /// comma but for the first.
    fn go_on(&mut self, mut open: Open<'a>, first: bool) -> Result<Option<Value<'a>>, Error> {
        self.spaces();
        if self.takes(&[open.inner.close()]) {
            return Ok(Some(self.since(open.offset, open.inner.end())));
        }
        if !first && !self.takes(b",") {
            return Err(self.unexpected());
        }
        if let Nesting::Object(members, names, next) = &mut open.inner {
            self.spaces();
            if members.len() == MEMBERS_MAX {
                return Err(ErrorKind::TooManyMembers.at(self.at));
            }
            *next = Some(self.name(names)?);
        }
        self.open.push(open);
        Ok(None)
    }

    fn name(&mut self, names: &mut BTreeSet<String>) -> Result<Name<'a>, Error> {
        let offset = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        let key = self.string(KEY_BYTES_MAX, ErrorKind::KeyTooLong)?;
        let raw_key = self.text.get(offset..self.at).unwrap_or_default();
        let is_request = self.accept == Accept::Request;
        if (is_request && key == RESERVED_KEY) || key.starts_with(RESERVED_PREFIX) {
            return Err(ErrorKind::ReservedKey.at(offset));
        }
        if !names.insert(if is_request { fold(&key) } else { key.clone().into_owned() }) {
            return Err(ErrorKind::DuplicateKey.at(offset));
        }
        self.spaces();
        if !self.takes(b":") {
            return Err(self.unexpected());
        }
        Ok(Name { key, raw_key, offset })
    }

    fn leaf(&mut self) -> Result<Data<'a>, Error> {
        match self.peek() {
            Some(b'"') => self.string(STRING_BYTES_MAX, ErrorKind::StringTooLong).map(Data::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Data::Number),
            Some(b't') => self.word("true", Data::Bool(true)),
            Some(b'f') => self.word("false", Data::Bool(false)),
            Some(b'n') => self.word("null", Data::Null),
            _ => Err(self.unexpected()),
        }
    }

    fn since(&self, offset: usize, data: Data<'a>) -> Value<'a> {
        let raw = self.text.get(offset..self.at).unwrap_or_default();
        Value { raw, offset, data }
    }

    fn string(&mut self, bytes_max: usize, too_long: ErrorKind) -> Result<Cow<'a, str>, Error> {
        let (string, end) = string::read(self.text, self.at, self.accept)?;
        let quotes = 2;
        if end.saturating_sub(self.at) > bytes_max.saturating_add(quotes) {
            return Err(too_long.at(self.at));
        }
        self.at = end;
        Ok(string)
    }

    fn number(&mut self) -> Result<Number<'a>, Error> {
        let offset = self.at;
        self.takes(b"-");
        let whole = self.digits()?;
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(ErrorKind::Syntax.at(offset));
        }
        if self.takes(b".") {
            self.digits()?;
        }
        if self.takes(b"eE") {
            self.takes(b"+-");
            self.digits()?;
        }
        let text = self.text.get(offset..self.at).unwrap_or_default();
        let number = Number::read(text).map_err(|kind| kind.at(offset))?;
        let is_finite = number.integer().is_some() || number.to_f64().is_finite();
        if self.accept == Accept::Request && !is_finite {
            return Err(ErrorKind::NumberNotFinite.at(offset));
        }
        Ok(number)
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<&'a str, Error> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        if length == 0 {
            return Err(self.unexpected());
        }
        self.at = self.at.saturating_add(length);
        Ok(rest.get(..length).unwrap_or_default())
    }

    fn word(&mut self, word: &str, data: Data<'a>) -> Result<Data<'a>, Error> {
        for expected in word.bytes() {
            if self.peek() != Some(expected) {
                return Err(self.unexpected());
            }
            self.skip();
        }
        Ok(data)
    }

    /// Steps over one of these bytes, if it stands here.
    fn takes(&mut self, bytes: &[u8]) -> bool {
        let stands = self.peek().is_some_and(|byte| bytes.contains(&byte));
        if stands {
            self.skip();
        }
        stands
    }

    fn spaces(&mut self) {
        while self.peek().is_some_and(|byte| b" \t\n\r".contains(&byte)) {
            self.skip();
        }
    }

    fn skip(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn unexpected(&self) -> Error {
        let kind = if self.peek().is_some() { ErrorKind::Syntax } else { ErrorKind::End };
        kind.at(self.at)
    }
}

impl<'a> Nesting<'a> {
    fn add(&mut self, value: Value<'a>) {
        match self {
            Self::Array(elements) => elements.push(value),
            Self::Object(members, _, next) => {
                let member = next.take().map(|Name { key, raw_key, offset }| Member {
                    key,
                    raw_key,
                    offset,
                    value,
                });
                members.extend(member);
            }
        }
    }

    fn close(&self) -> u8 {
        match self {
            Self::Array(_) => b']',
            Self::Object(..) => b'}',
        }
    }

    fn end(self) -> Data<'a> {
        match self {
            Self::Array(elements) => Data::Array(elements),
            Self::Object(members, ..) => Data::Object(Object { members }),
        }
    }
}

#[cfg(test)]
mod tests;
