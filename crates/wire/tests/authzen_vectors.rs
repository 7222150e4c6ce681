//! The requests of the AuthZEN working group's interoperability scenario "Todo" are read, each part as it stands.

use std::path::Path;

use interlock_wire::authzen::{Entity, Evaluation};
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
        let read = Evaluation::parse(request.to_string().as_bytes()).unwrap();
        same_entity(&read.subject, &request["subject"]);
        same_entity(&read.resource, &request["resource"]);
        assert_eq!(read.action.name, request["action"]["name"]);
        assert_eq!(read.context.is_some(), request.get("context").is_some());
        assert_eq!(read.ignored, [] as [&str; 0]);
    }
}

fn same_entity(read: &Entity, written: &Json) {
    assert_eq!(
        (&*read.kind, &*read.id),
        (written["type"].as_str().unwrap(), written["id"].as_str().unwrap())
    );
    let properties =
        read.properties.as_ref().map(|text| serde_json::from_str::<Json>(text).unwrap());
    assert_eq!(properties.as_ref(), written.get("properties"));
}
