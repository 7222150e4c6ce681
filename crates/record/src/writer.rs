//! Writes the members of an object in the order of their keys.

use std::cmp::Ordering;

use proof::digest::Digest;
use proof::json::{Object, ObjectWriter, Span, Value, number};

/// Members that another writer puts between those of an object.
pub(crate) trait Interleaved {
    /// Writes those that come before this key, or all the rest.
    fn write_before(&mut self, key: Option<&str>, object: &mut ObjectWriter<'_>);
}

/// None.
impl Interleaved for () {
    fn write_before(&mut self, _: Option<&str>, _: &mut ObjectWriter<'_>) {}
}

/// Writes one object. Its members are to come in the order of their keys.
#[derive(Debug)]
pub(crate) struct MemberWriter<'t, I = ()> {
    object: ObjectWriter<'t>,
    interleaved: I,
}

impl<'t> MemberWriter<'t> {
    /// Begins an object at the end of a text.
    pub(crate) fn begin(text: &'t mut String) -> Self {
        Self::between(text, ())
    }
}

impl<'t, I: Interleaved> MemberWriter<'t, I> {
    /// The same, with other members in between.
    pub(crate) fn between(text: &'t mut String, interleaved: I) -> Self {
        Self { object: ObjectWriter::begin(text), interleaved }
    }

    /// Begins a member; its value is to follow at the end of the text.
    pub(crate) fn member(&mut self, key: &str) -> &mut String {
        self.interleaved.write_before(Some(key), &mut self.object);
        self.object.member(key)
    }

    pub(crate) fn string(&mut self, key: &str, value: &str) {
        self.interleaved.write_before(Some(key), &mut self.object);
        self.object.string(key, value);
    }

    pub(crate) fn integer(&mut self, key: &str, value: i64) {
        self.interleaved.write_before(Some(key), &mut self.object);
        self.object.integer(key, value);
    }

    pub(crate) fn count(&mut self, key: &str, value: u64) {
        number(value).write(self.member(key));
    }

    pub(crate) fn digest(&mut self, key: &str, value: &Digest) {
        value.write(self.member(key));
    }

    /// Ends the object.
    pub(crate) fn end(mut self) {
        self.interleaved.write_before(None, &mut self.object);
        self.object.end();
    }
}

/// Whether this name comes before that key. Most differ in their first bytes, where no call is
/// needed to compare them.
#[inline]
pub(crate) fn precedes(name: &str, key: &str) -> bool {
    match name.as_bytes().first().cmp(&key.as_bytes().first()) {
        Ordering::Less => true,
        Ordering::Equal => name < key,
        Ordering::Greater => false,
    }
}

/// The value of a canonical text.
pub(crate) fn value_of(text: &str) -> Value {
    Span::known(text).to_value().unwrap_or(Value::Object(Object::new()))
}
