//! Members of an object, read by name and type.

use crate::json::{Object, Value, fold};
use crate::{Error, ErrorKind};

/// An object and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Shape<'v, 'a> {
    object: &'v Object<'a>,
    offset: usize,
}

impl<'v, 'a> Shape<'v, 'a> {
    pub(crate) fn of(value: &'v Value<'a>) -> Result<Self, Error> {
        let offset = value.span().start;
        let object = value.as_object().ok_or_else(|| ErrorKind::WrongType.at(offset))?;
        Ok(Self { object, offset })
    }

    /// The member `name`, which must be an object if it is there.
    pub(crate) fn object(&self, name: &str) -> Result<Option<&'v Value<'a>>, Error> {
        let found = self.optional(name)?;
        match found {
            Some(value) if value.as_object().is_none() => Err(wrong_type(name, value)),
            _ => Ok(found),
        }
    }

    /// The member `name`, which must be an object, or `null` for none, if it is there.
    pub(crate) fn object_or_null(&self, name: &str) -> Result<Option<&'v Value<'a>>, Error> {
        if self.optional(name)?.is_some_and(Value::is_null) { Ok(None) } else { self.object(name) }
    }

    /// The text of the member `name`, which must be a string, or `null` for none, if it is there.
    pub(crate) fn string_or_null(&self, name: &str) -> Result<Option<&'v str>, Error> {
        let Some(value) = self.optional(name)?.filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        value.as_str().map(Some).ok_or_else(|| wrong_type(name, value))
    }

    /// The text of the member `name`, which must be a string of 1 to `bytes_max` bytes.
    pub(crate) fn name(&self, name: &str, bytes_max: usize) -> Result<&'v str, Error> {
        let value = self.required(name)?;
        let text = value.as_str().ok_or_else(|| wrong_type(name, value))?;
        if text.is_empty() {
            return Err(ErrorKind::WrongValue.at(value.span().start).named(name));
        }
        if text.len() > bytes_max {
            return Err(ErrorKind::TooLong.at(value.span().start).named(name));
        }
        Ok(text)
    }

    pub(crate) fn required(&self, name: &str) -> Result<&'v Value<'a>, Error> {
        self.optional(name)?.ok_or_else(|| self.missing(name))
    }

    pub(crate) fn missing(&self, name: &str) -> Error {
        ErrorKind::MissingMember.at(self.offset).named(name)
    }

    /// The member with exactly this name. A name that differs only in case is refused: Go would
    /// take it for this.
    pub(crate) fn optional(&self, name: &str) -> Result<Option<&'v Value<'a>>, Error> {
        let folded = fold(name);
        match self.object.members().iter().find(|member| fold(member.key()) == folded) {
            Some(member) if member.key() == name => Ok(Some(member.value())),
            Some(member) => Err(ErrorKind::UnknownMember.at(member.offset()).named(member.key())),
            None => Ok(None),
        }
    }

    /// The names of the members but these.
    pub(crate) fn others(&self, names: &[&str]) -> Vec<String> {
        let keys = self.object.members().iter().map(|member| member.key());
        keys.filter(|key| !names.contains(key)).map(str::to_owned).collect()
    }

    /// Refuses any member but these.
    pub(crate) fn only(&self, names: &[&str]) -> Result<(), Error> {
        match self.object.members().iter().find(|member| !names.contains(&member.key())) {
            Some(member) => Err(ErrorKind::UnknownMember.at(member.offset()).named(member.key())),
            None => Ok(()),
        }
    }
}

pub(crate) fn wrong_type(name: &str, value: &Value<'_>) -> Error {
    ErrorKind::WrongType.at(value.span().start).named(name)
}
