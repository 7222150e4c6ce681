use crate::base64url;
use crate::digest::Digest;
use crate::json::{Object, Value};
use crate::record::Error;

/// Typed access to the members of an object; errors name the member with the objects that it is in.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    members: &'a Object,
    path: String,
}

impl<'a> Fields<'a> {
    pub(crate) const fn root(members: &'a Object) -> Self {
        Self { members, path: String::new() }
    }

    /// The members of that value; `name` is what errors call it.
    ///
    /// # Errors
    /// When the value is no object.
    pub fn of(value: &'a Value, name: &str) -> Result<Self, Error> {
        let members = value.as_object().ok_or_else(|| kind(name, "an object", value))?;
        Ok(Self { members, path: String::new() })
    }

    /// Whether it has that member.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.members.contains_key(key)
    }

    /// That member, of any kind.
    ///
    /// # Errors
    /// When it is missing.
    pub fn value(&self, key: &str) -> Result<&'a Value, Error> {
        self.members.get(key).ok_or_else(|| Error::Missing { path: self.name(key) })
    }

    /// That string.
    ///
    /// # Errors
    /// When it is missing or of another kind.
    pub fn str(&self, key: &str) -> Result<&'a str, Error> {
        self.take(key, "a string", Value::as_str)
    }

    /// That string, where there is one.
    ///
    /// # Errors
    /// When it is of another kind.
    pub fn optional_str(&self, key: &str) -> Result<Option<&'a str>, Error> {
        if self.has(key) { self.str(key).map(Some) } else { Ok(None) }
    }

    /// That integer.
    ///
    /// # Errors
    /// When it is missing or of another kind.
    pub fn integer(&self, key: &str) -> Result<i64, Error> {
        self.take(key, "an integer", Value::as_i64)
    }

    /// That integer, where there is one.
    ///
    /// # Errors
    /// When it is of another kind.
    pub fn optional_integer(&self, key: &str) -> Result<Option<i64>, Error> {
        if self.has(key) { self.integer(key).map(Some) } else { Ok(None) }
    }

    /// That integer, which counts something: sizes, indexes, sequence numbers.
    ///
    /// # Errors
    /// When it is missing, of another kind or negative.
    pub fn count(&self, key: &str) -> Result<u64, Error> {
        self.take(key, "an integer of 0 or more", |value| value.as_i64()?.try_into().ok())
    }

    /// That boolean.
    ///
    /// # Errors
    /// When it is missing or of another kind.
    pub fn bool(&self, key: &str) -> Result<bool, Error> {
        self.take(key, "a boolean", Value::as_bool)
    }

    /// Those elements.
    ///
    /// # Errors
    /// When they are missing or no array.
    pub fn array(&self, key: &str) -> Result<&'a [Value], Error> {
        self.take(key, "an array", Value::as_array)
    }

    /// Those strings.
    ///
    /// # Errors
    /// When they are missing, no array, or an element is no string.
    pub fn strings(&self, key: &str) -> Result<Vec<&'a str>, Error> {
        let texts = self.array(key)?.iter().map(Value::as_str).collect::<Option<Vec<_>>>();
        texts.ok_or_else(|| Error::Kind {
            path: self.name(key),
            wanted: "an array of strings",
            found: "an array of other values",
        })
    }

    /// The members of that object.
    ///
    /// # Errors
    /// When it is missing or of another kind.
    pub fn object(&self, key: &str) -> Result<Fields<'a>, Error> {
        let members = self.take(key, "an object", Value::as_object)?;
        Ok(Fields { members, path: self.name(key) })
    }

    /// That digest.
    ///
    /// # Errors
    /// When it is missing or no digest in base64url.
    pub fn digest(&self, key: &str) -> Result<Digest, Error> {
        self.take(key, "a digest (43 characters of base64url)", |value| {
            value.as_str()?.parse().ok()
        })
    }

    /// That digest, where there is one.
    ///
    /// # Errors
    /// When it is no digest in base64url.
    pub fn optional_digest(&self, key: &str) -> Result<Option<Digest>, Error> {
        if self.has(key) { self.digest(key).map(Some) } else { Ok(None) }
    }

    /// Those bytes.
    ///
    /// # Errors
    /// When they are missing or not in base64url without padding.
    pub fn bytes(&self, key: &str) -> Result<Vec<u8>, Error> {
        self.take(key, "bytes (base64url without padding)", |value| {
            base64url::decode(value.as_str()?).ok()
        })
    }

    /// All members.
    #[must_use]
    pub const fn members(&self) -> &'a Object {
        self.members
    }

    /// Refuses members other than these.
    ///
    /// # Errors
    /// The first member that is not in the list.
    pub fn only(&self, known: &[&str]) -> Result<(), Error> {
        match self.members.keys().find(|key| !known.contains(key)) {
            Some(key) => Err(Error::Unknown { path: self.name(key) }),
            None => Ok(()),
        }
    }

    fn take<T>(
        &self,
        key: &str,
        wanted: &'static str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<T, Error> {
        let value = self.value(key)?;
        read(value).ok_or_else(|| kind(&self.name(key), wanted, value))
    }

    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

fn kind(path: &str, wanted: &'static str, value: &Value) -> Error {
    let found = match value {
        Value::String(_) if wanted.starts_with("a digest") || wanted.starts_with("bytes") => {
            "another string"
        }
        Value::Integer(_) if wanted.starts_with("an integer") => "negative",
        _ => value.kind(),
    };
    Error::Kind { path: path.to_owned(), wanted, found }
}
