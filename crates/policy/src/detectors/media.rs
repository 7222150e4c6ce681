//! The bytes of pictures and sounds in a result: no text, and so large that something like a key
//! stands in them by chance.
//!
//! They are left out only where a client reads them as such (MCP 2025-11-25, content blocks and
//! resource contents) and only if they are nothing but letters of base64: whatever else stands
//! there is looked at, as is everything beside them.

use std::collections::BTreeMap;

use crate::json::InputValue;

/// What `mimeType` begins with where `data` of a content block is a picture or a sound.
const BLOCKS: [(&str, &str); 2] = [("audio", "audio/"), ("image", "image/")];

/// The same of a resource's `blob`, which may be a film too.
const BLOBS: [&str; 3] = ["audio/", "image/", "video/"];

/// Empties what is left out of the result of a request.
pub(super) fn leave_out(result: &mut InputValue) {
    let InputValue::Object(members) = result else { return };
    for block in items(members, "content") {
        leave_out_of_block(block);
    }
    for resource in items(members, "contents") {
        leave_out_blob(resource);
    }
}

/// The objects of an array.
fn items<'j>(
    members: &'j mut BTreeMap<String, InputValue>,
    name: &str,
) -> impl Iterator<Item = &'j mut BTreeMap<String, InputValue>> {
    let items = match members.get_mut(name) {
        Some(InputValue::Array(items)) => items.as_mut_slice(),
        _ => &mut [],
    };
    items.iter_mut().filter_map(|item| match item {
        InputValue::Object(members) => Some(members),
        _ => None,
    })
}

fn leave_out_of_block(block: &mut BTreeMap<String, InputValue>) {
    let kind = block.get("type").and_then(InputValue::as_str);
    if kind == Some("resource") {
        if let Some(InputValue::Object(resource)) = block.get_mut("resource") {
            leave_out_blob(resource);
        }
    } else if let Some((_, begins)) = BLOCKS.iter().find(|(name, _)| kind == Some(name))
        && has_type(block, &[begins])
    {
        empty(block.get_mut("data"));
    }
}

fn leave_out_blob(resource: &mut BTreeMap<String, InputValue>) {
    if has_type(resource, &BLOBS) {
        empty(resource.get_mut("blob"));
    }
}

fn has_type(of: &BTreeMap<String, InputValue>, begins: &[&str]) -> bool {
    let named = of.get("mimeType").and_then(InputValue::as_str).unwrap_or_default();
    begins.iter().any(|begins| named.starts_with(begins))
}

/// Empties a string that is nothing but base64.
fn empty(value: Option<&mut InputValue>) {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    if let Some(InputValue::String(text)) = value
        && text.bytes().all(is_base64)
    {
        text.clear();
    }
}
