use std::borrow::Cow;
use std::collections::BTreeSet;

use super::number::Lexeme;
use super::{Data, Error, ErrorKind, Member, Number, Numbers, Object, Value, fold, string};
use crate::limits::{
    DEPTH_MAX, KEY_BYTES_MAX, MEMBERS_MAX, NODES_MAX, STRING_BYTES_MAX, TEXT_BYTES_MAX,
};

/// Names that are instructions to some readers: `serde_json` with `arbitrary_precision` or `raw_value` replaces
/// the object that has one, JavaScript code that copies members sets a prototype.
const RESERVED_PREFIX: &str = "$serde_json::private::";
const RESERVED_KEY: &str = "__proto__";

pub(super) fn read(bytes: &[u8], numbers: Numbers) -> Result<Value<'_>, Error> {
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(ErrorKind::TooLong.at(TEXT_BYTES_MAX));
    }
    let text =
        std::str::from_utf8(bytes).map_err(|error| ErrorKind::Utf8.at(error.valid_up_to()))?;
    if text.starts_with('\u{FEFF}') {
        return Err(ErrorKind::ByteOrderMark.at(0));
    }
    if let Some(offset) = bytes.iter().position(|byte| *byte < 0x20) {
        return Err(ErrorKind::Control.at(offset));
    }
    if let Some(offset) = text.find(['\u{85}', '\u{2028}', '\u{2029}']) {
        return Err(ErrorKind::LineSeparator.at(offset));
    }
    let mut reader = Reader { text, at: 0, depth: 0, nodes: 0, numbers };
    let value = reader.value()?;
    reader.spaces();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(ErrorKind::Trailing.at(reader.at)),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    nodes: usize,
    numbers: Numbers,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Result<Value<'a>, Error> {
        self.spaces();
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes > NODES_MAX {
            return Err(ErrorKind::TooManyValues.at(self.at));
        }
        let offset = self.at;
        let data = match self.peek() {
            Some(b'{') => Data::Object(self.nested(Self::object)?),
            Some(b'[') => Data::Array(self.nested(Self::array)?),
            Some(b'"') => Data::String(self.string(STRING_BYTES_MAX, ErrorKind::StringTooLong)?),
            Some(b'-' | b'0'..=b'9') => Data::Number(self.number()?),
            Some(b't') => self.word("true", Data::Bool(true))?,
            Some(b'f') => self.word("false", Data::Bool(false))?,
            Some(b'n') => self.word("null", Data::Null)?,
            _ => return Err(self.unexpected()),
        };
        let raw = self.text.get(offset..self.at).unwrap_or_default();
        Ok(Value { raw, offset, data })
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEPTH_MAX {
            return Err(ErrorKind::TooDeep.at(self.at));
        }
        self.skip();
        let inner = read(self)?;
        self.depth = self.depth.saturating_sub(1);
        Ok(inner)
    }

    fn array(&mut self) -> Result<Vec<Value<'a>>, Error> {
        let mut elements = Vec::new();
        if self.ends(b']') {
            return Ok(elements);
        }
        loop {
            elements.push(self.value()?);
            if self.ends(b']') {
                return Ok(elements);
            }
            self.expect(b',')?;
        }
    }

    fn object(&mut self) -> Result<Object<'a>, Error> {
        let mut members = Vec::new();
        let mut names = BTreeSet::new();
        if self.ends(b'}') {
            return Ok(Object { members });
        }
        loop {
            self.spaces();
            let member = self.member(&mut names)?;
            if members.len() == MEMBERS_MAX {
                return Err(ErrorKind::TooManyMembers.at(member.offset));
            }
            members.push(member);
            if self.ends(b'}') {
                return Ok(Object { members });
            }
            self.expect(b',')?;
        }
    }

    fn member(&mut self, names: &mut BTreeSet<String>) -> Result<Member<'a>, Error> {
        let offset = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        let key = self.string(KEY_BYTES_MAX, ErrorKind::KeyTooLong)?;
        let raw_key = self.text.get(offset..self.at).unwrap_or_default();
        if key == RESERVED_KEY || key.starts_with(RESERVED_PREFIX) {
            return Err(ErrorKind::ReservedKey.at(offset));
        }
        if !names.insert(fold(&key)) {
            return Err(ErrorKind::DuplicateKey.at(offset));
        }
        self.expect(b':')?;
        Ok(Member { key, raw_key, offset, value: self.value()? })
    }

    fn string(&mut self, bytes_max: usize, too_long: ErrorKind) -> Result<Cow<'a, str>, Error> {
        let (string, end) = string::read(self.text, self.at)?;
        let quotes = 2;
        if end.saturating_sub(self.at) > bytes_max.saturating_add(quotes) {
            return Err(too_long.at(self.at));
        }
        self.at = end;
        Ok(string)
    }

    fn number(&mut self) -> Result<Number<'a>, Error> {
        let offset = self.at;
        let negative = self.takes(b"-");
        let whole = self.digits()?;
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(ErrorKind::Syntax.at(offset));
        }
        let fraction = if self.takes(b".") { self.digits()? } else { "" };
        let exponent = if self.takes(b"eE") { self.exponent()? } else { "" };
        let text = self.text.get(offset..self.at).unwrap_or_default();
        let lexeme = Lexeme { text, negative, whole, fraction, exponent };
        Number::read(lexeme, self.numbers).map_err(|kind| kind.at(offset))
    }

    fn exponent(&mut self) -> Result<&'a str, Error> {
        let from = self.at;
        self.takes(b"+-");
        self.digits()?;
        Ok(self.text.get(from..self.at).unwrap_or_default())
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

    /// Whether the array or object ends here.
    fn ends(&mut self, close: u8) -> bool {
        self.spaces();
        self.takes(&[close])
    }

    fn expect(&mut self, byte: u8) -> Result<(), Error> {
        self.spaces();
        if self.takes(&[byte]) { Ok(()) } else { Err(self.unexpected()) }
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
        while self.peek() == Some(b' ') {
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
