//! Lineage records and sealed parts: what is read is canonical, and is written again with the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proof::json::Value;
use record::lineage::{LineageRecord, Sealed};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(record) = LineageRecord::parse(bytes) {
        assert_eq!(record.to_bytes(), bytes);
        assert!(Value::parse(bytes).is_ok());
    }
    if let Ok(sealed) = Sealed::parse(bytes) {
        // Nothing sealed is written as no bytes.
        let written = sealed.to_bytes();
        assert!(written == bytes || written.is_empty());
    }
});
