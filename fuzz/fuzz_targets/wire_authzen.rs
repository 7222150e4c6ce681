//! Any bytes: refused, or an evaluation whose raw texts are objects again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::authzen::EvaluationRequest;
use wire::json::Value;

fuzz_target!(|bytes: &[u8]| {
    let body = match EvaluationRequest::parse(bytes) {
        Ok(body) => body,
        Err(error) => {
            assert!(error.offset() <= bytes.len());
            return;
        }
    };
    let texts = [
        &body.subject.properties,
        &body.action.properties,
        &body.resource.properties,
        &body.context,
    ];
    for text in texts.into_iter().flatten() {
        let value = Value::parse(text.as_bytes()).expect("it was accepted as a part");
        assert!(value.as_object().is_some());
    }
    assert!(!body.subject.kind.is_empty() && !body.action.name.is_empty());
});
