//! The requests of the AuthZEN working group's interoperability scenario "Todo" are read, each part
//! as it stands.

use std::path::Path;

use interlock_wire::authzen::{Entity, EvaluationRequest};
use serde_json::Value as Json;

#[test]
fn the_requests_of_the_todo_scenario_are_read() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors/authzen/todo-decisions.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("skipped: {} is not there", file.display());
        return;
    };
    let vectors: Json = serde_json::from_str(&text).unwrap();
    let cases = vectors["evaluation"].as_array().unwrap();
    assert_eq!(cases.len(), 40);
    for case in cases {
        let request = &case["request"];
        let read = EvaluationRequest::parse(request.to_string().as_bytes()).unwrap();
        assert!(same(&read.subject, &request["subject"]), "{request}");
        assert!(same(&read.resource, &request["resource"]), "{request}");
        assert_eq!(read.action.name, request["action"]["name"]);
        assert_eq!(read.context.is_some(), request.get("context").is_some());
        assert_eq!(read.ignored, [] as [&str; 0]);
    }
}

/// Whether an entity was read as another reader reads it.
fn same(read: &Entity, written: &Json) -> bool {
    let properties = read.properties.as_ref().and_then(|text| serde_json::from_str(text).ok());
    written["type"] == *read.kind
        && written["id"] == *read.id
        && written.get("properties") == properties.as_ref()
}
