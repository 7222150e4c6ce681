//! Reads the members of an object where they stand in its canonical text, exactly: nothing missing,
//! nothing unknown.

use std::borrow::Cow;

use proof::base64url;
use proof::digest::Digest;
use proof::json::{Members, Span, Value};

use crate::members::{MalformedRecord, checked_name, wrong};
use crate::writer::precedes;

/// The members of one object, asked for in the order of their keys.
///
/// Between them may stand members of `N` names that another reader knows: they are laid aside, and
/// [`MemberReader::end`] returns them.
// INVARIANT: a member is taken once, so what is left at the end is unknown.
#[derive(Debug)]
pub(crate) struct MemberReader<'a, const N: usize = 0> {
    members: Members<'a>,
    /// In the order of keys.
    names_aside: [&'static str; N],
    aside: [Option<Span<'a>>; N],
    next_aside: usize,
}

impl<'a> MemberReader<'a> {
    /// Of an object that has no other members than those that are asked for.
    pub(crate) fn of(name: &str, span: Span<'a>) -> Result<Self, MalformedRecord> {
        Self::laying_aside([], span).ok_or_else(|| wrong(name, "an object"))
    }

    /// Ends it: no member is left.
    pub(crate) fn end(self) -> Result<(), MalformedRecord> {
        self.end_with_aside().map(drop)
    }
}

impl<'a, const N: usize> MemberReader<'a, N> {
    /// Of an object in which members of these names, in the order of keys, are laid aside.
    pub(crate) fn laying_aside(names: [&'static str; N], span: Span<'a>) -> Option<Self> {
        let members = span.members()?;
        Some(Self { members, names_aside: names, aside: [None; N], next_aside: 0 })
    }

    /// Ends it: no member is left but those that were laid aside.
    pub(crate) fn end_with_aside(mut self) -> Result<[Option<Span<'a>>; N], MalformedRecord> {
        self.lay_aside(None);
        match self.members.next() {
            Some((name, _)) => Err(unknown(name)),
            None => Ok(self.aside),
        }
    }

    /// The member of that key, if there is one.
    pub(crate) fn optional(&mut self, key: &str) -> Option<Span<'a>> {
        self.lay_aside(Some(key));
        self.members.next_if(key)
    }

    /// The member of that key.
    pub(crate) fn required(&mut self, key: &str) -> Result<Span<'a>, MalformedRecord> {
        self.optional(key).ok_or_else(|| self.lacks(key))
    }

    pub(crate) fn string(&mut self, key: &str) -> Result<Cow<'a, str>, MalformedRecord> {
        string(key, self.required(key)?)
    }

    /// A name of at most [`crate::limits::NAME_BYTES_MAX`] bytes.
    pub(crate) fn name(&mut self, key: &str) -> Result<String, MalformedRecord> {
        checked_name(key, &self.string(key)?)
    }

    pub(crate) fn optional_name(&mut self, key: &str) -> Result<Option<String>, MalformedRecord> {
        let name = |span| checked_name(key, &string(key, span)?);
        self.optional(key).map(name).transpose()
    }

    pub(crate) fn integer(&mut self, key: &str) -> Result<i64, MalformedRecord> {
        integer(key, self.required(key)?)
    }

    pub(crate) fn count(&mut self, key: &str) -> Result<u64, MalformedRecord> {
        count(key, self.required(key)?)
    }

    pub(crate) fn os_user(&mut self) -> Result<u32, MalformedRecord> {
        let os_user = u32::try_from(self.integer("os_user")?);
        os_user.map_err(|_| wrong("os_user", "a user id of 32 bits"))
    }

    pub(crate) fn boolean(&mut self, key: &str) -> Result<bool, MalformedRecord> {
        match self.required(key)?.text() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(wrong(key, "true or false")),
        }
    }

    pub(crate) fn digest(&mut self, key: &str) -> Result<Digest, MalformedRecord> {
        digest(key, self.required(key)?)
    }

    pub(crate) fn optional_digest(&mut self, key: &str) -> Result<Option<Digest>, MalformedRecord> {
        self.optional(key).map(|span| digest(key, span)).transpose()
    }

    /// Bytes in base64url without padding.
    pub(crate) fn bytes(&mut self, key: &str) -> Result<Vec<u8>, MalformedRecord> {
        let bytes = base64url::decode(&self.string(key)?);
        bytes.map_err(|_| wrong(key, "bytes in base64url without padding"))
    }

    /// A value of one of these words.
    pub(crate) fn word<T>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&str) -> Option<T>,
        words: &str,
    ) -> Result<T, MalformedRecord> {
        parse(&self.string(key)?).ok_or_else(|| wrong(key, words))
    }

    /// Lays aside what stands before that key, or all the rest.
    #[inline]
    fn lay_aside(&mut self, key: Option<&str>) {
        while let Some(name) = self.names_aside.get(self.next_aside) {
            let Some(slot) = self.aside.get_mut(self.next_aside) else { return };
            if key.is_some_and(|key| !precedes(name, key)) {
                return;
            }
            *slot = self.members.next_if(name);
            self.next_aside += 1;
        }
    }

    #[cold]
    fn lacks(&self, key: &str) -> MalformedRecord {
        match self.members.clone().next() {
            Some((name, _)) if name < key => unknown(name),
            _ => missing(key),
        }
    }
}

pub(crate) fn missing(name: &str) -> MalformedRecord {
    MalformedRecord::new(format!("member `{name}` is missing"))
}

fn unknown(name: &str) -> MalformedRecord {
    MalformedRecord::new(format!("unknown member `{name}`"))
}

pub(crate) fn string<'a>(key: &str, span: Span<'a>) -> Result<Cow<'a, str>, MalformedRecord> {
    span.string().ok_or_else(|| wrong(key, "a string"))
}

pub(crate) fn integer(key: &str, span: Span<'_>) -> Result<i64, MalformedRecord> {
    span.integer().ok_or_else(|| wrong(key, "an integer"))
}

pub(crate) fn count(key: &str, span: Span<'_>) -> Result<u64, MalformedRecord> {
    let count = span.integer().and_then(|count| count.try_into().ok());
    count.ok_or_else(|| wrong(key, "an integer from 0"))
}

pub(crate) fn digest(key: &str, span: Span<'_>) -> Result<Digest, MalformedRecord> {
    let digest = span.string().and_then(|text| text.parse().ok());
    digest.ok_or_else(|| wrong(key, "a digest in base64url"))
}

pub(crate) fn digests(key: &str, span: Span<'_>) -> Result<Vec<Digest>, MalformedRecord> {
    let elements = span.elements().ok_or_else(|| wrong(key, "an array of digests in base64url"))?;
    elements.map(|element| digest(key, element)).collect()
}

/// The value, built: for what is read by its values, in each format that holds it.
pub(crate) fn value(key: &str, span: Span<'_>) -> Result<Value, MalformedRecord> {
    span.to_value().ok_or_else(|| wrong(key, "a value"))
}
