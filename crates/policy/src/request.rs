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
    /// The action's id in the bundle's schema, such as `read_file` or `tools/list`. In a schema
    /// with namespaces the id alone, where only one action bears it, else `Ns::Action::"id"`.
    pub action: String,
    /// What it acts on.
    pub resource: Entity,
    /// The arguments: a JSON object in text.
    pub input: String,
}

/// A tool by the server that has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ToolName {
    /// The server's name in this domain.
    pub server: String,
    /// The tool's name on that server.
    pub tool: String,
}

impl ToolName {
    /// The tool of that name on that server.
    #[must_use]
    pub fn new(server: impl Into<String>, tool: impl Into<String>) -> ToolName {
        ToolName { server: server.into(), tool: tool.into() }
    }
}

impl std::fmt::Display for ToolName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.server, self.tool)
    }
}
