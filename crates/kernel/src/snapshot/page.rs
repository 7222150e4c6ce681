use proof::digest::Digest;
use proof::json::{Object, Value};

use super::Unusable;
use crate::limits::{SNAPSHOT_PAGE_BYTES, SNAPSHOT_PAGE_ITEMS};

/// A piece's canonical bytes and its name.
pub(super) fn piece(type_name: &str, mut members: Object) -> (Digest, Vec<u8>) {
    members.insert("type", Value::from(type_name));
    members.insert("v", Value::Integer(1));
    let bytes = Value::Object(members).to_bytes();
    (Digest::of(&bytes), bytes)
}

/// The members of a piece of this type, without type and version.
pub(super) fn members_of(type_name: &str, bytes: &[u8]) -> Result<Object, Unusable> {
    let Value::Object(mut members) = Value::parse(bytes)? else {
        return Err(Unusable::new("a piece is not an object"));
    };
    let (version, kind) = (members.remove("v"), members.remove("type"));
    if version != Some(Value::Integer(1)) || kind != Some(Value::from(type_name)) {
        return Err(Unusable::new(format!("a piece is not a `{type_name}` of version 1")));
    }
    Ok(members)
}

/// Items in order, as many to a page as the limits allow.
pub(super) fn pages(items: Vec<Value>) -> Vec<Vec<Value>> {
    let mut pages: Vec<Vec<Value>> = Vec::new();
    let mut bytes = 0_usize;
    for item in items {
        let more = item.to_bytes().len();
        bytes = bytes.saturating_add(more);
        match pages.last_mut() {
            Some(page) if page.len() < SNAPSHOT_PAGE_ITEMS && bytes <= SNAPSHOT_PAGE_BYTES => {
                page.push(item);
            }
            _ => {
                bytes = more;
                pages.push(vec![item]);
            }
        }
    }
    pages
}

pub(super) fn digests(names: &[Digest]) -> Value {
    Value::Array(names.iter().map(|name| name.to_value()).collect())
}

pub(super) fn digests_of(value: Option<&Value>) -> Result<Vec<Digest>, Unusable> {
    let digests = value.and_then(Value::as_array).and_then(|items| {
        items.iter().map(|item| item.as_str()?.parse().ok()).collect::<Option<Vec<Digest>>>()
    });
    digests.ok_or_else(|| Unusable::new("a list of pieces is not one"))
}
