//! The OpenAPI page of the interface, made of [`crate::route::ROUTES`] and the types.

use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::governance::PROGRESS_TYPE;
use crate::problem::{self, Code, Problem};
use crate::route::{Audience, EVERYWHERE, Method, OPEN_METRICS, ROUTES, Reply, Route, SchemaOf};

/// The page as committed: two spaces to a level, one line break at the end.
#[must_use]
pub fn text() -> String {
    // Whether members keep their order otherwise depends on what else is built beside this.
    let mut document = document();
    document.sort_all_objects();
    format!("{document:#}\n")
}

/// The page as JSON: OpenAPI 3.1.
#[must_use]
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12();
    let mut schemas = settings
        .with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        })
        .into_generator();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for route in ROUTES {
        let operation = operation(route, &mut schemas);
        paths.entry(route.path).or_default().insert(method(route).to_owned(), operation);
    }
    schemas.subschema_for::<Problem>();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Interlock",
            "version": "1",
            "summary": "What a person or a program asks of an Interlock node.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths,
        "components": { "schemas": schemas.take_definitions(true) },
    })
}

fn method(route: &Route) -> &'static str {
    match route.method {
        Method::Get => "get",
        Method::Post => "post",
    }
}

fn operation(route: &Route, schemas: &mut SchemaGenerator) -> Value {
    let mut parameters = path_parameters(route.path);
    if let Some(query) = route.query {
        parameters.extend(query_parameters(query, schemas));
    }
    let audience = match route.audience {
        Audience::Everyone => "Every peer may use it.",
        Audience::Owner => "For the node's own OS user and root.",
        Audience::Officers => {
            "For the node's own OS user, root, and whoever may open the officers' socket."
        }
    };
    let mut operation = json!({
        "operationId": route.operation,
        "summary": route.summary,
        "description": audience,
        "responses": responses(route, schemas),
    });
    let Some(members) = operation.as_object_mut() else { return operation };
    if !parameters.is_empty() {
        members.insert("parameters".to_owned(), parameters.into());
    }
    if let Some(body) = route.body {
        let schema = body(schemas);
        let content = json!({ "application/json": { "schema": schema } });
        let body = json!({ "required": true, "content": content });
        members.insert("requestBody".to_owned(), body);
    }
    operation
}

/// Each name in braces. An index is a number; everything else is text.
fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let one = |name: &str| {
        let schema = match name {
            "index" => json!({ "type": "integer", "minimum": 0 }),
            _ => json!({ "type": "string", "minLength": 1 }),
        };
        json!({ "name": name, "in": "path", "required": true, "schema": schema })
    };
    names.map(one).collect()
}

/// Each member of the query's type.
fn query_parameters(query: SchemaOf, schemas: &mut SchemaGenerator) -> Vec<Value> {
    let reference = query(schemas).to_value();
    let name = reference.get("$ref").and_then(Value::as_str).unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default();
    // The type itself is no part of the page: its members are the parameters.
    let Some(schema) = schemas.definitions_mut().remove(name) else { return Vec::new() };
    let Some(Value::Object(members)) = schema.get("properties").cloned() else {
        return Vec::new();
    };
    // By name, whatever order the JSON library keeps.
    let members: BTreeMap<String, Value> = members.into_iter().collect();
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let one = |(name, mut schema): (String, Value)| {
        let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let schema = without_null(schema);
        let mut parameter =
            json!({ "name": name, "in": "query", "description": description, "schema": schema });
        if required.contains(&json!(name))
            && let Some(members) = parameter.as_object_mut()
        {
            members.insert("required".to_owned(), true.into());
        }
        parameter
    };
    members.into_iter().map(one).collect()
}

/// A parameter is missing, never null.
fn without_null(mut schema: Value) -> Value {
    if let Some(kinds) = schema.get_mut("type")
        && let Some(kind) = kinds.as_array().and_then(|kinds| kinds.first().cloned())
    {
        *kinds = kind;
    }
    schema
}

fn responses(route: &Route, schemas: &mut SchemaGenerator) -> Map<String, Value> {
    let mut responses = Map::new();
    let mut json_reply = |status: &str, description: &str, schema: SchemaOf| {
        let content = json!({ "application/json": { "schema": schema(schemas) } });
        let reply = json!({ "description": description, "content": content });
        responses.insert(status.to_owned(), reply);
    };
    match route.reply {
        Reply::Json(schema) => json_reply("200", "It is so.", schema),
        Reply::Progress(schema) => {
            json_reply("200", "It is on record, or acts and is told line by line.", schema);
            json_reply("202", "It acts, and is not on record yet.", schema);
            let lines = json!({ "schema": { "type": "string" } });
            if let Some(Value::Object(content)) =
                responses.get_mut("200").and_then(|reply| reply.get_mut("content"))
            {
                content.insert(PROGRESS_TYPE.to_owned(), lines);
            }
        }
        Reply::Metrics => {
            let content = json!({ OPEN_METRICS: { "schema": { "type": "string" } } });
            let reply = json!({ "description": "The counts.", "content": content });
            responses.insert("200".to_owned(), reply);
        }
        Reply::Events => {
            let content = json!({ "text/event-stream": { "schema": { "type": "string" } } });
            let reply =
                json!({ "description": "Events until either side ends.", "content": content });
            responses.insert("200".to_owned(), reply);
        }
        Reply::Upgrade { protocol, headers } => {
            let text = |description: &str| {
                let schema = json!({ "type": "string" });
                json!({ "description": description, "required": true, "schema": schema })
            };
            let mut members: Map<String, Value> =
                headers.iter().map(|(name, what)| ((*name).to_owned(), text(what))).collect();
            members.insert("upgrade".to_owned(), text(&format!("`{protocol}`")));
            let description = format!("The connection speaks `{protocol}` from here on.");
            let reply = json!({ "description": description, "headers": members });
            responses.insert("101".to_owned(), reply);
        }
    }
    for (status, codes) in by_status(route) {
        let description = codes.iter().map(|code| format!("`{code}`")).collect::<Vec<_>>();
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        let content = json!({ problem::CONTENT_TYPE: { "schema": schema } });
        let reply = json!({ "description": description.join(", "), "content": content });
        responses.insert(status.to_string(), reply);
    }
    responses
}

fn by_status(route: &Route) -> BTreeMap<u16, Vec<Code>> {
    let mut found: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in EVERYWHERE.iter().chain(route.codes) {
        found.entry(code.status()).or_default().push(*code);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the committed page lies.
    const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

    #[test]
    fn the_committed_page_is_the_one_that_the_types_make() {
        let made = text();
        if std::env::var_os("INTERLOCK_WRITE_OPENAPI").is_some() {
            std::fs::write(COMMITTED, &made).unwrap();
        }
        let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
        let how = "run `cargo xtask openapi`, and look at what changed";
        assert!(committed == made, "crates/api/openapi.json is not what the types say: {how}");
    }

    #[test]
    fn every_reference_leads_to_a_schema() {
        let document = document();
        let mut open = vec![&document];
        while let Some(value) = open.pop() {
            match value {
                Value::Array(elements) => open.extend(elements),
                Value::Object(members) => {
                    if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                        let pointer = reference.strip_prefix('#').unwrap();
                        assert!(document.pointer(pointer).is_some(), "{reference}");
                    }
                    open.extend(members.values());
                }
                _ => {}
            }
        }
    }
}
