//! Canonical JSON: what is accepted is written again as the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proof::json::Value;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = Value::parse(bytes) {
        assert_eq!(value.to_bytes(), bytes);
        assert_eq!(value.check(), Ok(()));
    }
});
