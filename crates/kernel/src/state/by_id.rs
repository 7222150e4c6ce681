//! A map by ids, in their order. The first bytes of an id are compared as one number: a large state
//! looks up the same execution many times per record, and comparing texts would cost more than all
//! other work.

use std::collections::BTreeMap;

/// Values by id.
#[derive(Debug, Clone)]
pub(crate) struct ById<T> {
    /// By the beginning of the id, as a number; those that begin alike by the whole id.
    found: BTreeMap<u128, Vec<(String, T)>>,
    len: usize,
}

impl<T> Default for ById<T> {
    fn default() -> Self {
        Self { found: BTreeMap::new(), len: 0 }
    }
}

impl<T> ById<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.get_key_value(id).map(|(_, value)| value)
    }

    pub(crate) fn get_key_value(&self, id: &str) -> Option<(&String, &T)> {
        let (found, value) = self.found.get(&beginning(id))?.iter().find(|(one, _)| one == id)?;
        Some((found, value))
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        let alike = self.found.get_mut(&beginning(id))?;
        alike.iter_mut().find(|(one, _)| one == id).map(|(_, value)| value)
    }

    /// Sets the value of an id; the one that it had goes.
    pub(crate) fn insert(&mut self, id: String, value: T) {
        let alike = self.found.entry(beginning(&id)).or_default();
        let place = alike.binary_search_by(|(one, _)| one.as_str().cmp(&id));
        if let Some((_, had)) = place.ok().and_then(|at| alike.get_mut(at)) {
            *had = value;
            return;
        }
        alike.insert(place.unwrap_or_else(|at| at), (id, value));
        self.len = self.len.saturating_add(1);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        let beginning = beginning(id);
        let alike = self.found.get_mut(&beginning)?;
        let at = alike.iter().position(|(one, _)| one == id)?;
        let (_, value) = alike.remove(at);
        if alike.is_empty() {
            self.found.remove(&beginning);
        }
        self.len = self.len.saturating_sub(1);
        Some(value)
    }

    /// All of them, in the order of their ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &T)> {
        self.found.values().flatten().map(|(id, value)| (id, value))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &String> {
        self.iter().map(|(id, _)| id)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.found.values_mut().flatten().map(|(_, value)| value)
    }
}

/// The first 16 bytes as one number with the same order. A shorter id comes first, as among texts:
/// no byte is less than the zeros that fill it up.
fn beginning(id: &str) -> u128 {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(id.bytes()) {
        *to = from;
    }
    u128::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests;
