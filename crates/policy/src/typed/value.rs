//! Typed values as Cedar's evaluator holds them: made directly, not evaluated from an expression.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use cedar_policy_core::ast::{EntityUID, Name, PartialValue, Value};
use cedar_policy_core::extensions::Extensions;

use super::{Extension, Typed};

/// The constructors of extension values, in the order of [`Extension`]'s variants.
static CONSTRUCTORS: LazyLock<BTreeMap<&'static str, Name>> = LazyLock::new(|| {
    let names = [Extension::Decimal, Extension::Datetime, Extension::Duration, Extension::Ip];
    let names = names.map(Extension::function);
    names.into_iter().filter_map(|name| Some((name, name.parse().ok()?))).collect()
});

impl Typed {
    /// The value for Cedar's evaluator; none where a text is not one of its extension type.
    pub(crate) fn to_value(&self) -> Option<Value> {
        Some(match self {
            Typed::Bool(yes) => Value::from(*yes),
            Typed::Long(n) => Value::from(*n),
            Typed::String(text) => Value::from(text.as_str()),
            Typed::Extension(extension, text) => extension.construct(text)?,
            Typed::Entity { kind, id } => Value::from(kind.uid(id)),
            Typed::Set(items) => {
                Value::set(items.iter().map(Typed::to_value).collect::<Option<Vec<_>>>()?, None)
            }
            Typed::Record(members) => {
                let pairs = members.iter();
                let pairs = pairs.map(|(name, value)| Some((name.as_str(), value.to_value()?)));
                Value::record(pairs.collect::<Option<Vec<_>>>()?, None)
            }
        })
    }

    /// Adds the entities that it names.
    pub(crate) fn entities(&self, found: &mut Vec<EntityUID>) {
        match self {
            Typed::Entity { kind, id } => found.push(kind.uid(id)),
            Typed::Set(items) => items.iter().for_each(|item| item.entities(found)),
            Typed::Record(members) => members.values().for_each(|value| value.entities(found)),
            Typed::Bool(_) | Typed::Long(_) | Typed::String(_) | Typed::Extension(..) => {}
        }
    }
}

impl Extension {
    /// Cedar's own constructor is the judge of what is well formed.
    fn construct(self, text: &str) -> Option<Value> {
        let function = Extensions::all_available().func(CONSTRUCTORS.get(self.function())?).ok()?;
        match function.call(&[Value::from(text)]).ok()? {
            PartialValue::Value(value) => Some(value),
            PartialValue::Residual(_) => None,
        }
    }
}
