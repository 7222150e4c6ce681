//! Records: what is accepted keeps its bytes, and is made again from its members. The checker that builds nothing accepts
//! exactly what the reader accepts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proof::commitment::Opening;
use proof::json::Value;
use proof::record::{self, Record};

fuzz_target!(|bytes: &[u8]| {
    let parsed = Record::parse(bytes);
    assert_eq!(record::check(bytes).is_ok(), parsed.is_ok());
    if let Ok(record) = parsed {
        assert_eq!(record.bytes(), bytes);
        assert_eq!(Record::new(record.kind(), record.members().clone()), Ok(record));
    }
    if let Some(opening) =
        Value::parse(bytes).ok().and_then(|value| Opening::from_value(&value).ok())
    {
        assert_eq!(opening.to_value().to_bytes(), bytes);
    }
});
