//! What an execution asks for.

/// A principal or a resource as an enforcement point names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entity {
    /// The entity type's name in the bundle's schema, such as `Workload`.
    pub kind: String,
    /// The id, unique within the kind.
    pub id: String,
    /// A JSON object in text: the attributes that the schema declares, and `parents`, an array of
    /// `{"type": .., "id": ..}`. `{}` for none.
    pub properties: String,
}

impl Entity {
    /// An entity without properties.
    #[must_use]
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Entity {
        Entity { kind: kind.into(), id: id.into(), properties: "{}".to_owned() }
    }
}

/// One transition that an execution asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub principal: Entity,
    /// The action's id in the bundle's schema, such as `read_file` or `tools/list`. In a schema with namespaces the
    /// id alone, where only one action bears it, else `Ns::Action::"id"`.
    pub action: String,
    /// What it acts on.
    pub resource: Entity,
    /// The arguments: a JSON object in text.
    pub input: String,
}
